"""Virtual to physical by short descriptors [a B3.5], and by the older ones with subpages (ARMv5, SCTLR.XP = 0).

Two levels: a first-level entry maps a section of 1 MiB or a supersection of 16 MiB, or points to a second-level table
of small and large pages. An access is checked against the entry's domain (DACR), then its permissions: AP, of which
SCTLR.AFE makes one bit the access flag, and SCTLR.S and R, before ARMv7. A fault is a prefetch or data abort.
"""

from __future__ import annotations

from dataclasses import dataclass

from isa.arm.causes import Cause
from isa.contract import Access, ReadPhysical, ReadRegister, WalkResult, WalkStep

_M, _S, _R, _XP, _AFE = 1, 1 << 8, 1 << 9, 1 << 23, 1 << 29
_EAE = 1 << 31
_USR = 0x10
_NO_ACCESS, _CLIENT, _MANAGER = 0, 1, 3


@dataclass(frozen=True, slots=True)
class _Leaf:
    """What maps an address: `ap` with APX as its bit 2."""

    base: int
    size: int
    ap: int
    never_execute: bool


def page_walk(
    read_physical: ReadPhysical, register: ReadRegister, address: int, access: Access
) -> WalkResult:
    """Translate one address. Nothing is written; the whole access must lie in one page."""
    sctlr = register("sctlr")
    if not sctlr & _M:
        return WalkResult(address, 0, rights="rwx")
    steps: list[WalkStep] = []
    cause = Cause.PREFETCH_ABORT if access is Access.FETCH else Cause.DATA_ABORT

    def fault(reason: str) -> WalkResult:
        return WalkResult(None, 0, tuple(steps), cause, reason)

    def entry(level: int, at: int) -> int | None:
        raw = read_physical(at, 4)
        value = None if raw is None else int.from_bytes(raw, "little")
        steps.append(WalkStep(level, at, value))
        return value

    control = register("ttbcr")
    if control & _EAE:
        return fault("long descriptors (TTBCR.EAE) are not walked here")
    narrow = control & 7
    high = narrow and address >> 32 - narrow
    if control >> (5 if high else 4) & 1:
        return fault("TTBCR.PD0 or PD1 forbids walks")
    bits = 14 if high or not narrow else 14 - narrow
    table = register("ttbr1" if high else "ttbr0") & -(1 << bits) & 0xFFFF_FFFF
    first = entry(1, table + (address >> 18 & (1 << bits) - 1 & ~3))
    if first is None:
        return fault("no memory holds this entry")
    kind, extended = first & 3, sctlr & _XP
    if kind == 0 or (kind == 3 and not _has_pxn(register) and extended):
        return fault("the entry is not valid")
    domain = first >> 5 & 15
    if kind == 2 or (kind == 3 and extended):
        leaf = _section(first, bool(extended))
        if first & 1 << 18 and extended:
            domain = 0
    else:
        fine, coarse = first & 0xFFFF_F000 | address >> 8 & 0xFFC, first & 0xFFFF_FC00 | address >> 10 & 0x3FC
        at = fine if kind == 3 else coarse
        second = entry(2, at)
        if second is None:
            return fault("no memory holds this entry")
        if second & 3 == 0:
            return fault("the entry is not valid")
        leaf = _page(second, address) if extended else _old_page(second, address, fine=kind == 3)
    right = register("dacr") >> 2 * domain & 3
    if right not in (_CLIENT, _MANAGER):
        return fault(f"domain {domain} is not accessible")
    user = register("cpsr") & 0x1F == _USR
    rights = "rwx" if right == _MANAGER else _rights(leaf, sctlr, user=user)
    if right == _CLIENT and sctlr & _AFE and not leaf.ap & 1:
        return fault("the access flag is clear")
    wanted = {Access.FETCH: "x", Access.LOAD: "r", Access.STORE: "w"}[access]
    if wanted not in rights:
        what = {"x": "executable", "r": "readable", "w": "writable"}[wanted]
        return fault(f"not {what} for {'usr' if user else 'privileged'} mode")
    physical = leaf.base | address & leaf.size - 1
    return WalkResult(physical, leaf.size, tuple(steps), rights=rights)


def _has_pxn(register: ReadRegister) -> bool:
    """Whether sections may have PXN: ID_MMFR0.VMSA is 4 and more."""
    try:
        return register("id_mmfr0") & 15 >= 4
    except Exception:
        return False


def _section(word: int, extended: bool) -> _Leaf:
    ap = word >> 10 & 3
    if extended:
        ap |= word >> 13 & 4
    if word & 1 << 18 and extended:
        return _Leaf(word & 0xFF00_0000, 1 << 24, ap, bool(word & 0x10))
    return _Leaf(word & 0xFFF0_0000, 1 << 20, ap, bool(extended and word & 0x10))


def _page(word: int, address: int) -> _Leaf:
    ap = word >> 4 & 3 | word >> 7 & 4
    if word & 2:
        return _Leaf(word & 0xFFFF_F000, 1 << 12, ap, bool(word & 1))
    return _Leaf(word & 0xFFFF_0000, 1 << 16, ap, bool(word >> 15 & 1))


def _old_page(word: int, address: int, *, fine: bool) -> _Leaf:
    """A page of four subpages, each with its own permissions."""
    kind = word & 3
    if kind == 3:  # a tiny page of a fine table, or an extended small one of a coarse table
        return _Leaf(
            word & (0xFFFF_FC00 if fine else 0xFFFF_F000), 1 << (10 if fine else 12), word >> 4 & 3, False
        )
    size = 16 if kind == 1 else 12
    subpage = address >> size - 2 & 3
    return _Leaf(word & -(1 << size) & 0xFFFF_FFFF, 1 << size, word >> 4 + 2 * subpage & 3, False)


def _rights(leaf: _Leaf, sctlr: int, *, user: bool) -> str:
    """[a table B3-8]; with the access flag, table B3-9."""
    ap = leaf.ap
    if sctlr & _AFE:
        ap = ap & 6 | 1
        if ap & 4:
            rights = "r" if ap & 2 or not user else ""
        else:
            rights = "rw" if ap & 2 or not user else ""
    elif ap == 0:
        old = sctlr & (_S | _R)
        rights = "r" if old == _R or (old == _S and not user) else ""
    elif ap == 1:
        rights = "" if user else "rw"
    elif ap == 2:
        rights = "r" if user else "rw"
    elif ap == 3:
        rights = "rw"
    elif ap == 5:
        rights = "" if user else "r"
    else:
        rights = "r" if ap in (6, 7) else ""
    return rights + ("x" if "r" in rights and not leaf.never_execute else "")
