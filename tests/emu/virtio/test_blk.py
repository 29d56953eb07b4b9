"""The block device, asked by a driver on the host."""

import os
import pickle
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.disk.overlay import Overlay
from emu.disk.raw import RawDisk
from emu.errors import SnapshotMismatch
from emu.virtio.blk import Blk

IN, OUT, FLUSH, GET_ID, LIFETIME, DISCARD, WRITE_ZEROES = 0, 1, 4, 8, 10, 11, 13
OK, IOERR, UNSUPP = b"\0", b"\1", b"\2"
SECTORS = 64
F_FLUSH, INDIRECT, EVENTS = 1 << 9, 1 << 28, 1 << 29


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(b"".join(struct.pack("<Q", number // 64) for number in range(SECTORS * 64)))
    return path


@pytest.fixture
def started(driver_for, image):
    def build(features=F_FLUSH, *, snapshot=False, read_only=False, serial="", size=64, **options):
        disk = RawDisk(image, read_only=read_only or snapshot, **options)
        return driver_for(Blk("virtio0", Overlay(disk) if snapshot else disk, serial)).start(features, size)

    return build


def header(kind, sector=0):
    return struct.pack("<IIQ", kind, 0, sector)


def segment(sector, count, flags=0):
    return struct.pack("<QII", sector, count, flags)


@pytest.mark.parametrize("indirect", [False, True])
def test_sectors_are_read_whatever_the_shape_of_the_chain(started, image, indirect):
    driver, content = started(F_FLUSH | INDIRECT, read_only=True), image.read_bytes()
    assert driver.ask([header(IN, 3), 512, 1], indirect=indirect) == content[1536:2048] + OK
    assert (
        driver.ask([header(IN, 3)[:7], header(IN, 3)[7:], 100, 413], indirect=indirect)
        == content[1536:2048] + OK
    )
    assert driver.ask([header(IN, 60), 2048, 1], indirect=indirect) == content[-2048:] + OK
    assert driver.ask([header(IN, 64), 1], indirect=indirect) == OK


def test_sectors_are_written_and_read_again(started, image):
    driver = started()
    assert driver.ask([header(OUT, 5), b"x" * 200, b"y" * 824, 1]) == OK
    assert driver.ask([header(OUT, 7) + b"z" * 512, 1]) == OK
    assert driver.ask([header(IN, 5), 1537]) == b"x" * 200 + b"y" * 824 + b"z" * 512 + OK
    assert driver.ask([header(FLUSH), 1]) == OK
    assert image.read_bytes()[5 * 512 : 8 * 512] == b"x" * 200 + b"y" * 824 + b"z" * 512


@pytest.mark.parametrize(
    ("request_", "room", "status"),
    [
        (header(IN, SECTORS), 513, IOERR),
        (header(IN, SECTORS - 1), 1025, IOERR),
        (header(IN, (1 << 64) - 1), 513, IOERR),
        (header(IN, 1 << 55), 513, IOERR),
        (header(IN, 0), 512, IOERR),
        (header(OUT, SECTORS) + bytes(512), 1, IOERR),
        (header(OUT, 0) + bytes(511), 1, IOERR),
        (header(LIFETIME), 9, UNSUPP),
        (header(2), 1, UNSUPP),
        (header(0xFFFF_FFFF, (1 << 64) - 1), 1, UNSUPP),
        (header(DISCARD) + segment(0, SECTORS + 1), 1, IOERR),
        (header(DISCARD) + segment(1, SECTORS), 1, IOERR),
        (header(DISCARD) + segment(0, 1, 1), 1, UNSUPP),
        (header(DISCARD) + segment(0, 1) * 2, 1, UNSUPP),
        (header(DISCARD) + segment(0, 1)[:15], 1, IOERR),
        (header(WRITE_ZEROES) + segment(0, 1, 2), 1, UNSUPP),
        (header(WRITE_ZEROES) + segment((1 << 64) - 1, 2), 1, IOERR),
        (header(WRITE_ZEROES) + segment(0, 0xFFFF_FFFF), 1, IOERR),
    ],
)
def test_what_cannot_be_done_is_a_status_and_changes_nothing(started, image, request_, room, status):
    driver, before = started(), image.read_bytes()
    assert driver.ask([request_, room])[-1:] == status
    assert image.read_bytes() == before
    assert driver.ask([header(IN), 513])[-1:] == OK


@pytest.mark.parametrize("parts", [[b"x" * 16], [b"x" * 15, 1], [1], [b"x"]])
def test_a_chain_that_is_no_request_breaks_the_queue(started, parts):
    driver = started()
    driver.send(0, parts)
    driver.kick()
    assert driver.read(0x70) & 64 and driver.mmio.fault.startswith("block request")


def test_zeros_and_discards(started, image):
    driver = started()
    assert driver.ask([header(WRITE_ZEROES) + segment(2, 3, 1), 1]) == OK
    assert driver.ask([header(WRITE_ZEROES), segment(6, 1), 1]) == OK
    assert driver.ask([header(DISCARD), segment(0, SECTORS), 1]) == OK
    content = image.read_bytes()
    assert content[1024:2560] == bytes(1536) and content[3072:3584] == bytes(512)
    assert content[2560:3072] == struct.pack("<Q", 5) * 64


def test_the_serial_number_is_twenty_bytes(started):
    assert started(serial="A1").ask([header(GET_ID), 20, 1]) == b"A1".ljust(20, b"\0") + OK


def test_a_long_serial_number_is_cut_and_little_room_is_enough(started):
    assert started(serial="0123456789abcdefghijKLM").ask([header(GET_ID), 21]) == b"0123456789abcdefghij" + OK


def test_a_disk_that_is_only_read_says_so_and_refuses_writes(started, image):
    driver, before = started(read_only=True), image.read_bytes()
    driver.write(0x14, 0)
    assert driver.read(0x10) & (1 << 5 | 1 << 13 | 1 << 14) == 1 << 5
    assert driver.ask([header(OUT) + b"x" * 512, 1]) == IOERR
    assert driver.ask([header(WRITE_ZEROES) + segment(0, 1), 1]) == UNSUPP
    assert driver.ask([header(FLUSH), 1]) == OK
    assert image.read_bytes() == before


def test_the_configuration_tells_the_size_and_the_limits(started):
    driver = started()
    config = driver.device.config
    assert len(config) == 60
    assert struct.unpack_from("<QII", config) == (SECTORS, 0, 254)
    assert struct.unpack_from("<I", config, 20) == (512,)
    assert struct.unpack_from("<H", config, 34) == (1,)
    assert struct.unpack_from("<IIIIIB", config, 36) == ((1 << 22) - 1, 1, 1, (1 << 22) - 1, 1, 1)
    assert driver.read(0x100, 8) == SECTORS


def test_a_file_that_became_shorter_is_an_error_of_the_request(started, image):
    driver = started(read_only=True)
    os.truncate(image, 1024)
    assert driver.ask([header(IN, 0), 1024, 1])[-1:] == OK
    assert driver.ask([header(IN, 2), 512, 1])[-1:] == IOERR
    assert driver.ask([header(IN, 1), 1024, 1])[-1:] == IOERR


def test_a_host_that_fails_is_an_error_of_the_request(started, monkeypatch):
    driver = started()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwritev", fail)
    assert driver.ask([header(OUT) + bytes(512), 1]) == IOERR


def test_a_driver_that_cannot_flush_gets_safe_writes(started, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    started(F_FLUSH).ask([header(OUT) + bytes(512), 1])
    assert not flushed


def test_a_driver_without_flushes_has_each_write_flushed(started, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    driver = started(0)
    driver.ask([header(OUT) + bytes(512), 1])
    assert len(flushed) == 1


def test_a_snapshot_leaves_the_file_alone_and_a_reset_keeps_what_was_written(started, image):
    driver, before = started(snapshot=True), image.read_bytes()
    assert driver.ask([header(OUT, 1) + b"x" * 1024, 1]) == OK
    driver.start()
    assert driver.ask([header(IN, 1), 512, 1]) == b"x" * 512 + OK
    assert image.read_bytes() == before


def test_a_saved_state_brings_a_snapshot_disk_back(started):
    driver = started(snapshot=True)
    driver.ask([header(OUT, 1) + b"x" * 512, 1])
    state = pickle.loads(pickle.dumps(driver.mmio.state))
    driver.ask([header(OUT, 1) + b"y" * 512, 1])
    driver.mmio.check(state)
    driver.mmio.load(state)
    driver.start()
    assert driver.ask([header(IN, 1), 512, 1]) == b"x" * 512 + OK


def test_a_state_from_before_a_lasting_write_is_refused(started):
    driver = started()
    state = driver.mmio.state
    driver.ask([header(IN), 513])
    driver.mmio.check(state)
    driver.ask([header(OUT) + bytes(512), 1])
    with pytest.raises(SnapshotMismatch, match="snapshot=on"):
        driver.mmio.check(state)
    driver.mmio.check(driver.mmio.state)


def test_a_state_of_another_disk_is_refused(started, driver_for, tmp_path):
    state = started(snapshot=True).mmio.state
    other = tmp_path / "other.img"
    other.write_bytes(bytes(512))
    driver = driver_for(Blk("virtio0", Overlay(RawDisk(other, read_only=True))))
    with pytest.raises(SnapshotMismatch, match="512 bytes"):
        driver.mmio.check(state)


requests = st.tuples(
    st.sampled_from([IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES, 99]),
    st.one_of(st.integers(0, SECTORS + 2), st.integers(0, (1 << 64) - 1)),
    st.lists(st.integers(0, 700), max_size=4),  # sizes of what the driver sends
    st.lists(st.integers(1, 700), max_size=4),  # and of its room
)


@settings(max_examples=150, deadline=None)
@given(sent=st.lists(requests, max_size=6))
def test_no_request_raises_or_leaves_the_queue_unusable(driver_class, tmp_path_factory, sent):
    image = tmp_path_factory.getbasetemp() / "any-request.img"
    if not image.exists():
        image.write_bytes(bytes(SECTORS * 512))
    driver = driver_class(Blk("virtio0", Overlay(RawDisk(image, read_only=True)))).start(
        F_FLUSH | INDIRECT, 64
    )
    for kind, sector, sizes, rooms in sent:
        driver.heap = driver.HEAP
        parts = [header(kind, sector), *(bytes([size & 0xFF]) * size for size in sizes if size), *rooms]
        driver.send(0, parts, indirect=len(parts) > 3)
        driver.kick()
        if not rooms:
            assert driver.read(0x70) & 64
            driver.start(F_FLUSH | INDIRECT, 64)
            continue
        assert driver.used() and not driver.read(0x70) & 64
    driver.close()
