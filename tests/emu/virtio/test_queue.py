"""Split queues: what a well-behaved driver gets, and what a hostile one cannot do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.dma import Dma
from emu.memory import MemoryMap, Ram, Region
from emu.virtio.errors import RingFault
from emu.virtio.queue import CHAIN_LIMIT, Queue


class Echo:
    """A device with one queue that writes back what it reads, reversed; `seen` are the sizes of what came."""

    name, device_id, features, config = "echo", 63, 0, b""

    def __init__(self, sizes=(1024,)):
        self.queue_sizes = sizes
        self.seen = []
        self.state = None

    def attach(self, link):
        self.link = link

    def load(self, state):
        pass

    def reset(self):
        pass

    def write_config(self, offset, data):
        pass

    def kicked(self, number):
        queue = self.link.queues[number]
        while (chain := queue.take()) is not None:
            assert all(len(view) for view in (*chain.readable, *chain.writable))
            self.seen.append((chain.readable_size, chain.writable_size))
            queue.give(chain, chain.scatter(chain.gather(4096)[::-1]))


@pytest.mark.parametrize(
    ("features", "indirect"),
    [(0, False), (1 << 28, False), (1 << 28, True), (1 << 29, False), (3 << 28, False), (3 << 28, True)],
)
def test_chains_are_answered_in_order_whatever_their_parts(driver_for, features, indirect):
    driver = driver_for(Echo()).start(features, size=8)
    for length in range(1, 40):
        text = bytes(range(length))
        cut = length // 3
        parts = [text[:cut], text[cut:], 3, 2, 40]
        assert driver.ask([part for part in parts if part != b""], indirect=indirect) == text[::-1]


def test_direct_descriptors_may_end_in_an_indirect_one(driver_for):
    driver = driver_for(Echo()).start(1 << 28)
    one, two, table = driver.room(3), driver.room(3), driver.room(16)
    driver.put(one, b"abc")
    driver.put(table, two.to_bytes(8, "little") + (3).to_bytes(4, "little") + b"\2\0\0\0")
    driver.describe(0, 0, one, 3, 1, 5)
    driver.describe(0, 5, table, 16, 4 | 2, 0)
    driver.offer(0, 0)
    driver.kick()
    assert driver.used() == [(0, 3)] and driver.get(two, 3) == b"cba"


def test_indices_wrap_at_65536(driver_for):
    driver = driver_for(Echo()).start(1 << 29, size=4)
    queue = driver.mmio.queues[0].state
    queue.taken = queue.used = queue.told = 0xFFFE
    driver.rings[0] = [4, 0, 0xFFFE, 0xFFFE]
    for text in (b"one", b"two", b"three", b"four"):
        assert driver.ask([text, 8]) == text[::-1]
    assert queue.taken == queue.used == 2


def test_no_interrupt_where_the_driver_wants_none(driver_for):
    driver = driver_for(Echo()).start()
    driver.put(driver.areas(0)[1], b"\1\0")
    driver.ask([b"x", 1])
    assert not driver.wire.level
    driver.put(driver.areas(0)[1], b"\0\0")
    driver.ask([b"x", 1])
    assert driver.wire.level and driver.read(0x60) == 1
    driver.write(0x64, 1)
    assert not driver.wire.level


def test_with_event_indices_the_interrupt_comes_at_the_one_asked_for(driver_for):
    driver = driver_for(Echo()).start(1 << 29, size=8)
    used_event = driver.areas(0)[1] + 4 + 2 * 8
    driver.put(used_event, b"\2\0")  # when index 2 has been used
    levels = []
    for _ in range(4):
        driver.ask([b"x", 1])
        levels.append(driver.wire.level)
        driver.write(0x64, 1)
    assert levels == [False, False, True, False]
    assert driver.get(driver.areas(0)[2] + 4 + 8 * 8, 2) == b"\4\0"


def test_several_chains_at_once_are_one_interrupt_and_all_come_back(driver_for):
    driver = driver_for(Echo()).start(size=16)
    for number in range(5):
        driver.send(0, [bytes([number]), 1])
    driver.kick()
    assert driver.used() == [(0, 1), (2, 1), (4, 1), (6, 1), (8, 1)]


def test_what_a_device_wrote_is_told_once_with_neighbours_joined(driver_for):
    driver = driver_for(Echo()).start()
    place = driver.room(32)
    driver.describe(0, 0, place, 16, 3, 1)
    driver.describe(0, 1, place + 16, 16, 2, 0)
    driver.offer(0, 0)
    driver.told.clear()
    driver.kick()
    assert (place, 32) in driver.told


def test_a_loop_is_found(driver_for):
    driver = driver_for(Echo()).start()
    place = driver.room(16)
    driver.describe(0, 0, place, 16, 1, 1)
    driver.describe(0, 1, place, 16, 1, 0)
    driver.offer(0, 0)
    driver.kick()
    assert driver.read(0x70) & 64 and "loop" in driver.mmio.fault
    assert driver.read(0x60) & 2 and driver.wire.level
    assert driver.used() == []


def test_the_longest_chain_is_taken_and_one_more_is_not(driver_for):
    for length, fine in ((CHAIN_LIMIT - 1, True), (CHAIN_LIMIT, False)):
        driver = driver_for(Echo()).start(1 << 28)
        place, table = driver.room(16), driver.room(16 * length)
        for index in range(length):
            flags = 1 if index + 1 < length else 0
            row = (
                place.to_bytes(8, "little")
                + b"\1\0\0\0"
                + bytes([flags, 0])
                + (index + 1).to_bytes(2, "little")
            )
            driver.put(table + 16 * index, row)
        driver.describe(0, 0, table, 16 * length, 4, 0)
        driver.offer(0, 0)
        driver.kick()
        assert bool(driver.used()) is fine


BROKEN = {
    "head": lambda d: d.offer(0, 8),
    "next": lambda d: (d.describe(0, 0, d.HEAP, 1, 1, 8), d.offer(0, 0)),
    "below memory": lambda d: (d.describe(0, 0, d.BASE - 8, 16, 0, 0), d.offer(0, 0)),
    "across the end": lambda d: (d.describe(0, 0, d.BASE + d.ram.size - 8, 16, 0, 0), d.offer(0, 0)),
    "above 2^64": lambda d: (d.describe(0, 0, (1 << 64) - 8, 16, 2, 0), d.offer(0, 0)),
    "4 GiB": lambda d: (d.describe(0, 0, d.HEAP, 0xFFFF_FFFF, 2, 0), d.offer(0, 0)),
    "index": lambda d: d.put(d.areas(0)[1] + 2, b"\xff\xff"),
    "order": lambda d: (d.describe(0, 0, d.HEAP, 8, 3, 1), d.describe(0, 1, d.HEAP, 8, 0, 0), d.offer(0, 0)),
    "indirect": lambda d: (d.describe(0, 0, d.HEAP, 16, 4, 0), d.offer(0, 0)),
}


@pytest.mark.parametrize("how", sorted(BROKEN))
def test_a_broken_ring_needs_a_reset_and_works_again_after_it(driver_for, how):
    driver = driver_for(Echo()).start()
    BROKEN[how](driver)
    driver.kick()
    assert driver.read(0x70) & 64, how
    assert driver.complaints == [f"virtio0: {driver.mmio.fault}"]
    assert driver.used() == []
    driver.kick()
    driver.start()
    assert driver.mmio.fault == "" and driver.ask([b"abc", 3]) == b"cba"


@pytest.mark.parametrize(
    ("length", "flags", "inner"), [(16, 4 | 1, 0), (8, 4, 0), (0, 4, 0), (16, 4, 4), (1 << 31, 4, 0)]
)
def test_an_indirect_table_that_is_none_breaks_the_device(driver_for, length, flags, inner):
    driver = driver_for(Echo()).start(1 << 28)
    driver.put(driver.HEAP, driver.HEAP.to_bytes(8, "little") + b"\x10\0\0\0" + bytes([inner, 0, 0, 0]))
    driver.describe(0, 0, driver.HEAP, length, flags, 1)
    driver.offer(0, 0)
    driver.kick()
    assert driver.read(0x70) & 64


@pytest.mark.parametrize(
    ("size", "areas"),
    [
        (0, (0x8000_1000, 0x8000_9000, 0x8000_B000)),
        (3, (0x8000_1000, 0x8000_9000, 0x8000_B000)),
        (2048, (0x8000_1000, 0x8000_9000, 0x8000_B000)),
        (1 << 31, (0x8000_1000, 0x8000_9000, 0x8000_B000)),
        (8, (0x8000_1008, 0x8000_9000, 0x8000_B000)),
        (8, (0x8000_1000, 0x8000_9001, 0x8000_B000)),
        (8, (0x8000_1000, 0x8000_9000, 0x8000_B002)),
        (8, (0, 0x8000_9000, 0x8000_B000)),
        (8, (0x8000_1000, (1 << 64) - 2, 0x8000_B000)),
        (8, (0x8000_1000, 0x8000_9000, 0x8000_0000 + (4 << 20) - 8)),
    ],
)
def test_areas_must_be_aligned_and_in_memory(size, areas):
    ram = Ram(4 << 20)
    dma = Dma(MemoryMap([Region("RAM", 0x8000_0000, ram, 0, 4 << 20)]), lambda spans: None)
    queue = Queue(dma, 1024)
    queue.state.size = size
    queue.state.descriptors, queue.state.driver, queue.state.device = areas
    with pytest.raises(RingFault):
        queue.enable(indirect=True, events=True)
    queue.release()
    dma.close()
    ram.close()


addresses = st.one_of(
    st.integers(0x8000_0000 - 64, 0x8000_0000 + 64),
    st.integers(0x8040_0000 - 64, 0x8040_0000 + 64),
    st.integers(0x8000_1000, 0x8010_0100),  # the rings themselves among them
    st.integers(0, (1 << 64) - 1),
)
lengths = st.one_of(
    st.integers(0, 64), st.sampled_from([4096, 1 << 20, 1 << 31, 0xFFFF_FFFF]), st.integers(0, 1 << 32 - 1)
)
rows = st.tuples(addresses, lengths.map(lambda n: n & 0xFFFF_FFFF), st.integers(0, 7), st.integers(0, 9))


@settings(max_examples=200, deadline=None)
@given(
    table=st.lists(rows, min_size=8, max_size=8),
    inner=st.lists(rows, min_size=4, max_size=4),
    heads=st.lists(st.integers(0, 9), max_size=8),
    index=st.none() | st.integers(0, 0xFFFF),
    features=st.sampled_from([0, 1 << 28, 3 << 28]),
)
def test_no_ring_reads_or_writes_outside_memory_or_goes_on_for_ever(
    driver_class, table, inner, heads, index, features
):
    driver = driver_class(Echo())
    driver.start(features)
    for at, row in enumerate(inner):
        driver.put(
            driver.HEAP + 16 * at, b"".join((row[0].to_bytes(8, "little"), row[1].to_bytes(4, "little")))
        )
        driver.put(driver.HEAP + 16 * at + 12, bytes([row[2], 0, row[3], 0]))
    for at, (address, length, flags, following) in enumerate(table):
        place = (driver.HEAP, 64) if flags & 4 and at % 2 else (address, length)
        driver.describe(0, at, *place, flags, following)
    for head in heads:
        driver.offer(0, head)
    if index is not None:
        driver.put(driver.areas(0)[1] + 2, index.to_bytes(2, "little"))
    driver.kick()
    assert all(read + room <= driver.ram.size for read, room in driver.device.seen)
    assert len(driver.device.seen) <= 8
    assert all(at >= 0x8000_0000 and at + size <= 0x8040_0000 for at, size in driver.told)
    driver.negotiate()
    driver.close()
