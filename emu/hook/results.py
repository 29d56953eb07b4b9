"""What a run's hooks have found, for the @finish function of their file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from emu.hook.storage import Storage

if TYPE_CHECKING:
    from emu.machine import Machine


class Results(Mapping[str, Any]):
    """The counters, arrays, tables and rings by name; and names for the guest's addresses."""

    def __init__(self, storage: Mapping[str, Storage], machine: Machine) -> None:
        self._storage, self._machine = storage, machine

    def __getitem__(self, name: str) -> Any:
        return self._storage[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._storage)

    def __len__(self) -> int:
        return len(self._storage)

    def symbol(self, address: int) -> str:
        """The name of an address, with what it is beyond it; hex where it has none."""
        return self._machine.symbols.name(address) or f"{address:#x}"

    def line(self, address: int) -> str:
        """The source line of an address, "file:line"; "" where it is unknown."""
        found = self._machine.symbols.line(address)
        return str(found) if found is not None else ""

    def address(self, name: str) -> int | None:
        """Where a symbol is."""
        return self._machine.symbols.address(name)

    @property
    def retired(self) -> int:
        """Instructions of all vCPUs."""
        return self._machine.retired

    def as_json(self) -> dict[str, Any]:
        """By kind of object, then by name."""
        found: dict[str, Any] = {}
        for name, each in self._storage.items():
            found.setdefault(f"{type(each).__name__.lower()}s", {})[name] = each.result()
        return found
