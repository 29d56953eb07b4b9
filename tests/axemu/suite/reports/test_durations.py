"""Host time for a person."""

from __future__ import annotations

import pytest

from axemu.suite.reports.durations import took


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0.00 s"),
        (0.004, "0.00 s"),
        (9.994, "9.99 s"),
        (9.996, "10.0 s"),
        (59.9, "59.9 s"),
        (59.97, "1 min 00 s"),
        (184.0, "3 min 04 s"),
        (3599.6, "1 h 00 min"),
        (7500.0, "2 h 05 min"),
    ],
)
def test_a_time_is_told_in_units_that_fit_it(seconds: float, text: str) -> None:
    assert took(seconds) == text
