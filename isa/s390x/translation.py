"""z/Architecture, native: when the engine's own MMU translates."""

from __future__ import annotations

from numba import carray, cfunc, types

from isa.fill import fill, leave_for_translation
from isa.native import Record, Word, engine_record, get64, save
from isa.s390x.words import C0, C0_LOW_PROTECTION, PREFIX, PSW_DAT, PSW_MASK, U


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Record) -> Word:
    """UC_HOOK_TLB_FILL while real addresses are absolute ones. As soon as the guest translates, sets a prefix or
    protects low addresses, the engine's own MMU takes over, and keeps it."""
    engine = carray(user, 1)[0]
    save(engine)
    protects = get64(engine, C0) & U(C0_LOW_PROTECTION)
    if get64(engine, PSW_MASK) & U(PSW_DAT) | get64(engine, PREFIX) | protects != U(0):
        engine.paging = U(1)
        return leave_for_translation(engine, kind)
    return fill(engine, address, kind, entry)
