"""Split virtqueues [2.7]: what a driver makes available is taken in order, checked, and given back as used.

Three areas in guest memory, all little-endian, n the queue's size:

| area       | bytes    | layout                                                                                      |
| ---------- | -------- | ------------------------------------------------------------------------------------------- |
| descriptor | 16 n     | n times: address u64, length u32, flags u16, next u16                                       |
| driver     | 6 + 2 n  | flags u16, index u16, n heads u16, used_event u16                                           |
| device     | 6 + 8 n  | flags u16, index u16, n times (head u32, written u32), avail_event u16                      |

Nothing that a driver writes there is trusted: every address is looked up, a chain has at most CHAIN_LIMIT descriptors
and no more bytes than the guest has memory, and an index that runs away is a RingFault. A chain's memory is seen
through views: a device drops a chain before it returns, and takes one only when it can finish it.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final

from emu.dma import Dma
from emu.errors import AddressError
from emu.virtio.errors import RingFault

CHAIN_LIMIT: Final = 1024
"""Descriptors in a chain, as in QEMU; with indirect descriptors a chain may be longer than its queue."""
NEXT, WRITE, INDIRECT = 1, 2, 4  # descriptor flags [2.7.5]
NO_INTERRUPT = 1  # driver area flag [2.7.6]

_DESCRIPTOR: Final = Struct("<QIHH")
_U16: Final = Struct("<H")
_USED: Final = Struct("<II")


@dataclass(slots=True)
class QueueState:
    """What a driver set up, and how far the queue has come. Indices count modulo 2^16."""

    size: int = 0
    ready: bool = False
    descriptors: int = 0  # addresses of the three areas
    driver: int = 0
    device: int = 0
    taken: int = 0  # chains taken from the driver
    used: int = 0  # chains given back
    told: int = 0  # `used` when the driver was last considered for an interrupt


@dataclass(slots=True)
class Chain:
    """A request: the driver's bytes in `readable`, room for the answer in `writable`; both in order, none empty.

    `spans` are the writable parts as (guest-physical address, bytes).
    """

    head: int
    readable: list[memoryview]
    writable: list[memoryview]
    spans: list[tuple[int, int]]

    @property
    def readable_size(self) -> int:
        return sum(map(len, self.readable))

    @property
    def writable_size(self) -> int:
        return sum(map(len, self.writable))

    def gather(self, limit: int) -> bytes:
        """The first `limit` bytes that the driver sent; fewer where there are no more."""
        parts: list[memoryview] = []
        for view in self.readable:
            if limit <= 0:
                break
            parts.append(view[:limit])
            limit -= len(parts[-1])
        return b"".join(parts)

    def scatter(self, data: bytes | bytearray | memoryview, offset: int = 0) -> int:
        """Put `data` into the room from byte `offset` of it on; how many bytes found room."""
        source, done = memoryview(data), 0
        for view in self.writable:
            if offset >= len(view):
                offset -= len(view)
                continue
            count = min(len(view) - offset, len(source) - done)
            view[offset : offset + count] = source[done : done + count]
            done, offset = done + count, 0
            if done == len(source):
                break
        return done


class Queue:
    """One virtqueue of a device. `limit` is the largest size that it offers, a power of two.

    allowance: bytes that may still be taken; the chain that uses it up is the last. The transport's to set.
    """

    def __init__(self, dma: Dma, limit: int) -> None:
        self._dma, self.limit = dma, limit
        self.state = QueueState(size=limit)
        self.allowance = 1 << 64
        self._indirect = self._events = False
        self._table = self._available = self._given = memoryview(b"")

    @property
    def ready(self) -> bool:
        return self.state.ready

    def reset(self) -> None:
        """As at power-on: not ready, nothing set up."""
        self.state = QueueState(size=self.limit)
        self.release()

    def release(self) -> None:
        """Let go of guest memory."""
        self._table = self._available = self._given = memoryview(b"")

    def enable(self, *, indirect: bool, events: bool) -> None:
        """The areas are where the driver says, with these features negotiated. RingFault where they cannot be."""
        s = self.state
        if not 0 < s.size <= self.limit or s.size & s.size - 1:
            raise RingFault("queue size", f"a power of two up to {self.limit}", str(s.size))
        self._indirect, self._events = indirect, events
        areas: list[memoryview] = []
        for name, address, size, alignment in (
            ("descriptor area", s.descriptors, 16 * s.size, 16),
            ("driver area", s.driver, 6 + 2 * s.size, 2),
            ("device area", s.device, 6 + 8 * s.size, 4),
        ):
            if address % alignment:
                raise RingFault(name, f"a multiple of {alignment}", f"address {address:#x}")
            areas.append(self._reach(name, address, size))
        self._table, self._available, self._given = areas

    def take(self) -> Chain | None:
        """The next chain that the driver made available; None where it has made no more, or the allowance is used up.
        RingFault."""
        s = self.state
        if self.allowance <= 0:
            return None
        index = _U16.unpack_from(self._available, 2)[0]
        waiting = (index - s.taken) & 0xFFFF
        if not waiting:
            return None
        if waiting > s.size:
            expected = f"at most {s.size} beyond {s.taken}"
            raise RingFault("index of the driver area", expected, str(index))
        head = _U16.unpack_from(self._available, 4 + 2 * (s.taken % s.size))[0]
        chain = self._chain(head)
        s.taken = (s.taken + 1) & 0xFFFF
        self.allowance -= chain.readable_size + chain.writable_size
        return chain

    def give(self, chain: Chain, written: int) -> None:
        """A chain is used: `written` bytes of its room, from the start, hold an answer."""
        s = self.state
        for address, size in chain.spans:
            self._dma.written(address, size)
        _USED.pack_into(self._given, 4 + 8 * (s.used % s.size), chain.head, written)
        s.used = (s.used + 1) & 0xFFFF
        _U16.pack_into(self._given, 2, s.used)

    def settle(self) -> bool:
        """Whether the driver wants an interrupt for what was given back since the last time [2.7.7]; and ask it to tell
        of the next chain it makes available [2.7.10]."""
        s = self.state
        if self._events:
            _U16.pack_into(self._given, 4 + 8 * s.size, s.taken)
        told, s.told = s.told, s.used
        if s.used == told:
            return False
        self._dma.written(s.device, len(self._given))
        if not self._events:
            return not _U16.unpack_from(self._available, 0)[0] & NO_INTERRUPT
        wanted = _U16.unpack_from(self._available, 4 + 2 * s.size)[0]
        return bool((s.used - wanted - 1) & 0xFFFF < (s.used - told) & 0xFFFF)

    def _reach(self, what: str, address: int, size: int) -> memoryview:
        try:
            return self._dma.view(address, size)
        except AddressError:
            raise self._unreachable(what, address, size) from None

    @staticmethod
    def _unreachable(what: str, address: int, size: int) -> RingFault:
        return RingFault(what, "memory of the guest", f"{size:#x} bytes at {address:#x}")

    def _chain(self, head: int) -> Chain:
        readable: list[memoryview] = []
        writable: list[memoryview] = []
        spans: list[tuple[int, int]] = []
        table, entries, at = self._table, self.state.size, head
        left, inside, view = self._dma.size, False, self._dma.view
        for _ in range(CHAIN_LIMIT):
            if at >= entries:
                raise RingFault("number of a descriptor", f"below {entries}", str(at))
            address, length, flags, following = _DESCRIPTOR.unpack_from(table, 16 * at)
            if flags & INDIRECT:
                table, entries, at = self._indirect_table(address, length, flags, inside), length // 16, 0
                inside = True
                continue
            left -= length
            if left < 0:
                raise RingFault("length of a chain", f"at most {self._dma.size} bytes", "more")
            if length:
                try:
                    part = view(address, length)
                except AddressError:
                    raise self._unreachable("descriptor", address, length) from None
                if flags & WRITE:
                    writable.append(part)
                    spans.append((address, length))
                elif writable:
                    expected = "what the device reads before what it writes"
                    raise RingFault("order of a chain", expected, "the contrary")
                else:
                    readable.append(part)
            if not flags & NEXT:
                return Chain(head, readable, writable, spans)
            at = following
        raise RingFault("length of a chain", f"at most {CHAIN_LIMIT} descriptors", "more, or a loop")

    def _indirect_table(self, address: int, length: int, flags: int, inside: bool) -> memoryview:
        """[2.7.5.3]"""
        if not self._indirect:
            raise RingFault(
                "descriptor", "a direct one: VIRTIO_F_INDIRECT_DESC was not negotiated", "indirect"
            )
        if inside or flags & NEXT:
            raise RingFault("indirect descriptor", "the last one of its table's chain", "another one with it")
        if not length or length % 16:
            raise RingFault("length of an indirect table", "a positive multiple of 16", str(length))
        return self._reach("indirect table", address, length)
