"""Expressions, against Python's own arithmetic where the two agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.riscv.expressions import ExpressionError, UnknownSymbol, evaluate, high, low

NUMBERS = st.integers(0, 1 << 40)


@given(
    st.lists(NUMBERS, min_size=2, max_size=6),
    st.lists(st.sampled_from(["+", "-", "*", "&", "|", "^"]), min_size=5, max_size=5),
)
def test_precedence_is_that_of_c(numbers: list[int], operators: list[str]) -> None:
    text = "".join(
        f"{operator} {number} " for operator, number in zip(["", *operators], numbers, strict=False)
    )
    assert evaluate(text, {}) == eval(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x10 + 0b11 + 0o7", 26),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("1 << 4 - 1", 8),
        ("~0 & 0xff", 255),
        ("-(2 + 3) * 2", -10),
        ("'A' + 1", 66),
        (r"'\n'", 10),
        ("a.b$c - .", 0xF0),
    ],
)
def test_values(text: str, value: int) -> None:
    assert evaluate(text, {"a.b$c": 0x100, ".": 0x10}) == value


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_high_and_low_add_up(value: int) -> None:
    upper = high(value) << 12
    assert (upper + low(value) - value) % (1 << 32) == 0
    assert -2048 <= low(value) <= 2047


@pytest.mark.parametrize(
    "text", ["", "1 +", "1 2", ")", "(1", "1 ** 2", "0x", "08", "1 / 0", "1 << -1", "'ab'", "@"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, {})


def test_an_unknown_symbol_is_its_own_error() -> None:
    with pytest.raises(UnknownSymbol, match="unknown symbol 'there'"):
        evaluate("1 + there", {})
