"""The control block as Python sees it: words at fixed places, by name."""

from __future__ import annotations

import weakref
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from axvcpu.control import CONTROL, NEVER

ARRAYS: Final = ("latch", "left")
WORD: Final = {
    name: int(CONTROL.fields[name][1]) // 8  # type: ignore[index]
    for name in CONTROL.names or ()
    if name not in ARRAYS
}
"""Place of each field of the control block among its 64-bit words."""
PC, RETIRED, KIND = WORD["pc"], WORD["retired"], WORD["kind"]
ANSWER, HAS_ANSWER, LINES, KICK = WORD["answer"], WORD["has_answer"], WORD["lines"], WORD["kick"]
TIME_BASE, EVENT_AT, TURN_AT = WORD["time_base"], WORD["event_at"], WORD["turn_at"]
STOP_COUNT, YIELDS, YIELDED = WORD["stop_count"], WORD["yields"], WORD["yielded"]
COUNTERS_STOPPED = WORD["counters_stopped"]


class Slots:
    """Control blocks in given memory, handed out in order and free again when their owner is gone."""

    def __init__(self, blocks: NDArray[Any]) -> None:
        self.blocks = blocks
        self.free = list(range(len(blocks) - 1, -1, -1))

    def take(self, owner: ControlWords) -> NDArray[Any] | None:
        """A zeroed block, None where all are taken."""
        if not self.free:
            return None
        slot = self.free.pop()
        weakref.finalize(owner, self.free.append, slot)
        block = self.blocks[slot : slot + 1]
        block[:] = 0
        return block


slots: Slots | None = None
"""Where control blocks lie; None: in memory of their own (`emu.blackbox`)."""


def slot_of(owner: ControlWords) -> int | None:
    """The number of the slot that a control block lies in."""
    if slots is None:
        return None
    slot, rest = divmod(owner.control_address - int(slots.blocks.ctypes.data), CONTROL.itemsize)
    return slot if rest == 0 and 0 <= slot < len(slots.blocks) else None


class ControlWords:
    """A vCPU's control block. Counts are of its own retired instructions, times are guest time."""

    __slots__ = ("__weakref__", "block", "control_address", "words")

    def __init__(self) -> None:
        given = slots.take(self) if slots is not None else None
        self.block = np.zeros(1, CONTROL) if given is None else given
        self.control_address: Final = int(self.block.ctypes.data)
        self.words: Final = memoryview(self.block.view(np.uint64).data)

    def put_words(self, values: dict[str, int]) -> None:
        for name, value in values.items():
            self.words[WORD[name]] = value

    @property
    def lines(self) -> int:
        """The interrupt lines that devices drive, a bit each."""
        return self.words[LINES]

    def kick(self) -> None:
        """From any thread: leave at the next exact boundary with ExternalInterrupt(KICK)."""
        self.words[KICK] = 1

    @property
    def deadline(self) -> int | None:
        value = self.words[WORD["deadline"]]
        return None if value == NEVER else value

    @deadline.setter
    def deadline(self, retired: int | None) -> None:
        self.words[WORD["deadline"]] = NEVER if retired is None else min(retired, NEVER)

    @property
    def time_base(self) -> int:
        """Units of guest time that are not this vCPU's own instructions: the other vCPUs', and idle time skipped."""
        return self.words[TIME_BASE]

    @time_base.setter
    def time_base(self, units: int) -> None:
        self.words[TIME_BASE] = units

    @property
    def event_at(self) -> int:
        """The count of retired instructions at which the machine's next alarm is due (NEVER: none)."""
        return self.words[EVENT_AT]

    @event_at.setter
    def event_at(self, retired: int) -> None:
        self.words[EVENT_AT] = retired

    @property
    def event_ns(self) -> int:
        """Host clock: guest time of the machine's next alarm in ns (NEVER: none)."""
        return self.words[WORD["event_ns"]]

    @event_ns.setter
    def event_ns(self, nanoseconds: int) -> None:
        self.words[WORD["event_ns"]] = nanoseconds

    @property
    def turn_at(self) -> int:
        """The turn ends before the first block that would go past this count of retired instructions."""
        return self.words[TURN_AT]

    @turn_at.setter
    def turn_at(self, retired: int) -> None:
        self.words[TURN_AT] = retired

    @property
    def yields(self) -> bool:
        """Whether a pause ends the turn."""
        return self.words[YIELDS] != 0

    @yields.setter
    def yields(self, yields: bool) -> None:
        self.words[YIELDS] = yields

    @property
    def yielded(self) -> bool:
        """Whether a pause has ended the turn."""
        return self.words[YIELDED] != 0

    @yielded.setter
    def yielded(self, yielded: bool) -> None:
        self.words[YIELDED] = yielded

    def turn_over(self) -> bool:
        """Whether the block that comes next does not fit into the turn, or a pause has ended it."""
        words = self.words
        return self.yielded or words[RETIRED] + words[STOP_COUNT] > words[TURN_AT]

    def start_clock(self, host_start: int) -> None:
        """Host clock: guest time 0 is now."""
        self.words[WORD["host_start"]] = host_start

    @property
    def native_exits(self) -> int:
        """Accesses that native code answered."""
        return self.words[WORD["exits"]]

    @property
    def traps(self) -> int:
        """Synchronous traps that the guest took."""
        return self.words[WORD["traps"]]

    @property
    def answered(self) -> int:
        """What the last access that left for Python was answered with."""
        return self.words[ANSWER]

    @property
    def retired(self) -> int:
        """Instructions retired since power-on."""
        return self.words[RETIRED]

    @property
    def pc(self) -> int:
        return self.words[PC]

    @property
    def now(self) -> int:
        """Guest time in ns, as this vCPU sees it (virtual clock)."""
        words = self.words
        return (words[RETIRED] + words[WORD["time_base"]]) << words[WORD["time_shift"]]
