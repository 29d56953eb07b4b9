"""The functions of each vCPU as slices that nest as calls do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from emu.calls.ways import BARE, Ways

if TYPE_CHECKING:
    from emu.trace.calls import Switches

DEPTH: Final = 250
"""Slices inside one another; viewers show no more."""


class Slices:
    """`begin` (instruction, vCPU, way) and `end` (instruction, vCPU) are called for each slice, those of a vCPU in
    order. `ranges`: of functions that are wanted, where not all are. `vcpu`: the one that is wanted, None all."""

    def __init__(
        self,
        ways: Ways,
        vcpus: int,
        ranges: Sequence[tuple[int, int]],
        vcpu: int | None,
        begin: Callable[[int, int, int], None],
        end: Callable[[int, int], None],
    ) -> None:
        self._ways, self._ranges, self._vcpu = ways, ranges, vcpu
        self._begin, self._end = begin, end
        self._now = [BARE] * vcpus
        self._shown = [0]
        """Of each way: how many slices are open there."""
        self.lost = 0
        """Calls that have no slice: too deep."""

    @property
    def filtered(self) -> bool:
        """Whether some are left out because they are not wanted."""
        return bool(self._ranges) or self._vcpu is not None

    def take(self, switches: Switches) -> None:
        of_nodes = self._ways.of_nodes(switches.nodes)
        rows = zip(switches.insn.tolist(), switches.vcpu.tolist(), switches.node.tolist(), strict=True)
        for insn, vcpu, node in rows:
            self._go(insn, vcpu, of_nodes[node])

    def close(self, insn: int) -> None:
        """The recording ends there."""
        for vcpu in range(len(self._now)):
            self._go(insn, vcpu, BARE)

    def _go(self, insn: int, vcpu: int, way: int) -> None:
        if self._vcpu not in (None, vcpu):
            return
        left, entered = self._ways.between(self._now[vcpu], way)
        self._now[vcpu] = way
        for each in left:
            if self._open(each) > self._open(self._ways.parents[each]):
                self._end(insn, vcpu)
        for each in entered:
            if self._open(each) > self._open(self._ways.parents[each]):
                self._begin(insn, vcpu, each)
            elif self._wanted(each):
                self.lost += 1

    def _open(self, way: int) -> int:
        while len(self._shown) <= way:
            number = len(self._shown)
            above = self._shown[self._ways.parents[number]]
            self._shown.append(above + 1 if self._wanted(number) and above < DEPTH else above)
        return self._shown[way]

    def _wanted(self, way: int) -> bool:
        if not self._ranges:
            return True
        address = self._ways.addresses[way]
        return not self._ways.programs[way] and any(low <= address < end for low, end in self._ranges)
