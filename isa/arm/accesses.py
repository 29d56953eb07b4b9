"""Which memory an instruction accesses, from the registers before it: plain integers, so that it is also compiled.

`a32` and `t32` return (address, bytes, kinds): kinds is LOAD, STORE, or both; 0 for an instruction that accesses none.
`regs` are r0 to r15, r15 as the instruction's own address. Encodings: [a] chapters A5 to A7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LOAD, STORE = 1, 2
_MASK = 0xFFFF_FFFF


def bits_set(value: int) -> int:
    count = 0
    while value:
        value &= value - 1
        count += 1
    return count


def shifted(value: int, kind: int, amount: int) -> int:
    """A register shifted by a constant, as in an address; a carry is not known, so rrx brings in 0."""
    if kind == 0:
        return (value << amount) & _MASK
    if kind == 1:
        return value >> amount if amount else 0
    if kind == 2:
        signed = value - (1 << 32) if value >> 31 else value
        return (signed >> (amount if amount else 31)) & _MASK
    if amount == 0:
        return value >> 1
    return (value >> amount | value << (32 - amount)) & _MASK


def base_of(regs: Sequence[int], number: int, ahead: int) -> int:
    """A base register; the pc reads as two instructions on, aligned."""
    return (regs[15] + ahead) & ~3 & _MASK if number == 15 else regs[number]


def element_bytes(word: int) -> int:
    """Bytes of a VLD or VST of Advanced SIMD [a A7.7]."""
    if word >> 23 & 1:  # single elements
        size = word >> 10 & 3
        many = (word >> 8 & 3) + 1
        return many << (size if size < 3 else word >> 6 & 3)
    kind = word >> 8 & 15
    if kind in (2, 3):
        return 32
    if kind == 6:
        return 24
    if kind in (7,):
        return 8
    if kind in (8, 9, 10):
        return 16
    if kind in (4, 5):
        return 24
    return 32


def vfp(word: int, regs: Sequence[int], ahead: int) -> tuple[int, int, int]:
    """VLDR, VSTR, VLDM, VSTM, and the like of other coprocessors."""
    if word >> 21 & 0xF == 2 or word >> 21 & 0xF == 0:  # two core registers, or unallocated
        return 0, 0, 0
    base = base_of(regs, word >> 16 & 15, ahead)
    count, kind = word & 0xFF, LOAD if word >> 20 & 1 else STORE
    up, before, back = word >> 23 & 1, word >> 24 & 1, word >> 21 & 1
    if before and not back:
        size = 8 if word >> 8 & 1 else 4
        address = base + 4 * count if up else base - 4 * count
        return address & _MASK, size, kind
    size = 4 * (count & ~1 if word >> 8 & 1 else count)
    return (base if up else base - 4 * count) & _MASK, size, kind


def many(base: int, listed: int, before: int, up: int, kind: int) -> tuple[int, int, int]:
    """LDM, STM: the lowest address is the first register's."""
    size = 4 * bits_set(listed)
    if up:
        address = base + 4 if before else base
    else:
        address = base - size if before else base - size + 4
    return address & _MASK, size, kind


def a32(word: int, regs: Sequence[int]) -> tuple[int, int, int]:
    """An A32 instruction."""
    group = word >> 25 & 7
    rn = word >> 16 & 15
    load, up, before = word >> 20 & 1, word >> 23 & 1, word >> 24 & 1
    kind = LOAD if load else STORE
    if word >> 28 == 15:
        if word >> 24 & 15 == 4 and not word >> 20 & 1:
            return regs[rn], element_bytes(word), LOAD if word >> 21 & 1 else STORE
        if group == 4:  # srs is at the stack of another mode: unknown
            if load:
                address = regs[rn] + (4 if before else 0) if up else regs[rn] - (8 if before else 4)
                return address & _MASK, 8, LOAD
            return 0, 0, 0
        return 0, 0, 0
    if group in (2, 3):
        if group == 3 and word >> 4 & 1:
            return 0, 0, 0
        offset = word & 0xFFF
        if group == 3:
            offset = shifted(regs[word & 15], word >> 5 & 3, word >> 7 & 31)
        base = base_of(regs, rn, 8)
        if before:
            base = base + offset if up else base - offset
        return base & _MASK, 1 if word >> 22 & 1 else 4, kind
    if group == 0 and word & 0x90 == 0x90:
        what = word >> 5 & 3
        if what == 0:
            if not before:
                return 0, 0, 0  # a multiplication
            if not word >> 23 & 1:
                return regs[rn], 1 if word >> 22 & 1 else 4, LOAD + STORE  # swp
            size = 0x2184 >> 4 * (word >> 21 & 3) & 15
            return regs[rn], size, kind
        offset = (word >> 4 & 0xF0) | (word & 15) if word >> 22 & 1 else regs[word & 15]
        base = base_of(regs, rn, 8)
        if before:
            base = base + offset if up else base - offset
        if load:
            return base & _MASK, 1 if what == 2 else 2, LOAD
        if what == 1:
            return base & _MASK, 2, STORE
        return base & _MASK, 8, LOAD if what == 2 else STORE
    if group == 4:
        return many(regs[rn], word & 0xFFFF, before, up, kind)
    if group == 6:
        return vfp(word, regs, 8)
    return 0, 0, 0


