"""A host directory for the guest: 9P2000.L messages over one queue, each request and its answer a chain.

The device is in no chapter of the manual but its number [5]; the protocol's messages are `emu.share`'s. As Linux's
driver (net/9p/trans_virtio.c) has it, the configuration is the length of the mount tag, two bytes, and the tag.
"""

from __future__ import annotations

from typing import Final

from emu.registers import DeviceRegister, Direction, Meaning, Table
from emu.share.directory import Directory
from emu.share.server import LARGEST_MESSAGE, Server, ServerState
from emu.virtio.device import Link
from isa.register import Field

MOUNT_TAG: Final = 1 << 0
TAG_LIMIT: Final = 32
"""Bytes of a mount tag, as in QEMU."""


class NineP:
    """`tag` is what the guest mounts it by: 1 to TAG_LIMIT bytes. The directory is closed with the device."""

    device_id: Final = 9
    features: Final = MOUNT_TAG
    queue_sizes: Final = (128,)
    queue_names: Final = ("requests",)
    feature_bits: Final = (Field("MOUNT_TAG", 0),)

    def __init__(self, name: str, tag: str, directory: Directory) -> None:
        self.name = name
        encoded = tag.encode()
        self.config = len(encoded).to_bytes(2, "little") + encoded
        self._server = Server(directory)
        self._link: Link | None = None

    @property
    def config_registers(self) -> Table:
        """By name, for debuggers."""
        size, read = len(self.config) - 2, Direction.READ
        return (
            DeviceRegister("tag_len", 0, 2, access=read, meaning=Meaning.COUNT),
            DeviceRegister("tag", 2, 1, access=read, meaning=Meaning.CHARACTER, array=((size, 1),)),
        )

    def attach(self, link: Link) -> None:
        self._link = link

    def write_config(self, offset: int, data: bytes) -> None:
        """There is nothing to write to."""

    @property
    def state(self) -> ServerState:
        return self._server.state

    def load(self, state: ServerState) -> None:
        self._server.load(state)

    def reset(self) -> None:
        self._server.reset()

    def close(self) -> None:
        self._server.close()

    def kicked(self, queue: int) -> None:
        assert self._link is not None
        requests = self._link.queues[queue]
        while (chain := requests.take()) is not None:
            answer = self._server.reply(chain.gather(LARGEST_MESSAGE), chain.writable_size)
            requests.give(chain, chain.scatter(answer))
