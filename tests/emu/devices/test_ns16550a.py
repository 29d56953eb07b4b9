import pytest

from emu.devices.ns16550a import FIFO, LOOKS, Ns16550a

THR = RBR = 0
IER, IIR, FCR, LCR, MCR, LSR, MSR, SCR = 1, 2, 2, 3, 4, 5, 6, 7


@pytest.fixture
def irq(bench):
    return bench.wire()


@pytest.fixture
def uart(bench, irq):
    return Ns16550a("uart0", bench.line, irq)


def put(uart, offset, value):
    uart.write(offset, 1, value)


def get(uart, offset):
    return uart.read(offset, 1)


def ring(uart):
    return uart.native[0]


def latch(uart):
    return uart.native[1]


def test_a_byte_written_to_thr_is_on_the_line_and_the_transmitter_is_empty(uart, bench):
    for byte in b"ok":
        put(uart, THR, byte)
    assert bench.line.sent == b"ok"
    assert get(uart, LSR) & 0x60 == 0x60


def test_dlab_turns_the_first_two_registers_into_the_divisor_latch(uart, bench):
    put(uart, LCR, 0x83)
    put(uart, 0, 0x34)
    put(uart, 1, 0x12)
    assert (get(uart, 0), get(uart, 1)) == (0x34, 0x12)
    put(uart, LCR, 0x03)
    assert bench.line.sent == b""
    assert get(uart, IER) == 0


def test_scratch_keeps_eight_bits_and_ier_four(uart):
    put(uart, SCR, 0xA5)
    put(uart, IER, 0xFF)
    assert get(uart, SCR) == 0xA5
    assert get(uart, IER) == 0x0F


def test_wide_accesses_reach_one_register_only(uart, bench):
    uart.write(SCR, 4, 0x11223344)
    assert uart.read(SCR, 8) == 0x44
    uart.write(THR, 4, 0x41424344)
    assert bench.line.sent == b"D"


def test_linux_finds_a_16550a(uart):
    """The probe of Linux's 8250 driver: IER keeps bits, loopback reaches MSR, FIFOs show in IIR, scratch
    works."""
    put(uart, IER, 0)
    assert get(uart, IER) & 0x0F == 0
    put(uart, IER, 0x0F)
    assert get(uart, IER) & 0x0F == 0x0F
    put(uart, IER, 0)
    put(uart, MCR, 0x10 | 0x0A)
    assert get(uart, MSR) & 0xF0 == 0x90
    put(uart, MCR, 0)
    put(uart, FCR, 1)
    assert get(uart, IIR) >> 6 == 3
    put(uart, FCR, 0)
    assert get(uart, IIR) >> 6 == 0


def test_linux_sees_the_transmit_interrupt_every_time_it_is_enabled(uart, irq):
    for _ in range(2):
        put(uart, IER, 0x02)
        assert irq.level
        assert get(uart, IIR) & 0x0F == 0x02
        put(uart, IER, 0x00)
        assert not irq.level


def test_reading_iir_takes_the_transmit_interrupt_away_and_the_next_byte_brings_it_back(uart, irq):
    put(uart, IER, 0x02)
    assert get(uart, IIR) & 0x0F == 0x02
    assert get(uart, IIR) & 0x0F == 0x01
    assert not irq.level
    put(uart, THR, 0x41)
    assert irq.level


def test_peeking_iir_does_not_take_the_interrupt_away(uart, irq):
    put(uart, IER, 0x02)
    assert uart.peek(IIR, 1) == uart.peek(IIR, 1) == 0x02
    assert irq.level


def test_the_receive_interrupt_is_high_while_a_byte_waits(uart, irq, bench):
    bench.line.coming = b"ab"
    put(uart, IER, 0x01)
    assert irq.level and get(uart, IIR) & 0x0F == 0x04
    assert get(uart, RBR) == ord("a") and irq.level
    assert get(uart, RBR) == ord("b") and not irq.level


@pytest.mark.parametrize(("bits", "trigger"), [(0, 1), (1, 4), (2, 8), (3, 14)])
def test_the_fifo_interrupts_at_its_trigger_level_and_below_it_by_timeout(uart, bench, bits, trigger):
    put(uart, FCR, 0x01 | bits << 6)
    bench.line.coming = bytes(range(trigger))
    put(uart, IER, 0x01)
    assert get(uart, IIR) == 0xC4
    get(uart, RBR)
    assert get(uart, IIR) == (0xC1 if trigger == 1 else 0xCC)


