"""Sizes, addresses, counts and durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axemu import quantities
from axemu.errors import UsageError

READERS = [quantities.size, quantities.address, quantities.count, quantities.duration]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("512M", 512 << 20),
        ("4G", 4 << 30),
        ("4GiB", 4 << 30),
        ("1.5k", 1536),
        ("0x1000", 4096),
        ("64kb", 65536),
        ("7", 7),
    ],
)
def test_a_size_counts_in_powers_of_1024(text: str, value: int) -> None:
    assert quantities.size(text, "-m") == value


def test_a_bare_size_counts_in_the_unit_of_its_option() -> None:
    assert quantities.size("128", "-m", default_unit="m") == 128 << 20
    assert quantities.size("0x8000000", "-m", default_unit="m") == 128 << 20


@pytest.mark.parametrize(
    ("text", "value"), [("10M", 10**7), ("2e9", 2 * 10**9), ("1_000", 1000), ("0x10", 16), ("1.5k", 1500)]
)
def test_a_count_counts_in_powers_of_1000(text: str, value: int) -> None:
    assert quantities.count(text, "--max-insns") == value


@pytest.mark.parametrize(
    ("text", "value"), [("10", 10.0), ("1.5s", 1.5), ("500ms", 0.5), ("2m", 120.0), ("1h", 3600.0)]
)
def test_a_duration_is_in_seconds(text: str, value: float) -> None:
    assert quantities.duration(text, "--timeout") == value


def test_an_address_is_hexadecimal_or_decimal() -> None:
    assert quantities.address("0x80000000", "--base") == 0x8000_0000
    assert quantities.address("4096", "--base") == 4096


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("text", ["", "-1", "0x", "1Q", "ten", "M", "1e400M", "0x1g2", "٣"])
def test_what_is_no_quantity_is_refused_with_the_option_and_what_came(read: object, text: str) -> None:
    assert callable(read)
    with pytest.raises(UsageError) as refusal:
        read(text, "--option")
    assert "--option" in str(refusal.value)
    assert f"'{text}'" in str(refusal.value)


@pytest.mark.parametrize("read", [quantities.size, quantities.count, quantities.duration])
def test_zero_is_refused_where_nothing_could_be_meant(read: object) -> None:
    assert callable(read)
    with pytest.raises(UsageError):
        read("0", "--option")


def test_an_address_past_64_bits_is_refused() -> None:
    with pytest.raises(UsageError):
        quantities.address(hex(1 << 64), "--base")


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_a_usage_error(text: str) -> None:
    for read in READERS:
        try:
            assert read(text, "--option") >= 0
        except UsageError:
            continue


@given(st.integers(min_value=1, max_value=1 << 50))
def test_a_shown_size_reads_back(value: int) -> None:
    text = quantities.show_size(value).replace(" bytes", "").replace(" ", "")
    assert quantities.size(text, "-m") == value


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 ns"), (999, "999 ns"), (1500, "1.5 us"), (2 * 10**9, "2 s")]
)
def test_guest_time_is_shown_with_its_unit(value: int, text: str) -> None:
    assert quantities.show_time(value) == text