def t16(half: int, regs: Sequence[int]) -> tuple[int, int, int]:
    """A T32 instruction of 16 bits."""
    top = half >> 11
    small = regs[half >> 3 & 7]
    if top == 9:
        return ((regs[15] + 4) & ~3) + 4 * (half & 0xFF) & _MASK, 4, LOAD
    if half >> 12 == 5:
        what = half >> 9 & 7
        address = (small + regs[half >> 6 & 7]) & _MASK
        return address, 0x2124_1124 >> 4 * what & 15, STORE if what < 3 else LOAD
    if top in (12, 13, 14, 15, 16, 17):
        size = 0x22_1144 >> 4 * (top - 12) & 15
        return (small + size * (half >> 6 & 31)) & _MASK, size, LOAD if top & 1 else STORE
    if top in (18, 19):
        return (regs[13] + 4 * (half & 0xFF)) & _MASK, 4, LOAD if top & 1 else STORE
    if half >> 9 == 0x5A:  # push
        return many(regs[13], half & 0x1FF, 1, 0, STORE)
    if half >> 9 == 0x5E:  # pop
        return many(regs[13], half & 0x1FF, 0, 1, LOAD)
    if top in (24, 25):
        return many(regs[half >> 8 & 7], half & 0xFF, 0, 1, LOAD if top & 1 else STORE)
    return 0, 0, 0


def t32(word: int, regs: Sequence[int]) -> tuple[int, int, int]:
    """A T32 instruction of 32 bits; its first halfword is the upper one."""
    rn = word >> 16 & 15
    load = word >> 20 & 1
    kind = LOAD if load else STORE
    top = word >> 25
    if top == 0x74:
        if not word >> 22 & 1:
            place = word >> 23 & 3
            if place in (0, 3):  # rfe; srs is at the stack of another mode
                if load:
                    return (regs[rn] if place == 3 else regs[rn] - 8) & _MASK, 8, LOAD
                return 0, 0, 0
            return many(regs[rn], word & 0xFFFF, int(place == 2), int(place == 1), kind)
        offset = 4 * (word & 0xFF)
        if word >> 21 & 1 or word >> 24 & 1:  # ldrd, strd
            base = base_of(regs, rn, 4)
            if word >> 24 & 1:
                base = base + offset if word >> 23 & 1 else base - offset
            return base & _MASK, 8, kind
        if not word >> 23 & 1:
            return (regs[rn] + offset) & _MASK, 4, kind  # ldrex, strex
        what = word >> 4 & 15
        if what in (0, 1) and load:  # tbb, tbh
            base = regs[15] + 4 if rn == 15 else regs[rn]
            return (base + (regs[word & 15] << what)) & _MASK, 1 + what, LOAD
        return regs[rn], 1 << (what & 3), kind
    if top in (0x76, 0x7E):
        return vfp(word, regs, 4)
    if top != 0x7C:
        return 0, 0, 0
    if word >> 24 & 1:
        if load:
            return (0, 0, 0) if word >> 21 & 3 == 3 else _single(word, regs, rn, LOAD)
        return regs[rn], element_bytes(word), LOAD if word >> 21 & 1 else STORE
    if word >> 21 & 3 == 3:
        return 0, 0, 0
    if load and word >> 12 & 15 == 15 and word >> 21 & 3 != 2:
        return 0, 0, 0  # a preload
    return _single(word, regs, rn, kind)


def _single(word: int, regs: Sequence[int], rn: int, kind: int) -> tuple[int, int, int]:
    """A load or store of one register of up to 32 bits [a A6.3.7 to A6.3.10]."""
    size = 1 << (word >> 21 & 3)
    if rn == 15:
        base = (regs[15] + 4) & ~3
        return (base + (word & 0xFFF) if word >> 23 & 1 else base - (word & 0xFFF)) & _MASK, size, kind
    base = regs[rn]
    if word >> 23 & 1:
        return (base + (word & 0xFFF)) & _MASK, size, kind
    if not word >> 11 & 1:
        return (base + (regs[word & 15] << (word >> 4 & 3))) & _MASK, size, kind
    if word >> 10 & 1:
        base = base + (word & 0xFF) if word >> 9 & 1 else base - (word & 0xFF)
    return base & _MASK, size, kind
