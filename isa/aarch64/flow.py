"""AArch64, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.aarch64 import words
from isa.aarch64.layout import slot
from isa.aarch64.words import AARCH64, U, level
from isa.native import Word, as_engine, as_u32, get32, get64, save
from isa.records import FLOW_CALL, FLOW_NONE, FLOW_RETURN, FLOW_TRAP_RETURN

TTBR0 = slot("ttbr0_el1")
ROOT = 0xFFFF_FFFF_FFFE
ERET = 0xD69F03E0


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """bl, blr, ret and eret [arm C6.2], of A64 only."""
    engine = carray(as_engine(address), 1)[0]
    if get32(engine, AARCH64) == U(0):
        return FLOW_NONE
    word = np.int64(carray(as_u32(at), 1)[0])
    if word >> 26 == 0x25 or word & 0xFFFFFC1F == 0xD63F0000 or word & 0xFEFFF800 == 0xD63F0800:
        return FLOW_CALL
    if word & 0xFFFFFC1F == 0xD65F0000 or word in (0xD65F0BFF, 0xD65F0FFF):
        return FLOW_RETURN
    return FLOW_TRAP_RETURN if word in (ERET, 0xD69F0BFF, 0xD69F0FFF) else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """The stack pointer in use."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return words.stack(engine)


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """The address in TTBR0_EL1, plus 1, at EL0."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return get64(engine, TTBR0) & U(ROOT) | U(1) if level(engine) == 0 else U(0)
