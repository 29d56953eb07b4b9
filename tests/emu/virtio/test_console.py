"""The console device, driven as a guest would."""

from __future__ import annotations

import pickle
import struct

import pytest

from emu.virtio.console import EMERGENCY, F_EMERGENCY_WRITE, F_SIZE, PIECE, Console

TYPED, PRINTED = 0, 1
CONFIG = 0x100
CHANGED = 2  # interrupt status


class Line:
    """A channel with a terminal, if it has a size."""

    live = True

    def __init__(self, typed: bytes = b"", size: tuple[int, int] | None = None) -> None:
        self.typed, self.size, self.printed = typed, size, b""

    def read(self, limit: int) -> bytes:
        data, self.typed = self.typed[:limit], self.typed[limit:]
        return data

    def write(self, data: bytes) -> None:
        self.printed += data


@pytest.fixture
def started(driver_for):
    def build(line, features=F_SIZE, **how):
        console = Console("console", line)
        return driver_for(console, **how).start(features & console.features)

    return build


def received(driver, places):
    """What came, in the order it came; a place is a chain's room."""
    return [driver.get(places[head], written) for head, written in driver.used(TYPED)]


def test_what_the_guest_prints_arrives_in_order(started):
    line = Line()
    driver = started(line)
    assert driver.ask([b"hello ", b"wor"], PRINTED) == b""
    driver.ask([b"ld\n"], PRINTED)
    assert line.printed == b"hello world\n"


def test_a_large_write_goes_out_whole(started):
    line = Line()
    data = bytes(range(256)) * 200
    started(line).ask([data], PRINTED)
    assert line.printed == data


def test_what_was_typed_before_there_was_room_waits_for_it(started):
    driver = started(Line(b"early"))
    assert driver.used(TYPED) == [] and not driver.device.listening
    assert driver.ask([64], TYPED) == b"early"
    assert driver.device.listening


def test_what_is_typed_later_comes_with_an_interrupt(started):
    line = Line()
    driver = started(line)
    places = {0: driver.send(TYPED, [16])[0]}
    driver.kick(TYPED)
    assert driver.used(TYPED) == [] and not driver.wire.level
    line.typed = b"key"
    driver.mmio.poll()
    assert received(driver, places) == [b"key"] and driver.wire.level


def test_a_paste_is_cut_into_the_room_there_is_and_none_of_it_is_lost(started):
    data = b"".join(b"%06d" % number for number in range(3 * PIECE))
    line = Line(data)
    driver = started(line)
    got = b""
    while len(got) < len(data):
        got += driver.ask([100, 28], TYPED)
        driver.heap = driver.HEAP
    assert got == data


def test_nothing_is_taken_from_the_line_while_there_is_no_driver(driver_for):
    line = Line(b"typed")
    driver = driver_for(Console("console", line))
    driver.mmio.poll()
    driver.kick(TYPED)
    assert line.typed == b"typed"


def test_room_of_no_bytes_comes_back_empty_and_loses_nothing(started):
    driver = started(Line(b"typed"))
    assert driver.ask([b"what a device reads"], TYPED) == b""
    assert driver.ask([8], TYPED) == b"typed"


def test_the_size_is_the_terminals_and_a_change_of_it_is_told(started):
    line = Line(size=(100, 30))
    driver = started(line)
    assert struct.unpack("<HH", bytes(driver.read(CONFIG + i, 1) for i in range(4))) == (100, 30)
    assert driver.read(CONFIG + 4) == 1
    generation = driver.read(0xFC)
    driver.mmio.poll()
    assert not driver.wire.level and driver.read(0xFC) == generation
    line.size = (80, 24)
    driver.mmio.poll()
    assert driver.read(0x60) == CHANGED and driver.wire.level
    assert (driver.read(CONFIG, 2), driver.read(CONFIG + 2, 2)) == (80, 24)
    assert driver.read(0xFC) != generation


def test_without_a_terminal_there_is_no_size():
    assert Console("console", Line()).features == F_EMERGENCY_WRITE
    assert Console("console", Line(size=(80, 24))).features == F_EMERGENCY_WRITE | F_SIZE


def test_a_character_can_be_written_before_there_are_queues(driver_for):
    line = Line()
    driver = driver_for(Console("console", line))
    for character in b"ok":
        driver.write(CONFIG + EMERGENCY, character)
    driver.write(CONFIG, 7, 2)
    assert line.printed == b"ok"


def test_a_driver_that_leaves_listens_no_more(started):
    driver = started(Line(b"typed"))
    driver.kick(TYPED)
    assert driver.device.listening
    driver.write(0x70, 0)
    assert not driver.device.listening
    driver.start()
    assert driver.ask([8], TYPED) == b"typed"


def test_a_saved_state_holds_what_was_typed_and_not_taken(started, driver_for):
    driver = started(Line(b"typed", size=(90, 20)))
    driver.kick(TYPED)
    state, memory = pickle.loads(pickle.dumps(driver.mmio.state)), driver.ram.capture()
    other = driver_for(Console("console", Line()))
    other.ram.restore(memory)
    other.mmio.load(state)
    other.rings, other.heap = driver.rings, driver.heap
    assert other.read(CONFIG, 2) == 90
    assert other.ask([8], TYPED) == b"typed"
