"""Address translation as a debugger shows it: the walk of one address, level by level.

The walk is the ISA's own (`isa.page_walk`); nothing is written, no accessed or dirty bit changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emu.debug.errors import NotPossible
from emu.errors import AddressError
from emu.registers import decoded
from isa.abilities import Access, ReadPhysical, ReadRegister, WalkResult
from isa.contract import Isa
from isa.register import Field

if TYPE_CHECKING:
    from emu.machine import Machine

_KINDS: Final = (Access.LOAD, Access.FETCH, Access.STORE)


@dataclass(frozen=True, slots=True)
class WalkRow:
    """One level. `address` is the entry's, guest-physical; `value` None where no memory is; `flags` its bits by name;
    `result` where it leads, or the rule that failed. The last row of a walk has no entry: `level` is None."""

    level: int | None
    address: int | None
    value: int | None
    flags: str
    result: str

    def __str__(self) -> str:
        if self.level is None or self.address is None:
            return self.result
        shown = "no memory" if self.value is None else f"{self.value:#x}"
        return f"level {self.level}  {self.address:#x}: {shown}  {self.flags}  {self.result}".rstrip()


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk of a guest-virtual `address`. `physical` is None where it failed."""

    address: int
    access: Access
    physical: int | None
    rights: str
    rows: tuple[WalkRow, ...]


def reader(machine: Machine) -> ReadPhysical:
    """Guest memory by guest-physical address."""

    def read(address: int, size: int) -> bytes | None:
        try:
            return machine.memory.read(address, size)
        except AddressError:
            return None

    return read


# -- one address ------------------------------------------------------------------------------------------------------


def walk(
    machine: Machine,
    vcpu: int,
    address: int,
    access: Access | None = None,
    pretend: Mapping[str, int] | None = None,
) -> Walk:
    """How a vCPU translates an address; without `access` the first kind of access that succeeds, else a load. `pretend`
    replaces registers by other values: {"priv": 1} is RISC-V's supervisor mode, {"cpl": 3} x86's user. Raises
    NotPossible, with the reason, on an ISA whose translation is not known."""
    machine.settle()
    isa, own, others = machine.isa, machine.vcpus[vcpu].arch.read_register, pretend or {}

    def read(name: str) -> int:
        return others[name] if name in others else own(name)

    if isa.page_walk is None:
        raise NotPossible(f"walk of {address:#x}", why_not(isa))
    physical = reader(machine)
    kinds = _KINDS if access is None else (access,)
    results = [(kind, isa.page_walk(physical, read, address, kind)) for kind in kinds]
    kind, result = next((each for each in results if each[1].physical is not None), results[0])
    rows = tuple(_rows(isa, read, result))
    return Walk(address, kind, result.physical, result.rights, rows)


def why_not(isa: Isa) -> str:
    """Why an ISA has no page walk, as its descriptor says it."""
    reason = dict(isa.missing).get("page walk", "it has no page walk")
    return f"{isa.name}: {reason}"


def _rows(isa: Isa, read: ReadRegister, result: WalkResult) -> Iterator[WalkRow]:
    steps = result.steps
    for at, step in enumerate(steps):
        last = at == len(steps) - 1
        if not last:
            tell = f"table of level {steps[at + 1].level}"
        elif result.physical is None:
            tell = result.reason
        else:
            tell = f"page of {size_text(result.page_size)}"
        flags = (
            "" if step.value is None else decoded(entry_fields(isa, read, step.level, leaf=last), step.value)
        )
        yield WalkRow(step.level, step.address, step.value, flags, tell)
    if result.physical is None:
        name = "" if result.fault is None else isa.vector_name(result.fault)
        cause = f": {result.reason}" if not steps else ""
        yield WalkRow(None, None, None, "", f"fault{f' ({name})' if name else ''}{cause}")
        return
    how = "" if steps else ", not by tables"
    changes = "" if result.update is None else f", and the entry becomes {result.update:#x}"
    yield WalkRow(None, None, None, "", f"{result.physical:#x}  {result.rights}{how}{changes}")


def size_text(size: int) -> str:
    """A power of two of bytes: `4 KiB`, `2 MiB`, `1 GiB`."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >> shift and not size & (1 << shift) - 1:
            return f"{size >> shift} {unit}"
    return f"{size} bytes"


_RISCV: Final = tuple(Field(name, bit) for bit, name in enumerate("VRWXUGAD"))
"""[privileged 1.12, figure 4.18]"""
_X86: Final = (
    *(Field(name, bit) for bit, name in enumerate(("P", "RW", "US", "PWT", "PCD", "A"))),
    *(Field("D", 6), Field("PS", 7), Field("G", 8), Field("XD", 63)),
)
"""[Intel SDM 3A, figure 4-11]"""
_AARCH64_TABLE: Final = (
    Field("", 0, 2, ((0, "invalid"), (1, "block"), (2, "invalid"), (3, "table"))),
    *(Field("PXNTable", 59), Field("UXNTable", 60), Field("APTable", 61, 2), Field("NSTable", 63)),
)
_AARCH64_LEAF: Final = (
    *(Field("valid", 0), Field("AttrIndx", 2, 3), Field("NS", 5)),
    Field("AP", 6, 2, ((0, "EL1-rw"), (1, "rw"), (2, "EL1-ro"), (3, "ro"))),
    *(
        Field("SH", 8, 2),
        Field("AF", 10),
        Field("nG", 11),
        Field("Contiguous", 52),
        Field("PXN", 53),
        Field("UXN", 54),
    ),
)
"""[DDI 0487, section D8.3]"""
_ARM_FIRST: Final = (
    Field("", 0, 2, ((0, "invalid"), (1, "table"), (2, "section"), (3, "section-or-fine"))),
    Field("domain", 5, 4),
)
_ARM_SECOND: Final = (Field("", 0, 2, ((0, "invalid"), (1, "large"), (2, "small"), (3, "small XN"))),)
"""[DDI 0406, section B3.5.1]"""
_SPARC: Final = (
    Field("", 0, 2, ((0, "invalid"), (1, "table"), (2, "page"), (3, "reserved"))),
    *(Field("ACC", 2, 3), Field("R", 5), Field("M", 6), Field("C", 7)),
)
"""[SPARC V8, appendix H]"""


def entry_fields(isa: Isa, read: ReadRegister, level: int, *, leaf: bool) -> tuple[Field, ...]:
    """The bits of a table entry by name; empty for an ISA whose are not written down."""
    if isa.name.startswith("riscv"):
        return _RISCV
    if isa.name in ("x86_64", "i386"):
        return _X86
    if isa.name == "aarch64":
        return _AARCH64_LEAF if leaf else _AARCH64_TABLE
    if isa.name == "arm":
        return _ARM_FIRST if level == 1 else _ARM_SECOND
    return _SPARC if isa.name == "sparc" else ()