def test_the_character_timeout_comes_after_four_characters_of_guest_time(bench, irq):
    alarm = bench.alarm()
    uart = Ns16550a("uart0", bench.line, irq, alarm, clock=bench.clock)
    alarm.callback = uart.fire
    put(uart, LCR, 0x80)
    put(uart, 0, 2)  # 115200 baud at 3.6864 MHz
    put(uart, LCR, 0x03)  # 8N1: ten bits
    put(uart, FCR, 0xC1)
    bench.line.coming = b"x"
    put(uart, IER, 0x01)
    four = 4 * 10 * 1_000_000_000 // 115_200
    bench.advance(four - 100)
    assert not irq.level
    bench.advance(200)
    assert irq.level and get(uart, IIR) == 0xCC
    assert get(uart, RBR) == ord("x")
    assert not irq.level and alarm.deadline is None


def test_the_receiver_takes_no_more_than_the_fifo_holds_and_goes_on_as_it_is_read(uart, bench):
    put(uart, FCR, 1)
    bench.line.coming = bytes(range(40))
    put(uart, IER, 1)
    assert len(bench.line.coming) == 40 - FIFO
    assert bytes(get(uart, RBR) for _ in range(40)) == bytes(range(40))
    assert not get(uart, LSR) & 1


def test_without_fifo_the_receiver_holds_one_byte(uart, bench):
    bench.line.coming = b"abc"
    put(uart, IER, 1)
    assert bench.line.coming == b"bc"
    assert [get(uart, RBR) for _ in range(3)] == list(b"abc")


def test_a_polling_guest_gets_its_input(uart, bench):
    bench.line.coming = b"hello"
    got = b""
    for _ in range(100):
        if get(uart, LSR) & 1:
            got += bytes((get(uart, RBR),))
    assert got == b"hello"


def test_a_guest_that_sends_between_its_looks_gets_its_input_too(uart, bench):
    bench.line.coming = b"hello"
    got = b""
    for _ in range(100):
        if get(uart, LSR) & 1:
            got += bytes((get(uart, RBR),))
        put(uart, THR, ord("."))
    assert got == b"hello"


def test_what_firmware_reads_blindly_at_its_start_does_not_cost_input(uart, bench):
    """OpenSBI reads LSR and RBR once when it sets the UART up; U-Boot and Linux reset the FIFO."""
    bench.line.coming = b"version\n"
    put(uart, FCR, 1)
    get(uart, LSR)
    get(uart, RBR)
    for byte in b"OpenSBI" * 10:
        assert get(uart, LSR) & 0x20
        put(uart, THR, byte)
    put(uart, FCR, 0x07)
    assert not get(uart, LSR) & 1
    got = b""
    for _ in range(100):
        if get(uart, LSR) & 1:
            got += bytes((get(uart, RBR),))
    assert got == b"version\n"


def test_a_fifo_reset_empties_the_receiver_at_once(uart, bench):
    put(uart, FCR, 1)
    put(uart, MCR, 0x10)
    put(uart, THR, 0x55)
    assert get(uart, LSR) & 1
    put(uart, FCR, 3)
    assert not get(uart, LSR) & 1
    assert get(uart, RBR) == 0


def test_live_input_comes_with_a_poll(uart, irq, bench):
    put(uart, IER, 1)
    assert not irq.level
    bench.line.coming = b"k"
    uart.poll()
    assert irq.level and get(uart, RBR) == ord("k")


def test_loopback_brings_bytes_back_and_keeps_them_off_the_line(uart, bench):
    put(uart, MCR, 0x10)
    put(uart, THR, 0x5A)
    assert bench.line.sent == b""
    assert get(uart, LSR) & 1
    assert get(uart, RBR) == 0x5A


def test_loopback_ignores_the_line(uart, bench):
    put(uart, MCR, 0x10)
    bench.line.coming = b"x"
    put(uart, IER, 1)
    assert not get(uart, LSR) & 1
    put(uart, MCR, 0)
    assert get(uart, RBR) == ord("x")


def test_an_overrun_keeps_a_full_fifo_and_raises_the_line_status_interrupt(uart, irq):
    put(uart, MCR, 0x10)
    put(uart, FCR, 1)
    put(uart, IER, 4)
    for byte in range(FIFO + 1):
        put(uart, THR, byte)
    assert irq.level and get(uart, IIR) == 0xC6
    assert get(uart, LSR) & 2
    assert not irq.level and not get(uart, LSR) & 2
    assert [get(uart, RBR) for _ in range(FIFO)] == list(range(FIFO))


