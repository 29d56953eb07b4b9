"""The pictures of the documentation: each is there, is shown, and can be made again."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from axemu.tracer import pictures as tracer
from pictures.command import app
from pictures.table import PICTURES, Page
from pictures.terminal import CommandFailed, printed, settled

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILES = {
    *(f"{each.name}.{'png' if isinstance(each, Page) else 'svg'}" for each in PICTURES),
    *(f"{each.name}.svg" for each in tracer.PICTURES),
}


def test_every_picture_can_be_made_again_and_is_shown() -> None:
    shown = {
        name
        for page in DOCS.rglob("*.md")
        for name in re.findall(r"!\[[^]]+\]\((?:\.\./)?pictures/([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert {each.name for each in (DOCS / "pictures").iterdir()} == FILES == shown


def test_a_picture_of_what_is_printed_is_what_it_was(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["coverage-report", "--folder", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (0, "coverage-report: made\n")
    made = words(tmp_path / "coverage-report.svg")
    assert made == words(DOCS / "pictures" / "coverage-report.svg")
    assert len(made) > 10


def words(picture: Path) -> list[str]:
    root = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
    return [each.text for each in root.iter("{http://www.w3.org/2000/svg}text") if each.text]


def test_a_picture_that_there_is_not_is_refused() -> None:
    result = CliRunner().invoke(app, ["mona-lisa"])
    assert result.exit_code == 2
    assert "There is no picture 'mona-lisa'. There are: tracer, " in result.stderr


def test_a_command_that_fails_says_so(tmp_path: Path) -> None:
    assert printed("exit 3", tmp_path, 80, expected=3) == ""
    with pytest.raises(CommandFailed, match="ended with 4, not with 0"):
        printed("exit 4", tmp_path, 80)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("wait\rdone\r\n", "done\n"),
        ("\x1b[?25la\r\x1b[2K\x1b[1A\x1b[2Kb\x1b[?25h", "b"),
        ("1\n2\n\x1b[1A\x1b[2K3", "1\n3\n"),
    ],
)
def test_what_is_drawn_again_is_seen_once(text: str, seen: str) -> None:
    assert settled(text) == seen
