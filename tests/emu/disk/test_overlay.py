import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.disk.overlay import Overlay
from emu.disk.raw import RawDisk

SIZE = 512 * 45  # not a multiple of a page


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("overlay") / "disk.img"
    path.write_bytes(bytes(number * 7 + number // 512 & 0xFF for number in range(SIZE)))
    return path


def read(disk, offset, *sizes):
    room = [bytearray(size) for size in sizes]
    disk.read(offset, [memoryview(each) for each in room])
    return b"".join(room)


@pytest.fixture
def disk(image):
    disk = Overlay(RawDisk(image, read_only=True))
    yield disk
    disk.close()


def test_writes_are_seen_and_the_file_is_not_touched(disk, image):
    before = image.read_bytes()
    disk.write(512, [memoryview(b"new" * 100 + bytes(212))])
    disk.zero(4096, 8192)
    expected = bytearray(before)
    expected[512:1024] = b"new" * 100 + bytes(212)
    expected[4096:12288] = bytes(8192)
    assert read(disk, 0, 1000, 5000, SIZE - 6000) == expected
    assert image.read_bytes() == before
    assert not disk.read_only and not disk.lasting


def test_a_saved_state_shares_pages_and_takes_the_disk_back(disk):
    disk.write(0, [memoryview(b"a" * 8192)])
    first = disk.state
    disk.write(4096, [memoryview(b"b" * 4096)])
    second = disk.state
    assert first[0] is second[0] and first[1] != second[1]
    disk.load(pickle.loads(pickle.dumps(first)))
    assert read(disk, 4096, 4096) == b"a" * 4096
    assert repr(disk.state) == repr(first) != repr(second)
    assert len(repr(first)) < 100


steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "zero", "read", "save", "load"]),
        st.integers(0, 44),
        st.integers(1, 20),
        st.integers(0, 255),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(steps=steps, cut=st.integers(1, 5000))
def test_it_holds_what_a_plain_disk_would(image, steps, cut):
    disk, plain = Overlay(RawDisk(image, read_only=True)), bytearray(image.read_bytes())
    saved = disk.state, bytes(plain)
    for what, sector, count, byte in steps:
        start, size = sector * 512, min(count, 45 - sector) * 512
        data = bytes([byte]) * size
        match what:
            case "write":
                disk.write(start, [memoryview(data)[at : at + cut] for at in range(0, size, cut)])
                plain[start : start + size] = data
            case "zero":
                disk.zero(start, size)
                plain[start : start + size] = bytes(size)
            case "read":
                sizes = [min(cut, size - at) for at in range(0, size, cut)]
                assert read(disk, start, *sizes) == plain[start : start + size]
            case "save":
                saved = disk.state, bytes(plain)
            case "load":
                disk.load(saved[0])
                plain[:] = saved[1]
    assert read(disk, 0, SIZE) == plain
    disk.close()
