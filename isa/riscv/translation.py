"""RISC-V, native: memory while the guest's MMU is off, and one fault of the engine's memory protection."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.native import (
    Record,
    Word,
    as_control,
    as_i64,
    as_u8,
    as_u32,
    as_u64,
    engine_record,
)
from isa.records import (
    PAGE_CODE,
    PAGE_DATA,
    PAGES,
    UC_MEM_FETCH,
    UC_PROT_EXEC,
    UC_PROT_READ,
    UC_PROT_WRITE,
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
    save,
)

TRANSLATE = int(Kind.TRANSLATE)
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


@njit
def leave_for_translation(engine: Record, kind: Word) -> Word:
    """What the fill is to give has changed: leave, so that the TLB can be emptied."""
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.kind = U(TRANSLATE)
    control.access = U(4) if kind == UC_MEM_FETCH else U(1)
    return False


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Record) -> Word:
    """UC_HOOK_TLB_FILL while the guest's MMU is off: identity, with fetch and data in separate entries.

    An entry that can be executed and written makes each store slow: the engine then always looks for code that changes.
    One that cannot be executed it stops watching after the first store. So data is given without the right to execute,
    but for pages that hold code, or are reached by two addresses. As soon as the guest translates (satp)
    or protects memory below machine level (PMP), the engine's own MMU takes over.
    """
    engine = carray(user, 1)[0]
    save(engine)
    satp = get(engine, SATP)
    translated = satp >> U(60) != U(0) if engine.wide != U(0) else satp >> U(31) != U(0)
    offset = carray(as_i64(np.intp(engine.layout)), 32)[PMP_RULES]
    rules = carray(as_u32(np.intp(engine.state) + offset), 1)[0]
    if translated or (rules != np.uint32(0) and get(engine, PRIV) != U(MACHINE)):
        engine.paging = U(1)
        return leave_for_translation(engine, kind)
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
