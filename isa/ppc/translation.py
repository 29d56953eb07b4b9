"""PowerPC, native: when the engine's own MMU translates."""

from __future__ import annotations

from numba import carray, cfunc, types

from isa.fill import fill, leave_for_translation
from isa.native import Record, Word, engine_record, save
from isa.ppc.words import MSR, MSR_TRANSLATES, U, nth


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Record) -> Word:
    """UC_HOOK_TLB_FILL while nothing is translated. As soon as the guest sets MSR[IR] or MSR[DR], the engine's own MMU
    takes over, and keeps it; the 64-bit one cannot, and its addresses stay real."""
    engine = carray(user, 1)[0]
    if engine.wide == U(0):
        save(engine)
        if nth(engine, MSR, 0) & U(MSR_TRANSLATES) != U(0):
            engine.paging = U(1)
            return leave_for_translation(engine, kind)
        address &= U(0xFFFFFFFF)
    return fill(engine, address, kind, entry)
