"""x86, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Word, as_engine, as_u8
from isa.records import FLOW_CALL, FLOW_NONE, FLOW_RETURN, FLOW_TRAP, FLOW_TRAP_RETURN
from isa.x86.words import CS64, RSP, U, control_register, general, hflags

ROOT = 0xF_FFFF_FFFF_E000
"""The address in CR3, of which Linux has bit 12 tell the kernel's table from the program's."""


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """call, ret, iret, and the fast calls of a kernel, which are no exceptions [Intel SDM 2]."""
    engine = carray(as_engine(address), 1)[0]
    code = carray(as_u8(at), 16)
    long_mode = hflags(engine) & U(CS64) != U(0)
    i = 0
    while i < 14 and (
        code[i] in (0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF2, 0xF3)
        or (long_mode and code[i] & 0xF0 == 0x40)
    ):
        i += 1
    first, second = np.int64(code[i]), np.int64(code[i + 1])
    if first in (0xE8, 0x9A) or (first == 0xFF and second >> 3 & 7 in (2, 3)):
        return FLOW_CALL
    if first in (0xC2, 0xC3, 0xCA, 0xCB):
        return FLOW_RETURN
    if first == 0xCF or (first == 0x0F and second in (0x07, 0x35)):
        return FLOW_TRAP_RETURN
    return FLOW_TRAP if first == 0x0F and second in (0x05, 0x34) else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """rsp."""
    return general(carray(as_engine(address), 1)[0], RSP)


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """The address in CR3, plus 1, in ring 3."""
    engine = carray(as_engine(address), 1)[0]
    if hflags(engine) & U(3) != U(3):
        return U(0)
    return control_register(engine, 3) & U(ROOT) | U(1)
