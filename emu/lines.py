"""Host ends of a serial line that does not have the machine's channel to itself."""

from __future__ import annotations

from collections.abc import Callable

from emu.device import Channel


class Unheard:
    """An `emu.device.Channel` with nobody at the other end: nothing comes, and what is sent is lost."""

    live = False

    def read(self, limit: int) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        """It is lost."""


class Mute:
    """An `emu.device.Channel` for output only: what is typed belongs to semihosting."""

    live = False

    def __init__(self, channel: Channel) -> None:
        self.write = channel.write

    def read(self, limit: int) -> bytes:
        return b""


class Shared:
    """An `emu.device.Channel`: `channel` as long as nobody else `listens`; from then on for output only."""

    def __init__(self, channel: Channel, listens: Callable[[], bool]) -> None:
        self._channel, self._listens = channel, listens
        self.write = channel.write

    @property
    def live(self) -> bool:
        return self._channel.live

    def read(self, limit: int) -> bytes:
        return b"" if self._listens() else self._channel.read(limit)
