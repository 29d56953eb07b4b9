"""z/Architecture, native: external interruptions, delivered by hand [6-12], and the wait state [4-4].

The engine goes on in a PSW that waits: the block behind the instruction that loaded it does not begin.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u8,
    as_u32,
    as_u64,
    get64,
    note,
    save,
    uc_emu_stop,
)
from isa.records import BLOCK_MEND, BLOCK_SPECIAL, LOG_INTERRUPT
from isa.s390x.causes import Program
from isa.s390x.state import LINES
from isa.s390x.traps import WAITS, swap, untranslatable
from isa.s390x.words import (
    C0,
    EXTERNAL_CODE,
    EXTERNAL_CPU,
    EXTERNAL_OLD,
    EXTERNAL_PARAMETER,
    PSW_ADDRESS,
    PSW_EXTERNAL,
    PSW_MASK,
    PSW_WAIT,
    U,
    low_core,
    settled_mask,
    store,
)

STALE = U(1 << 63)
BITS = np.array([line for line, _, _ in LINES], np.uint64)
CODES = np.array([int(code) for _, code, _ in LINES], np.uint64)
MASKS = np.array([mask for _, _, mask in LINES], np.uint64)
DELIVER, SPECIFICATION = int(Kind.DELIVER), int(Program.SPECIFICATION)
HARD = 2
"""The CPU object's word of interrupt requests: look for interrupts. It lies behind the one of `engine.step`."""
BLOCK_OWNER = 8
"""Place in the CPU object of a word that the engine does not use, a thread's: the engine block, while it runs."""
LPSW, LPSWE_FIRST, LPSWE_SECOND = 0x82, 0xB2, 0xB2


@njit
def first(engine: Record, lines: Word) -> Word:
    """Index of the external interruption to be taken, -1 for none."""
    if get64(engine, PSW_MASK) & U(PSW_EXTERNAL) == U(0):
        return -1
    masks = get64(engine, C0)
    for i in range(len(BITS)):
        if lines & BITS[i] != U(0) and masks & MASKS[i] != U(0):
            return i
    return -1


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Take the first external interruption that is pending and let in; else keep the lines in mind (`takes`). Returns 1
    where a CPU that waits goes on."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    lines = control.lines & ~STALE
    control.lines_told = control.lines
    control.lines_hidden = lines
    save(engine)
    mask = settled_mask(engine)
    i = first(engine, lines)
    base = low_core(engine) if i >= 0 else np.intp(0)
    if base != 0 and swap(engine, control, base, EXTERNAL_OLD, mask, control.pc):
        store(base + EXTERNAL_PARAMETER, 4, U(0))
        store(base + EXTERNAL_CPU, 2, U(0))
        store(base + EXTERNAL_CODE, 2, CODES[i])
        if engine.log_on != U(0):
            note(engine, control, LOG_INTERRUPT, control.pc, CODES[i], 0, 0)
        control.pc = get64(engine, PSW_ADDRESS)
        return 1
    if mask & U(PSW_WAIT) != U(0):
        control.counter_register = WAITS
    if control.lines_hidden | control.counter_register != U(0):
        control.attention = U(1)
    return 0


@cfunc(types.int32(types.intp))
def takes(address: Word) -> Word:
    """Does the PSW let a pending interruption in?"""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    return 1 if first(engine, control.lines_hidden) >= 0 else 0


@cfunc(types.uint64(types.intp, types.int64))
def inspect(at: Word, size: Word) -> Word:
    """Does the block end in an instruction that loads the PSW?"""
    if size < 4:
        return U(0)
    code = carray(as_u8(at + size - 4), 4)
    if code[0] == LPSW or (code[0] == LPSWE_FIRST and code[1] == LPSWE_SECOND):
        return U(BLOCK_SPECIAL) | WAITS << U(BLOCK_MEND)
    return U(0)


@cfunc(types.int32(types.intp))
def mend(address: Word) -> Word:
    """Is the PSW one that waits? Then this block does not begin: the run ends by itself, as at any halt."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    if get64(engine, PSW_MASK) & U(PSW_WAIT) == U(0):
        control.counter_register = U(0)
        return 0
    control.counter_register = WAITS
    uc_emu_stop(np.intp(engine.uc))
    return 0


@cfunc(types.uint64(types.intp))
def begin(address: Word) -> Word:
    """Where to enter: at the pc; from then on `before_block` is asked."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    carray(as_u64(np.intp(engine.cpu) + BLOCK_OWNER), 1)[0] = engine.address
    if engine.step != U(0):
        requests = carray(as_u32(np.intp(engine.step) + 4), 1)
        requests[0] = requests[0] | np.uint32(HARD)
    return control.pc


@cfunc(types.int32(types.intp))
def settle(address: Word) -> Word:
    """Put the condition code into the PSW, where it is read from. Closing the engine would free what is in the thread's
    place."""
    engine = carray(as_engine(address), 1)[0]
    carray(as_u64(np.intp(engine.cpu) + BLOCK_OWNER), 1)[0] = U(0)
    save(engine)
    settled_mask(engine)
    return 0


@cfunc(types.int8(types.intp, types.int32))
def before_block(cpu: Word, request: Word) -> Word:
    """In place of the engine's function that takes interrupts: before each block that is looked up. A PSW that says
    access registers and DAT is one that this CPU does not have: a specification exception [6-9]."""
    owner = carray(as_u64(cpu + BLOCK_OWNER), 1)[0]
    if owner == U(0):
        return 0
    engine = carray(as_engine(np.intp(owner)), 1)[0]
    if engine.context != U(0):
        return 0
    if not untranslatable(get64(engine, PSW_MASK)):
        return 0
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.kind, control.cause, control.fault_address = U(DELIVER), U(SPECIFICATION), U(0)
    control.block_count = U(0)
    uc_emu_stop(np.intp(engine.uc))
    return 1
