"""Virtual to physical: Sv32, Sv39, Sv48, Sv57 (privileged specification 1.12, sections 4.3 to 4.6).

A virtual address is cut into one index a level, each of which picks an entry (PTE) of a table; an entry
without R, W and X points to the next table, any other is a leaf and maps a page whose size is that of its
level. `satp` names the scheme and the root table. A fault is a *page fault* where the tables say no, and an
*access fault* where a table itself lies where no memory is.

Accessed and dirty bits: the specification lets hardware set them or fault. The engine sets them
(tests/isa/riscv compares), so the walk reports the value that the leaf gets (`WalkResult.update`), and
`walk(..., svade=True)` is the faulting kind. Differences to the engine, which we keep because the
specification is explicit: the engine ignores reserved bits (63:54 of an entry, D, A and U of an inner one)
and reports a page fault where a table is in no memory. PMP is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from isa.contract import Access, PageWalk, ReadPhysical, ReadRegister, WalkResult, WalkStep
from isa.riscv.causes import Cause

V, R, W, X, U, G, A, D = (1 << bit for bit in range(8))
_RESERVED = 0x3FF << 54
_MPRV, _SUM, _MXR = 1 << 17, 1 << 18, 1 << 19
_USER, _SUPERVISOR, _MACHINE = 0, 1, 3

_PAGE_FAULT = {
    Access.FETCH: Cause.INSTRUCTION_PAGE_FAULT,
    Access.LOAD: Cause.LOAD_PAGE_FAULT,
    Access.STORE: Cause.STORE_PAGE_FAULT,
}
_ACCESS_FAULT = {
    Access.FETCH: Cause.INSTRUCTION_ACCESS_FAULT,
    Access.LOAD: Cause.LOAD_ACCESS_FAULT,
    Access.STORE: Cause.STORE_ACCESS_FAULT,
}


@dataclass(frozen=True, slots=True)
class Scheme:
    """A row of the satp.MODE table (4.3 and 4.4)."""

    name: str
    mode: int
    levels: int
    index_bits: int
    entry_size: int  # bytes
    ppn_bits: int

    @property
    def address_bits(self) -> int:
        return 12 + self.levels * self.index_bits


SCHEMES_32 = (Scheme("Sv32", 1, 2, 10, 4, 22),)
SCHEMES_64 = (
    Scheme("Sv39", 8, 3, 9, 8, 44),
    Scheme("Sv48", 9, 4, 9, 8, 44),
    Scheme("Sv57", 10, 5, 9, 8, 44),
)


def scheme(satp: int, bits: int) -> Scheme | None:
    """The scheme that satp selects; None for bare (and for the reserved modes, which satp never holds)."""
    mode, schemes = (satp >> 60, SCHEMES_64) if bits == 64 else (satp >> 31, SCHEMES_32)
    return next((row for row in schemes if row.mode == mode), None)


def walk(
    read_physical: ReadPhysical,
    satp: int,
    status: int,
    privilege: int,
    address: int,
    access: Access,
    *,
    bits: int = 64,
    svade: bool = False,
) -> WalkResult:
    """Translate one address. status is mstatus; privilege is the hart's (0, 1 or 3). Nothing is written.

    The whole access must lie in one page; one that crosses pages is two walks.
    """
    mode = (
        status >> 11 & 3
        if privilege == _MACHINE and status & _MPRV and access is not Access.FETCH
        else privilege
    )
    tables = scheme(satp, bits)
    if mode == _MACHINE or tables is None:
        return WalkResult(address, 0, rights="rwx")

    steps: list[WalkStep] = []

    def fault(reason: str, causes: dict[Access, Cause] = _PAGE_FAULT) -> WalkResult:
        return WalkResult(None, 0, tuple(steps), causes[access], reason)

    if bits == 64 and not _is_canonical(address, tables.address_bits):
        return fault(
            f"bits 63 to {tables.address_bits} of the address do not repeat bit {tables.address_bits - 1}"
        )

    table = (satp & (1 << tables.ppn_bits) - 1) << 12
    for level in reversed(range(tables.levels)):
        shift = 12 + level * tables.index_bits
        index = address >> shift & (1 << tables.index_bits) - 1
        entry_address = table + index * tables.entry_size
        raw = read_physical(entry_address, tables.entry_size)
        if raw is None:
            steps.append(WalkStep(level, entry_address, None))
            return fault("no memory holds this entry", _ACCESS_FAULT)
        entry = int.from_bytes(raw, "little")
        steps.append(WalkStep(level, entry_address, entry))
        if not entry & V:
            return fault("the entry is not valid")
        if entry & W and not entry & R:
            return fault("writable without readable is reserved")
        if bits == 64 and entry & _RESERVED:
            return fault("bits 63 to 54 of the entry are reserved")
        ppn = entry >> 10 & (1 << tables.ppn_bits) - 1
        if not entry & (R | W | X):
            if entry & (U | A | D):
                return fault("U, A and D are reserved in an inner entry")
            table = ppn << 12
            continue
        refusal = _refusal(entry, mode, status, access) or _misalignment(ppn, level * tables.index_bits)
        if refusal:
            return fault(refusal)
        wanted = entry | A | (D if access is Access.STORE else 0)
        if svade and wanted != entry:
            return fault("the accessed or dirty bit is clear")
        physical = ppn << 12 | address & (1 << shift) - 1
        update = None if wanted == entry else wanted
        return WalkResult(physical, 1 << shift, tuple(steps), rights=rights(entry), update=update)
    return fault("the last level's entry is not a leaf")


def page_walk(bits: int) -> PageWalk:
    """The ability of the descriptor: registers come from the reader."""

    def translate(
        read_physical: ReadPhysical, register: ReadRegister, address: int, access: Access
    ) -> WalkResult:
        satp, status, privilege = register("satp"), register("mstatus"), register("priv")
        return walk(read_physical, satp, status, privilege, address, access, bits=bits)

    return translate


def rights(entry: int) -> str:
    """The leaf's permission bits as in "rwxu"."""
    return "".join(letter for letter, bit in (("r", R), ("w", W), ("x", X), ("u", U)) if entry & bit)


def _is_canonical(address: int, address_bits: int) -> bool:
    return address >> address_bits - 1 in (0, (1 << 65 - address_bits) - 1)


def _refusal(entry: int, mode: int, status: int, access: Access) -> str:
    if mode == _USER and not entry & U:
        return "a supervisor page, accessed from U-mode"
    if mode == _SUPERVISOR and entry & U:
        if access is Access.FETCH:
            return "a user page, fetched from S-mode"
        if not status & _SUM:
            return "a user page, accessed from S-mode without mstatus.SUM"
    if access is Access.FETCH and not entry & X:
        return "not executable"
    if access is Access.LOAD and not (entry & R or (entry & X and status & _MXR)):
        return "not readable"
    if access is Access.STORE and not entry & W:
        return "not writable"
    return ""


def _misalignment(ppn: int, low_bits: int) -> str:
    return "a superpage that is not aligned to its size" if ppn & (1 << low_bits) - 1 else ""
