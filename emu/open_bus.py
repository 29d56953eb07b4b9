"""Addresses that nothing backs, where the machine's policy is that they read as ones."""

from __future__ import annotations


class OpenBus:
    """What answers in a hole: reads give ones, writes go nowhere."""

    def read(self, offset: int, width: int) -> int:
        return (1 << 8 * width) - 1

    def write(self, offset: int, width: int, value: int) -> None:
        """Nobody takes it."""
