"""Entropy device [5.4]: fills what the driver makes available with random bytes.

With a seed the bytes are blake2b of it, of the device's name and of a count: the same in every run. Without one they
are the host's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from emu.virtio.device import Link

LIMIT: Final = 64 << 10
"""Bytes given for one chain; a driver gets at least one byte and asks again for more."""
_BLOCK: Final = 64


@dataclass(slots=True)
class RngState:
    given: int = 0  # blocks taken from the seeded stream since the machine was made


class Rng:
    """`seed`: any number; None: the host's entropy, so that no two runs are the same."""

    device_id: Final = 4
    features: Final = 0
    queue_sizes: Final = (64,)
    config: Final = b""
    queue_names: Final = ("requests",)

    def __init__(self, name: str, seed: int | None) -> None:
        self.name = name
        self._key = None if seed is None else blake2b(f"{seed} {name}".encode(), digest_size=64).digest()
        self._s = RngState()
        self._link: Link | None = None

    def attach(self, link: Link) -> None:
        self._link = link

    def write_config(self, offset: int, data: bytes) -> None:
        """There is nothing to write to."""

    @property
    def state(self) -> RngState:
        return RngState(self._s.given)

    def load(self, state: RngState) -> None:
        self._s = RngState(state.given)

    def reset(self) -> None:
        """The stream goes on where it is."""

    def kicked(self, queue: int) -> None:
        assert self._link is not None
        requests = self._link.queues[queue]
        while (chain := requests.take()) is not None:
            requests.give(chain, chain.scatter(self._bytes(min(chain.writable_size, LIMIT))))

    def _bytes(self, count: int) -> bytes:
        if self._key is None:
            return os.urandom(count)
        first = self._s.given
        self._s.given = end = first + -(-count // _BLOCK)
        blocks = (blake2b(number.to_bytes(16, "little"), key=self._key) for number in range(first, end))
        return b"".join(block.digest() for block in blocks)[:count]
