"""Values of the form first,key=value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axemu import properties
from axemu.errors import UsageError

KEYS = st.from_regex(r"[a-z]{1,6}", fullmatch=True)


def test_a_leading_word_gets_the_implied_key() -> None:
    assert properties.parse("loader,file=x", "-device", "driver") == {"driver": "loader", "file": "x"}


@pytest.mark.parametrize("text", ["", "a", "a=1,,", "a=1,b", "=1", "a=1,a=2"])
def test_what_is_no_list_of_pairs_is_refused(text: str) -> None:
    if text == "a=1,,":
        assert properties.parse(text, "-drive") == {"a": "1,"}
        return
    with pytest.raises(UsageError, match="-drive"):
        properties.parse(text, "-drive")


@given(st.dictionaries(KEYS, st.text(max_size=8), min_size=1, max_size=5))
def test_pairs_read_back_with_commas_doubled(pairs: dict[str, str]) -> None:
    text = ",".join(f"{key}={value.replace(',', ',,')}" for key, value in pairs.items())
    assert properties.parse(text, "-drive") == pairs
