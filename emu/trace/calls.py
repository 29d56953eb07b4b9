"""Calls while a machine is recorded: when each vCPU came to which way of calls.

They are followed by native code (`emu.calls`), whatever rows are wanted, so no filter makes a stack wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from emu.calls.tables import CallTables
    from emu.machine import Machine
    from emu.trace.rows import Column

Rows: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Switches:
    """Columns: from instruction `insn` on, by the number that rows of a trace have, a vCPU is in `node`, a row of
    `nodes`. In the order in which they happened."""

    insn: Column
    vcpu: Column
    node: Column
    nodes: Rows  # of emu.calls.records.NODE; parents come before their children, and none changes its number
    lost: int
    """Calls so far that were too deep to be told apart."""


class FollowedCalls:
    """Follows calls from now on until `close`; `write` gets what is new in bulk."""

    def __init__(
        self, machine: Machine, write: Callable[[Switches], None], turned: Callable[[], None] | None = None
    ) -> None:
        """turned: called when the current vCPU has come to another thread, before `write` gets its calls."""
        self._machine, self._write = machine, write
        count = len(machine.vcpus)
        self._starts: Final[list[list[int]]] = [[] for _ in range(count)]
        self._bases: Final[list[list[int]]] = [[] for _ in range(count)]
        machine.count_blocks(calls=True, switches=self._take, turned=turned)
        tables = machine.block_counts.calls
        assert tables is not None
        self._tables: Final[CallTables] = tables

    def enter(self, vcpu: int, retired: int, base: int) -> None:
        """A vCPU's turn: its own count, and what is added for the number of all vCPUs."""
        starts, bases = self._starts[vcpu], self._bases[vcpu]
        if starts and starts[-1] > retired:  # it was reset, and what was before has been taken
            starts.clear()
            bases.clear()
        starts.append(retired)
        bases.append(base)

    def close(self) -> None:
        """Have the rest written."""
        self._machine.block_counts  # noqa: B018 - reading it hands on what has gathered
        self._machine.stop_counting()

    def _take(self, rows: Rows) -> None:
        insn = rows["retired"].copy()
        for vcpu, (starts, bases) in enumerate(zip(self._starts, self._bases, strict=True)):
            mine = np.flatnonzero(rows["vcpu"] == vcpu)
            if len(mine) and starts:
                own = rows["retired"][mine]
                turn = np.maximum(np.searchsorted(np.array(starts, np.uint64), own, side="right") - 1, 0)
                insn[mine] += np.array(bases, np.int64)[turn].astype(np.uint64)
            del starts[:-1], bases[:-1]
        tables = self._tables
        self._write(Switches(insn, rows["vcpu"], rows["node"], tables.nodes, tables.lost))
