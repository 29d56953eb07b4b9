"""MIPS, native: interrupt lines into Cause.IP, and what is to be seen to before a block is looked up.

Lines 2 to 7 are bits of Cause.IP. The engine takes an interrupt by itself when it looks at them: before the first block
of a run and after `mtc0`, `ei`, `eret`, all of which end a block for good, unless they are in a delay slot. Therefore
`takes` looks too, at each block, while a line is up.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.mips.blocks import bound_block
from isa.mips.traps import ADEL, KICK, take
from isa.mips.words import (
    BADVADDR,
    BCOND,
    BLOCK_OWNER,
    BTARGET,
    CAUSE,
    CAUSE_IP,
    CONDITIONAL,
    DEBUG_MODE,
    DELAY_FLAG,
    EBASE,
    EPC,
    ERROR_CODE,
    EXEC_INTERRUPT,
    FILL_PLACE,
    HFLAGS,
    IN_SLOT,
    M16,
    NO_INSTRUCTION,
    OTHER_FILL_PLACE,
    OUR_FILL,
    PC,
    STATUS,
    STATUS_ERL,
    STATUS_EXL,
    STATUS_IE,
    U,
    backing,
    function,
    get,
    mapped,
    physical,
    put,
)
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u32,
    as_u64,
    call_code,
    get32,
    note,
    put32,
    uc_emu_stop,
)
from isa.records import LOG_INTERRUPT

UNMAPPED, FETCH = int(Kind.UNMAPPED), 4
HARDWARE_LINES = 0xFC
HARD = 2
"""The CPU object's word of interrupt requests: look for interrupts. It lies behind the one of `engine.step`."""


@njit
def enabled(engine: Record) -> Word:
    """Whether an interrupt would be taken [pra 6.1.1]."""
    status = get32(engine, STATUS) & U(STATUS_IE | STATUS_EXL | STATUS_ERL)
    return status == U(STATUS_IE) and get32(engine, HFLAGS) & U(DEBUG_MODE) == U(0)


@njit
def requested(engine: Record) -> Word:
    """Interrupts that are pending and not masked, as bits of Cause.IP."""
    return get32(engine, CAUSE) & get32(engine, STATUS) & U(CAUSE_IP)


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Cause.IP as the lines are; 1 if `wait` goes on: the manual leaves open whether at an interrupt that is not taken,
    and a guest that may be woken too early loses none."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    lines = control.lines & U(HARDWARE_LINES)
    put32(engine, CAUSE, (get32(engine, CAUSE) & ~U(HARDWARE_LINES << 8)) | lines << U(8))
    control.lines_told = control.lines
    control.lines_hidden = lines
    if lines != U(0):
        control.attention = U(1)
    return 1 if requested(engine) != U(0) else 0


@cfunc(types.int32(types.intp))
def takes(address: Word) -> Word:
    """Whether an interrupt can be taken now."""
    engine = carray(as_engine(address), 1)[0]
    return 1 if enabled(engine) and requested(engine) != U(0) else 0


@njit
def can_fetch(engine: Record, control: Record) -> Word:
    """Whether there is code at the pc. Else the guest gets its exception here: one that came while a block is translated
    would leave the translator with half a block, and crash it at the next."""
    pc = get(engine, PC)
    if get32(engine, HFLAGS) & U(M16) == U(0) and pc & U(3) != U(0):
        put(engine, BADVADDR, pc)
        put32(engine, ERROR_CODE, NO_INSTRUCTION)
        left = take(engine, control, ADEL, pc, pc)
        if left != 0 or control.kick != U(0):
            control.kind = U(left) if left != 0 else U(KICK)
            uc_emu_stop(np.intp(engine.uc))
        return False
    address = physical(engine, pc)
    if address == ~U(0):
        address = mapped(engine, pc)  # if it is not, the engine sees to that before it translates
    if address == ~U(0) or backing(engine, address, 2) != 0:
        return True
    control.kind, control.access, control.address, control.width = U(UNMAPPED), U(FETCH), address, U(4)
    uc_emu_stop(np.intp(engine.uc))
    return False


@cfunc(types.int8(types.intp, types.int32))
def interrupts(cpu: Word, request: Word) -> Word:
    """In place of the engine's function that takes interrupts: before each block that is looked up, and not one that
    another jumps to by itself."""
    owner = carray(as_u64(cpu + BLOCK_OWNER), 1)[0]
    if owner == U(0):
        return 0
    engine = carray(as_engine(np.intp(owner)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    taken = call_code(function(engine, EXEC_INTERRUPT), cpu, np.intp(request)) & 0xFF
    if taken != 0 and engine.log_on != U(0):
        control.attention = U(1)  # for `observe`, at the block at the vector
    if not can_fetch(engine, control):
        return 1
    bound_block(engine)
    return np.int8(taken)


@cfunc(types.uint64(types.intp))
def begin(address: Word) -> Word:
    """Where to enter: bit 0 says 16-bit code. A pc that is not where the engine stopped is no longer in a delay slot."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    owner = carray(as_u64(np.intp(engine.cpu) + BLOCK_OWNER), 1)
    if owner[0] == U(0):
        owner[0] = engine.address
        for slot in (FILL_PLACE, OTHER_FILL_PLACE):
            carray(as_u64(function(engine, slot)), 1)[0] = U(function(engine, OUR_FILL))
    carray(as_u64(function(engine, DELAY_FLAG)), 1)[0] = U(
        0
    )  # see layout: of a block that was given up half-way
    requests = carray(as_u32(np.intp(engine.step) + 4), 1)
    requests[0] = requests[0] | np.uint32(HARD)
    flags = get32(engine, HFLAGS)
    if control.pc != get(engine, PC):
        put32(engine, HFLAGS, flags & ~U(IN_SLOT))
        return control.pc
    return control.pc | U(1) if flags & U(M16) != U(0) else control.pc


@cfunc(types.int32(types.intp))
def let_through(address: Word) -> Word:
    """An access in a slot has had the flags say so, which only those of a block that begins there do."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    flags = get32(engine, HFLAGS)
    if flags & U(IN_SLOT) != U(0) and get(engine, PC) != control.block_pc:
        put32(engine, HFLAGS, flags & ~U(IN_SLOT))
    return 0


@cfunc(types.int32(types.intp))
def settle(address: Word) -> Word:
    """The engine has stopped. What it still holds of a branch that is over depends on where its blocks ended, and is no
    state of the guest."""
    engine = carray(as_engine(address), 1)[0]
    flags = get32(engine, HFLAGS)
    if flags & U(IN_SLOT) == U(0):
        put(engine, BTARGET, 0)
    if flags & U(CONDITIONAL) == U(0):
        put(engine, BCOND, 0)
    return 0


@cfunc(types.int32(types.intp))
def observe(address: Word) -> Word:
    """The engine takes interrupts by itself: a block at an interrupt's vector, with that as its cause, tells."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    cause = get32(engine, CAUSE)
    pending = requested(engine)
    if get32(engine, STATUS) & U(STATUS_EXL) == U(0) or cause >> U(2) & U(31) != U(0) or pending == U(0):
        return 0
    offset = get(engine, PC) - (get(engine, EBASE) & ~U(0xFFF))
    if offset == U(0x180) or (offset >= U(0x200) and offset < U(0x1000)):
        line = 0
        while pending >> U(9 + line) != U(0):
            line += 1
        note(engine, control, LOG_INTERRUPT, get(engine, EPC), line, 0, 0)
    return 0
