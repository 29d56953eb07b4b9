"""The kernel's command line tells /init what it needs to know of this side, and nothing that could be more."""

from __future__ import annotations

import lzma
import os
from pathlib import Path

import pytest

from axemu.examples.example import Setting
from axemu.examples.linux import SHARING, command_line, initramfs, unpacked


def line(batch: bool, terminal: os.terminal_size | None) -> list[str]:
    return command_line(Setting({}, Path(), batch, terminal)).split()


def test_batch_asks_for_no_typing() -> None:
    assert "batch=yes" in line(True, os.terminal_size((100, 30)))
    assert not [word for word in line(True, os.terminal_size((100, 30))) if word.startswith("rows=")]


def test_a_terminal_tells_its_size_and_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert line(False, os.terminal_size((100, 30)))[-3:] == ["rows=30", "columns=100", "TERM=xterm-256color"]


def test_a_terminal_kind_that_is_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm init=/bin/evil")
    assert not [word for word in line(False, os.terminal_size((100, 30))) if "evil" in word]


def test_no_terminal_says_nothing_of_one() -> None:
    assert line(False, None) == ["console=ttyS0", "earlycon=sbi"]


def test_init_and_busybox_can_be_executed() -> None:
    modes = {entry.path: entry.mode for entry in initramfs(b"")}
    assert modes["init"] & 0o111 == modes["bin/busybox"] & 0o111 == 0o111


def test_modules_are_where_the_shell_looks_for_them(tmp_path: Path) -> None:
    files = {}
    for name in SHARING:
        files[f"{name}.ko.xz"] = tmp_path / name
        files[f"{name}.ko.xz"].write_bytes(lzma.compress(name.encode()))
    entries = {entry.path: entry.data for entry in initramfs(b"", unpacked(files))}
    assert [entries[f"lib/modules/{name}.ko"].decode() for name in SHARING] == list(SHARING)
    assert not [entry for entry in initramfs(b"") if entry.path.endswith(".ko")]
