"""Registers of the virtio window, the driver's way to a working device, and everything beside that way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.devices.virtio_mmio import VirtioMmio
from emu.virtio.rng import Rng

ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET, FAILED = 1, 2, 4, 8, 64, 128
FEATURES, FEATURES_SEL, WANT, WANT_SEL = 0x10, 0x14, 0x20, 0x24
QUEUE, SIZE_MAX, SIZE, READY, NOTIFY, INTERRUPT, ACK, STATUS = 0x30, 0x34, 0x38, 0x44, 0x50, 0x60, 0x64, 0x70


class Configured:
    """A device with nothing but a configuration of 12 bytes, the first four of which can be written."""

    name, device_id, features, queue_sizes = "configured", 62, 1 << 5 | 1 << 50, (16, 4)

    def __init__(self):
        self.config = bytes(range(1, 13))
        self.resets = 0
        self.kicks = []
        self.state = None

    def attach(self, link):
        self.link = link

    def load(self, state):
        pass

    def reset(self):
        self.resets += 1

    def write_config(self, offset, data):
        if offset + len(data) <= 4:
            self.config = self.config[:offset] + data + self.config[offset + len(data) :]

    def kicked(self, queue):
        self.kicks.append(queue)


@pytest.fixture
def driver(driver_for):
    return driver_for(Configured())


def test_an_empty_window_has_no_device_and_ignores_everything(bench, driver):
    empty = VirtioMmio("virtio0", bench.wire(), driver.dma)
    assert [empty.read(offset, 4) for offset in (0, 4, 8)] == [0x74726976, 2, 0]
    for offset in range(0, 0x200, 4):
        empty.write(offset, 4, 0xFFFF_FFFF)
    assert not any(empty.read(offset, 4) for offset in range(0x10, 0x200, 4))


def test_the_window_names_its_device(driver):
    assert [driver.read(offset) for offset in (0, 4, 8)] == [0x74726976, 2, 62]


def test_offered_are_the_devices_features_and_those_of_a_modern_transport_without_packed_rings(driver):
    found = []
    for half in (0, 1, 2, 0xFFFF_FFFF):
        driver.write(FEATURES_SEL, half)
        found.append(driver.read(FEATURES))
    assert found == [1 << 28 | 1 << 29 | 1 << 5, 1 | 1 << 18, 0, 0]
    assert not found[1] & 1 << 2  # VIRTIO_F_RING_PACKED, bit 34


def test_only_features_that_are_offered_are_accepted(driver):
    assert driver.negotiate(1 << 5) == 11
    assert driver.device.link.features == 1 << 32 | 1 << 5
    assert driver.negotiate(1 << 6) == 3
    assert driver.device.link.features == 0
    assert driver.negotiate(1 << 34) == 3


def test_a_driver_that_forgets_version_1_is_served(driver):
    for status in (1, 3, 11):
        driver.write(STATUS, status)
    assert driver.read(STATUS) == 11
    assert driver.device.link.features == 0


def test_features_cannot_be_changed_once_they_are_accepted_nor_before_there_is_a_driver(driver):
    driver.negotiate()
    driver.write(WANT_SEL, 0)
    driver.write(WANT, 1 << 5)
    assert driver.device.link.features == 1 << 32
    driver.write(STATUS, 0)
    driver.write(WANT_SEL, 1)
    driver.write(WANT, 1)
    for status in (1, 3, 11):
        driver.write(STATUS, status)
    assert driver.device.link.features == 0


def test_a_driver_is_not_ready_before_its_features_are(driver):
    driver.write(STATUS, ACKNOWLEDGE | DRIVER | DRIVER_OK)
    assert driver.read(STATUS) == ACKNOWLEDGE | DRIVER


def test_status_bits_are_only_ever_added(driver):
    driver.start()
    driver.write(STATUS, ACKNOWLEDGE)
    assert driver.read(STATUS) == 15
    driver.write(STATUS, FAILED)
    assert driver.read(STATUS) == 15 | FAILED
    driver.write(STATUS, NEEDS_RESET)
    assert not driver.read(STATUS) & NEEDS_RESET


def test_writing_zero_resets_all_of_it(driver):
    driver.start(1 << 5)
    driver.device.link.config_changed()
    assert driver.wire.level
    driver.write(STATUS, 0)
    assert driver.read(STATUS) == driver.read(INTERRUPT) == driver.read(READY) == 0
    assert not driver.wire.level and driver.device.resets
    driver.kick()
    assert driver.device.kicks == []


def test_queues_have_their_largest_size_and_others_do_not_exist(driver):
    sizes = []
    for number in (0, 1, 2, 0xFFFF_FFFF):
        driver.write(QUEUE, number)
        sizes.append(driver.read(SIZE_MAX))
        driver.write(SIZE, 4)
        driver.write(READY, 1)
    assert sizes == [16, 4, 0, 0]


def test_a_queue_in_use_cannot_be_moved(driver):
    driver.start(size=4)
    before = driver.mmio.state.queues
    driver.write(QUEUE, 0)
    driver.write(SIZE, 2)
    for register in range(0x80, 0xA8, 4):
        driver.write(register, 0x1234)
    assert driver.mmio.state.queues == before
    driver.write(READY, 0)
    assert driver.read(READY) == 0
    driver.kick(0)
    assert driver.device.kicks == []


def test_a_kick_reaches_the_device_only_when_the_driver_is_ready(driver):
    driver.negotiate()
    driver.set_up(0, 4)
    driver.kick(0)
    assert driver.device.kicks == []
    driver.write(STATUS, 15)
    driver.kick(0)
    driver.kick(1)  # not set up
    driver.kick(2)  # does not exist
    driver.kick(0xFFFF)
    assert driver.device.kicks == [0]


def test_a_queue_that_cannot_be_is_refused_when_it_is_set_up(driver):
    driver.negotiate()
    driver.set_up(0, 5)
    assert driver.read(READY) == 0 and driver.read(STATUS) & NEEDS_RESET
    assert "power of two" in driver.mmio.fault
    assert not driver.wire.level  # the driver is not ready to hear of it


def test_configuration_is_read_and_written_at_every_width(driver):
    assert [driver.read(0x100, width) for width in (1, 2, 4, 8)] == [1, 0x201, 0x4030201, 0x807060504030201]
    assert driver.read(0x10A, 4) == 0x0C0B and driver.read(0x110, 4) == 0
    driver.write(0x101, 0xAA, 1)
    driver.write(0x102, 0xBBCC, 2)
    driver.write(0x108, 0, 8)
    driver.write(0x10A, 0, 4)
    assert driver.device.config == bytes([1, 0xAA, 0xCC, 0xBB, *range(5, 13)])


def test_a_change_of_the_configuration_is_told_to_a_ready_driver(driver):
    generation = driver.read(0xFC)
    driver.device.link.config_changed()
    assert driver.read(0xFC) != generation and not driver.wire.level
    driver.start()
    driver.device.link.config_changed()
    assert driver.wire.level and driver.read(INTERRUPT) == 2
    driver.write(ACK, 1)
    assert driver.wire.level
    driver.write(ACK, 2)
    assert not driver.wire.level and driver.read(INTERRUPT) == 0


def test_there_is_no_shared_memory(driver):
    driver.write(0xAC, 0)
    assert [driver.read(register) for register in range(0xB0, 0xC0, 4)] == [0xFFFF_FFFF] * 4


def test_registers_answer_aligned_words_only(driver):
    driver.start()
    before = driver.mmio.state
    for offset in range(0x100):
        for width in (1, 2, 4, 8):
            if width != 4 or offset % 4:
                assert driver.read(offset, width) == 0
                driver.write(offset, 0, width)
    assert driver.mmio.state == before


def test_every_register_may_be_read_and_reading_changes_nothing(driver):
    driver.start()
    before = driver.mmio.state
    first = [driver.read(offset) for offset in range(0, 0x1000, 4)]
    assert [driver.read(offset) for offset in range(0, 0x1000, 4)] == first
    assert driver.mmio.state == before


def test_a_long_turn_ends_early_and_the_timer_brings_the_rest(driver_for, bench, monkeypatch):
    monkeypatch.setattr("emu.devices.virtio_mmio.BATCH", 100)
    timer = bench.alarm()
    driver = driver_for(Rng("rng", 0), timer=timer).start(size=16)
    timer.callback = driver.mmio.fire
    for _ in range(10):
        driver.send(0, [40])
    driver.kick()
    assert len(driver.used()) == 3 and timer.due()
    state = driver.mmio.state
    driver.write(STATUS, 0)
    assert timer.deadline is None and driver.mmio.state.unfinished == []
    driver.mmio.load(state)
    timer.arm(0)
    bench.advance(0)
    assert len(driver.used()) == 7 and timer.deadline is None
    driver.kick()
    assert driver.used() == []


def test_a_turn_that_found_nothing_more_needs_no_timer(driver_for, bench):
    timer = bench.alarm()
    driver = driver_for(Rng("rng", 0), timer=timer).start()
    driver.ask([40])
    assert timer.deadline is None


registers = st.sampled_from(range(0, 0x110, 4)) | st.integers(0, 0xFFF)
values = st.sampled_from(
    [0, 1, 2, 3, 7, 8, 11, 15, 0x8000_1000, 0x8000_9000, 0x8000_B000, 1 << 31]
) | st.integers(0, (1 << 64) - 1)


@settings(max_examples=150, deadline=None)
@given(
    writes=st.lists(st.tuples(registers, st.sampled_from([1, 2, 4, 4, 4, 8]), values), max_size=60),
    started=st.booleans(),
)
def test_no_write_raises_or_breaks_the_device_for_good(driver_class, writes, started):
    driver = driver_class(Rng("rng", 0))
    if started:
        driver.start(3 << 28)
    for register, width, value in writes:
        if register + width <= 0x1000:
            driver.write(register, value & (1 << 8 * width) - 1, width)
            assert driver.wire.level == (driver.read(INTERRUPT) != 0)
    state = driver.mmio.state
    driver.mmio.load(state)
    assert driver.mmio.state == state
    driver.heap = driver.HEAP
    assert len(driver.start().ask([16])) == 16
    driver.close()


def test_native_code_reads_the_interrupt_status_that_is(driver_for):
    driver = driver_for(Rng("rng", 0)).start()
    (register,) = driver.mmio.native
    assert (register.offset, register.value) == (0x60, 0)
    driver.ask([8])
    assert register.value == driver.read(0x60) == 1
    state = driver.mmio.state
    driver.write(0x64, 1)
    assert register.value == driver.read(0x60) == 0
    driver.mmio.load(state)
    assert register.value == 1
    driver.write(0x70, 0)
    assert register.value == 0
