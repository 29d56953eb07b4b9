"""The baseline does the work that it is compared by."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import plain
from bench.guests import LINE_STATUS, SCRATCH, read_loop
from bench.numbers import QUICK, numbers


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    image = tmp_path / "loop.bin"
    image.write_bytes(read_loop(SCRATCH, 1000))
    return image


def test_the_loop_reads_the_register_as_often_as_asked(loop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offsets: list[int] = []
    monkeypatch.setattr(
        plain.Board, "uart_read", lambda self, uc, offset, size, data: offsets.append(offset) or 0
    )
    plain.callback_exit(loop, 1000)
    assert offsets == [SCRATCH] * 1000


def test_the_loop_reads_the_register_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offsets: set[int] = set()
    monkeypatch.setattr(
        plain.Board, "uart_read", lambda self, uc, offset, size, data: offsets.add(offset) or 0
    )
    image = tmp_path / "loop.bin"
    image.write_bytes(read_loop(LINE_STATUS, 10))
    plain.callback_exit(image, 10)
    assert offsets == {LINE_STATUS}


def test_leaving_the_engine_answers_each_read_once(loop: Path) -> None:
    assert plain.stopping_exit(loop, 1000) > 0
    with pytest.raises(AssertionError, match="1000"):
        plain.stopping_exit(loop, 999)


def test_every_number_has_axemu_first_and_a_limit(tmp_path: Path) -> None:
    rows = numbers(QUICK, tmp_path)
    assert all(row.sides[0].name == "axemu" and row.limits for row in rows)
    assert len({row.name for row in rows}) == len(rows)
