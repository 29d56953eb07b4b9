"""Files that are written: whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from axemu import files
from axemu.errors import InputUnreadable


def test_a_report_replaces_the_one_before_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "r.xml"
    path.write_text("old")
    path.chmod(0o640)
    files.write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["r.xml"]


def test_a_disk_that_fills_leaves_the_old_report_and_says_which_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    path = tmp_path / "r.xml"
    path.write_text("old")
    with pytest.raises(InputUnreadable, match=r"No space left.*r\.xml"):
        files.write_whole(path, b"new")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["r.xml"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_device_is_a_clear_error_and_stays_a_device() -> None:
    with pytest.raises(InputUnreadable, match="Cannot write the JUnit report: No space left"):
        files.write_whole(Path("/dev/full"), b"new", "write the JUnit report")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link, target = tmp_path / "link", tmp_path / "real" / "r.xml"
    target.write_text("old")
    link.symlink_to(target)
    files.write_whole(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"


def test_a_missing_folder_is_named_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match=r"no folder .*reports'.*mkdir -p"):
        files.check_writable(tmp_path / "reports" / "r.xml")


@pytest.mark.parametrize("name", [".", "x" * 300])
def test_what_can_be_no_file_is_refused_before_the_run(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputUnreadable):
        files.check_writable(tmp_path / name)


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputUnreadable):
        files.check_writable(tmp_path / "file" / "r.xml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused_before_the_run(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputUnreadable, match="Permission denied"):
        files.check_writable(tmp_path / "r.xml")


def test_the_check_leaves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.xml"
    files.check_writable(path)
    assert os.listdir(tmp_path) == []
    path.write_text("old")
    files.check_writable(path)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["r.xml"]
    files.check_writable(Path("/dev/null"))
