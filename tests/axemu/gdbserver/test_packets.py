"""The packet layer: bytes in pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axemu.gdbserver.packets import (
    SIZE,
    Damaged,
    Interrupt,
    Oversized,
    Packet,
    Receiver,
    Repeat,
    escaped,
    framed,
    unescaped,
)


@given(st.binary(max_size=200))
def test_what_is_escaped_comes_back(data: bytes) -> None:
    assert unescaped(escaped(data)) == data
    assert not set(b"$#*") & set(escaped(data))


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(1, 9))
def test_packets_arrive_whole_however_they_are_cut(packets: list[bytes], size: int) -> None:
    stream = b"".join(framed(escaped(each)) for each in packets)
    receiver, found = Receiver(), []
    for at in range(0, len(stream), size):
        found += receiver.feed(stream[at : at + size])
    assert found == [Packet(each) for each in packets]


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    Receiver().feed(data)


def test_noise_between_packets_is_passed_over() -> None:
    assert Receiver().feed(b"hello\r\n" + framed(b"g") + b"+ +") == [Packet(b"g")]


def test_a_wrong_sum_is_told_until_acknowledgements_are_off() -> None:
    receiver = Receiver()
    assert receiver.feed(b"$g#00") == [Damaged()]
    assert receiver.feed(b"$g#zz") == [Damaged()]
    receiver.verify = False
    assert receiver.feed(b"$g#00") == [Packet(b"g")]


def test_an_interrupt_is_one_between_packets_and_a_byte_in_one() -> None:
    assert Receiver().feed(b"\x03" + framed(b"X0,1:\x03")) == [Interrupt(), Packet(b"X0,1:\x03")]


def test_a_minus_asks_for_the_last_packet_again() -> None:
    assert Receiver().feed(b"-") == [Repeat()]


def test_a_packet_that_was_broken_off_gives_way_to_the_next() -> None:
    assert Receiver().feed(b"$m800" + framed(b"g")) == [Packet(b"g")]


def test_a_packet_of_100_megabytes_is_not_kept() -> None:
    receiver, piece = Receiver(), b"x" * (1 << 20)
    receiver.feed(b"$")
    for _ in range(100):
        receiver.feed(piece)
        assert receiver._data is not None
        assert len(receiver._data) <= SIZE + 64
    assert receiver.feed(b"#00") == [Oversized()]
    assert receiver.feed(framed(b"g")) == [Packet(b"g")]


@pytest.mark.parametrize("data", [b"", b"}", b"a}"])
def test_an_escape_at_the_end_stays(data: bytes) -> None:
    assert unescaped(data) == data
