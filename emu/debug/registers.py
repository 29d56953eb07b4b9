"""The registers of a vCPU as attributes and items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from isa.errors import UnknownRegister
from isa.register import Role

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.schedule import Vcpu


class Registers:
    """Read and written as attributes or items: `r.a0`, `r["a0"] = 1`. `pc` is the program counter on every ISA.
    Raises UnknownRegister; as an attribute, an AttributeError with the same text."""

    __slots__ = ("_machine", "_vcpu")
    _machine: Machine
    _vcpu: Vcpu

    def __init__(self, machine: Machine, vcpu: Vcpu) -> None:
        object.__setattr__(self, "_machine", machine)
        object.__setattr__(self, "_vcpu", vcpu)

    def __getitem__(self, name: str) -> int:
        self._machine.settle()
        if name == "pc":
            return self._vcpu.arch.pc
        return self._vcpu.arch.read_register(name)

    def __setitem__(self, name: str, value: int) -> None:
        self._machine.settle()
        if name == "pc" or self._machine.isa.register(name).role is Role.PC:
            self._vcpu.arch.set_entry(value)
        else:
            self._vcpu.arch.write_register(name, value)

    def __getattr__(self, name: str) -> int:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except UnknownRegister as error:
            raise AttributeError(str(error)) from None

    def __setattr__(self, name: str, value: int) -> None:
        try:
            self[name] = value
        except UnknownRegister as error:
            raise AttributeError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        return (row.name for row in self._machine.isa.registers)

    def __dir__(self) -> list[str]:
        return sorted({*self, "pc"})

    def __repr__(self) -> str:
        return f"<registers of vCPU {self._vcpu.id}, pc {self.pc:#x}>"
