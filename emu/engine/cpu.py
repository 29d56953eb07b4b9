"""The physical CPU: a host thread and the engines it owns, one per (guest address space, ISA, CPU model)."""

from __future__ import annotations

from typing import Self

from emu.engine.engine import Engine, give, take
from emu.engine.space import AddressSpace
from isa.contract import CpuModel, Isa


class EngineCpu:
    """`AxArchPerCpu` on Unicorn. Enabling it costs nothing; engines are made when a vCPU first binds."""

    def __init__(self, cpu_id: int) -> None:
        self.cpu_id = cpu_id
        self._enabled = False
        self._engines: dict[tuple[int, str, str], Engine] = {}

    @classmethod
    def new(cls, cpu_id: int) -> Self:
        return cls(cpu_id)

    def is_enabled(self) -> bool:
        return self._enabled

    def hardware_enable(self) -> None:
        self._enabled = True

    def hardware_disable(self) -> None:
        for engine in self._engines.values():
            give(engine)
        self._engines.clear()
        self._enabled = False

    def max_guest_page_table_levels(self) -> int:
        return 5

    def engine(self, space: AddressSpace, isa: Isa, model: CpuModel) -> Engine:
        """The engine that runs `space` here."""
        key = (space.root, isa.name, model.name)
        found = self._engines.get(key)
        if found is None:
            found = self._engines[key] = take(isa, model)
            found.attach(*space.layout(), space.page, space.watches)
            found.set_word("rows", int(space.rows.ctypes.data))
            found.set_word("rows_count", len(space.rows))
        return found

    def remap(self, space: AddressSpace) -> None:
        """The layout of `space` has changed."""
        for key, engine in self._engines.items():
            if key[0] == space.root:
                engine.remap(*space.layout(), space.page, space.watches)

    def release(self, space: AddressSpace) -> None:
        """Give back the engines of a space that is closed."""
        for key in [key for key in self._engines if key[0] == space.root]:
            give(self._engines.pop(key))
