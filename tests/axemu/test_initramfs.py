"""The archive is what cpio and the kernel read, and the same whoever makes it when."""

from __future__ import annotations

import gzip
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axemu.initramfs import (
    CONSOLE,
    TRAILER,
    Entry,
    archive,
    character_device,
    directory,
    file,
    link,
    packed,
    program,
)

TREE = [
    directory("tmp", 0o1777),
    CONSOLE,
    program("init", b"#!/bin/sh\n"),
    link("bin/sh", "busybox"),
    file("etc/deep/er/issue", b"hello\n"),
    character_device("dev/null", 1, 3, 0o666),
]
NAMES = st.from_regex(r"[a-z]{1,9}(/[a-z]{1,9}){0,2}", fullmatch=True)


def members(data: bytes) -> dict[str, tuple[int, bytes, tuple[int, int], int]]:
    """Mode, data, device and inode by path, read by the format's description alone."""
    found, at = {}, 0
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        inode, mode, size, name_size = fields[0], fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + name_size]
        assert name.endswith(b"\0")
        start = (at + 110 + name_size + 3) & ~3
        if name == TRAILER.encode() + b"\0":
            assert (size, len(data)) == (0, start)
            return found
        found[name[:-1].decode()] = mode, data[start : start + size], (fields[9], fields[10]), inode
        at = (start + size + 3) & ~3


def test_every_entry_is_there_with_its_type_permissions_and_data() -> None:
    found = members(archive(TREE))
    assert found["init"][:2] == (stat.S_IFREG | 0o755, b"#!/bin/sh\n")
    assert found["bin/sh"][:2] == (stat.S_IFLNK | 0o777, b"busybox")
    assert found["tmp"][0] == stat.S_IFDIR | 0o1777
    assert found["dev/console"][0] == stat.S_IFCHR | 0o600
    assert found["dev/console"][2] == (5, 1)
    assert found["dev/null"][2] == (1, 3)


def test_folders_come_before_what_is_in_them_and_once() -> None:
    names = list(members(archive(TREE)))
    assert names.index("etc") < names.index("etc/deep") < names.index("etc/deep/er")
    assert names.count("dev") == 1
    assert len(names) == len(TREE) + 5


@given(st.dictionaries(NAMES, st.binary(max_size=40), max_size=8))
def test_any_files_come_back_and_have_inodes_of_their_own(files: dict[str, bytes]) -> None:
    plain = {name: data for name, data in files.items() if not any(o.startswith(name + "/") for o in files)}
    found = members(archive([file(name, data) for name, data in plain.items()]))
    assert {name: each[1] for name, each in found.items() if stat.S_ISREG(each[0])} == plain
    assert len({each[3] for each in found.values()}) == len(found)


def test_the_same_entries_give_the_same_bytes_without_a_time_in_them() -> None:
    once = packed(TREE)
    assert packed(TREE) == once
    assert once[4:8] == bytes(4), "gzip's time"
    assert gzip.decompress(once) == archive(TREE)


@pytest.mark.parametrize("path", ["/init", "a//b", "../up", "", "a/"])
def test_a_path_that_would_leave_the_root_is_refused(path: str) -> None:
    with pytest.raises(AssertionError):
        Entry(path, stat.S_IFREG)


def test_a_path_that_is_there_twice_is_refused() -> None:
    with pytest.raises(AssertionError, match="twice"):
        archive([file("a", b""), file("a", b"")])


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
def test_cpio_unpacks_it(tmp_path: Path) -> None:
    made = archive([each for each in TREE if not stat.S_ISCHR(each.mode)])
    command = ["cpio", "-i", "--quiet", "--no-preserve-owner"]
    subprocess.run(command, input=made, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "etc/deep/er/issue").read_bytes() == b"hello\n"
    assert (tmp_path / "bin/sh").readlink() == Path("busybox")
    assert (tmp_path / "init").stat().st_mode & 0o777 == 0o755
