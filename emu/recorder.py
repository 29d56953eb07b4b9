"""A serial line's host end in memory: for library use without a console."""

from __future__ import annotations


class Recorder:
    """An `emu.device.Channel` that keeps what the guest wrote in `output` and feeds it `input` from the start."""

    live = False

    def __init__(self, input: bytes = b"") -> None:
        self.input = input
        self.position = 0
        self.output = bytearray()

    def read(self, limit: int) -> bytes:
        data = self.input[self.position : self.position + limit]
        self.position += len(data)
        return data

    def write(self, data: bytes) -> None:
        self.output += data
