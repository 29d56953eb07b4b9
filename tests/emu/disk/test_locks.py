import os
import shutil
import subprocess

import pytest

from emu.disk.raw import RawDisk
from emu.errors import LoadError


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1 << 20))
    return path


@pytest.mark.parametrize(("first", "second"), [(False, False), (False, True), (True, False)])
def test_a_writer_is_alone(image, first, second):
    disk = RawDisk(image, read_only=first)
    with pytest.raises(LoadError, match="nobody else"):
        RawDisk(image, read_only=second)
    disk.close()
    RawDisk(image, read_only=second).close()


def test_readers_are_many(image):
    disks = [RawDisk(image, read_only=True) for _ in range(3)]
    for disk in disks:
        disk.close()


def test_another_name_of_the_file_is_the_same_file(image, tmp_path):
    other = tmp_path / "other.img"
    os.link(image, other)
    disk = RawDisk(image, read_only=False)
    with pytest.raises(LoadError, match="nobody else"):
        RawDisk(other, read_only=False)
    disk.close()


def qemu_io(image, *options):
    return subprocess.run(
        ["qemu-io", "-f", "raw", *options, "-c", "read 0 512", str(image)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.skipif(shutil.which("qemu-io") is None, reason="needs qemu-io (package qemu-utils)")
def test_qemu_sees_our_locks_and_we_see_qemus(image):
    disk = RawDisk(image, read_only=False)
    assert 'Failed to get "write" lock' in qemu_io(image).stderr
    disk.close()
    assert qemu_io(image).returncode == 0
    reader = RawDisk(image, read_only=True)
    assert qemu_io(image, "-r").returncode == 0
    reader.close()
    command = ["qemu-io", "-f", "raw", str(image)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write("read 0 512\n")
        process.stdin.flush()
        process.stdout.readline()
        with pytest.raises(LoadError, match="in use by another process"):
            RawDisk(image, read_only=False)
        process.stdin.close()
    RawDisk(image, read_only=False).close()
