"""Guest bytes as text that cannot hurt."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from axemu.suite.reports import consoles

FORBIDDEN = re.compile(
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # XML 1.0 Char without C1


def test_terminal_escapes_leave_only_the_words() -> None:
    assert consoles.plain(
        b"\x1b[2J\x1b[1;31mred\x1b[0m \x1b]0;title\x07on\x1b]8;;http://x\x1b\\ly\x1b(B words\x1b7"
    ) == ("red only words")


def test_a_string_that_a_guest_never_ended_takes_its_line_and_no_more() -> None:
    assert consoles.plain(b"before \x1b]0;title\nafter") == "before \nafter"


def test_colours_are_kept_where_they_are_asked_for_and_nothing_else_is() -> None:
    assert consoles.coloured(b"\x1b[2J\x1b[1;31mred\x1b[0m\x1b[5n\x00") == "\x1b[1;31mred\x1b[0m\u2400"


def test_control_characters_are_shown() -> None:
    assert consoles.plain(b"a\x00b\x07c\x7fd\xc2\x9be") == "a\u2400b\u2407c\u2421d\ufffde"


def test_an_escape_that_is_cut_short_is_shown() -> None:
    assert consoles.coloured(b"end \x1b[3") == "end \u241b[3"


def test_line_ends_of_all_systems_are_line_feeds() -> None:
    assert consoles.plain(b"a\r\nb\r\r\nc\rd\r") == "a\nb\nc\nd"


def test_marks_that_reorder_text_are_shown() -> None:
    assert consoles.plain("pass\u202efail".encode()) == "pass\ufffdfail"


@given(st.binary(max_size=200))
def test_any_bytes_become_characters_that_xml_can_carry(console: bytes) -> None:
    assert not FORBIDDEN.search(consoles.plain(console))
    assert not FORBIDDEN.search(re.sub(r"\x1b\[[0-9;:]*m", "", consoles.coloured(console)))


@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_becomes_one_line(text: str) -> None:
    line = consoles.one_line(text)
    assert "\n" not in line and "\t" not in line and not FORBIDDEN.search(line)


def test_the_last_bytes_begin_at_a_line() -> None:
    assert consoles.last(b"first line\nsecond\nthird\n", 10) == (b"third\n", 18)


def test_the_last_bytes_begin_at_a_character_where_there_is_no_line() -> None:
    kept, cut = consoles.last("ää".encode() * 4, 7)
    assert kept.decode() == "äää" and cut == 10


def test_what_the_result_itself_lacks_counts_as_cut() -> None:
    assert consoles.last(b"abc", 10, written=1003) == (b"abc", 1000)
    assert consoles.last(b"abc", 10) == (b"abc", 0)


def test_the_note_says_how_much_is_missing() -> None:
    assert "1,000 bytes" in consoles.cut_note(1000)
    assert consoles.cut_note(0) == ""
