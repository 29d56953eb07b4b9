"""Alarms in guest time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emu.timeline import NEVER, Timeline


class Hand:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.time = 0
        self.changes = 0

    def changed(self) -> None:
        self.changes += 1


def made() -> tuple[Hand, Timeline]:
    hand = Hand()
    return hand, Timeline(lambda: hand.time, hand.changed)


def test_without_an_alarm_nothing_ever_comes() -> None:
    hand, timeline = made()
    timeline.alarm("one", lambda: None)
    assert timeline.next == NEVER
    timeline.fire()
    assert hand.changes == 0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.integers(0, 60))
def test_what_is_due_fires_once_earliest_first_and_in_the_order_made(deadlines: list[int], now: int) -> None:
    hand, timeline = made()
    fired: list[int] = []
    for number, deadline in enumerate(deadlines):
        timeline.alarm(f"alarm {number}", lambda number=number: fired.append(number)).arm(deadline)
    hand.time = now
    timeline.fire()
    timeline.fire()
    expected = sorted((deadline, number) for number, deadline in enumerate(deadlines) if deadline <= now)
    assert fired == [number for _, number in expected]
    assert timeline.next == min((deadline for deadline in deadlines if deadline > now), default=NEVER)


def test_an_action_may_arm_its_own_alarm_for_now_and_later() -> None:
    hand, timeline = made()
    left = [3]

    def again() -> None:
        left[0] -= 1
        if left[0]:
            alarm.arm(5)

    alarm = timeline.alarm("again", again)
    alarm.arm(1)
    hand.time = 5
    timeline.fire()
    assert left == [0]
    assert alarm.deadline is None


def test_arming_and_cancelling_tell_whoever_waits() -> None:
    hand, timeline = made()
    alarm = timeline.alarm("one", lambda: None)
    alarm.cancel()
    assert hand.changes == 0
    alarm.arm(10)
    alarm.arm(4)
    assert (hand.changes, timeline.next) == (2, 4)
    alarm.cancel()
    assert (hand.changes, timeline.next, alarm.deadline) == (3, NEVER, None)


def test_saved_deadlines_come_back_by_name() -> None:
    _, timeline = made()
    one, two = (timeline.alarm(name, lambda: None) for name in ("one", "two"))
    one.arm(7)
    state = timeline.save()
    one.cancel()
    two.arm(1)
    timeline.load(state)
    assert (one.deadline, two.deadline) == (7, None)
