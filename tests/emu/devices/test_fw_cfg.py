"""fw_cfg: items, the directory, the data register, and DMA that stays inside RAM."""

import struct

import pytest

from emu.devices.fw_cfg import FwCfg
from emu.errors import ConfigError

RAM = 0x8000_0000
DESCRIPTOR, TARGET = RAM + 0x100, RAM + 0x1000
ERROR, READ, SKIP, CHOOSE, WRITE = 1, 2, 4, 8, 16
FILES = {"opt/b": b"second", "opt/a": b"first", "etc/z": bytes(range(200))}


@pytest.fixture
def fw(bench):
    return FwCfg("fw-cfg", bench.memory, {5: b"\3\0"}, FILES)


def big(value, width):
    return int.from_bytes(value.to_bytes(width, "big"), "little")


def select(fw, key):
    fw.write(8, 2, big(key, 2))


def take(fw, count):
    return bytes(fw.read(0, 1) for _ in range(count))


def transfer(fw, bench, control, length, address, descriptor=DESCRIPTOR):
    """Run one descriptor; its control word afterwards."""
    bench.ram.write(descriptor, struct.pack(">IIQ", control, length, address))
    fw.write(16, 8, big(descriptor, 8))
    return int.from_bytes(bench.ram.read(descriptor, 4), "big")


def directory(fw):
    select(fw, 0x19)
    (count,) = struct.unpack(">I", take(fw, 4))
    rows = [struct.unpack(">IHH56s", take(fw, 64)) for _ in range(count)]
    return [(name.rstrip(b"\0").decode(), key, size) for size, key, _, name in rows]


def test_it_says_who_it_is(fw):
    assert take(fw, 6) == b"QEMU\0\0"
    select(fw, 1)
    assert take(fw, 4) == b"\3\0\0\0"
    select(fw, 5)
    assert fw.read(0, 2) == 3
    assert fw.read(16, 8).to_bytes(8, "little") == b"QEMU CFG"
    assert fw.read(20, 4).to_bytes(4, "little") == b" CFG"


def test_wide_reads_give_the_bytes_in_order_and_zeros_after_the_end(fw):
    assert fw.read(0, 4).to_bytes(4, "little") == b"QEMU"
    assert fw.read(0, 8) == 0
    select(fw, 0)
    assert fw.read(0, 8).to_bytes(8, "little") == b"QEMU\0\0\0\0"


def test_the_directory_lists_the_files_by_name(fw):
    assert directory(fw) == [("etc/z", 0x20, 200), ("opt/a", 0x21, 5), ("opt/b", 0x22, 6)]
    for name, key, size in directory(fw):
        select(fw, key)
        assert take(fw, size + 1) == FILES[name] + b"\0"


@pytest.mark.parametrize("key", [3, 0x18, 0x23, 0x3F, 0x40, 0x3FFF, 0x8000, 0x8020, 0xFFFF])
def test_items_that_nobody_put_there_read_as_zeros(fw, key):
    select(fw, key)
    assert take(fw, 16) == bytes(16)


def test_an_item_selected_for_writing_is_the_same_item(fw):
    select(fw, 0x4000 | 0x21)
    assert take(fw, 5) == b"first"


def test_a_transfer_selects_and_reads_on(fw, bench):
    assert transfer(fw, bench, 0x21 << 16 | CHOOSE | READ, 3, TARGET) == 0
    assert transfer(fw, bench, READ, 4, TARGET + 3) == 0
    assert bench.ram.read(TARGET, 8) == b"first\0\0\0"
    assert bench.ram.read(DESCRIPTOR + 4, 12) == struct.pack(">IQ", 4, TARGET + 3)
    assert bench.written


def test_a_transfer_may_skip(fw, bench):
    assert transfer(fw, bench, 0x22 << 16 | CHOOSE | SKIP, 3, 0) == 0
    assert take(fw, 3) == b"ond"
    assert transfer(fw, bench, 0x22 << 16 | CHOOSE | SKIP, 0xFFFF_FFFF, 0) == 0
    assert take(fw, 3) == bytes(3)


def test_what_lies_after_the_item_is_zeroed_to_the_length(fw, bench):
    bench.ram.write(TARGET, b"x" * 0x2000)
    assert transfer(fw, bench, 0x21 << 16 | CHOOSE | READ, 0x1800, TARGET) == 0
    assert bench.ram.read(TARGET, 0x1801) == b"first" + bytes(0x1800 - 5) + b"x"


