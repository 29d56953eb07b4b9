from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.bus import ADDRESS_SPACE, Bus
from emu.errors import MapError
from emu.memory import ROM, Ram, Region


@dataclass
class Echo:
    """A device that remembers what it was asked."""

    name: str = "echo"
    size: int = 0x100
    native: tuple = ()
    asked: list = field(default_factory=list)

    def peek(self, offset, width):
        return 0x11

    def read(self, offset, width):
        self.asked.append(("read", offset, width))
        return 0x22

    def write(self, offset, width, value):
        self.asked.append(("write", offset, width, value))


@pytest.fixture
def ram():
    return Ram(0x10000)


@pytest.fixture
def bus(ram):
    bus = Bus()
    bus.add_region(Region("ram", 0x8000_0000, ram, 0, 0x8000))
    bus.add_region(Region("rom", 0x1000, ram, 0x8000, 0x1000, ROM))
    return bus


def test_an_address_finds_its_window_up_to_its_last_byte(bus):
    assert bus.find(0x8000_0000).name == bus.find(0x8000_7FFF).name == "ram"
    assert bus.find(0x8000_8000) is None and bus.find(0xFFF) is None
    assert [window.name for window in bus.windows] == ["rom", "ram"]


def test_a_device_gets_offsets_and_masked_values(bus):
    echo = Echo()
    bus.add_device(0x10000, echo)
    assert bus.read(0x10010, 4) == 0x22
    assert bus.peek(0x10010, 4) == 0x11
    assert bus.write(0x100FF, 1, 0x1234)
    assert echo.asked == [("read", 0x10, 4), ("write", 0xFF, 1, 0x34)]


def test_an_access_across_the_end_of_a_window_is_unmapped_and_reaches_nobody(bus):
    echo = Echo()
    bus.add_device(0x10000, echo)
    assert bus.read(0x100FE, 4) is None and not bus.write(0x100FE, 4, 0)
    assert bus.read(0x8000_7FFC, 8) is None
    assert bus.read(0xFFFC, 8) is None
    assert echo.asked == []


def test_memory_is_read_in_the_byte_order_of_the_machine(ram):
    for big, expected in ((False, 0x04030201), (True, 0x01020304)):
        bus = Bus(big_endian=big)
        bus.add_region(Region("ram", 0, ram, 0, 0x1000))
        assert bus.write(0x10, 4, expected)
        assert bus.read(0x10, 4) == bus.peek(0x10, 4) == expected
        assert ram.view[0x10:0x14].tobytes() == b"\x01\x02\x03\x04"


def test_rom_takes_no_writes(bus, ram):
    assert not bus.write(0x1000, 4, 5)
    assert bus.read(0x1000, 4) == 0


def test_an_overlap_names_both_and_their_ranges(bus):
    with pytest.raises(MapError, match=r"echo at 0x80007000\.\.0x800070ff.*ram 0x80000000\.\.0x80007fff"):
        bus.add_device(0x8000_7000, Echo())
    with pytest.raises(MapError, match="rom"):
        bus.add_device(0, Echo(size=0x1001))
    assert len(bus.windows) == 2


@pytest.mark.parametrize(
    ("base", "size", "text"),
    [
        (0x2000, 0, "at least one byte"),
        (0x2000, -5, "at least one byte"),
        (0x2010, 0x100, r"multiple of the page size 0x1000, got 0x2010. The nearest are 0x2000 and 0x3000"),
        (ADDRESS_SPACE - 0x1000, 0x1001, r"below 2\^64"),
        (ADDRESS_SPACE, 0x1000, r"below 2\^64"),
        (-0x1000, 0x1000, r"below 2\^64"),
    ],
)
def test_impossible_windows_are_refused(bus, base, size, text):
    with pytest.raises(MapError, match=text):
        bus.add_device(base, Echo(size=size))


def test_memory_ends_on_a_page_and_devices_need_not(ram):
    bus = Bus(page_size=0x4000)
    with pytest.raises(MapError, match="Use 0x4000 bytes"):
        bus.add_region(Region("ram", 0, ram, 0, 0x1000))
    bus.add_device(0, Echo())
    assert bus.tails() == [(0x100, 0x3FFF)]


def test_two_windows_cannot_share_a_name(bus):
    with pytest.raises(MapError, match="a name of its own"):
        bus.add_device(0x10000, Echo(name="ram"))


def test_holes_are_the_pages_that_nothing_backs_both_ends_inclusive(bus):
    bus.add_device(0x10000, Echo())
    bus.add_device(0x2000, Echo(name="next to the rom", size=0x1000))
    assert bus.holes() == [
        (0, 0xFFF),
        (0x3000, 0xFFFF),
        (0x11000, 0x7FFF_FFFF),
        (0x8000_8000, ADDRESS_SPACE - 1),
    ]
    assert bus.tails() == [(0x10100, 0x10FFF)]


def test_an_empty_bus_is_one_hole_and_a_full_one_has_none():
    bus = Bus()
    assert bus.holes() == [(0, ADDRESS_SPACE - 1)]
    bus.add_device(0, Echo(size=ADDRESS_SPACE))
    assert bus.holes() == [] and bus.find(ADDRESS_SPACE - 1).name == "echo"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 5 * 0x1000)), max_size=12))
def test_every_address_is_in_a_window_a_hole_or_a_tail(windows):
    bus = Bus()
    taken = {}
    for index, (page, size) in enumerate(windows):
        wanted = range(page * 0x1000, page * 0x1000 + size, 0x80)
        try:
            bus.add_device(page * 0x1000, Echo(name=str(index), size=size))
        except MapError:
            assert any(address in taken for address in [*wanted, page * 0x1000 + size - 1]) or any(
                page * 0x1000 <= address < page * 0x1000 + size for address in taken
            )
            continue
        taken |= dict.fromkeys([*wanted, page * 0x1000 + size - 1], str(index))
    gaps = bus.holes() + bus.tails()
    for address in [*taken, *range(0, 48 * 0x1000, 0x333)]:
        window = bus.find(address)
        assert (window is not None) + sum(lo <= address <= hi for lo, hi in gaps) == 1
        assert address not in taken or window.name == taken[address]
