"""Expectations about memory and registers, at the end of a run or when the pc first reaches a place."""

from __future__ import annotations

from collections.abc import Iterable

from emu.errors import AddressError, EmuError, UnknownName
from emu.expectation import Expectation, MemoryCheck, Place, RegisterCheck
from emu.machine import Machine
from isa.errors import IsaError


def address_of(machine: Machine, place: Place) -> int:
    """Guest-virtual. Raises UnknownName for a symbol that the program lacks."""
    if not place.symbol:
        return place.offset
    address = machine.symbols.address(place.symbol)
    if address is None:
        raise UnknownName(
            "symbol",
            place.symbol,
            tuple(machine.symbols.nearest_names(place.symbol)),
            "Is the program stripped?",
        )
    return address + place.offset


def code_at(machine: Machine, place: Place) -> int:
    """The address of the code at a place: where a function's body begins, whoever calls it."""
    if not place.symbol or place.offset:
        return address_of(machine, place)
    entry = machine.symbols.entry(place.symbol)
    return address_of(machine, place) if entry is None else entry


class StateChecks:
    """The state checks of one run. `addresses` are those where it must still stop; `differences` grow."""

    def __init__(self, machine: Machine, expect: Expectation) -> None:
        self._machine = machine
        self.differences: list[str] = []
        checks: list[MemoryCheck | RegisterCheck] = [*expect.memory, *expect.registers]
        self._at_end = [each for each in checks if each.when is None]
        self._waiting: dict[int, list[MemoryCheck | RegisterCheck]] = {}
        for each in checks:
            if each.when is not None:
                self._waiting.setdefault(code_at(machine, each.when), []).append(each)

    @property
    def addresses(self) -> frozenset[int]:
        return frozenset(self._waiting)

    def reached(self, pc: int, vcpu: int) -> None:
        """The pc of `vcpu` is at one of the addresses, for the first time."""
        waiting = self._waiting.get(pc, [])
        mine = [each for each in waiting if isinstance(each, MemoryCheck) or each.vcpu == vcpu]
        self._look(mine)
        left = [each for each in waiting if each not in mine]
        if left:
            self._waiting[pc] = left
        else:
            self._waiting.pop(pc, None)

    def at_end(self) -> None:
        self._look(self._at_end)
        for checks in self._waiting.values():
            for each in checks:
                self.differences.append(
                    f"state: the pc never reached {each.when}, where something was to be checked"
                )

    def _look(self, checks: Iterable[MemoryCheck | RegisterCheck]) -> None:
        for check in checks:
            try:
                if isinstance(check, MemoryCheck):
                    self._memory(check)
                else:
                    self._registers(check)
            except (EmuError, IsaError, LookupError) as error:
                self.differences.append(f"state: {error}")

    def _memory(self, check: MemoryCheck) -> None:
        machine = self._machine
        data = check.data
        if check.value is not None:
            data = check.value.to_bytes(check.width, machine.isa.endian)  # type: ignore[arg-type]
        address = address_of(machine, check.place)
        physical = machine.schedule.current.arch.translate(address)
        if physical is None:
            raise AddressError("read", address, len(data), address)
        found = machine.memory.read(physical, len(data))
        if found != data:
            wanted, got = data.hex(" "), found.hex(" ")
            if check.value is not None:
                wanted, got = f"{check.value:#x}", f"{int.from_bytes(found, machine.isa.endian):#x}"  # type: ignore[arg-type]
            when = f" when the pc reached {check.when}" if check.when else ""
            self.differences.append(f"memory at {check.place}{when}: expected {wanted}, got {got}")

    def _registers(self, check: RegisterCheck) -> None:
        if check.vcpu >= len(self._machine.vcpus):
            raise UnknownName("vCPU", str(check.vcpu), (), f"There are {len(self._machine.vcpus)}")
        arch = self._machine.vcpus[check.vcpu].arch
        for name, value in check.values:
            mask = (1 << self._machine.isa.register(name).bits) - 1
            found = arch.read_register(name)
            if found != value & mask:
                when = f" when the pc reached {check.when}" if check.when else ""
                self.differences.append(f"{name}{when}: expected {value & mask:#x}, got {found:#x}")