def test_the_address_may_come_in_halves(fw, bench):
    bench.ram.write(DESCRIPTOR, struct.pack(">IIQ", 0x22 << 16 | CHOOSE | READ, 6, TARGET))
    fw.write(16, 4, big(DESCRIPTOR >> 32, 4))
    assert bench.ram.read(TARGET, 6) == bytes(6)
    fw.write(20, 4, big(DESCRIPTOR & 0xFFFF_FFFF, 4))
    assert bench.ram.read(TARGET, 6) == b"second"
    fw.write(16, 4, big(0xFFFF_FFFF, 4))
    assert fw.state.descriptor == 0xFFFF_FFFF << 32
    fw.write(20, 4, 0)
    assert fw.state.descriptor == 0


@pytest.mark.parametrize(
    ("length", "address"),
    [
        (4, 0),
        (4, RAM - 1),
        (1, RAM + 0x8000),
        (2, RAM + 0x7FFF),
        (0xFFFF_FFFF, RAM),
        (0xFFFF_FFFF, (1 << 64) - 4),
        (8, (1 << 64) - 4),
    ],
)
def test_a_transfer_that_leaves_ram_fails_and_writes_nothing(fw, bench, length, address):
    before = bench.ram.read(RAM + 0x200, 0x7E00)
    assert transfer(fw, bench, 0x20 << 16 | CHOOSE | READ, length, address) == ERROR
    assert bench.ram.read(RAM + 0x200, 0x7E00) == before


def test_no_item_can_be_written(fw, bench):
    bench.ram.write(TARGET, b"evil!")
    assert transfer(fw, bench, 0x21 << 16 | CHOOSE | WRITE, 5, TARGET) == ERROR
    select(fw, 0x21)
    assert take(fw, 5) == b"first"


def test_a_transfer_of_nothing_is_done(fw, bench):
    for control in (READ, SKIP, WRITE, 0):
        assert transfer(fw, bench, control, 0, 0) == 0
    assert transfer(fw, bench, 0, 100, 0) == 0


@pytest.mark.parametrize("descriptor", [0, RAM - 16, RAM + 0x8000, (1 << 64) - 8])
def test_a_descriptor_outside_ram_does_nothing(fw, bench, descriptor):
    before = bench.ram.read(RAM, 0x8000)
    fw.write(16, 8, big(descriptor, 8))
    assert bench.ram.read(RAM, 0x8000) == before


def test_a_descriptor_that_is_cut_off_by_the_end_of_ram_is_told_so(fw, bench):
    fw.write(16, 8, big(RAM + 0x7FF8, 8))
    assert bench.ram.read(RAM + 0x7FF8, 4) == ERROR.to_bytes(4, "big")


@pytest.mark.parametrize(("offset", "width"), [(8, 1), (8, 4), (9, 2), (16, 2), (20, 8), (17, 4), (0, 8)])
def test_writes_of_other_widths_do_nothing(fw, offset, width):
    select(fw, 0x21)
    before = fw.state
    fw.write(offset, width, 0x0123_4567_89AB_CDEF & (1 << 8 * width) - 1)
    assert fw.state == before


def test_what_was_loaded_replaces_what_was_loaded_before(fw):
    fw.fill({0x11: b"kernel", 0x12: b"disk"})
    fw.fill({0x11: b"another"})
    select(fw, 0x11)
    assert take(fw, 7) == b"another"
    select(fw, 0x12)
    assert take(fw, 4) == bytes(4)
    select(fw, 5)
    assert take(fw, 2) == b"\3\0"


@pytest.mark.parametrize("name", ["", "x" * 56, "ü" * 28])
def test_a_name_that_no_entry_can_hold_is_refused(bench, name):
    with pytest.raises(ConfigError, match="1 to 55 bytes"):
        FwCfg("fw-cfg", bench.memory, {}, {name: b""})


def test_more_files_than_places_are_refused(bench):
    FwCfg("fw-cfg", bench.memory, {}, {f"opt/{n}": b"" for n in range(32)})
    with pytest.raises(ConfigError, match="at most 32"):
        FwCfg("fw-cfg", bench.memory, {}, {f"opt/{n}": b"" for n in range(33)})
