"""x86, native: interrupt lines. The engine takes an interrupt when it is entered: a virtual one of AMD's SVM, whose
vector is in the control block that it has for that (manual volume 2, 15.21), so the gate, the stack and the frame are
its own work. A line is a level: it is taken again after IRET while it is high."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.native import Record, Word, as_control, as_engine, as_u32, get32, get64, note, put32
from isa.records import LOG_INTERRUPT
from isa.x86.breakpoints import note_breakpoints, see_breakpoints
from isa.x86.causes import FIRST_INTERRUPT, Cause
from isa.x86.cpuid import look_at_model
from isa.x86.layout import Slot
from isa.x86.state import PENDING
from isa.x86.svm import INT_VECTOR, PRIVATE, STUB
from isa.x86.words import (
    BASE,
    CS,
    FLAGS,
    IF,
    INHIBIT,
    NEXT_PC,
    SOFTWARE,
    VMCB,
    U,
    canonical,
    hflags,
    number,
    priority,
    request,
    segment64,
)

VIRTUAL, MACHINE_CHECK = 0x100, 0x1000
"""Bits of the engine's word of pending interrupts: CPU_INTERRUPT_VIRQ and CPU_INTERRUPT_MCE."""
MODEL_SEEN = int(Slot.MODEL_SEEN)
MACHINE_CHECK_VECTOR = int(Cause.MACHINE_CHECK)


@njit
def vector_of(lines: Word) -> Word:
    """The vector of the first line that is high."""
    vector = U(FIRST_INTERRUPT)
    while lines & U(1) == U(0):
        lines >>= U(1)
        vector += U(1)
    return vector


@njit
def can_take(engine: Record, lines: Word) -> Word:
    """IF is set, no STI or MOV SS shadow is on, and cr8 lets the vector's class through [Intel SDM 3A 6.8, 10.8.6]."""
    return (
        lines != U(0)
        and get64(engine, FLAGS) & U(IF) != U(0)
        and hflags(engine) & U(INHIBIT) == U(0)
        and vector_of(lines) >> U(4) > priority(engine)
    )


@cfunc(types.int32(types.intp))
def takes(address: Word) -> Word:
    """Whether a line that is high can be taken now."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    return 1 if can_take(engine, control.lines) else 0


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Look at the lines: high ones are asked about at every block. 1 if hlt goes on."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.lines_told = control.lines
    control.lines_hidden = control.lines
    if control.lines != U(0):
        control.attention = U(1)
    return 1 if can_take(engine, control.lines) else 0


@cfunc(types.uint64(types.intp))
def begin(address: Word) -> Word:
    """Before the engine is entered: have it take what it can take now."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if number(engine, MODEL_SEEN) == 0:
        look_at_model(engine)
    see_breakpoints(engine)
    engine.code_base = segment64(engine, CS, BASE)
    control.cause = U(0)
    waiting, start = U(0), control.pc
    if get32(engine, SOFTWARE) == U(PENDING):
        if get64(engine, NEXT_PC) == U(MACHINE_CHECK_VECTOR):
            put32(engine, SOFTWARE, 0)
            waiting = U(MACHINE_CHECK)
        else:
            engine.resuming = U(1)
            control.attention = U(1)
            if engine.paging == U(0) and not canonical(control.pc + engine.code_base):
                start = U(PRIVATE + STUB) - engine.code_base  # no block begins at the pc
    elif control.latch_count == U(0) and can_take(engine, control.lines):
        vector = vector_of(control.lines)
        carray(as_u32(np.intp(number(engine, VMCB)) + INT_VECTOR), 1)[0] = np.uint32(vector)
        waiting = U(VIRTUAL)
        if engine.log_on != U(0):
            note(engine, control, LOG_INTERRUPT, control.pc, vector, 0, hflags(engine) & U(3))
    if get32(engine, SOFTWARE) != U(PENDING):
        put32(engine, SOFTWARE, 0)
    request(engine, waiting)
    return start


@cfunc(types.int32(types.intp))
def settle(address: Word) -> Word:
    """The engine has come back: code is at pc + the base of cs."""
    engine = carray(as_engine(address), 1)[0]
    note_breakpoints(engine)
    engine.code_base = segment64(engine, CS, BASE)
    engine.resuming = U(0)
    request(engine, U(0))
    return 0
