"""A workbench: everything a device may be handed, under the test's control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from emu.dma import Dma
from emu.memory import MemoryMap, Ram, Region

RAM = 0x8000_0000


@dataclass
class Wire:
    level: bool = False

    def set(self, level: bool) -> None:
        assert isinstance(level, bool)
        self.level = level


@dataclass
class Guesttime:
    ns: int = 0

    def now(self) -> int:
        return self.ns


@dataclass
class Alarm:
    clock: Guesttime
    deadline: int | None = None
    callback: Callable[[], None] | None = None

    def arm(self, deadline: int) -> None:
        assert 0 <= deadline < 1 << 64
        self.deadline = deadline

    def cancel(self) -> None:
        self.deadline = None

    def due(self) -> bool:
        return self.deadline is not None and self.deadline <= self.clock.ns


@dataclass
class Line:
    """A serial line: `sent` is what the device wrote, `coming` what it will read."""

    coming: bytes = b""
    sent: bytes = b""
    live: bool = False

    def read(self, limit: int) -> bytes:
        assert limit > 0
        now, self.coming = self.coming[:limit], self.coming[limit:]
        return now

    def write(self, data: bytes) -> None:
        self.sent += data


@dataclass
class Bench:
    clock: Guesttime = field(default_factory=Guesttime)
    line: Line = field(default_factory=Line)
    requests: list[object] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    all_wires: list[Wire] = field(default_factory=list)
    ram: MemoryMap = field(
        default_factory=lambda: MemoryMap([Region("RAM", RAM, Ram(0x8000), 0, 0x8000)])
    )  # 32 KiB, and nothing else
    written: int = 0  # times that a device wrote to it
    memory: Dma = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Dma(self.ram, self._note)

    def _note(self, spans: object) -> None:
        self.written += 1

    def wire(self) -> Wire:
        self.all_wires.append(Wire())
        return self.all_wires[-1]

    def wires(self, count: int) -> list[Wire]:
        return [self.wire() for _ in range(count)]

    def alarm(self) -> Alarm:
        self.alarms.append(Alarm(self.clock))
        return self.alarms[-1]

    def power(self, request: object) -> None:
        self.requests.append(request)

    def advance(self, ns: int) -> None:
        """Let guest time pass, firing alarms in order."""
        end = self.clock.ns + ns
        while True:
            due = [alarm for alarm in self.alarms if alarm.deadline is not None and alarm.deadline <= end]
            if not due:
                break
            first = min(due, key=lambda alarm: alarm.deadline or 0)
            assert first.deadline is not None and first.callback is not None
            self.clock.ns = max(self.clock.ns, first.deadline)
            first.deadline = None
            first.callback()
        self.clock.ns = end


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="session")  # of the factory: hypothesis makes a bench for each example
def make_bench() -> Callable[[], Bench]:
    return Bench
