from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axemu.dap.framing import LONGEST, Damaged, Receiver, encoded

MESSAGES = [{"seq": 1, "type": "request", "command": "threads"}, {"seq": 2, "text": "ä\n€"}, {}]
STREAM = b"".join(map(encoded, MESSAGES))


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_messages_come_out_of_any_pieces(cuts: list[int]) -> None:
    receiver, places = Receiver(), [0, *sorted(cuts), len(STREAM)]
    found = [each for start, end in pairwise(places) for each in receiver.feed(STREAM[start:end])]
    assert found == MESSAGES


@given(st.binary(max_size=200), st.integers(0, 200))
def test_what_is_no_message_never_raises(data: bytes, cut: int) -> None:
    receiver = Receiver()
    for each in (*receiver.feed(data[:cut]), *receiver.feed(data[cut:])):
        assert isinstance(each, Damaged | dict)


@pytest.mark.parametrize(
    "wrong",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: -3\r\n\r\n",
        b"\r\n\r\n",
        b"{}" * 10,
        b"Content-Length: 3\r\n\r\n{]}",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 2\r\n\r\n\xff\xfe",
        b"x" * 10_000,
    ],
)
def test_a_message_after_a_damaged_one_is_read(wrong: bytes) -> None:
    found = Receiver().feed(wrong + encoded(MESSAGES[0]))
    assert found[-1] == MESSAGES[0]
    assert isinstance(found[0], Damaged)
    assert found[0].text.startswith("Expected")


def test_a_message_that_is_too_long_is_passed_over() -> None:
    receiver = Receiver()
    (found,) = receiver.feed(b"Content-Length: %d\r\n\r\n" % (LONGEST + 5))
    assert isinstance(found, Damaged)
    for _ in range(LONGEST >> 20):
        assert receiver.feed(bytes(1 << 20)) == []
    assert receiver.feed(bytes(5) + encoded(MESSAGES[1])) == [MESSAGES[1]]


def test_other_headers_are_let_pass() -> None:
    data = b"Content-Type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    assert Receiver().feed(data) == [{}]
