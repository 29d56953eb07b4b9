"""What a `tohost` word says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from axemu.suite.htif import Message, ToHost, decode


def test_one_passes() -> None:
    assert decode(1) == ToHost(Message.ENDED, 0)


@given(st.integers(1, (1 << 47) - 1))
def test_an_odd_word_names_the_failed_test(number: int) -> None:
    assert decode(number << 1 | 1) == ToHost(Message.ENDED, number)


def test_zero_says_nothing() -> None:
    assert decode(0).message is Message.NOTHING


def test_an_even_word_is_the_address_of_a_call() -> None:
    assert decode(0x8000_2040) == ToHost(Message.CALL, 0x8000_2040)


@given(st.integers(0, 255))
def test_the_console_device_prints_a_byte(byte: int) -> None:
    assert decode(0x0101_0000_0000_0000 | byte) == ToHost(Message.BYTE, byte)


@given(st.integers(2, 255), st.integers(0, 255), st.integers(0, (1 << 48) - 1))
def test_a_device_that_nobody_has_says_nothing(device: int, command: int, payload: int) -> None:
    assert decode(device << 56 | command << 48 | payload).message is Message.NOTHING
