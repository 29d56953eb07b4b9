"""RISC-V, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Word, as_engine, as_u16, save
from isa.records import FLOW_CALL, FLOW_NONE, FLOW_RETURN, FLOW_TRAP_RETURN
from isa.riscv.words import PRIV, SATP, USER, U, get, x

TRAP_RETURNS = (0x00200073, 0x10200073, 0x30200073)
ROOT_32, ROOT_64 = 0x3FFFFF, 0xFFF_FFFFFFFF
"""The page number in satp [priv 4.1.11]."""


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """By the registers that hints on calls name, ra and t0 [unpriv 2.5.1, 16.5]."""
    engine = carray(as_engine(address), 1)[0]
    low = np.int64(carray(as_u16(at), 1)[0])
    if low & 3 != 3:
        if low & 0xE07F == 0x8002 and low >> 7 & 31 != 0:  # c.jr, c.jalr; with rs2: c.mv, c.add
            if low & 0x1000 != 0:
                return FLOW_CALL
            return FLOW_RETURN if low >> 7 & 31 in (1, 5) else FLOW_NONE
        return FLOW_CALL if low & 0xE003 == 0x2001 and engine.wide == U(0) else FLOW_NONE  # c.jal
    word = low | np.int64(carray(as_u16(at + 2), 1)[0]) << 16
    opcode, rd, rs1 = word & 0x7F, word >> 7 & 31, word >> 15 & 31
    if opcode == 0x6F or (opcode == 0x67 and word & 0x7000 == 0):
        if rd in (1, 5):
            return FLOW_CALL
        return FLOW_RETURN if opcode == 0x67 and rd == 0 and rs1 in (1, 5) else FLOW_NONE
    return FLOW_TRAP_RETURN if word in TRAP_RETURNS else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """sp."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return x(engine, 2)


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """The root page table's address, plus 1, in U mode."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    if get(engine, PRIV) != U(USER):
        return U(0)
    root = get(engine, SATP) & U(ROOT_64 if engine.wide != U(0) else ROOT_32)
    return root << U(12) | U(1)
