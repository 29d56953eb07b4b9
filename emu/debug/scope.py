"""What an expression is evaluated in: the registers and memory of one vCPU's frame, and the names of the guest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from emu.debug.dwarf_registers import dwarf_register
from emu.debug.errors import NotPossible
from emu.debug.memory import GuestMemory
from isa.errors import IsaError

if TYPE_CHECKING:
    from emu.debug.info import DebugInfos
    from emu.machine import Machine
    from emu.symbols import SymbolTable
    from isa.contract import Isa


class Scope:
    """One vCPU; `saved` are the registers of an outer frame as far as they are known, None for the innermost.
    `cfa` gives its canonical frame address, None where it is not known."""

    def __init__(
        self,
        machine: Machine,
        vcpu: int,
        symbols: SymbolTable,
        info: DebugInfos,
        *,
        saved: Mapping[str, int] | None = None,
        cfa: Callable[[], int | None] = lambda: None,
    ) -> None:
        self.machine, self.vcpu, self.symbols, self.info = machine, vcpu, symbols, info
        self.saved, self.cfa = saved, cfa
        self.memory = GuestMemory(machine, vcpu)
        self.facts: Mapping[str, int] = {}
        """What an event's condition knows besides registers, by names as `_value`."""

    @property
    def isa(self) -> Isa:
        return self.machine.isa

    @property
    def mask(self) -> int:
        return (1 << self.isa.bits) - 1

    def register(self, name: str) -> int:
        """By the manual's name or an alias. Raises UnknownRegister, and NotPossible for one that an outer frame does
        not know."""
        if self.saved is not None:
            known = self.isa.register("pc" if name == "pc" else name).name
            for key in (known, name):
                if key in self.saved:
                    return self.saved[key]
            raise NotPossible(f"${name}", "not saved in this frame", "Select frame 0")
        self.machine.settle()
        arch = self.machine.vcpus[self.vcpu].arch
        return arch.pc if name == "pc" else arch.read_register(name)

    def write_register(self, name: str, value: int) -> None:
        if self.saved is not None:
            raise NotPossible(f"set ${name}", "an outer frame is selected", "Select frame 0")
        self.machine.settle()
        arch = self.machine.vcpus[self.vcpu].arch
        if name == "pc" or self.isa.register(name).name == self.isa.register("pc").name:
            arch.set_entry(value)
        else:
            arch.write_register(name, value)

    def read(self, address: int, size: int) -> bytes:
        return self.memory.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self.memory.write(address, data)

    @property
    def frame(self) -> DwarfFrame:
        """What DWARF's expressions look at."""
        return DwarfFrame(self)


class DwarfFrame:
    """An `emu.debug.info.Frame`: the scope by DWARF's register numbers."""

    __slots__ = ("_scope", "address_size", "big_endian")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.big_endian, self.address_size = scope.isa.endian == "big", scope.isa.bits // 8

    @property
    def pc(self) -> int:
        return self._scope.register("pc")

    @property
    def cfa(self) -> int | None:
        return self._scope.cfa()

    def register(self, dwarf_number: int) -> int | None:
        name = dwarf_register(self._scope.isa, dwarf_number)
        if name is None:
            return None
        try:
            return self._scope.register(name)
        except (NotPossible, IsaError):
            return None

    def read(self, address: int, size: int) -> bytes:
        return self._scope.read(address, size)
