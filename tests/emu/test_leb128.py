"""LEB128."""

from __future__ import annotations

import pytest

from emu.leb128 import uleb


@pytest.mark.parametrize(
    ("value", "code"),
    [(0, "00"), (2, "02"), (127, "7f"), (128, "8001"), (129, "8101"), (12857, "b964")],
)
def test_numbers_are_encoded_as_dwarf_s_table_has_them(value: int, code: str) -> None:
    assert uleb(value).hex() == code
