"""AArch64, native: interrupt lines into the engine, which takes interrupts by itself [arm D1.3.2].

The engine looks at what is requested of it whenever a block ends by an instruction that may unmask it (MSR DAIF, MSR
DAIFClr, ERET, a write of a system register), and as it is entered: no block begins with an interrupt to be taken.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.aarch64.state import FIQ_LINE, LINES, VIRTUAL
from isa.aarch64.words import (
    DAIF,
    ELR_EL,
    HCR_EL2,
    PC,
    RAISE,
    VBAR_EL,
    U,
    indexed,
    level,
    pc_of,
    put_pc,
)
from isa.native import Record, Word, as_control, as_engine, as_i64, call_code, get64, note
from isa.records import LOG_INTERRUPT

arm_cpu_update_virq = types.ExternalFunction("arm_cpu_update_virq_aarch64", types.void(types.intp))
arm_cpu_update_vfiq = types.ExternalFunction("arm_cpu_update_vfiq_aarch64", types.void(types.intp))
arm_rebuild_hflags = types.ExternalFunction("arm_rebuild_hflags_aarch64", types.void(types.intp))
cpu_reset_interrupt = types.ExternalFunction("cpu_reset_interrupt", types.void(types.intp, types.int32))

STALE = U(1 << 63)
REQUEST_IRQ, REQUEST_FIQ = 0x2, 0x10  # of the engine
MASKED = U(0xF << 6)
IRQ, FIQ = 0, 1
TAKEN = U(1 << 32)  # no exception class


@njit
def pending(engine: Record, control: Record) -> Word:
    """Whether a line is up, or a hypervisor asks for a virtual interrupt."""
    if control.lines & U(LINES | FIQ_LINE) != U(0) or get64(engine, HCR_EL2) & U(VIRTUAL) != U(0):
        return 1
    return 0


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Hand the interrupt lines over: timer, external and software assert IRQ. Returns 1 if wfi goes on, which pending
    interrupts end even while masked [arm D1.6.1]."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    cpu = np.intp(engine.cpu)
    if cpu == 0:
        return 0
    raise_ = np.intp(carray(as_i64(np.intp(engine.layout)), 64)[RAISE])
    for lines, request in ((LINES, REQUEST_IRQ), (FIQ_LINE, REQUEST_FIQ)):
        if control.lines & U(lines) != U(0):
            call_code(raise_, cpu, request)
        else:
            cpu_reset_interrupt(cpu, request)
    if control.lines_told & STALE != U(0):  # what HCR_EL2 requests is outside the CPU state that was loaded
        arm_cpu_update_virq(cpu)
        arm_cpu_update_vfiq(cpu)
    control.lines_told = control.lines
    return pending(engine, control)


@cfunc(types.uint64(types.intp))
def begin(address: Word) -> Word:
    """Where to enter: the pc, which AArch32 has apart. What the engine derives from PSTATE and system registers may be
    stale since they were written from outside."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if engine.context == U(0):
        put_pc(engine, control.pc)
        arm_rebuild_hflags(np.intp(engine.state))
    return control.pc


@cfunc(types.int32(types.intp))
def settle(address: Word) -> Word:
    """The engine has come back, and told the pc of AArch64."""
    engine = carray(as_engine(address), 1)[0]
    carray(as_control(np.intp(engine.control)), 1)[0].pc = pc_of(engine)
    return 0


@cfunc(types.int32(types.intp))
def observe(address: Word) -> Word:
    """The engine takes interrupts by itself: a block at a vector for IRQ or FIQ, with all of them masked, tells. One
    that does not fit before a limit comes twice, with nothing retired between."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    at = level(engine)
    vector = get64(engine, PC) - indexed(engine, VBAR_EL, at)
    kind = np.int64(vector >> U(7)) & 3
    masked = get64(engine, DAIF) & MASKED == MASKED
    if at != 0 and vector < U(0x800) and vector & U(0x7F) == U(0) and kind in (1, 2) and masked:
        line = IRQ if kind == 1 else FIQ
        if control.trap_cause == TAKEN and control.trap_retired == control.retired:
            return pending(engine, control)
        control.trap_cause, control.trap_retired = TAKEN, control.retired
        note(engine, control, LOG_INTERRUPT, indexed(engine, ELR_EL, at), line, 0, at)
    return pending(engine, control)
