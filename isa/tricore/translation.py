"""TriCore, native: the TLB. The engine translates no address, so our fill always serves."""

from __future__ import annotations

from numba import carray, cfunc, types

from isa.fill import fill
from isa.native import Word, engine_record
from isa.tricore.words import U

PAGE = U(~0x3FFF & (1 << 64) - 1)
"""The engine's pages have 16 KiB: what holds for one address holds for all of its page."""


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Word) -> Word:
    """UC_HOOK_TLB_FILL: identity."""
    engine = carray(user, 1)[0]
    return fill(engine, address & PAGE, kind, entry)
