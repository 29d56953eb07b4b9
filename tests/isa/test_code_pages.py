"""Which pages of translated code an instruction fence finds changed.

That a guest then runs its new code is shown by guests/linux (programs `code` and `page-reuse`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from isa import code_pages
from isa.code_pages import CHANGED, EMPTY, MOST, PAGE, PLACES, SAME
from isa.records import CODE_PAGE, ENGINE, REGION

BASE = 0x8000_0000


@dataclass(frozen=True, slots=True)
class Watched:
    """An engine block with `memory` at BASE, and its table of pages."""

    engine: np.ndarray
    memory: np.ndarray
    rows: np.ndarray
    copies: np.ndarray

    def watch(self, *numbers: int) -> None:
        """As if code of these pages had been translated now."""
        for number in numbers:
            row = code_pages.row_of(self.engine[0], np.uint64(BASE + number * PAGE))
            self.copies[row * PAGE : (row + 1) * PAGE] = self.memory[number * PAGE : (number + 1) * PAGE]
            self.rows[row]["knows"] = SAME

    def fence(self) -> list[int]:
        """The numbers of pages that an instruction fence finds changed."""
        code_pages.compare_code(self.engine[0])
        rows = self.rows[: int(self.engine[0]["code_pages_used"])]
        return [(int(row["address"]) - BASE) // PAGE for row in rows if row["knows"] == CHANGED]


@pytest.fixture
def watched() -> Iterator[Watched]:
    memory = np.zeros(64 * PAGE, np.uint8)
    region = np.array([(BASE, BASE + memory.size - 1, memory.ctypes.data)], REGION)
    rows, places = np.zeros(MOST, CODE_PAGE), np.zeros(PLACES, np.uint16)
    copies, engine = np.zeros(MOST * PAGE, np.uint8), np.zeros(1, ENGINE)
    one = engine[0]
    one["regions"], one["regions_count"] = region.ctypes.data, 1
    for name, table in (("code_pages", rows), ("code_places", places), ("code_copies", copies)):
        one[name] = table.ctypes.data
    yield Watched(engine, memory, rows, copies)
    assert region.size and places.size  # alive as long as the engine block names them


def test_a_fence_finds_nothing_where_nothing_was_stored(watched: Watched) -> None:
    watched.watch(3, 4, 60)
    assert watched.fence() == []
    assert watched.engine[0]["code_changed"] == 0


@pytest.mark.parametrize("offset", [0, 7, 8, PAGE // 2, PAGE - 1])
def test_a_fence_finds_the_page_with_a_changed_byte(watched: Watched, offset: int) -> None:
    watched.watch(3, 4, 5)
    watched.memory[4 * PAGE + offset] = 1
    assert watched.fence() == [4]
    assert watched.engine[0]["code_changed"] == 1


def test_pages_that_are_not_watched_do_not_count(watched: Watched) -> None:
    watched.watch(3)
    watched.memory[4 * PAGE :] = 1
    assert watched.fence() == []


def test_a_page_whose_code_was_forgotten_is_not_found_again(watched: Watched) -> None:
    watched.watch(3)
    watched.memory[3 * PAGE] = 1
    assert watched.fence() == [3]
    watched.rows[0]["knows"], watched.engine[0]["code_changed"] = EMPTY, 0
    watched.memory[3 * PAGE] = 2
    assert watched.fence() == []
    assert watched.engine[0]["code_changed"] == 0


def test_a_page_has_one_row_however_often_code_of_it_is_translated(watched: Watched) -> None:
    watched.watch(*range(64), *range(64))
    assert watched.engine[0]["code_pages_used"] == 64


def test_addresses_without_memory_have_no_row(watched: Watched) -> None:
    for page in (0, BASE - PAGE, BASE + 64 * PAGE, (1 << 64) - PAGE):
        assert code_pages.row_of(watched.engine[0], np.uint64(page)) == -1
    assert watched.engine[0]["code_pages_used"] == 0


def test_a_full_table_asks_for_all_code_to_be_forgotten(watched: Watched) -> None:
    watched.engine[0]["code_pages_used"] = MOST
    assert code_pages.row_of(watched.engine[0], np.uint64(BASE)) == -1
    assert watched.engine[0]["code_changed"] == 1
