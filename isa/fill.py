"""Memory while the guest's MMU is off: what a UC_HOOK_TLB_FILL of any ISA gives, identity, with fetch and data apart.

An entry that can be executed and written makes each store slow: the engine then always looks for code that changes. One
that cannot be executed it stops watching after the first store. So data is given without the right to execute, but for
pages that hold code, or are reached by two addresses.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from axvcpu.control import Kind
from isa.native import Record, Word, as_control, as_u8, as_u32, as_u64
from isa.records import (
    PAGE_CODE,
    PAGE_DATA,
    PAGES,
    UC_MEM_FETCH,
    UC_PROT_EXEC,
    UC_PROT_READ,
    UC_PROT_WRITE,
)

TRANSLATE = int(Kind.TRANSLATE)
U = np.uint64


@njit
def leave_for_translation(engine: Record, kind: Word) -> Word:
    """What the fill is to give has changed: leave, so that the TLB can be emptied. The fill's own result."""
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.kind = U(TRANSLATE)
    control.access = U(4) if kind == UC_MEM_FETCH else U(1)
    return False


@njit
def fill(engine: Record, address: Word, kind: Word, entry: Word) -> Word:
    """Fill in the TLB entry of the page at `address` for an access of `kind`; the fill's own result."""
    inside = address - engine.alias
    if inside < engine.alias_size:
        address = engine.home + inside
        if engine.alias_used == U(0):
            engine.alias_used = U(1)
            return leave_for_translation(engine, kind)
    page = carray(as_u8(np.intp(engine.pages)), PAGES)
    i = np.int64(address >> U(12)) & (PAGES - 1)
    given = page[i]
    rights = UC_PROT_READ
    if kind == UC_MEM_FETCH:
        page[i] = given | np.uint8(PAGE_CODE)
        if given == np.uint8(PAGE_DATA):
            return leave_for_translation(engine, kind)
        rights |= UC_PROT_EXEC
    else:
        page[i] = given | np.uint8(PAGE_DATA)
        rights |= UC_PROT_WRITE
        if given & np.uint8(PAGE_CODE) or engine.alias_used != U(0):
            rights |= UC_PROT_EXEC
    carray(as_u64(entry), 1)[0] = address
    carray(as_u32(entry + 8), 1)[0] = np.uint32(rights)
    return True
