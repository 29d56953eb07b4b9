"""Block device [5.2]: requests to a disk, each answered before the driver's notification returns.

A request is a chain: 16 bytes of header (type u32, reserved u32, sector u64), data, and one byte of room for the status,
in descriptors of any number and size. Sectors are of 512 bytes whatever the block size.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Any, Final

from emu.disk.disk import SECTOR, Disk
from emu.errors import SnapshotMismatch
from emu.registers import DeviceRegister, Direction, Meaning, Table
from emu.virtio.device import Link
from emu.virtio.errors import RingFault
from emu.virtio.queue import Chain
from isa.register import Field

SEG_MAX, GEOMETRY, RO, BLK_SIZE, FLUSH = 1 << 2, 1 << 4, 1 << 5, 1 << 6, 1 << 9
TOPOLOGY, DISCARD, WRITE_ZEROES = 1 << 10, 1 << 13, 1 << 14
OK, IOERR, UNSUPP = 0, 1, 2  # status
UNMAP = 1  # flag of a write-zeroes segment
QUEUE_SIZE: Final = 256
MAX_SECTORS: Final = (1 << 31) // SECTOR - 1
"""Of one discard or write-zeroes."""
ID_SIZE: Final = 20
_HEADER: Final = Struct("<II Q")
_SEGMENT: Final = Struct("<QII")
_CONFIG: Final = Struct("<QIIHBBIBBHIBxHIIIIIB3x")

_FEATURE_BITS: Final = (
    *(Field("SIZE_MAX", 1), Field("SEG_MAX", 2), Field("GEOMETRY", 4), Field("RO", 5), Field("BLK_SIZE", 6)),
    *(Field("FLUSH", 9), Field("TOPOLOGY", 10), Field("CONFIG_WCE", 11), Field("MQ", 12)),
    *(Field("DISCARD", 13), Field("WRITE_ZEROES", 14)),
)
_CONFIG_NAMES: Final = (
    *(("capacity", 0, 8), ("size_max", 8, 4), ("seg_max", 12, 4), ("cylinders", 16, 2), ("heads", 18, 1)),
    *(("sectors", 19, 1), ("blk_size", 20, 4), ("physical_block_exp", 24, 1), ("alignment_offset", 25, 1)),
    *(("min_io_size", 26, 2), ("opt_io_size", 28, 4), ("writeback", 32, 1), ("num_queues", 34, 2)),
    *(("max_discard_sectors", 36, 4), ("max_discard_seg", 40, 4), ("discard_sector_alignment", 44, 4)),
    *(
        ("max_write_zeroes_sectors", 48, 4),
        ("max_write_zeroes_seg", 52, 4),
        ("write_zeroes_may_unmap", 56, 1),
    ),
)
_CONFIG_REGISTERS: Final[Table] = tuple(
    DeviceRegister(name, offset, width, access=Direction.READ, meaning=Meaning.COUNT)
    for name, offset, width in _CONFIG_NAMES
)


class Request(IntEnum):
    """What the driver wants [5.2.6]."""

    IN = 0
    OUT = 1
    FLUSH = 4
    GET_ID = 8
    DISCARD = 11
    WRITE_ZEROES = 13


@dataclass(slots=True)
class BlkState:
    size: int = 0  # of the disk
    writes: int = 0  # requests that changed what outlives the run, since the machine was made
    content: Any = None  # of the disk, as far as it is in memory


class Blk:
    """`serial`: what the guest reads as the disk's identity, cut to 20 bytes."""

    device_id: Final = 2
    queue_sizes: Final = (QUEUE_SIZE,)
    queue_names: Final = ("requests",)
    feature_bits: Final = _FEATURE_BITS
    config_registers: Final = _CONFIG_REGISTERS

    def __init__(self, name: str, disk: Disk, serial: str = "") -> None:
        self.name, self._disk = name, disk
        self._serial = serial.encode()[:ID_SIZE].ljust(ID_SIZE, b"\0")
        self._writes = 0
        self._link: Link | None = None
        self.features = SEG_MAX | GEOMETRY | BLK_SIZE | FLUSH | TOPOLOGY
        self.features |= RO if disk.read_only else DISCARD | WRITE_ZEROES
        self.config = self._configuration()

    def _configuration(self) -> bytes:
        sectors = self._disk.size // SECTOR
        heads, track = 16, 63
        cylinders = max(min(sectors // (heads * track), 16383), 2)
        limits = (0, 0, 0, 0, 0, 0) if self._disk.read_only else (MAX_SECTORS, 1, 1, MAX_SECTORS, 1, 1)
        geometry, topology = (cylinders, heads, track), (0, 0, 1, 0)
        return _CONFIG.pack(sectors, 0, QUEUE_SIZE - 2, *geometry, SECTOR, *topology, 1, 1, *limits)

    def attach(self, link: Link) -> None:
        self._link = link

    def write_config(self, offset: int, data: bytes) -> None:
        """Nothing in it can be written."""

    @property
    def state(self) -> BlkState:
        return BlkState(self._disk.size, self._writes, self._disk.state)

    def check(self, state: BlkState) -> None:
        """SnapshotMismatch for a state of another disk, or of a lasting one when it had another content."""
        if state.size != self._disk.size:
            raise SnapshotMismatch(f"a disk ({self.name}) of {self._disk.size} bytes", f"{state.size} bytes")
        if self._disk.lasting and state.writes != self._writes:
            expected = (
                f"a disk ({self.name}) that has not been written since; snapshot=on keeps writes in memory"
            )
            raise SnapshotMismatch(expected, f"{self._writes} writes, {state.writes} when it was saved")

    def load(self, state: BlkState) -> None:
        self._writes = state.writes
        self._disk.load(state.content)

    def reset(self) -> None:
        """The disk keeps what it holds."""

    def close(self) -> None:
        self._disk.close()

    def kicked(self, queue: int) -> None:
        assert self._link is not None
        requests = self._link.queues[queue]
        while (chain := requests.take()) is not None:
            room = chain.writable_size
            if chain.readable_size < _HEADER.size or not room:
                expected = f"{_HEADER.size} bytes of header and room for the status"
                raise RingFault("block request", expected, f"{chain.readable_size} bytes and room for {room}")
            status = self._answer(chain, room - 1)
            chain.scatter(bytes((status,)), room - 1)
            requests.give(chain, room)

    def _answer(self, chain: Chain, room: int) -> int:
        """The status of a request with that much room for data."""
        kind, _, sector = _HEADER.unpack(chain.gather(_HEADER.size))
        try:
            match kind:
                case Request.IN:
                    return self._read(chain, sector, room)
                case Request.OUT:
                    return self._write(chain, sector)
                case Request.FLUSH:
                    if not self._disk.read_only:
                        self._disk.flush()
                    return OK
                case Request.GET_ID:
                    chain.scatter(self._serial[:room])
                    return OK
                case Request.DISCARD | Request.WRITE_ZEROES if not self._disk.read_only:
                    return self._erase(chain, kind)
                case _:
                    return UNSUPP
        except OSError:
            return IOERR

    def _read(self, chain: Chain, sector: int, room: int) -> int:
        if not self._inside(sector, room):
            return IOERR
        self._disk.read(sector * SECTOR, _without_end(chain.writable))
        return OK

    def _write(self, chain: Chain, sector: int) -> int:
        views = _without_start(chain.readable, _HEADER.size)
        if self._disk.read_only or not self._inside(sector, sum(map(len, views))):
            return IOERR
        self._changed()
        self._disk.write(sector * SECTOR, views)
        self._through()
        return OK

    def _erase(self, chain: Chain, kind: int) -> int:
        """Discard or write zeros [5.2.6.2]: one segment."""
        if chain.readable_size != _HEADER.size + _SEGMENT.size:
            return UNSUPP if chain.readable_size % 16 == 0 else IOERR
        sector, count, flags = _SEGMENT.unpack(chain.gather(_HEADER.size + _SEGMENT.size)[_HEADER.size :])
        if flags & ~(UNMAP if kind == Request.WRITE_ZEROES else 0):
            return UNSUPP
        if count > MAX_SECTORS or not self._inside(sector, count * SECTOR):
            return IOERR
        self._changed()
        erase = self._disk.zero if kind == Request.WRITE_ZEROES else self._disk.discard
        erase(sector * SECTOR, count * SECTOR)
        self._through()
        return OK

    def _changed(self) -> None:
        self._writes += self._disk.lasting

    def _through(self) -> None:
        """A driver that cannot flush takes a write for safe when it is answered [5.2.6.2]."""
        assert self._link is not None
        if not self._link.features & FLUSH:
            self._disk.flush()

    def _inside(self, sector: int, size: int) -> bool:
        return size % SECTOR == 0 and sector * SECTOR + size <= self._disk.size


def _without_end(views: list[memoryview]) -> list[memoryview]:
    """All but the last byte."""
    *whole, last = views
    return [*whole, last[:-1]] if len(last) > 1 else whole


def _without_start(views: list[memoryview], size: int) -> list[memoryview]:
    """All but the first `size` bytes."""
    for at, view in enumerate(views):
        if size < len(view):
            return [view[size:], *views[at + 1 :]]
        size -= len(view)
    return []
