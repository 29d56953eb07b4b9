"""Arm, native: memory while the guest's MMU or MPU is off."""

from __future__ import annotations

from numba import carray, cfunc, types

from isa.arm.layout import Slot
from isa.arm.traps import banked64
from isa.arm.words import U
from isa.fill import fill, leave_for_translation
from isa.native import Word, engine_record

SCTLR = int(Slot.SCTLR)


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Word) -> Word:
    """UC_HOOK_TLB_FILL: identity, until SCTLR.M is set in either security state; then the engine's own MMU takes
    over."""
    engine = carray(user, 1)[0]
    if (banked64(engine, SCTLR, 0) | banked64(engine, SCTLR, 2)) & U(1) != U(0):
        engine.paging = U(1)
        return leave_for_translation(engine, kind)
    return fill(engine, address, kind, entry)
