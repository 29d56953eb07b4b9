"""From an interrupt line's raise to its delivery."""

from __future__ import annotations

from emu.statistics.latency import Latencies
from isa import registry

TIMER, EXTERNAL = 7, 11  # lines, and causes of interrupts [priv table 3.6]


def latencies(isa: str = "riscv64") -> Latencies:
    return Latencies(registry.find(isa), 1)


def test_a_delivery_is_as_late_as_instructions_have_retired_since_the_raise() -> None:
    found = latencies()
    found.driven(0, TIMER, True, 100)
    found.delivered(0, TIMER, 103)
    found.driven(0, TIMER, False, 110)
    found.driven(0, TIMER, True, 200)
    found.delivered(0, TIMER, 200)
    row = found.by_cause[TIMER]
    assert (row.count, row.sum, row.least, row.most) == (2, 3, 0, 3)
    assert row.histogram[:3] == [1, 0, 1]


def test_a_line_that_stays_up_was_raised_once() -> None:
    found = latencies()
    found.driven(0, TIMER, True, 100)
    found.driven(0, TIMER, True, 150)
    found.delivered(0, TIMER, 160)
    found.delivered(0, TIMER, 170)
    row = found.by_cause[TIMER]
    assert (row.count, row.sum) == (1, 60)


def test_a_line_that_fell_before_its_delivery_is_not_its_cause() -> None:
    found = latencies()
    found.driven(0, TIMER, True, 100)
    found.driven(0, TIMER, False, 120)
    found.delivered(0, TIMER, 130)
    assert not found.by_cause


def test_deliveries_are_told_late_and_lines_at_once() -> None:
    found = latencies()
    found.driven(0, TIMER, True, 100)
    found.driven(0, TIMER, False, 120)
    found.driven(0, TIMER, True, 140)
    found.delivered(0, TIMER, 110)
    found.delivered(0, TIMER, 150)
    assert (found.by_cause[TIMER].count, found.by_cause[TIMER].sum) == (2, 20)


def test_each_cause_has_its_line_where_they_share_numbers() -> None:
    found = latencies()
    found.driven(0, TIMER, True, 100)
    found.driven(0, EXTERNAL, True, 150)
    found.delivered(0, EXTERNAL, 151)
    assert found.by_cause[EXTERNAL].sum == 1
    assert TIMER not in found.by_cause


def test_of_lines_that_share_a_cause_the_first_raised_counts() -> None:
    found = latencies("arm")
    found.driven(0, 2, True, 100)
    found.driven(0, 0, True, 150)
    found.delivered(0, 6, 160)  # IRQ
    found.delivered(0, 6, 170)
    assert (found.by_cause[6].count, found.by_cause[6].sum) == (2, 60 + 20)


def test_a_reset_forgets_what_was_up() -> None:
    found = latencies()
    found.driven(0, TIMER, True, 100)
    found.reset()
    found.delivered(0, TIMER, 130)
    assert not found.by_cause
