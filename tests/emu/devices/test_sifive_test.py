import pytest

from emu.device import PowerKind, PowerRequest
from emu.devices.sifive_test import SifiveTest


@pytest.mark.parametrize(
    ("value", "request_"),
    [
        (0x5555, PowerRequest(PowerKind.SHUTDOWN, 0)),
        (0x3333 | 3 << 16, PowerRequest(PowerKind.SHUTDOWN, 3)),
        (0x3333 | 0xFFFF << 16, PowerRequest(PowerKind.SHUTDOWN, 0xFFFF)),
        (0x3333, PowerRequest(PowerKind.SHUTDOWN, 1)),
        (0x7777, PowerRequest(PowerKind.RESET, 0)),
    ],
)
def test_a_finisher_word_asks_for_power(bench, value, request_):
    device = SifiveTest("test", bench.power)
    device.write(0, 4, value)
    assert bench.requests == [request_]


def test_a_16_bit_store_is_enough_to_pass(bench):
    SifiveTest("test", bench.power).write(0, 2, 0x5555)
    assert bench.requests == [PowerRequest(PowerKind.SHUTDOWN, 0)]


def test_other_words_and_other_offsets_do_nothing(bench):
    device = SifiveTest("test", bench.power)
    device.write(0, 4, 0x1234)
    device.write(4, 4, 0x5555)
    assert bench.requests == [] and device.read(0, 4) == 0
