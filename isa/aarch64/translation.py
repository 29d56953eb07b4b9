"""AArch64, native: memory while the guest's MMU is off."""

from __future__ import annotations

from numba import carray, cfunc, types

from isa.aarch64.words import HCR_EL2, SCTLR_EL, U, indexed
from isa.fill import fill, leave_for_translation
from isa.native import Record, Word, engine_record, get64, save

VIRTUALIZED = U(1 << 12 | 1)  # HCR_EL2.DC, VM


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Record) -> Word:
    """UC_HOOK_TLB_FILL while no level's MMU is on (SCTLR_ELx.M). As soon as one is, the engine's own takes over."""
    engine = carray(user, 1)[0]
    save(engine)
    on = indexed(engine, SCTLR_EL, 1) | indexed(engine, SCTLR_EL, 2) | indexed(engine, SCTLR_EL, 3)
    if on & U(1) != U(0) or get64(engine, HCR_EL2) & VIRTUALIZED != U(0):
        engine.paging = U(1)
        return leave_for_translation(engine, kind)
    return fill(engine, address, kind, entry)
