"""From the moment an interrupt line is raised to the interrupt's delivery, in instructions of the vCPU.

A line that is still up when its interrupt comes again was not raised anew: only the first counts. Where several lines
that share a cause are up, the one that was raised first is taken for the cause. What the guest makes pending itself, by
writing to a register of its CPU, is raised by nobody.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from emu.statistics.records import BUCKETS
from isa.contract import Isa

EDGES: Final = 1 << 12


def bucket(value: int) -> int:
    """As `emu.statistics.fold.bucket`."""
    return min(value.bit_length(), BUCKETS - 1)


@dataclass(slots=True)
class Latency:
    """Of one cause: `count` deliveries of which the raise is known; the sum, least and most of instructions."""

    count: int = 0
    sum: int = 0
    least: int = 0
    most: int = 0
    histogram: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, value: int) -> None:
        self.least = min(self.least, value) if self.count else value
        self.most = max(self.most, value)
        self.count += 1
        self.sum += value
        self.histogram[bucket(value)] += 1


class Latencies:
    """Of all vCPUs, by cause. Rows of deliveries come later than the lines that raised them, both with the vCPU's count
    of instructions."""

    def __init__(self, isa: Isa, vcpus: int) -> None:
        causes = {vector.number for vector in isa.vectors if vector.interrupt}
        lines = isa.lines
        numbers = set() if lines is None else {lines.timer, lines.external, lines.software}
        self._named: Final = numbers < causes  # each line has a cause of its own, by its own number
        self.by_cause: Final[dict[int, Latency]] = {}
        self._edges: Final[list[deque[tuple[int, int, bool]]]] = [deque() for _ in range(vcpus)]
        self._up: Final[list[dict[int, int | None]]] = [{} for _ in range(vcpus)]
        self._level: Final[list[set[int]]] = [set() for _ in range(vcpus)]

    def reset(self) -> None:
        for edges, up, level in zip(self._edges, self._up, self._level, strict=True):
            edges.clear()
            up.clear()
            level.clear()

    def driven(self, vcpu: int, number: int, level: bool, retired: int) -> None:
        """A line got a level, when the vCPU had retired so many instructions."""
        known = self._level[vcpu]
        if level is not (number in known):
            edges = self._edges[vcpu]
            edges.append((retired, number, level))
            if len(edges) >= EDGES:  # nothing was delivered for long
                self._catch_up(vcpu, retired)
            if level:
                known.add(number)
            else:
                known.discard(number)

    def delivered(self, vcpu: int, cause: int, retired: int) -> None:
        """An interrupt was taken; of one vCPU in order."""
        up = self._up[vcpu]
        self._catch_up(vcpu, retired)
        raised = [(since, number) for number, since in up.items() if since is not None]
        if self._named:
            raised = [each for each in raised if each[1] == cause]
        if not raised:
            return
        since, number = min(raised)
        up[number] = None  # delivered: until it is raised anew
        self.by_cause.setdefault(cause, Latency()).add(retired - since)

    def _catch_up(self, vcpu: int, retired: int) -> None:
        """Lines as they were when the interrupt was taken. One that fell with the last instruction before it was still
        up: an interrupt's acknowledge may be what makes it fall."""
        edges, up = self._edges[vcpu], self._up[vcpu]
        while edges and (edges[0][0] < retired or (edges[0][0] == retired and edges[0][2])):
            since, number, level = edges.popleft()
            if level:
                up[number] = since
            else:
                up.pop(number, None)

    def settle(self, vcpu: int, retired: int) -> None:
        """All interrupts up to there have been told."""
        self._catch_up(vcpu, retired)
