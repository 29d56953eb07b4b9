import pytest

from emu.devices.clint import Clint

MSIP, MTIMECMP, MTIME = 0, 0x4000, 0xBFF8
TICK = 100  # ns at 10 MHz
NEVER = (1 << 64) - 1


@pytest.fixture
def soft(bench):
    return bench.wires(2)


@pytest.fixture
def timer(bench):
    return bench.wires(2)


@pytest.fixture
def clint(bench, soft, timer):
    alarms = [bench.alarm(), bench.alarm()]
    clint = Clint("clint", bench.clock, soft, timer, alarms, 10_000_000)
    for hart, alarm in enumerate(alarms):
        alarm.callback = lambda hart=hart: clint.fire(hart)
    return clint


def test_msip_is_one_bit_a_hart(clint, soft):
    clint.write(MSIP + 4, 4, 0xFFFFFFFF)
    assert [wire.level for wire in soft] == [False, True]
    assert clint.read(MSIP + 4, 4) == 1
    clint.write(MSIP + 4, 4, 0)
    assert not soft[1].level


def test_mtime_counts_ticks_of_the_timebase(clint, bench):
    bench.advance(12_345 * TICK + 99)
    assert clint.read(MTIME, 8) == 12_345


def test_mtime_can_be_read_in_halves(clint, bench):
    bench.advance(0x2_0000_0003 * TICK)
    assert (clint.read(MTIME, 4), clint.read(MTIME + 4, 4)) == (3, 2)


def test_the_timer_interrupt_is_pending_until_software_sets_a_comparand(clint, timer):
    assert timer[0].level
    clint.write(MTIMECMP, 8, NEVER)
    assert not timer[0].level and timer[1].level


def test_the_timer_fires_at_the_first_ns_of_its_tick_and_stays(clint, bench, timer):
    bench.advance(55)
    clint.write(MTIMECMP, 8, 7)
    bench.advance(7 * TICK - 55 - 1)
    assert not timer[0].level
    bench.advance(1)
    assert timer[0].level
    bench.advance(10_000)
    assert timer[0].level
    clint.write(MTIMECMP, 8, NEVER)
    assert not timer[0].level


def test_a_32_bit_hart_sets_its_comparand_in_halves(clint, bench, timer):
    clint.write(MTIMECMP + 8, 4, 0xFFFFFFFF)
    clint.write(MTIMECMP + 12, 4, 0)
    clint.write(MTIMECMP + 8, 4, 50)
    assert clint.read(MTIMECMP + 8, 8) == 50
    assert not timer[1].level
    bench.advance(50 * TICK)
    assert timer[1].level


def test_a_comparand_beyond_the_end_of_time_arms_nothing(clint, bench):
    clint.write(MTIMECMP, 8, NEVER - 1)
    assert bench.alarms[0].deadline is None


def test_writing_mtime_moves_every_deadline_and_leaves_native_reads(clint, bench, timer):
    clint.write(MTIMECMP, 8, 1000)
    assert clint.native[0].enabled
    bench.advance(5 * TICK)
    clint.write(MTIME, 8, 990)
    assert not clint.native[0].enabled
    assert clint.read(MTIME, 8) == 990
    bench.advance(10 * TICK - 1)
    assert not timer[0].level
    bench.advance(1)
    assert timer[0].level
    clint.write(MTIME, 4, 0)
    assert not timer[0].level


def test_mtime_wraps_at_64_bits(clint, bench):
    clint.write(MTIME, 8, NEVER)
    bench.advance(TICK)
    assert clint.read(MTIME, 8) == 0


def test_a_timebase_that_is_no_whole_number_of_ns_is_exact_and_not_native(bench):
    clint = Clint("clint", bench.clock, [], bench.wires(1), [bench.alarm()], 3_000_000)
    bench.alarms[0].callback = lambda: clint.fire(0)
    assert not clint.native[0].enabled
    clint.write(MTIMECMP, 8, 1)
    assert bench.alarms[0].deadline == 334
    bench.advance(1_000_000_000)
    assert clint.mtime == 3_000_000


def test_what_is_no_register_reads_zero(clint):
    for offset, width in ((0x3000, 4), (MSIP, 8), (MTIMECMP + 4, 8), (MTIMECMP + 16, 8), (0xFFF8, 8)):
        clint.write(offset, width, NEVER)
        assert clint.read(offset, width) == 0


def test_load_drives_lines_and_timers(clint, bench, soft, timer):
    clint.write(MTIMECMP, 8, 500)
    clint.write(MSIP, 4, 1)
    state = clint.state
    clint.reset()
    assert not soft[0].level and timer[0].level
    clint.load(state)
    assert soft[0].level and not timer[0].level and bench.alarms[0].deadline == 500 * TICK