def test_an_overrun_of_the_holding_register_leaves_the_newer_byte(uart):
    put(uart, MCR, 0x10)
    put(uart, THR, 1)
    put(uart, THR, 2)
    assert get(uart, LSR) & 2
    assert get(uart, RBR) == 2


def test_a_break_shows_when_its_character_is_at_the_top(uart, irq, bench):
    put(uart, FCR, 1)
    bench.line.coming = b"a"
    put(uart, IER, 5)
    uart.receive_break()
    assert get(uart, LSR) & 0x91 == 0x81
    get(uart, RBR)
    assert get(uart, IIR) == 0xC6
    assert get(uart, LSR) & 0x91 == 0x11
    assert get(uart, RBR) == 0
    assert not irq.level


def test_break_control_in_loopback_is_received_as_a_break(uart):
    put(uart, MCR, 0x10)
    put(uart, LCR, 0x43)
    assert get(uart, LSR) & 0x11 == 0x11


def test_modem_lines_interrupt_when_they_change_and_reading_msr_ends_it(uart, irq):
    put(uart, IER, 8)
    put(uart, MCR, 0x10)  # DCD, DSR and CTS fall
    assert irq.level and get(uart, IIR) & 0x0F == 0x00
    assert get(uart, MSR) == 0x0B
    assert not irq.level and get(uart, MSR) == 0
    put(uart, MCR, 0x14)
    assert get(uart, MSR) == 0x40, "RI rises: its trailing edge has not come"
    put(uart, MCR, 0x10)
    assert get(uart, MSR) == 0x04


def test_interrupt_priorities_are_line_status_receive_transmit_modem(uart, bench):
    put(uart, IER, 0x0F)
    put(uart, MCR, 0x10)
    put(uart, THR, 1)
    put(uart, THR, 2)
    causes = []
    for offset in (LSR, RBR, IIR, MSR):
        causes.append(uart.peek(IIR, 1) & 0x0F)
        get(uart, offset)
    assert causes == [6, 4, 2, 0]
    assert get(uart, IIR) & 0x0F == 1


def test_thr_is_native_except_where_a_write_does_more_than_send(uart):
    assert ring(uart).enabled
    for offset, on, off in ((LCR, 0x80, 0), (IER, 0x02, 0), (MCR, 0x10, 0)):
        put(uart, offset, on)
        assert not ring(uart).enabled
        put(uart, offset, off)
        assert ring(uart).enabled


def test_lsr_is_native_once_the_guest_listens_and_shows_what_a_read_would(uart, bench):
    assert not latch(uart).enabled, "the first looks are counted"
    for _ in range(LOOKS):
        get(uart, LSR)
    assert latch(uart).enabled and latch(uart).value == 0x60
    bench.line.coming = b"x"
    uart.poll()
    assert latch(uart).enabled and latch(uart).value == 0x61 == uart.peek(LSR, 1)
    uart.receive_break()
    get(uart, RBR)
    assert not latch(uart).enabled, "a read of LSR would clear the overrun"


def test_reset_keeps_what_the_other_end_still_has_to_say(uart, irq, bench):
    bench.line.coming = b"a"
    put(uart, IER, 1)
    uart.reset()
    assert not irq.level and get(uart, IER) == 0
    put(uart, IER, 1)
    assert get(uart, RBR) == ord("a")


def test_a_loaded_state_drives_the_line_and_the_native_registers(uart, bench):
    bench.line.coming = b"a"
    put(uart, IER, 3)
    other_irq = bench.wire()
    other = Ns16550a("uart0", bench.line, other_irq)
    other.load(uart.state)
    assert other_irq.level and not ring(other).enabled and latch(other).value == 0x61
    assert other.state == uart.state


def test_reading_a_byte_ends_the_timeout_and_starts_the_next(bench, irq):
    alarm = bench.alarm()
    uart = Ns16550a("uart0", bench.line, irq, alarm, clock=bench.clock)
    alarm.callback = uart.fire
    put(uart, FCR, 0xC1)
    bench.line.coming = b"xy"
    put(uart, IER, 0x01)
    bench.advance(1_000_000_000)
    assert get(uart, IIR) == 0xCC
    get(uart, RBR)
    assert get(uart, IIR) == 0xC1 and not irq.level
    bench.advance(1_000_000_000)
    assert get(uart, IIR) == 0xCC and irq.level


def test_load_drives_the_line_even_where_the_device_thinks_it_has_that_level(uart, irq):
    put(uart, IER, 2)
    state = uart.state
    irq.level = False
    uart.load(state)
    assert irq.level
