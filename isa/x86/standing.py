"""x86, native: what is arranged while the engine stands still, and happens when it is entered."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.native import Record, Word, as_control, as_engine, get32, get64, note, put32, put64, repeats
from isa.records import LOG_TRAP, LOG_UNMAPPED
from isa.x86.causes import TRIPLE_FAULT, Cause
from isa.x86.state import PENDING
from isa.x86.traps import NONE, unhandled
from isa.x86.words import (
    ERROR_CODE,
    IDTR,
    LIMIT,
    MCE,
    NEXT_PC,
    PC,
    RAX,
    RDX,
    SOFTWARE,
    U,
    control_register,
    hflags,
    put_control_register,
    put_general,
    raise_exception_err,
    segment32,
    size_at,
)

IO_READ, IO_WRITE, SYSREG_READ = int(Kind.IO_READ), int(Kind.IO_WRITE), int(Kind.SYSREG_READ)
GENERAL_PROTECTION, PAGE_FAULT, MACHINE_CHECK = (
    int(Cause.GENERAL_PROTECTION),
    int(Cause.PAGE_FAULT),
    int(Cause.MACHINE_CHECK),
)


@njit
def arrange(engine: Record, control: Record, cause: Word, value: Word) -> Word:
    """Have the guest take an exception at the pc when it is entered next; 0, or the Kind that it leaves with at once."""
    if segment32(engine, IDTR, LIMIT) == U(0):
        return unhandled(control, cause, value)
    put32(engine, SOFTWARE, PENDING)
    put64(engine, NEXT_PC, cause)
    if cause == PAGE_FAULT:
        put_control_register(engine, 2, value)
        value = U(0)
    put32(engine, ERROR_CODE, value)
    return NONE


@cfunc(types.int32(types.intp))
def resume(address: Word) -> Word:
    """At the first block of an entry: raise the exception that waits. Does not return."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    put32(engine, SOFTWARE, 0)
    put64(engine, PC, control.pc)  # it may be at the stub
    cause, code = np.int32(get64(engine, NEXT_PC)), np.int32(get32(engine, ERROR_CODE))
    raise_exception_err(np.intp(engine.state), cause, code)
    return 0


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take an exception while the engine stands still; 0, or a Kind to leave with. The value is the error code, of a
    page fault the address."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    left = arrange(engine, control, np.int64(cause), value)
    if left != NONE:
        control.kind = U(left)
    return left


@cfunc(types.int32(types.intp))
def refuse(address: Word) -> Word:
    """An MSR that nobody has: #GP(0) [Intel SDM 2B, RDMSR and WRMSR]."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    left = arrange(engine, control, GENERAL_PROTECTION, U(0))
    if left != NONE:
        control.kind = U(left)
    return left


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: a machine check, which is what a bus error is here [Intel SDM 3B 16.1]. Without
    CR4.MCE the processor shuts down."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    where = control.address
    if engine.log_on != U(0):
        note(engine, control, LOG_UNMAPPED, control.pc, control.access, where, hflags(engine) & U(3))
    again = repeats(control, MACHINE_CHECK, control.pc)
    if control_register(engine, 4) & U(MCE) == U(0):
        left = unhandled(control, MACHINE_CHECK, where)
    elif again:  # its own delivery: the stack is nowhere
        left = unhandled(control, TRIPLE_FAULT + MACHINE_CHECK, where)
    else:
        left = arrange(engine, control, MACHINE_CHECK, where)
        if left == NONE and engine.log_on != U(0):
            note(engine, control, LOG_TRAP, control.pc, MACHINE_CHECK, where, hflags(engine) & U(3))
    if left != NONE:
        control.kind = U(left)
    return left


@njit
def latch(control: Record) -> None:
    """The port access that was answered completes when its instruction is executed again: `isa.x86.ports` finds the
    answer among those of device windows, in the order in which the instruction asks."""
    if (
        control.latch_count != U(0)
        and control.pc == control.latch_pc
        and control.retired == control.latch_retired
    ):
        i = control.latch_next
    else:
        i = U(0)
    entry = control.latch[i]
    entry.kind, entry.address, entry.width, entry.value = (
        control.kind,
        control.address,
        control.width,
        control.answer,
    )
    control.latch_count = i + U(1)
    control.latch_pc, control.latch_retired = control.pc, control.retired


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the call, or complete the access, that was answered."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    kind = np.int64(control.kind)
    if kind in (IO_READ, IO_WRITE):
        latch(control)
        return 0
    if kind == SYSREG_READ:
        put_general(engine, RAX, control.answer & U(0xFFFFFFFF))
        put_general(engine, RDX, control.answer >> U(32))
    control.pc += U(size_at(engine, control.pc + engine.code_base))
    control.retired += U(1)
    return 0
