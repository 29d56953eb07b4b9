"""Boards for the tests of x86."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.isa.x86.board import Board

BuildBoard = Callable[..., Board]


@pytest.fixture
def board() -> Iterator[BuildBoard]:
    made: list[Board] = []

    def one(isa: str = "x86_64", **config: Any) -> Board:
        made.append(Board(isa, **config))
        return made[-1]

    yield one
    for each in made:
        each.machine.close()
