"""RISC-V, native: interrupt lines into the engine, and interrupts taken by it [priv 3.1.9]."""

from __future__ import annotations

import numpy as np
import unicorn.riscv_const as rc
from numba import carray, cfunc, njit, types

from isa.native import (
    Word,
    as_control,
    as_engine,
    as_u64,
    note,
    restore,
    save,
    uc_reg_write,
)
from isa.records import LOG_INTERRUPT
from isa.riscv.state import MACHINE_LINES
from isa.riscv.words import (
    MACHINE,
    MCAUSE,
    MEPC,
    MIE,
    MIP,
    MTVEC,
    PC,
    PRIV,
    SCAUSE,
    SEPC,
    STVEC,
    USER,
    U,
    get,
    put,
)

REG_MIP = int(rc.UC_RISCV_REG_MIP)
STALE = U(1 << 63)
MSIP, MTIP, MEIP = 0x8, 0x80, 0x800


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Hand the interrupt lines over: mip in the saved state, then one write through the API at machine level, which
    makes the engine look at what is pending. Returns 1 if something is pending and enabled in mie: wfi goes on.

    Of several machine interrupts the engine takes the lowest number first, the manual wants external, software, timer
    [priv 3.1.9]: all but the first that is enabled, or if none is the first, are hidden, and looked at again at every
    block, until the others are gone.
    """
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    uc = np.intp(engine.uc)
    save(engine)
    stale = control.lines_told & STALE  # the engine's CPU state was replaced
    changed = (control.lines ^ control.lines_told) & ~STALE
    seen = get(engine, MIP)
    mask = (changed & ~U(MACHINE_LINES)) | U(MACHINE_LINES)
    pending = (seen & ~mask) | (control.lines & mask)
    enabled = pending & get(engine, MIE)
    waiting = pending & U(MACHINE_LINES)
    candidates = enabled & U(MACHINE_LINES)
    if candidates == U(0):
        candidates = waiting
    first = candidates
    if candidates & U(MEIP) != U(0):
        first = U(MEIP)
    elif candidates & U(MSIP) != U(0):
        first = U(MSIP)
    control.lines_hidden = waiting & ~first
    mip = pending & ~control.lines_hidden
    if mip != seen or stale != U(0):
        level = get(engine, PRIV)
        put(engine, MIP, mip)
        put(engine, PRIV, MACHINE)
        restore(engine)
        carray(as_u64(np.intp(engine.scratch)), 1)[0] = mip
        uc_reg_write(uc, np.int32(REG_MIP), np.intp(engine.scratch))
        put(engine, PRIV, level)
        restore(engine)
    control.lines_told = control.lines
    if control.lines_hidden != U(0):
        control.attention = U(1)
    return 1 if enabled != U(0) else 0


@njit
def entered(pc: Word, vector: Word, cause: Word, wide: Word) -> Word:
    """Whether `pc` is where an interrupt of this cause goes [priv 3.1.7]."""
    top = U(63) if wide != U(0) else U(31)
    if cause >> top == U(0):
        return False
    number = cause & ~(U(1) << top)
    return pc == (vector & ~U(3)) + (U(4) * number if vector & U(3) == U(1) else U(0))


@cfunc(types.int32(types.intp))
def observe(address: Word) -> Word:
    """The engine takes interrupts by itself: a block at the vector, with an interrupt as its cause, tells. It can take
    what is pending and enabled in mie, whenever the guest lets it."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    level, pc = get(engine, PRIV), get(engine, PC)
    cause = get(engine, MCAUSE if level == U(MACHINE) else SCAUSE)
    vector = get(engine, MTVEC if level == U(MACHINE) else STVEC)
    if level != U(USER) and entered(pc, vector, cause, engine.wide):
        number = cause & U(0xFFFF)
        note(
            engine,
            control,
            LOG_INTERRUPT,
            get(engine, MEPC if level == U(MACHINE) else SEPC),
            number,
            0,
            level,
        )
    return 1 if get(engine, MIP) & get(engine, MIE) != U(0) else 0
