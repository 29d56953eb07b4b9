"""What a device is, and everything it may be handed.

A device gets offsets and acts only through what it was handed: an interrupt line, a clock, a timer, a
channel. It never learns where it is mapped. Its whole state is one plain dataclass (``state``): that is its
snapshot. ``peek`` reads without effect; ``read`` is ``peek`` plus the effect, so that a debugger can look
without touching.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from axvcpu.action import Action as Action  # noqa: PLC0414 (devices name it from here)


class IrqLine(Protocol):
    """A wire to an interrupt controller. Level-sensitive: it keeps the level it was last given."""

    def set(self, level: bool) -> None: ...


class Clock(Protocol):
    """Guest time."""

    def now(self) -> int:
        """Nanoseconds of guest time since the machine started; never goes back."""
        ...


class Timer(Protocol):
    """A one-shot alarm in guest time; the machine calls the function given when the timer was made."""

    @property
    def deadline(self) -> int | None:
        """Guest time in ns at which the timer fires, None while it is not armed."""
        ...

    def arm(self, deadline: int) -> None:
        """Fire once at guest time `deadline` (ns; a time in the past fires at once). Replaces an armed
        deadline."""
        ...

    def cancel(self) -> None: ...


class Channel(Protocol):
    """The host's end of a serial line."""

    @property
    def live(self) -> bool:
        """True where bytes may come at any host time (terminal, pipe): such input is not reproducible."""
        ...

    def read(self, limit: int) -> bytes:
        """Up to `limit` bytes that have arrived; empty where there are none now. Never blocks."""
        ...

    def write(self, data: bytes) -> None: ...


class Memory(Protocol):
    """Guest RAM by guest-physical address, for a device that moves data by itself. Nothing but RAM answers, and only
    where it holds all that is asked; a failed call has changed nothing. No call allocates more than it is given or
    asked for, so that whoever asks bounds `size`."""

    def holds(self, address: int, size: int) -> bool:
        """Whether all of [address, address + size) is RAM."""
        ...

    def read(self, address: int, size: int) -> bytes | None: ...

    def write(self, address: int, data: bytes) -> bool: ...

    def clear(self, address: int, size: int) -> bool:
        """Write `size` zeros; allocates nothing."""
        ...


class PowerKind(Enum):
    SHUTDOWN = "shutdown"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class PowerRequest:
    """A guest asks for its machine to be switched off or reset; the run loop acts after the access has
    completed."""

    kind: PowerKind
    code: int = 0  # the guest's own verdict, 0 passes; of a reset, what the guest gave with it


Power = Callable[[PowerRequest], None]
"""What a device with a power switch is handed. It only notes the request: it returns at once."""


class NativeRegister:
    """A register, or a run of them, that native code answers while `enabled`; the machine binds it to a
    dispatch row.

    offset and size are in bytes within the device; an access that does not lie inside leaves to Python.
    """

    __slots__ = ("_words", "action", "offset", "period", "size")

    def __init__(
        self, action: Action, offset: int, size: int, *, period: int = 1, enabled: bool = True
    ) -> None:
        self.action, self.offset, self.size, self.period = action, offset, size, period
        self._words: Any = [int(enabled), 0]  # the machine replaces this list by the dispatch row's own words

    @property
    def enabled(self) -> bool:
        return bool(self._words[0])

    @enabled.setter
    def enabled(self, on: bool) -> None:
        self._words[0] = int(on)

    @property
    def value(self) -> int:
        """The word that LATCH reads return (register value; an access inside it sees its bytes,
        little-endian)."""
        return int(self._words[1])

    @value.setter
    def value(self, word: int) -> None:
        self._words[1] = word

    def bind(self, words: Any) -> None:  # noqa: ANN401
        """Move the two words to `words`, an object indexed like a list that native code shares."""
        words[0], words[1] = self._words[0], self._words[1]
        self._words = words


class Device(Protocol):
    """A memory-mapped device. Offsets are in bytes from its base, widths 1, 2, 4 or 8.

    An access never crosses `size`. Every offset and width is legal to ask for: a device answers what the
    hardware would (usually zero), and never raises on what a guest does.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int:
        """Bytes of address space."""
        ...

    @property
    def native(self) -> tuple[NativeRegister, ...]:
        """Registers that native code may answer; empty for most devices."""
        ...

    @property
    def state(self) -> Any:  # noqa: ANN401
        """The device's whole state, a dataclass of plain values (int, bool, bytes, str, None, lists, dicts of
        them)."""
        ...

    def load(self, state: Any) -> None:  # noqa: ANN401
        """Take over a state that `state` once returned (a copy is taken); sets interrupt lines and native
        registers as that state asks. The clock shows the time of that state already; the channel is not
        asked."""
        ...

    def reset(self) -> None:
        """Back to power-on state."""
        ...

    def peek(self, offset: int, width: int) -> int:
        """The value a read would return, without its effect."""
        ...

    def read(self, offset: int, width: int) -> int: ...

    def write(self, offset: int, width: int, value: int) -> None:
        """`value` is unsigned and masked to `width`."""
        ...
