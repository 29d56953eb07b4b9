"""The host's end of a dialogue: text from bytes in any pieces, matches, and the way back."""

from __future__ import annotations

import re

import pytest

from axemu.suite import dialogue
from axemu.suite.dialogue import Dialogue

BYTES = "één\r\ntwo\rthree \N{CHECK MARK}\n".encode() + b"\xff\n"
TEXT = "één\ntwo\rthree \N{CHECK MARK}\n\N{REPLACEMENT CHARACTER}\n"


@pytest.mark.parametrize("size", [1, 2, 3, 5, len(BYTES)])
def test_the_text_is_the_same_whatever_pieces_the_bytes_come_in(size: int) -> None:
    line = Dialogue()
    for at in range(0, len(BYTES), size):
        line.write(BYTES[at : at + size])
    assert line.text == TEXT
    assert line.output == BYTES


def test_the_guest_is_stopped_at_the_write_that_completes_what_is_awaited() -> None:
    line, stops = Dialogue(), []
    line.stop = lambda: stops.append(len(line.output))
    line.awaited = re.compile("^login: ", re.MULTILINE)
    for byte in b"boot\r\nlogin: x":
        line.write(bytes([byte]))
        if stops:
            break
    assert stops == [len(b"boot\r\nlogin: ")]


def test_a_console_without_end_stops_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue, "LIMIT", 100)
    line, stops = Dialogue(), []
    line.stop = lambda: stops.append(len(line.output))
    for _ in range(50):
        line.write(b"a" * 30)
    assert stops == [120]
    assert line.overflowed and len(line.output) == 120


def test_a_mark_is_a_moment_to_go_back_to() -> None:
    line = Dialogue()
    line.type(b"in")
    line.write(b"one two ")
    assert line.match(re.compile("one"))
    mark = line.mark()
    line.write(b"three")
    line.type(b"more")
    assert line.match(re.compile("three"))
    line.back_to(mark)
    assert (line.text, line.unmatched, line.read(10)) == ("one two ", " two ", b"in")
