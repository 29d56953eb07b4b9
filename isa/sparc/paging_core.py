"""Reading the instruction at a pc, in native code, whether or not the guest translates.

The engine can be asked for virtual memory, but where nothing is mapped its SPARC MMU raises the fault instead of saying
so. So this is the walk of `paging` on plain integers, without what it needs for a report. V9 has a TLB for tables.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from isa.native import Record, Word, as_regions, as_u8, as_u32, as_u64, get32, get64, place
from isa.sparc.words import CONTEXT, ITLB, LSU, MMU, PSTATE, TL, U

NOTHING = U(0xFFFF_FFFF_FFFF_FFFF)
ON, IMMU_ON, RED = U(1), U(4), U(0x20)


@njit
def word_at(engine: Record, address: Word) -> Word:
    """The big-endian word at a guest-physical address; NOTHING where no memory is."""
    regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
    for i in range(engine.regions_count):
        row = regions[i]
        if row.lo <= address and address + U(3) <= row.hi:
            data = carray(as_u8(np.intp(row.host + (address - row.lo))), 4)
            return U(data[0]) << U(24) | U(data[1]) << U(16) | U(data[2]) << U(8) | U(data[3])
    return NOTHING


@njit
def by_tlb(engine: Record, address: Word) -> Word:
    """V9: what the instruction TLB says [UltraSPARC IIi manual, chapter 15]."""
    if get64(engine, LSU) & IMMU_ON == U(0) or get32(engine, PSTATE) & RED != U(0):
        return address
    context = get64(engine, CONTEXT) & U(0x1FFF) if get32(engine, TL) == U(0) else U(0)
    rows = carray(as_u64(place(engine, ITLB)), 128)
    for i in range(64):
        tag, data = rows[2 * i], rows[2 * i + 1]
        if data >> U(63) == U(0):
            continue
        inside = (U(1) << (U(13) + U(3) * (data >> U(61) & U(3)))) - U(1)
        if (tag ^ address) & ~inside & ~U(0x1FFF) != U(0):
            continue
        if data & U(1) != U(0) or tag & U(0x1FFF) == context:  # G
            return data & U(0x1FF_FFFF_E000) & ~inside | address & inside
    return NOTHING


@njit
def physical(engine: Record, address: Word) -> Word:
    """Guest-physical address of code at `address`; NOTHING where it is not mapped, or cannot be told."""
    if engine.wide != U(0):
        return by_tlb(engine, address)
    mmu = carray(as_u32(place(engine, MMU)), 3)
    if U(mmu[0]) & ON == U(0):
        return address
    at = ((U(mmu[1]) & ~U(3)) << U(4)) + U(4) * U(mmu[2])
    below = U(32)
    for level in range(4):
        entry = word_at(engine, at)
        if entry == NOTHING:
            return entry
        kind = entry & U(3)
        if kind == U(2) and level > 0:
            inside = (U(1) << below) - U(1)
            return (entry & ~U(0xFF)) << U(4) & ~inside | address & inside
        if kind != U(1) or level == 3:
            return NOTHING
        bits = U(8) if level == 0 else U(6)
        below -= bits
        at = ((entry & ~U(3)) << U(4)) + U(4) * (address >> below & ((U(1) << bits) - U(1)))
    return NOTHING


@njit
def instruction_at(engine: Record, pc: Word) -> Word:
    """The instruction word at a guest-virtual pc; 0 where it cannot be read."""
    address = physical(engine, U(pc))
    if address == NOTHING:
        return 0
    word = word_at(engine, address)
    return 0 if word == NOTHING else np.int64(word)
