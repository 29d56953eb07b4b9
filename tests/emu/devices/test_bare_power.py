from emu.device import PowerKind, PowerRequest
from emu.devices.bare_power import OFF, RESET, BarePower


def test_off_carries_all_32_bits_of_the_code(bench):
    BarePower("power", bench.power).write(OFF, 4, 0x8000_0001)
    assert bench.requests == [PowerRequest(PowerKind.SHUTDOWN, 0x8000_0001)]


def test_a_narrow_store_gives_a_narrow_code(bench):
    BarePower("power", bench.power).write(OFF, 1, 0)
    assert bench.requests == [PowerRequest(PowerKind.SHUTDOWN, 0)]


def test_reset_and_nothing_else(bench):
    power = BarePower("power", bench.power)
    power.write(8, 4, 1)
    power.write(RESET, 4, 0)
    assert bench.requests == [PowerRequest(PowerKind.RESET, 0)]
    assert power.read(OFF, 4) == 0
