"""Virtual to physical by the reference MMU [V8 appendix H].

The context table, one entry a context, points to a table of 256 entries of 16 MiB each, those to tables of 64 of 256
KiB, those to tables of 64 pages of 4 KiB. An entry of any level maps all that is below it. Physical addresses have 36
bits.

The engine sets the referenced and the modified bit, as the walk reports them (`WalkResult.update`).
"""

from __future__ import annotations

from typing import Final

from isa.contract import Access, ReadPhysical, ReadRegister, WalkResult, WalkStep
from isa.sparc.causes import V8

_INVALID, _POINTER, _PAGE, _RESERVED = range(4)
_REFERENCED, _MODIFIED = 1 << 5, 1 << 6
_LEVELS: Final = ((24, 8), (18, 6), (12, 6))
"""Of the tables below the context table: where the index lies in the address, and its bits."""
_RIGHTS: Final = (
    ("r", "r"),
    ("rw", "rw"),
    ("rx", "rx"),
    ("rwx", "rwx"),
    ("x", "x"),
    ("r", "rw"),
    ("", "rx"),
    ("", "rwx"),
)
"""By ACC: of the user and of the supervisor [V8 table H-2]."""  # fmt: skip
_NEEDS: Final = {Access.FETCH: "x", Access.LOAD: "r", Access.STORE: "w"}


def page_walk(
    read_physical: ReadPhysical, register: ReadRegister, address: int, access: Access
) -> WalkResult:
    """The ability of the descriptor. The whole access must lie in one page."""
    address &= 0xFFFF_FFFF
    if not register("mmu_control") & 1:
        return WalkResult(address, 0, rights="rwx")
    cause = V8.INSTRUCTION_ACCESS_EXCEPTION if access is Access.FETCH else V8.DATA_ACCESS_EXCEPTION
    steps: list[WalkStep] = []

    def fault(reason: str) -> WalkResult:
        return WalkResult(None, 0, tuple(steps), cause, reason)

    at = (register("mmu_context_table") & 0xFFFF_FFFC) << 4
    at += 4 * register("mmu_context")
    for level in range(len(_LEVELS) + 1):
        raw = read_physical(at, 4)
        entry = None if raw is None else int.from_bytes(raw, "big")
        steps.append(WalkStep(level, at, entry))
        if entry is None:
            return fault("translation error: no memory holds this entry")
        kind = entry & 3
        if kind == _INVALID:
            return fault("invalid address error: the entry is not valid")
        if kind == _PAGE and level > 0:
            return _page(entry, level, address, access, register, steps, cause)
        if kind != _POINTER or level == len(_LEVELS):
            return fault("translation error: the entry is of a kind that its level cannot have")
        shift, bits = _LEVELS[level]
        at = ((entry & ~3) << 4) + 4 * (address >> shift & (1 << bits) - 1)
    raise AssertionError("the last level points nowhere")


def _page(
    entry: int,
    level: int,
    address: int,
    access: Access,
    register: ReadRegister,
    steps: list[WalkStep],
    cause: int,
) -> WalkResult:
    supervisor = register("psr") >> 7 & 1
    rights = _RIGHTS[entry >> 2 & 7][supervisor]
    if _NEEDS[access] not in rights:
        reason = "privilege violation error" if not rights else "protection error"
        return WalkResult(None, 0, tuple(steps), cause, f"{reason}: the page grants {rights or 'nothing'}")
    size = 1 << _LEVELS[level - 1][0]
    set_ = entry | _REFERENCED | (_MODIFIED if access is Access.STORE else 0)
    physical = (entry & ~0xFF) << 4 & ~(size - 1) | address & size - 1
    return WalkResult(
        physical,
        size,
        tuple(steps),
        rights=rights + ("" if supervisor else "u"),
        update=set_ if set_ != entry else None,
    )
