"""Pages that the code of unprivileged programs was translated from, to find at an instruction fence what has changed.

The engine sees a store to translated code only where it is the first through its TLB entry, or is made at the address
that the code runs at. A kernel that fills a page for another program stores through an address of its own, and a program
may map its code twice; all that they do before the code runs is a fence. So a copy is kept of each such page, as it was
when its code was first translated, and a fence compares. Who runs the engine then forgets the code of those that differ
(`emu.engine.engine.Engine.forget_changed`).

Privileged code is not watched: a kernel's is large, and it changes its own through mappings made for the purpose, whose
first store is seen.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from isa.native import (
    Record,
    Word,
    as_code_pages,
    as_regions,
    as_u8,
    as_u16,
    as_u64,
    uc_vmem_translate,
)
from isa.records import (
    CODE_CHANGED,
    CODE_EMPTY,
    CODE_PAGE_SIZE,
    CODE_PAGES,
    CODE_PLACES,
    CODE_SAME,
    UC_PROT_EXEC,
)

U = np.uint64
PAGE, MOST, PLACES = CODE_PAGE_SIZE, CODE_PAGES, CODE_PLACES
SAME, CHANGED, EMPTY = CODE_SAME, CODE_CHANGED, CODE_EMPTY


@njit
def host_address(engine: Record, page: Word) -> Word:
    """Of the guest-physical page; 0 where no memory is."""
    regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
    for i in range(engine.regions_count):
        row = regions[i]
        if row.lo <= page and page + U(PAGE - 1) <= row.hi:
            return np.intp(row.host + (page - row.lo))
    return np.intp(0)


@njit
def row_of(engine: Record, page: Word) -> Word:
    """Number of the page's row, a new one where it has none; -1 where there is no room or no memory."""
    places = carray(as_u16(np.intp(engine.code_places)), PLACES)
    rows = carray(as_code_pages(np.intp(engine.code_pages)), MOST)
    i = np.int64((page // U(PAGE)) & U(PLACES - 1))
    while places[i] != 0:
        number = np.int64(places[i]) - 1
        if rows[number].address == page:
            return number
        i = (i + 1) & (PLACES - 1)
    number = np.int64(engine.code_pages_used)
    host = host_address(engine, page)
    if number == MOST:
        engine.code_changed = U(1)
        return -1
    if host == 0:
        return -1
    places[i] = np.uint16(number + 1)
    rows[number].address, rows[number].host, rows[number].knows = page, U(host), U(EMPTY)
    engine.code_pages_used += U(1)
    return number


@njit
def remember_code(engine: Record, pc: Word, size: Word) -> None:
    """A block of unprivileged code was translated."""
    first, last = U(pc) & ~U(PAGE - 1), (U(pc) + U(size) - U(1)) & ~U(PAGE - 1)
    remember_in_page(engine, first, U(pc) - first, min(U(size), first + U(PAGE) - U(pc)))
    if last != first:
        remember_in_page(engine, last, U(0), U(pc) + U(size) - last)


@njit
def remember_in_page(engine: Record, virtual: Word, offset: Word, size: Word) -> None:
    at = np.intp(engine.scratch)
    if uc_vmem_translate(np.intp(engine.uc), virtual, UC_PROT_EXEC, at) != 0:
        return
    number = row_of(engine, carray(as_u64(at), 1)[0] & ~U(PAGE - 1))
    if number < 0:
        return
    row = carray(as_code_pages(np.intp(engine.code_pages)), MOST)[number]
    copy = np.intp(engine.code_copies) + number * PAGE
    if row.knows == U(EMPTY):
        source, target = carray(as_u64(np.intp(row.host)), PAGE // 8), carray(as_u64(copy), PAGE // 8)
        for i in range(PAGE // 8):
            target[i] = source[i]
        row.knows = U(SAME)
        return
    code, known = carray(as_u8(np.intp(row.host)), PAGE), carray(as_u8(copy), PAGE)
    for i in range(np.int64(offset), np.int64(offset + size)):
        if code[i] != known[i]:
            row.knows = U(CHANGED)


@njit
def compare_code(engine: Record) -> None:
    """An instruction fence: set `code_changed` where a page is not what its code was translated from."""
    rows = carray(as_code_pages(np.intp(engine.code_pages)), MOST)
    for number in range(np.int64(engine.code_pages_used)):
        row = rows[number]
        if row.knows == U(SAME):
            code = carray(as_u64(np.intp(row.host)), PAGE // 8)
            known = carray(as_u64(np.intp(engine.code_copies) + number * PAGE), PAGE // 8)
            different = U(0)
            for i in range(PAGE // 8):
                different |= code[i] ^ known[i]
            if different != U(0):
                row.knows = U(CHANGED)
        if row.knows == U(CHANGED):
            engine.code_changed = U(1)
