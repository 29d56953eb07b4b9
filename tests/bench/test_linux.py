"""The rows for Linux: there where the guests are, with axemu first and a limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import linux
from bench.numbers import AXEMU


def test_there_are_none_without_the_guests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "default_cache", lambda: tmp_path / "empty")
    assert linux.linux_numbers(tmp_path) == ()


def test_every_row_has_axemu_first_and_a_limit(tmp_path: Path) -> None:
    rows = linux.linux_numbers(tmp_path)
    if not rows:
        pytest.skip(f"not in the cache: {', '.join(linux.NEEDS)}")
    assert all(row.sides[0].name == AXEMU and row.limits for row in rows)
    assert {"linux-boot", "linux-two-harts", "linux-memory", "linux-compute"} == {row.name for row in rows}
