"""Virtual to physical: segments that are mapped by rule, and the TLB for all others (MD00090, chapter 4).

useg is untranslated while Status.ERL is set; a CPU with a fixed mapping (Config.MT 3) has rules for every segment.
"""

from __future__ import annotations

from isa.contract import Access, PageWalk, ReadPhysical, ReadRegister, WalkResult
from isa.mips.causes import Code
from isa.mips.tlb import Entry, entries

EXL, ERL, BASE_MODE, KX, SX, UX = 1 << 1, 1 << 2, 3 << 3, 1 << 7, 1 << 6, 1 << 5
KERNEL, SUPERVISOR, USER = 0, 1, 2
FIXED = 3
KSEG0, KSEG1, KSEG2, KSEG3 = 0x80000000, 0xA0000000, 0xC0000000, 0xE0000000
UNMAPPED = 0x1FFFFFFF
_SIGNED = 0xFFFFFFFF_00000000
_PHYSICAL = (1 << 36) - 1
_SEGMENT_BITS = 3 << 62


def page_walk(bits: int) -> PageWalk:
    """The ability of the descriptor."""

    def walk(read: ReadPhysical, register: ReadRegister, address: int, access: Access) -> WalkResult:
        status = register("status")
        mode = KERNEL if status & (EXL | ERL) else status >> 3 & 3
        place = _segment(address, mode, status, bits)
        if place is None:
            return _refused(access, f"no segment for mode {mode}")
        fixed = register("config") >> 7 & 7 == FIXED
        if place < 0 and fixed:
            low = address & 0xFFFFFFFF
            place = low if low >= KSEG0 or status & ERL else low + 0x40000000
        if place >= 0:
            return WalkResult(place, 0, rights="rwx")
        return _mapped(register, address, access, bits)

    return walk


def _segment(address: int, mode: int, status: int, bits: int) -> int | None:
    """Physical address by rule; -1 where the TLB maps; None where the mode has no such segment."""
    if bits == 64 and _SIGNED & address not in (0, _SIGNED):
        return _wide_segment(address, mode, status)
    low = address & 0xFFFFFFFF
    if low < KSEG0 and address >> 32 == 0:
        return low if status & ERL else -1
    if bits == 64 and address >> 32 == 0:  # xuseg above the 32-bit part
        return -1 if status & UX else None
    if KSEG2 <= low < KSEG3:
        return -1 if mode in (KERNEL, SUPERVISOR) else None
    if mode != KERNEL:
        return None
    return low & UNMAPPED if low < KSEG2 else -1


def _wide_segment(address: int, mode: int, status: int) -> int | None:
    top = address >> 62
    if top == 0:
        return -1 if status & UX else None
    if top == 1:
        return -1 if mode != USER and status & SX else None
    if mode != KERNEL or not status & KX:
        return None
    if top == 2:
        offset = address & (1 << 59) - 1
        return offset if offset <= _PHYSICAL else None
    return -1


def _mapped(register: ReadRegister, address: int, access: Access, bits: int) -> WalkResult:
    asid = register("entryhi") & 0xFF
    for entry in entries(register("tlb"), bits):
        if not entry.hidden and (entry.whole or entry.asid == asid) and _same(entry, address, bits):
            return _page(entry, address, access)
    return WalkResult(None, 0, fault=_miss(access), reason="no TLB entry")


def _same(entry: Entry, address: int, bits: int) -> bool:
    implemented = (1 << 40) - 1 | _SEGMENT_BITS if bits == 64 else (1 << 32) - 1
    return (entry.base ^ address) & implemented & ~entry.mask == 0


def _page(entry: Entry, address: int, access: Access) -> WalkResult:
    half = entry.mask >> 1
    frame, valid, dirty, no_execute, no_read = entry.pages[address & entry.mask > half]
    if not valid:
        return WalkResult(None, 0, fault=_miss(access), reason="the TLB entry is not valid")
    if access is Access.FETCH and no_execute:
        return WalkResult(None, 0, fault=Code.TLBXI, reason="the TLB entry forbids execution")
    if access is Access.LOAD and no_read:
        return WalkResult(None, 0, fault=Code.TLBRI, reason="the TLB entry forbids loads")
    if access is Access.STORE and not dirty:
        return WalkResult(None, 0, fault=Code.MOD, reason="the TLB entry forbids stores")
    rights = ("" if no_read else "r") + ("w" if dirty else "") + ("" if no_execute else "x")
    return WalkResult(frame | address & half, half + 1, rights=rights)


def _miss(access: Access) -> Code:
    return Code.TLBS if access is Access.STORE else Code.TLBL


def _refused(access: Access, reason: str) -> WalkResult:
    return WalkResult(None, 0, fault=Code.ADES if access is Access.STORE else Code.ADEL, reason=reason)
