import pytest

from emu.devices.bare_latch import EXTERNAL, LINES, SOFTWARE, UART, BareLatch
from emu.errors import ConfigError


@pytest.fixture
def external(bench):
    return bench.wire()


@pytest.fixture
def soft(bench):
    return bench.wires(3)


@pytest.fixture
def latch(external, soft):
    return BareLatch("latch", external, soft)


def test_a_nonzero_word_asserts_the_external_interrupt(latch, external):
    latch.write(EXTERNAL, 4, 0x8000_0000)
    assert external.level and latch.read(EXTERNAL, 4) == 0x8000_0000
    latch.write(EXTERNAL, 4, 0)
    assert not external.level


def test_a_device_line_shows_in_lines_and_asserts_external(latch, external):
    latch.source(UART).set(True)
    assert external.level and latch.read(LINES, 4) == 1
    latch.write(LINES, 4, 0)
    assert external.level and latch.read(LINES, 4) == 1
    latch.source(UART).set(False)
    assert not external.level


def test_each_vcpu_has_its_software_interrupt(latch, soft):
    latch.write(SOFTWARE + 4, 4, 0xFF)
    assert [wire.level for wire in soft] == [False, True, False]
    assert latch.read(SOFTWARE + 4, 4) == 1
    latch.write(SOFTWARE + 4, 4, 0)
    assert not soft[1].level


def test_there_is_no_register_for_a_vcpu_that_is_not_there(latch):
    latch.write(SOFTWARE + 12, 4, 1)
    assert latch.read(SOFTWARE + 12, 4) == 0


def test_reset_leaves_the_devices_lines_alone(latch, external, soft):
    latch.source(UART).set(True)
    latch.write(SOFTWARE, 4, 1)
    latch.write(EXTERNAL, 4, 1)
    latch.reset()
    assert external.level and not soft[0].level
    assert (latch.read(EXTERNAL, 4), latch.read(LINES, 4)) == (0, 1)


def test_a_line_that_has_no_bit_is_refused(latch):
    with pytest.raises(ConfigError, match="a bit from 0 to 31"):
        latch.source(32)
