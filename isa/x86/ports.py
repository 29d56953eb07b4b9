"""x86, native: IN, OUT, INS and OUTS leave the guest as port accesses, before they have done anything.

The engine checks no permission: that is done here, by its own check of the TSS's bitmap. The answer waits in the latch,
and the instruction is executed again: the engine puts what IN gives into al, ax or eax, and what INS gives into memory,
and goes on with a `rep`.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import LATCH_ENTRIES, Kind
from isa.native import Record, Word, as_control, call_word, engine_record, get64, uc_emu_stop
from isa.x86.words import (
    FLAGS,
    PE,
    VM,
    U,
    helper_check_iob,
    helper_check_iol,
    helper_check_iow,
    hflags,
)

NONE, IO_READ, IO_WRITE, FAIL = int(Kind.NONE), int(Kind.IO_READ), int(Kind.IO_WRITE), int(Kind.FAIL)


@njit
def check(engine: Record, port: Word, size: Word) -> None:
    """#GP(0) for a port that neither IOPL nor the TSS allows [Intel SDM 1, 19.5]: then it does not return."""
    flags, state = get64(engine, FLAGS), np.intp(engine.state)
    hidden = hflags(engine)
    if hidden & U(PE) == U(0):
        return
    if hidden & U(3) <= (flags >> U(12)) & U(3) and flags & U(VM) == U(0):
        return
    if size == 1:
        helper_check_iob(state, np.uint32(port))
    elif size == 2:
        helper_check_iow(state, np.uint32(port))
    else:
        helper_check_iol(state, np.uint32(port))


@njit
def answered(control: Record, kind: Word, port: Word, size: Word) -> Word:
    """Whether the latch holds the answer to this access: 1 + its index, or 0."""
    i = control.latch_next
    if i < control.latch_count:
        entry = control.latch[i]
        if entry.kind == U(kind) and entry.address == U(port) and entry.width == U(size):
            control.latch_next = i + U(1)
            return np.int64(i) + 1
    return 0


@njit
def leave(engine: Record, control: Record, kind: Word, port: Word, size: Word, value: Word) -> None:
    """Leave the guest here and now; does not return."""
    control.kind = U(kind)
    if control.latch_next >= U(LATCH_ENTRIES):
        control.kind, control.cause = U(FAIL), U(0)
    control.address, control.width, control.data = U(port), U(size), U(value)
    uc_emu_stop(np.intp(engine.uc))
    call_word(np.intp(engine.loop_exit), np.intp(engine.cpu))


@cfunc(types.uint32(types.intp, types.uint32, types.int32, types.CPointer(engine_record)))
def on_in(uc: Word, port: Word, size: Word, user: Record) -> Word:
    """UC_HOOK_INSN of IN and INS."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    port &= np.uint32(0xFFFF)
    i = answered(control, IO_READ, port, size)
    if i != 0:
        return np.uint32(control.latch[i - 1].value & U(0xFFFFFFFF))
    check(engine, port, size)
    leave(engine, control, IO_READ, port, size, U(0))
    return np.uint32(0)


@cfunc(types.void(types.intp, types.uint32, types.int32, types.uint32, types.CPointer(engine_record)))
def on_out(uc: Word, port: Word, size: Word, value: Word, user: Record) -> None:
    """UC_HOOK_INSN of OUT and OUTS."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    port &= np.uint32(0xFFFF)
    if answered(control, IO_WRITE, port, size) != 0:
        return
    check(engine, port, size)
    mask = (U(1) << U(8 * size)) - U(1)
    leave(engine, control, IO_WRITE, port, size, U(value) & mask)
