"""Linear to physical: 32-bit, PAE, and 4-level paging (Intel SDM 3A, chapter 4).

A linear address is cut into one index a level, each of which picks an entry of a table; an entry whose PS bit is set
maps a large page. U/S and R/W hold where every level grants them, XD where any level sets it. A fault is a page fault,
but for an address that is not canonical: general protection.

The engine sets accessed and dirty bits itself (tests/isa/x86 compares): `WalkResult.update` is the value that the last
entry gets. As the engine, and unlike the manual, the walk reads PAE's four pointers at each access and takes no notice
of reserved bits in them, nor of cr4.LA57's fifth level where the CPU model has none. A table in no memory reads as ones
on hardware; here it is a fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from isa.contract import Access, ReadPhysical, ReadRegister, WalkResult, WalkStep
from isa.x86.causes import Cause

P, RW, US, A, D, PS = 1, 1 << 1, 1 << 2, 1 << 5, 1 << 6, 1 << 7
XD: Final = 1 << 63
PHYSICAL: Final = (1 << 40) - 1  # the engine's CPU models have 40 bits
_FRAME: Final = 0x000F_FFFF_FFFF_F000
_HIGH: Final = _FRAME & ~PHYSICAL
_PG, _WP, _PSE, _PAE, _SMEP, _SMAP = 1 << 31, 1 << 16, 1 << 4, 1 << 5, 1 << 20, 1 << 21
_LMA, _NXE, _AC = 1 << 10, 1 << 11, 1 << 18


@dataclass(frozen=True, slots=True)
class Scheme:
    """One paging mode. `large` are the levels whose entries may map a page: level 1 maps pages of 4 KiB."""

    name: str
    levels: int
    index_bits: int
    entry_size: int
    top_bits: int  # of the highest level's index
    large: tuple[int, ...]


BITS_32 = Scheme("32-bit", 2, 10, 4, 10, (2,))
PAE = Scheme("PAE", 3, 9, 8, 2, (2,))
FOUR_LEVEL = Scheme("4-level", 4, 9, 8, 9, (2, 3))


def scheme(cr0: int, cr4: int, efer: int) -> Scheme | None:
    """The paging mode; None while paging is off."""
    if not cr0 & _PG:
        return None
    if not cr4 & _PAE:
        return BITS_32
    return FOUR_LEVEL if efer & _LMA else PAE


def page_walk(
    read_physical: ReadPhysical, register: ReadRegister, address: int, access: Access
) -> WalkResult:
    """The ability of the descriptor: translate one address at the current privilege. Nothing is written."""
    cr0, cr4, efer, cpl = (register(name) for name in ("cr0", "cr4", "efer", "cpl"))
    tables = scheme(cr0, cr4, efer)
    if not efer & _LMA:
        address &= 0xFFFF_FFFF
    steps: list[WalkStep] = []

    def fault(reason: str, cause: Cause = Cause.PAGE_FAULT) -> WalkResult:
        return WalkResult(None, 0, tuple(steps), cause, reason)

    if efer & _LMA and (address + (1 << 47) & (1 << 64) - 1) >> 48:
        return fault("bits 63 to 48 of the address do not repeat bit 47", Cause.GENERAL_PROTECTION)
    if tables is None:
        return WalkResult(address, 0, rights="rwx")
    reserved = _HIGH | (0 if efer & _NXE else XD)
    table = register("cr3") & (0xFFFF_FFE0 if tables is PAE else 0xFFFF_F000 if tables is BITS_32 else _FRAME)
    granted, denied = RW | US, 0
    for level in range(tables.levels, 0, -1):
        shift = 12 + (level - 1) * tables.index_bits
        width = tables.top_bits if level == tables.levels else tables.index_bits
        at = table + (address >> shift & (1 << width) - 1) * tables.entry_size
        raw = read_physical(at, tables.entry_size)
        steps.append(WalkStep(level, at, None if raw is None else int.from_bytes(raw, "little")))
        if raw is None:
            return fault("no memory holds this entry")
        entry = int.from_bytes(raw, "little")
        if not entry & P:
            return fault("the entry is not present")
        pointer = tables is PAE and level == tables.levels  # has no rights
        if tables is not BITS_32 and entry & (reserved | (XD if pointer else 0)):
            return fault("reserved bits of the entry are set")
        if tables is FOUR_LEVEL and level == 4 and entry & PS:
            return fault("reserved bits of the entry are set")
        if not pointer:
            granted &= entry
            denied |= entry & XD
        page = level == 1 or (level in tables.large and entry & PS and (tables is not BITS_32 or cr4 & _PSE))
        if page:
            size = 1 << shift
            frame = _large_frame(tables, entry, size)
            if frame is None:
                return fault("reserved bits of the entry are set")
            rights = _rights(granted, denied, cr0, cr4, cpl, register)
            wanted = {Access.FETCH: "x", Access.LOAD: "r", Access.STORE: "w"}[access]
            if wanted not in rights:
                return fault(f"the page grants {rights or 'nothing'} at privilege level {cpl}")
            new = entry | A | (D if access is Access.STORE else 0)
            update = new if new != entry else None
            return WalkResult(frame + (address & size - 1), size, tuple(steps), rights=rights, update=update)
        table = entry & (_FRAME if tables.entry_size == 8 else 0xFFFF_F000)
    raise AssertionError("level 1 maps a page")


def _large_frame(tables: Scheme, entry: int, size: int) -> int | None:
    """Physical address of the page; None where a bit below it is set that must not be."""
    if size == 4096:
        return entry & (_FRAME if tables.entry_size == 8 else 0xFFFF_F000)
    if tables is BITS_32:  # PSE-36: bits 20 to 13 are bits 39 to 32 of the address
        return None if entry & 1 << 21 else (entry & 0xFFC0_0000) | (entry >> 13 & 0xFF) << 32
    return None if entry & size - 1 & _FRAME & ~0x1000 else entry & _FRAME & ~(size - 1)


def _rights(granted: int, denied: int, cr0: int, cr4: int, cpl: int, register: ReadRegister) -> str:
    """What the current privilege level may do with a page [SDM 3A 4.6]."""
    user_page, user = bool(granted & US), cpl == 3
    if user and not user_page:
        return ""
    data = user or not (user_page and cr4 & _SMAP and not register("eflags") & _AC)
    write = data and bool(granted & RW or (not user and not cr0 & _WP))
    fetch = not denied and (user or not (user_page and cr4 & _SMEP))
    return (
        ("r" if data else "") + ("w" if write else "") + ("x" if fetch else "") + ("u" if user_page else "")
    )
