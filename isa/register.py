"""A register, as its manual's table describes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a register is for, as far as a tool that knows no ISA needs it."""

    PC = "program counter"
    SP = "stack pointer"
    RA = "return address"
    GENERAL = "general"
    ZERO = "always zero"
    FP = "floating point"
    VECTOR = "vector"
    STATUS = "status or flags"
    SYSTEM = "system"
    PRIVILEGE = "current privilege"


@dataclass(frozen=True, slots=True)
class Field:
    """Bits `low` to `low + width - 1` of a register. `values` names those values that have a name."""

    name: str
    low: int
    width: int = 1
    values: tuple[tuple[int, str], ...] = ()

    def of(self, word: int) -> int:
        return word >> self.low & (1 << self.width) - 1


@dataclass(frozen=True, slots=True)
class Register:
    """One register, by the name in its manual.

    `unicorn` is the engine's id, None where the engine has none; `selector` goes with ids that select among
    many (AArch64 CP_REG, x86 MSR). `group` is the GDB feature's group, `gdb` GDB's register number, None
    where GDB has no such register. `number` is the encoding in instructions and in SysRegRead exits (RISC-V:
    CSR number). `privilege` is the lowest that may read it: the engine's API obeys the current one on some
    ISAs. `note` says in what way the engine's register is wrong.
    """

    name: str
    bits: int
    unicorn: int | None
    role: Role
    group: str = "general"
    aliases: tuple[str, ...] = ()
    gdb: int | None = None
    number: int | None = None
    privilege: int = 0
    read_only: bool = False
    selector: tuple[int, ...] = ()
    fields: tuple[Field, ...] = ()
    note: str = ""
