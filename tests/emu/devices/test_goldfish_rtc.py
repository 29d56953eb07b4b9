import pytest

from emu.devices.goldfish_rtc import GoldfishRtc

LOW, HIGH, ALARM_LOW, ALARM_HIGH, ENABLE, CLEAR_ALARM, STATUS, CLEAR = range(0, 0x20, 4)
EPOCH = 1_700_000_000 * 1_000_000_000


@pytest.fixture
def irq(bench):
    return bench.wire()


@pytest.fixture
def rtc(bench, irq):
    alarm = bench.alarm()
    rtc = GoldfishRtc("rtc", bench.clock, irq, alarm, EPOCH)
    alarm.callback = rtc.fire
    return rtc


def time(rtc):
    return rtc.read(LOW, 4) | rtc.read(HIGH, 4) << 32


def set_alarm(rtc, when):
    rtc.write(ALARM_HIGH, 4, when >> 32)
    rtc.write(ALARM_LOW, 4, when & 0xFFFFFFFF)


def test_the_time_is_the_epoch_and_what_guest_time_passed(rtc, bench):
    bench.advance(123_456_789)
    assert time(rtc) == EPOCH + 123_456_789


def test_the_high_half_belongs_to_the_low_half_that_was_read(rtc, bench):
    bench.advance((-EPOCH & 0xFFFFFFFF) - 1)
    low = rtc.read(LOW, 4)
    bench.advance(10)
    assert rtc.read(HIGH, 4) << 32 | low == EPOCH + bench.clock.ns - 10


def test_peeking_the_time_keeps_no_high_half(rtc):
    assert rtc.peek(LOW, 4) == EPOCH & 0xFFFFFFFF
    assert rtc.read(HIGH, 4) == 0


def test_the_guest_sets_the_time_in_halves(rtc, bench):
    bench.advance(1000)
    rtc.write(HIGH, 4, 5)
    rtc.write(LOW, 4, 7)
    bench.advance(3)
    assert time(rtc) == (5 << 32) + 10


def test_an_alarm_interrupts_once_and_is_cleared(rtc, bench, irq):
    rtc.write(ENABLE, 4, 1)
    set_alarm(rtc, EPOCH + 1000)
    assert rtc.read(STATUS, 4) == 1
    bench.advance(999)
    assert not irq.level
    bench.advance(1)
    assert irq.level and rtc.read(STATUS, 4) == 0
    rtc.write(CLEAR, 4, 1)
    assert not irq.level
    bench.advance(10_000)
    assert not irq.level


def test_an_alarm_in_the_past_rings_at_once(rtc, irq):
    rtc.write(ENABLE, 4, 1)
    set_alarm(rtc, 5)
    assert irq.level


def test_a_cleared_alarm_does_not_ring(rtc, bench, irq):
    rtc.write(ENABLE, 4, 1)
    set_alarm(rtc, EPOCH + 1000)
    rtc.write(CLEAR_ALARM, 4, 1)
    bench.advance(5000)
    assert not irq.level and rtc.read(STATUS, 4) == 0


def test_a_masked_alarm_is_kept_until_it_is_enabled(rtc, bench, irq):
    set_alarm(rtc, EPOCH + 10)
    bench.advance(20)
    assert not irq.level
    rtc.write(ENABLE, 4, 1)
    assert irq.level


def test_setting_the_time_moves_no_alarm(rtc, bench, irq):
    rtc.write(ENABLE, 4, 1)
    set_alarm(rtc, EPOCH + 1_000_000)
    rtc.write(LOW, 4, (EPOCH + 2_000_000) & 0xFFFFFFFF)
    bench.advance(999_999)
    assert not irq.level
    bench.advance(1)
    assert irq.level


def test_reset_drops_the_alarm_and_what_the_guest_set(rtc, bench):
    bench.advance(1000)
    rtc.write(HIGH, 4, 5)
    set_alarm(rtc, 6 << 32)
    rtc.reset()
    assert time(rtc) == EPOCH + 1000
    assert rtc.read(STATUS, 4) == 0 and bench.alarms[0].deadline is None
