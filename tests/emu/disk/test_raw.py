import os

import pytest

from emu.disk.raw import RawDisk
from emu.errors import LoadError


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(range(256)) * 16)  # 8 sectors
    return path


@pytest.fixture
def opened():
    disks = []

    def build(path, **options):
        disks.append(RawDisk(path, **{"read_only": False, **options}))
        return disks[-1]

    yield build
    for disk in disks:
        disk.close()


def read(disk, offset, *sizes):
    room = [bytearray(size) for size in sizes]
    disk.read(offset, [memoryview(each) for each in room])
    return b"".join(room)


def test_reads_and_writes_are_the_files(image, opened):
    disk = opened(image)
    assert disk.size == 4096 and disk.lasting
    assert read(disk, 512, 100, 412, 512) == image.read_bytes()[512:1536]
    disk.write(1024, [memoryview(b"a" * 300), memoryview(b"b" * 212)])
    disk.flush()
    assert image.read_bytes()[1024:1536] == b"a" * 300 + b"b" * 212


def test_more_views_than_the_host_takes_at_once(image, opened):
    disk = opened(image)
    assert read(disk, 0, *[2] * 2048) == image.read_bytes()
    disk.write(0, [memoryview(b"xy")] * 2048)
    assert image.read_bytes() == b"xy" * 2048


def test_a_last_sector_that_is_not_whole_reads_as_zeros_and_can_be_written(image, opened):
    image.write_bytes(b"x" * 700)
    disk = opened(image)
    assert disk.size == 1024
    assert read(disk, 512, 512) == b"x" * 188 + bytes(324)
    assert read(disk, 0, 1000, 24) == b"x" * 700 + bytes(324)
    disk.write(512, [memoryview(b"y" * 512)])
    assert read(disk, 512, 512) == b"y" * 512 and image.stat().st_size == 1024


def test_a_file_that_became_shorter_fails_where_it_is_gone(image, opened):
    disk = opened(image)
    os.truncate(image, 1024)
    assert read(disk, 0, 1024) == image.read_bytes()
    for offset in (512, 1024, 3584):
        with pytest.raises(OSError, match="shorter"):
            read(disk, offset, 1024 if offset == 512 else 512)


def test_a_file_that_grew_stays_as_large_as_it_was(image, opened):
    disk = opened(image)
    os.truncate(image, 1 << 20)
    assert disk.size == 4096


def test_a_hole_reads_as_zeros(image, opened):
    disk = opened(image, unmap=True)
    disk.zero(512, 1024)
    assert image.read_bytes()[512:1536] == bytes(1024)
    disk.discard(2048, 2048)
    assert image.stat().st_size == 4096


def test_what_is_discarded_stays_unless_it_was_asked_for(image, opened):
    before = image.read_bytes()
    opened(image).discard(0, 4096)
    assert image.read_bytes() == before


def test_zeros_are_written_where_the_host_can_make_no_hole(image, opened, monkeypatch):
    monkeypatch.setattr("emu.disk.raw._fallocate", None)
    disk = opened(image)
    disk.zero(0, 4096)
    assert image.read_bytes() == bytes(4096)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "a folder"),
        (os.mkfifo, "neither a file nor a block device"),
        (lambda path: path.touch(), "an empty file"),
        (lambda path: path.symlink_to("/dev/null"), "neither a file"),
        (lambda path: path.symlink_to(path), "symbolic links"),
    ],
)
def test_what_cannot_be_a_disk_is_refused(tmp_path, make, what):
    path = tmp_path / "disk"
    make(path)
    with pytest.raises(LoadError, match=what):
        RawDisk(path, read_only=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_cannot_be_written_says_how_to_use_it(image):
    image.chmod(0o444)
    with pytest.raises(LoadError, match="readonly=on"):
        RawDisk(image, read_only=False)
    RawDisk(image, read_only=True).close()


def test_a_disk_that_is_only_read_leaves_the_file_alone(image, opened):
    disk = opened(image, read_only=True)
    assert read(disk, 0, 4096) == image.read_bytes()
    with pytest.raises(OSError):
        disk.write(0, [memoryview(b"x" * 512)])
