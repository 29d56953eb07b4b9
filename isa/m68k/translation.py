"""m68k, native: memory while the guest's MMU is off."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.fill import fill, leave_for_translation
from isa.m68k.words import TC, U
from isa.native import Word, as_u16, engine_record, place, save

ENABLED = np.uint16(0x8000)


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Word) -> Word:
    """UC_HOOK_TLB_FILL: identity, until the guest sets TC.E (MC68040UM, section 3.1.2)."""
    engine = carray(user, 1)[0]
    save(engine)
    if carray(as_u16(place(engine, TC)), 1)[0] & ENABLED != np.uint16(0):
        engine.paging = U(1)
        return leave_for_translation(engine, kind)
    return fill(engine, address, kind, entry)
