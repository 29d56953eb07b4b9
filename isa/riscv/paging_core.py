"""The page walk as flat integers: one function that numba compiles as it is, and that also runs uncompiled.

Its theory and the plain form that it must agree with are in `paging.py`. Every 64-bit quantity is passed as
the signed integer of the same bits (what numba calls int64), since shifts followed by masks are right for
both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Memory = TypeVar("Memory")


def walk_core(
    read: Callable[[Memory, int, int], tuple[int, int]],
    memory: Memory,
    wide: int,
    satp: int,
    status: int,
    privilege: int,
    address: int,
    kind: int,
) -> tuple[int, int, int, int, int]:
    """Translate one address.

    read(memory, gpa, size) -> (value, 1) or (0, 0) where nothing is. wide: 1 on RV64, 0 on RV32. privilege:
    0, 1 or 3. kind: 0 fetch, 1 load, 2 store or AMO.

    Returns (cause, gpa, page_shift, entry_gpa, entry_update): cause -1 for success, else the exception's
    number; page_shift 0 where translation is off; entry_update is the leaf entry with its accessed and dirty
    bits set, -1 where it has them already (the caller stores it, or raises the page fault, by its policy).
    """
    page_fault = 12 if kind == 0 else 13 if kind == 1 else 15
    access_fault = 1 if kind == 0 else 5 if kind == 1 else 7

    mode = privilege
    if kind != 0 and privilege == 3 and (status >> 17) & 1:  # MPRV: data accesses as MPP's
        mode = (status >> 11) & 3
    scheme = (satp >> 60) & 15 if wide else ((satp >> 31) & 1)
    if mode == 3 or scheme == 0 or (wide and (scheme < 8 or scheme > 10)):
        return -1, address, 0, 0, -1

    if wide:
        levels = scheme - 5  # Sv39 is 8 and has 3
        index_bits, entry_size, ppn_bits = 9, 8, 44
        sign = address >> (11 + levels * 9)
        sign_mask = (1 << (53 - levels * 9)) - 1
        if (sign & sign_mask) != 0 and (sign & sign_mask) != sign_mask:
            return page_fault, 0, 0, 0, -1
    else:
        levels, index_bits, entry_size, ppn_bits = 2, 10, 4, 22

    table = (satp & ((1 << ppn_bits) - 1)) << 12
    level = levels
    while level > 0:
        level -= 1
        shift = 12 + level * index_bits
        entry_address = table + ((address >> shift) & ((1 << index_bits) - 1)) * entry_size
        entry, found = read(memory, entry_address, entry_size)
        if found == 0:
            return access_fault, 0, 0, entry_address, -1
        if (entry & 1) == 0 or (entry & 6) == 4 or (wide and (entry >> 54) & 1023):
            return page_fault, 0, 0, entry_address, -1
        ppn = (entry >> 10) & ((1 << ppn_bits) - 1)
        if (entry & 14) == 0:
            if entry & 0xD0:  # D, A and U are reserved in an inner entry
                return page_fault, 0, 0, entry_address, -1
            table = ppn << 12
            continue

        user = (entry >> 4) & 1
        if mode == 0 and user == 0:
            return page_fault, 0, 0, entry_address, -1
        if mode == 1 and user == 1 and (kind == 0 or (status >> 18) & 1 == 0):
            return page_fault, 0, 0, entry_address, -1
        readable = (entry >> 1) & 1 | (
            (entry >> 3) & (status >> 19) & 1
        )  # MXR: executable counts as readable
        allowed = (entry >> 3) & 1 if kind == 0 else readable if kind == 1 else (entry >> 2) & 1
        if allowed == 0 or ppn & ((1 << (level * index_bits)) - 1):
            return page_fault, 0, 0, entry_address, -1

        update = entry | (0xC0 if kind == 2 else 0x40)
        physical = (ppn << 12) | (address & ((1 << shift) - 1))
        return -1, physical, shift, entry_address, -1 if update == entry else update
    return page_fault, 0, 0, 0, -1
