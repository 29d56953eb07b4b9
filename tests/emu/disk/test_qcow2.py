import contextlib
import shutil
import struct
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.config import DiskImage
from emu.disk.opening import open_disk
from emu.disk.qcow2 import Qcow2Disk
from emu.errors import ConfigError, LoadError

CLUSTER = 65536
CONTENT = b"".join(bytes([number]) * 512 for number in range(200))

needs_qemu_img = pytest.mark.skipif(
    shutil.which("qemu-img") is None, reason="needs qemu-img (package qemu-utils)"
)


def plain(size=4 * CLUSTER, data=CONTENT):
    """A version 2 image: header, first table, one second table, and its second cluster in the file."""
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, size, 0, 1, CLUSTER, 0, 0, 0, 0)
    first = struct.pack(">Q", 2 * CLUSTER | 1 << 63)
    second = struct.pack(">QQ", 0, 3 * CLUSTER | 1 << 63)
    return b"".join(part.ljust(CLUSTER, b"\0") for part in (header, first, second)) + data[:CLUSTER].ljust(
        CLUSTER, b"\0"
    )


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk.qcow2"
    path.write_bytes(plain())
    return path


def read(disk, offset, *sizes):
    room = [bytearray(size) for size in sizes]
    disk.read(offset, [memoryview(each) for each in room])
    return b"".join(room)


def test_what_was_never_written_reads_as_zeros_and_the_rest_is_the_files(image):
    disk = Qcow2Disk(image)
    assert disk.size == 4 * CLUSTER and disk.read_only
    assert read(disk, CLUSTER - 512, 512, 100, 924) == bytes(512) + CONTENT[:1024]
    assert read(disk, 3 * CLUSTER, 512) == bytes(512)
    disk.close()


@needs_qemu_img
@pytest.mark.parametrize("options", [[], ["-c"], ["-o", "compat=0.10"], ["-o", "cluster_size=4096"]])
def test_images_of_qemu_img_read_as_it_reads_them(tmp_path, options):
    raw, path = tmp_path / "raw", tmp_path / "qcow2"
    raw.write_bytes(bytes(1 << 20) + CONTENT * 3 + bytes(1 << 20) + b"end".ljust(512, b"."))
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", *options, raw, path], check=True)
    disk = Qcow2Disk(path)
    assert read(disk, 0, disk.size) == raw.read_bytes()
    disk.close()


@needs_qemu_img
def test_a_backing_file_shows_through(tmp_path):
    raw, image, path = tmp_path / "raw", tmp_path / "base.qcow2", tmp_path / "top.qcow2"
    raw.write_bytes(bytes(CLUSTER) + CONTENT)
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, image], check=True)
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-b", image.name, "-F", "qcow2", path], check=True
    )
    disk = Qcow2Disk(path)
    assert read(disk, CLUSTER, 1024) == CONTENT[:1024]
    disk.close()
    image.unlink()
    with pytest.raises(LoadError, match="not found"):
        Qcow2Disk(path)


def test_writes_need_a_snapshot(image):
    with pytest.raises(ConfigError, match="snapshot=on"):
        open_disk(DiskImage(image, "qcow2"))
    disk = open_disk(DiskImage(image, "qcow2", snapshot=True))
    disk.write(0, [memoryview(b"x" * 512)])
    assert read(disk, 0, 512) == b"x" * 512 and image.read_bytes() == plain()
    disk.close()


def test_an_image_is_never_guessed_to_be_one(image):
    with pytest.raises(ConfigError, match="begins like qcow2"):
        open_disk(DiskImage(image))
    disk = open_disk(DiskImage(image, "raw", read_only=True))
    assert read(disk, 0, 512)[:4] == b"QFI\xfb"
    disk.close()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda data: b"QCOW" + data[4:], "another format"),
        (lambda data: data[:20], "another format"),
        (lambda data: data[:4] + struct.pack(">I", 9) + data[8:], "version 9"),
        (lambda data: data[:20] + struct.pack(">I", 40) + data[24:], r"2\^40"),
        (lambda data: data[:24] + struct.pack(">Q", 0) + data[32:], "a size of 0"),
        (lambda data: data[:24] + struct.pack(">Q", (1 << 64) - 1) + data[32:], "a size of"),
        (lambda data: data[:32] + struct.pack(">I", 1) + data[36:], "encrypted"),
        (lambda data: data[:36] + struct.pack(">I", 0xFFFFFFFF) + data[40:], "cut off"),
        (lambda data: data[:CLUSTER], "cut off"),
    ],
)
def test_a_header_that_cannot_be_right_is_refused(image, change, what):
    image.write_bytes(change(plain()))
    with pytest.raises(LoadError, match=what):
        Qcow2Disk(image)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 3 * CLUSTER - 1), st.integers(0, 255)), max_size=6),
    early=st.booleans(),
)
def test_a_damaged_image_is_an_error_of_its_own_kind_or_an_input_output_error(image, changes, early):
    data = bytearray(plain())
    for at, byte in changes:
        data[at % 112 if early else at] = byte
    image.write_bytes(data)
    try:
        disk = Qcow2Disk(image)
    except LoadError:
        return
    for offset in (0, CLUSTER, 3 * CLUSTER):
        with contextlib.suppress(OSError):
            assert len(read(disk, min(offset, disk.size - 512), 512)) == 512
    disk.close()


def test_without_its_reader_it_says_what_to_install(image, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "dissect.hypervisor.disk.qcow2", None)
    with pytest.raises(ConfigError, match=r"axemu\[qcow2\]"):
        Qcow2Disk(image)
