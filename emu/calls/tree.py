"""The calling-context tree by symbols: what native code keeps by addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from emu.executions import marks

if TYPE_CHECKING:
    from emu.calls.tables import Rows
    from emu.symbols import Symbol, SymbolTable
    from isa.contract import Isa

Function: TypeAlias = "Symbol | int"
"""A symbol, or the address that was come to where there is none."""
UNKNOWN = "(unknown)"


@dataclass(slots=True, eq=False)
class CallNode:
    """A way of calls. `instructions` are those of the function itself, `total` with what it called on this way; `calls`
    says how often it was come to. A root has no function: it is an address space, 0 for the kernel's (or the guest's,
    where it has no kernel), or nothing known (None). `program`: the name of a root's program, where it is known."""

    function: Function | None
    parent: CallNode | None
    address: int
    space: int | None = None
    program: str | None = None
    instructions: int = 0
    calls: int = 0
    total: int = 0
    children: dict[Function | int | None, CallNode] = field(default_factory=dict)

    @property
    def name(self) -> str:
        if self.function is None:
            return UNKNOWN
        return f"{self.function:#x}" if isinstance(self.function, int) else self.function.name

    @property
    def largest_first(self) -> list[CallNode]:
        """Its children."""
        return sorted(self.children.values(), key=lambda each: (-each.total, each.name, each.address))


class CallTree:
    """`roots` in the order in which they were first met. `lost` calls were too deep to be told apart: what they took is
    of their callers. `program` names an address space, where it can."""

    def __init__(
        self,
        rows: Rows,
        isa: Isa,
        symbols: SymbolTable,
        lost: int = 0,
        program: Callable[[int], str | None] | None = None,
    ) -> None:
        mark, found = marks(isa), {}
        self.roots: list[CallNode] = []
        self.lost = lost
        by_space: dict[int | None, CallNode] = {}
        made: list[CallNode] = []
        for number, (address, instructions, calls, parent, _) in enumerate(rows.tolist()):
            if number == 0 or parent == 0:
                space = None if number == 0 else address
                node = by_space.get(space) or CallNode(None, None, 0, space)
                if space not in by_space:
                    by_space[space] = node
                    node.program = program(space) if program is not None and space else None
                    self.roots.append(node)
            else:
                if address not in found:
                    found[address] = symbols.at(address | mark) or address
                node = _below(made[parent], found[address], address)
            made.append(node)
            node.instructions += instructions
            node.calls += calls
        whole = list(self)
        for node in whole:
            node.total = node.instructions
        for node in reversed(whole):
            if node.parent is not None:
                node.parent.total += node.total
        self.roots = [root for root in self.roots if root.total]

    def __iter__(self) -> Iterator[CallNode]:
        """Parents before their children."""
        waiting = list(reversed(self.roots))
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children.values()))

    @property
    def total(self) -> int:
        """Instructions executed."""
        return sum(root.total for root in self.roots)


def _below(parent: CallNode, function: Function, address: int) -> CallNode:
    node = parent.children.get(function)
    if node is None:
        node = parent.children[function] = CallNode(function, parent, address)
    return node
