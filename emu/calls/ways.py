"""Ways of calls by symbols, while the tree grows: what `emu.calls.tree` makes of it at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from emu.executions import marks

if TYPE_CHECKING:
    from emu.calls.tables import Rows
    from emu.calls.tree import Function
    from emu.symbols import SymbolTable
    from isa.contract import Isa

BARE: Final = 0
"""The way that nothing is on: a kernel or bare guest outside of all functions, or nothing known yet."""


class Ways:
    """Rows of NODE as numbers of ways: nodes of one function, called on the same way, are one. A user program's address
    space is a way below BARE."""

    def __init__(self, isa: Isa, symbols: SymbolTable) -> None:
        self._mark, self._symbols = marks(isa), symbols
        self._of_nodes: list[int] = []
        self._functions: dict[int, Function] = {}
        self._numbers: dict[tuple[int, Function | None], int] = {}
        self.parents: Final = [BARE]
        self.depths: Final = [0]
        self.names: Final = [""]
        self.addresses: Final = [0]
        """Where the function was come to, or the address space of a program."""
        self.programs: Final = [False]

    def of_nodes(self, rows: Rows) -> list[int]:
        """The way of each row."""
        for address, _, _, parent, _ in rows[len(self._of_nodes) :].tolist():
            if not self._of_nodes or (parent == 0 and address == 0):
                self._of_nodes.append(BARE)
            elif parent == 0:
                self._of_nodes.append(self._way(BARE, address, None))
            else:
                if address not in self._functions:
                    self._functions[address] = self._symbols.at(address | self._mark) or address
                above = self._of_nodes[parent]
                self._of_nodes.append(self._way(above, address, self._functions[address]))
        return self._of_nodes

    def _way(self, parent: int, address: int, function: Function | None) -> int:
        key = parent, address if function is None else function
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.names)
            self.parents.append(parent)
            self.depths.append(self.depths[parent] + 1)
            self.addresses.append(address)
            self.programs.append(function is None)
            if function is None:
                self.names.append(f"process {address & ~1:#x}")
            else:
                self.names.append(f"{function:#x}" if isinstance(function, int) else function.name)
        return found

    def between(self, old: int, new: int) -> tuple[list[int], list[int]]:
        """What is left, the innermost first, and what is entered, the outermost first."""
        left, entered = [], []
        while self.depths[old] > self.depths[new]:
            left.append(old)
            old = self.parents[old]
        while self.depths[new] > self.depths[old]:
            entered.append(new)
            new = self.parents[new]
        while old != new:
            left.append(old)
            entered.append(new)
            old, new = self.parents[old], self.parents[new]
        return left, entered[::-1]
