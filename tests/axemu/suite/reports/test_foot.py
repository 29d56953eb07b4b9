"""Lines redrawn in place, on a terminal that folds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console, ConsoleDimensions
from rich.text import Text

from axemu.suite.reports.foot import Foot
from axemu.suite.reports.rendering import Rendering


@pytest.fixture
def foot(glass: Callable[[int, int], Any], monkeypatch: pytest.MonkeyPatch) -> tuple[Foot, Any]:
    screen = glass(20, 6)
    size = property(lambda console: ConsoleDimensions(screen.width, screen.height))
    monkeypatch.setattr(Console, "size", size)
    return Foot(Rendering(screen)), screen


def texts(*lines: str) -> list[Text]:
    return [Text(each) for each in lines]


def test_a_foot_replaces_the_one_before(foot: tuple[Foot, Any]) -> None:
    drawing, screen = foot
    drawing.draw(texts("one", "two"))
    drawing.draw(texts("three"))
    assert screen.lines == ["three", ""]


def test_what_scrolls_stays_above(foot: tuple[Foot, Any]) -> None:
    drawing, screen = foot
    drawing.draw(texts("foot 1"), texts("failed a"))
    drawing.draw(texts("foot 2"), texts("failed b"))
    drawing.draw([])
    assert screen.lines == ["failed a", "failed b", ""]


def test_a_long_line_above_is_whole_and_one_in_the_foot_is_cut(foot: tuple[Foot, Any]) -> None:
    drawing, screen = foot
    drawing.draw(texts("f" * 50), texts("a" * 50))
    assert screen.lines == ["a" * 50, "f" * 18 + "…", ""]


def test_a_foot_is_never_higher_than_the_terminal(foot: tuple[Foot, Any]) -> None:
    drawing, screen = foot
    drawing.draw(texts(*"abcdefghij"))
    assert screen.lines == [*"abcde", ""]


def test_a_window_that_became_narrower_leaves_nothing_behind(foot: tuple[Foot, Any]) -> None:
    drawing, screen = foot
    drawing.draw(texts("a" * 18, "b" * 12), texts("kept"))
    screen.width = 8
    drawing.draw(texts("c" * 18))
    assert screen.lines == ["kept", "c" * 6 + "…", ""]
    screen.width = 30
    drawing.draw(texts("d" * 18))
    assert screen.lines == ["kept", "d" * 18, ""]


def test_what_has_not_changed_is_not_written_again(
    foot: tuple[Foot, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, screen = foot
    drawing.draw(texts("same"))
    monkeypatch.setattr(screen, "write", lambda text: pytest.fail("written"))
    drawing.draw(texts("same"))
