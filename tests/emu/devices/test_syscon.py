import pytest

from emu.device import PowerKind, PowerRequest
from emu.devices.syscon import Syscon, SysconAction

OFF, AGAIN = PowerRequest(PowerKind.SHUTDOWN), PowerRequest(PowerKind.RESET)


@pytest.fixture
def syscon(bench):
    return Syscon(
        "syscon", bench.power, [SysconAction(0, 0x5555, OFF), SysconAction(8, 0x10, AGAIN, mask=0xF0)]
    )


def test_declared_values_make_their_requests(syscon, bench):
    syscon.write(0, 4, 0x5555)
    syscon.write(8, 4, 0xABC1F)
    assert bench.requests == [OFF, AGAIN]


def test_other_values_and_registers_only_keep_what_is_written(syscon, bench):
    syscon.write(0, 4, 0x5556)
    syscon.write(4, 4, 0x5555)
    syscon.write(0, 2, 0x5555)
    assert bench.requests == []
    assert (syscon.read(0, 4), syscon.read(4, 4), syscon.read(8, 4)) == (0x5556, 0x5555, 0)


def test_reset_clears_the_registers(syscon):
    syscon.write(4, 4, 1)
    syscon.reset()
    assert syscon.read(4, 4) == 0
