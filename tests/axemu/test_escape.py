"""The keys of a raw console."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from axemu.escape import Command, EscapeKeys


def test_ctrl_a_begins_a_command_and_everything_else_is_the_guests() -> None:
    assert EscapeKeys().feed(b"ls\x03\x1a\x01x") == (b"ls\x03\x1a", [Command.LEAVE])
    assert EscapeKeys().feed(b"\x01h\x01?\x01i") == (b"", [Command.HELP, Command.HELP, Command.STATUS])


def test_ctrl_a_twice_is_one_ctrl_a_for_the_guest() -> None:
    assert EscapeKeys().feed(b"\x01\x01x") == (b"\x01x", [])


def test_a_key_that_is_no_command_is_dropped_with_its_prefix() -> None:
    assert EscapeKeys().feed(b"a\x01qb") == (b"ab", [])


@given(st.binary(max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_input_may_be_cut_anywhere(typed: bytes, cuts: list[int]) -> None:
    whole = EscapeKeys().feed(typed)
    pieces = EscapeKeys()
    guest, commands = b"", []
    edges = [0, *sorted(min(cut, len(typed)) for cut in cuts), len(typed)]
    for begin, end in pairwise(edges):
        bytes_, found = pieces.feed(typed[begin:end])
        guest += bytes_
        commands += found
    assert (guest, commands) == whole
