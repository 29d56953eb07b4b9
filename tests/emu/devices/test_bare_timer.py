import pytest

from emu.devices.bare_timer import COUNT, DELAY, STATUS, BareTimer


@pytest.fixture
def irq(bench):
    return bench.wire()


@pytest.fixture
def timer(bench, irq):
    alarm = bench.alarm()
    timer = BareTimer("timer", bench.clock, alarm, irq)
    alarm.callback = timer.fire
    return timer


def test_count_is_guest_time_whole_or_in_halves(timer, bench):
    bench.advance(0x5_0000_0007)
    assert timer.read(COUNT, 8) == 0x5_0000_0007
    assert (timer.read(COUNT, 4), timer.read(COUNT + 4, 4)) == (7, 5)


def test_it_fires_once_after_the_delay(timer, bench, irq):
    bench.advance(50)
    timer.write(DELAY, 4, 1000)
    bench.advance(400)
    assert timer.read(DELAY, 4) == 600
    bench.advance(599)
    assert not irq.level
    bench.advance(1)
    assert irq.level and timer.read(STATUS, 4) == 1 and timer.read(DELAY, 4) == 0
    timer.write(STATUS, 4, 0)
    assert irq.level
    timer.write(STATUS, 4, 1)
    assert not irq.level
    bench.advance(10_000)
    assert not irq.level


def test_zero_cancels(timer, bench, irq):
    timer.write(DELAY, 4, 1000)
    timer.write(DELAY, 4, 0)
    bench.advance(5000)
    assert not irq.level


def test_a_second_delay_replaces_the_first(timer, bench, irq):
    timer.write(DELAY, 4, 10)
    timer.write(DELAY, 4, 1000)
    bench.advance(999)
    assert not irq.level
    bench.advance(1)
    assert irq.level


def test_a_64_bit_delay_that_never_ends_is_none(timer, bench):
    timer.write(DELAY, 8, (1 << 64) - 1)
    assert timer.read(DELAY, 8) == 0 and bench.alarms[0].deadline is None
    timer.write(DELAY, 8, 1 << 40)
    assert timer.read(DELAY, 8) == 1 << 40


def test_load_arms_what_the_state_was_waiting_for(timer, bench, irq):
    timer.write(DELAY, 4, 1000)
    state = timer.state
    timer.reset()
    assert bench.alarms[0].deadline is None
    timer.load(state)
    bench.advance(1000)
    assert irq.level
