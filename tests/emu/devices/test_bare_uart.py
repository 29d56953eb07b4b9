import pytest

from emu.devices.bare_uart import CONTROL, DATA, FIFO, STATUS, BareUart


@pytest.fixture
def irq(bench):
    return bench.wire()


@pytest.fixture
def uart(bench, irq):
    return BareUart("uart", bench.line, irq)


def test_data_written_is_sent(uart, bench):
    uart.write(DATA, 4, 0x1241)
    uart.write(DATA, 1, 0x42)
    uart.write(DATA + 1, 1, 0x43)
    assert bench.line.sent == b"AB"


def test_data_read_takes_the_next_byte_and_is_zero_without_one(uart, bench):
    bench.line.coming = b"xy"
    uart.poll()
    assert [uart.read(DATA, 4) for _ in range(3)] == [ord("x"), ord("y"), 0]


def test_status_says_ready_and_is_native(uart, bench):
    assert uart.read(STATUS, 4) == 2 == uart.native[1].value
    bench.line.coming = b"x"
    uart.poll()
    assert uart.read(STATUS, 4) == 3 == uart.native[1].value


def test_input_that_is_there_at_the_start_is_taken_at_the_start(bench, irq):
    bench.line.coming = bytes(range(1, 41))
    uart = BareUart("uart", bench.line, irq)
    assert len(bench.line.coming) == 40 - FIFO
    assert [uart.read(DATA, 1) for _ in range(41)] == [*range(1, 41), 0]


def test_the_receive_interrupt_is_high_while_enabled_and_something_waits(uart, bench, irq):
    bench.line.coming = b"x"
    uart.poll()
    assert not irq.level
    uart.write(CONTROL, 4, 0xFF)
    assert irq.level and uart.read(CONTROL, 4) == 1
    uart.read(DATA, 4)
    assert not irq.level
