"""The thread that rings at a time on the host's clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from emu.alarmclock import AlarmClock
from emu.timeline import NEVER, host_ns

PATIENCE = 30.0
HOUR = 3600 * 10**9


class Bell:
    def __init__(self) -> None:
        self.rung = threading.Semaphore(0)
        self.clock = AlarmClock(host_ns, self.rung.release)

    def rings(self) -> bool:
        return self.rung.acquire(timeout=PATIENCE)

    @property
    def silent(self) -> bool:
        return not self.rung.acquire(timeout=0.05)


@pytest.fixture
def bell() -> Iterator[Bell]:
    made = Bell()
    yield made
    made.clock.close()


def threads() -> int:
    return sum(each.name == "alarm clock" for each in threading.enumerate())


def test_it_rings_once_and_not_before_the_deadline(bell: Bell) -> None:
    deadline = host_ns() + 20_000_000
    bell.clock.set(deadline)
    assert bell.rings()
    assert host_ns() >= deadline
    assert bell.silent


def test_a_time_in_the_past_rings_at_once(bell: Bell) -> None:
    bell.clock.set(0)
    assert bell.rings()


def test_an_earlier_deadline_replaces_a_later_one(bell: Bell) -> None:
    bell.clock.set(host_ns() + HOUR)
    bell.clock.set(host_ns() + 1_000_000)
    assert bell.rings()


def test_a_later_deadline_replaces_an_earlier_one(bell: Bell) -> None:
    bell.clock.set(host_ns() + 60 * 10**9)
    bell.clock.set(host_ns() + HOUR)
    assert bell.silent


def test_the_same_deadline_can_be_set_again_once_it_has_rung(bell: Bell) -> None:
    for _ in range(3):
        bell.clock.set(5)
        assert bell.rings()


def test_never_is_no_deadline(bell: Bell) -> None:
    bell.clock.set(host_ns() + 10_000_000)
    bell.clock.set(NEVER)
    bell.clock.set(host_ns() + (NEVER >> 1))
    assert bell.silent


def test_a_thousand_deadlines_are_one_thread(bell: Bell) -> None:
    before = threads()
    for number in range(1000):
        bell.clock.set(host_ns() + HOUR + number)
    assert threads() == before + 1


def test_closing_ends_the_thread_and_setting_starts_it_anew(bell: Bell) -> None:
    before = threads()
    bell.clock.set(host_ns() + HOUR)
    bell.clock.close()
    assert threads() == before
    bell.clock.close()
    bell.clock.set(0)
    assert bell.rings()
