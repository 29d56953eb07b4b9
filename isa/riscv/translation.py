"""RISC-V, native: memory while the guest's MMU is off, and one fault of the engine's memory protection."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.fill import fill, leave_for_translation
from isa.native import (
    Record,
    Word,
    as_i64,
    as_u32,
    engine_record,
    save,
)
from isa.riscv.state import PMP_ENTRIES
from isa.riscv.words import (
    MACHINE,
    PMP,
    PMP_RULES,
    PRIV,
    SATP,
    U,
    get,
)

NAPOT, WHOLE = 3, (1 << 29) - 1  # pmpaddr of the smallest region that covers 32 bits of address


@njit
def widen_regions(engine: Record) -> Word:
    """RV32: put right the NAPOT regions of 4 GiB and more, whose size the engine computes in 32 bits [priv 3.7.1].

    Works on the saved state, in the table of first and last addresses that follows the entries; 1 if one was wrong.
    """
    table = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[PMP]
    entry, bounds = (
        carray(as_u32(table), 2 * PMP_ENTRIES),
        carray(as_u32(table + 8 * PMP_ENTRIES), 2 * PMP_ENTRIES),
    )
    widened = 0
    for i in range(PMP_ENTRIES):
        address, match = np.int64(entry[2 * i]), (entry[2 * i + 1] >> np.uint32(3)) & np.uint32(3)
        whole = match == np.uint32(NAPOT) and address >= WHOLE and address & (address + 1) == 0
        if whole and (bounds[2 * i] != np.uint32(0) or bounds[2 * i + 1] != np.uint32(0xFFFFFFFF)):
            bounds[2 * i], bounds[2 * i + 1] = np.uint32(0), np.uint32(0xFFFFFFFF)
            widened = 1
    return widened


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Record) -> Word:
    """UC_HOOK_TLB_FILL while the guest's MMU is off. As soon as the guest translates (satp) or protects memory below
    machine level (PMP), the engine's own MMU takes over."""
    engine = carray(user, 1)[0]
    save(engine)
    satp = get(engine, SATP)
    translated = satp >> U(60) != U(0) if engine.wide != U(0) else satp >> U(31) != U(0)
    offset = carray(as_i64(np.intp(engine.layout)), 32)[PMP_RULES]
    rules = carray(as_u32(np.intp(engine.state) + offset), 1)[0]
    if translated or (rules != np.uint32(0) and get(engine, PRIV) != U(MACHINE)):
        engine.paging = U(1)
        return leave_for_translation(engine, kind)
    return fill(engine, address, kind, entry)
