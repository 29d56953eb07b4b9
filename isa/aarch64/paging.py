"""Virtual to physical: stage 1 of levels 0 to 3, granules of 4, 16 and 64 KiB (DDI 0487, section D8).

A virtual address is cut into one index a level; each picks an entry of a table. Bit 0 says whether it is valid, bit 1
whether it points to the next table (or, at level 3, to a page) or maps a block. At EL1 and EL0 the top of the address
chooses TTBR0 or TTBR1, whose size TCR's T0SZ or T1SZ gives; EL2 and EL3 have one table.

As the engine does it: the access flag is never set by the walk, a clear one is a fault; stage 2 and the memory
attributes are not looked at. A table that no memory holds is a synchronous external abort on the walk. Unlike the
engine, which takes a block of a reserved size for one, we call it a fault.
"""

from __future__ import annotations

from dataclasses import dataclass

from isa.aarch64.causes import Cause
from isa.contract import Access, ReadPhysical, ReadRegister, WalkResult, WalkStep

_MASK = (1 << 64) - 1
_PAN = 1 << 22
_GRANULES_0, _GRANULES_1 = {0: 12, 1: 16, 2: 14}, {1: 14, 2: 12, 3: 16}
_OUTPUT = (1 << 48) - 1
_BLOCK_LEVELS = {12: (1, 2), 14: (2,), 16: (2,)}


@dataclass(frozen=True, slots=True)
class Table:
    """Where a walk begins: the root's address, its level, the granule as a power of two, and the bits translated."""

    root: int
    level: int
    granule: int
    bits: int


@dataclass(frozen=True, slots=True)
class Regime:
    """A translation regime: the level that controls it, and what of the CPU takes part."""

    controls: int
    user: bool
    write_never_executes: bool
    privileged_access_never: bool

    @property
    def two_privileges(self) -> bool:
        return self.controls == 1


def translate(
    read_physical: ReadPhysical, register: ReadRegister, address: int, access: Access
) -> WalkResult:
    """The ability of the descriptor. The whole access must lie in one page."""
    status = register("cpsr")
    level = status >> 2 & 3
    controls = max(level, 1)
    control = register(f"sctlr_el{controls}")
    if not control & 1:
        return WalkResult(address, 0, rights="rwx")
    regime = Regime(controls, level == 0, bool(control >> 19 & 1), bool(status & _PAN))
    steps: list[WalkStep] = []

    def fault(reason: str) -> WalkResult:
        same = controls == level
        if access is Access.FETCH:
            cause = Cause.FETCH if same else Cause.FETCH_LOWER
        else:
            cause = Cause.DATA if same else Cause.DATA_LOWER
        return WalkResult(None, 0, tuple(steps), cause, reason)

    table = root_table(register, controls, address)
    if isinstance(table, str):
        return fault(table)
    stride = table.granule - 3
    at, tables = table.root, 0
    for number in range(table.level, 4):
        shift = table.granule + (3 - number) * stride
        top = table.bits if number == table.level else shift + stride
        entry_address = at + 8 * (address >> shift & (1 << max(top - shift, 0)) - 1)
        raw = read_physical(entry_address, 8)
        if raw is None:
            steps.append(WalkStep(number, entry_address, None))
            return fault(f"external abort on the walk, level {number}: no memory holds this entry")
        entry = int.from_bytes(raw, "little")
        steps.append(WalkStep(number, entry_address, entry))
        if not entry & 1:
            return fault(f"translation fault, level {number}: the entry is not valid")
        output = entry & _OUTPUT & -1 << table.granule
        if number < 3 and entry & 2:
            at, tables = output, tables | entry >> 59 & 0xF
            continue
        if (number == 3 and not entry & 2) or (number < 3 and number not in _BLOCK_LEVELS[table.granule]):
            return fault(f"translation fault, level {number}: a block of this size is reserved")
        if not entry >> 10 & 1:
            return fault(f"access flag fault, level {number}")
        rights = _rights(entry, tables, regime)
        wanted = {Access.FETCH: "x", Access.LOAD: "r", Access.STORE: "w"}[access]
        if wanted not in rights:
            return fault(f"permission fault, level {number}: {rights or 'no access'}")
        size = 1 << shift
        shown = rights + ("u" if regime.two_privileges and entry >> 6 & 1 else "")
        return WalkResult(output & -size | address & size - 1, size, tuple(steps), rights=shown)
    raise AssertionError("level 3 has no tables")


def root_table(register: ReadRegister, controls: int, address: int) -> Table | str:
    """The table that translates an address, or the fault that there is none."""
    control = register(f"tcr_el{controls}")
    if controls > 1:
        granule = _GRANULES_0.get(control >> 14 & 3, 12)
        bits, top_ignored, base, upper = (
            64 - (control & 63),
            control >> 20 & 1,
            register(f"ttbr0_el{controls}"),
            False,
        )
    else:
        upper = bool(address >> 55 & 1)
        low = 16 if upper else 0
        granule = _GRANULES_1.get(control >> 30 & 3, 12) if upper else _GRANULES_0.get(control >> 14 & 3, 12)
        bits, top_ignored = 64 - (control >> low & 63), control >> (38 if upper else 37) & 1
        if control >> (low + 7) & 1:
            return "translation fault, level 0: TCR_EL1 disables the walk"
        base = register("ttbr1_el1" if upper else "ttbr0_el1")
    bits = min(max(bits, 25), 48)
    checked = address & (1 << 56) - 1 if top_ignored else address
    above = (1 << (56 if top_ignored else 64)) - (1 << bits)
    if checked & above != (above if upper else 0):
        return f"translation fault, level 0: outside the {bits} bits that are translated"
    stride = granule - 3
    level = 4 - -(-(bits - granule) // stride)
    entries = bits - granule - (3 - level) * stride
    root = base & _OUTPUT & -1 << max(entries + 3, 6)
    return Table(root, level, granule, bits)


def _rights(entry: int, tables: int, regime: Regime) -> str:
    """What the current level may do. `tables` are bits 62 to 59 of the tables on the way: what they withhold."""
    user_access = entry >> 6 & 1 and not tables >> 2 & 1
    read_only = entry >> 7 & 1 or tables >> 3 & 1
    if not regime.two_privileges:
        readable, writable = True, not read_only
        never = entry >> 54 & 1 or tables >> 1 & 1
    elif regime.user:
        readable, writable = bool(user_access), bool(user_access) and not read_only
        never = entry >> 54 & 1 or tables >> 1 & 1
    else:
        barred = user_access and regime.privileged_access_never
        readable, writable = not barred, not barred and not read_only
        never = entry >> 53 & 1 or tables & 1 or (user_access and not read_only)
    executable = not never and not (regime.write_never_executes and writable)
    return "".join(letter for letter, given in (("r", readable), ("w", writable), ("x", executable)) if given)
