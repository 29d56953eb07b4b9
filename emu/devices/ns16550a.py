"""UART 16550A. Manual: National Semiconductor PC16550D, June 1995, section 8 (registers).

The transmitter is instantaneous: what is written to THR has left before the next access, so LSR always says
"empty".

The receiver takes bytes when the guest listens. A line that talks from the first moment would lose what
firmware reads blindly or flushes while it starts, so the other end is patient: it stays silent until the
guest has enabled the receive interrupt or has looked for input LOOKS times in vain, and sends again what a
FIFO reset discarded.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from emu.device import Action, Channel, Clock, IrqLine, NativeRegister, Timer
from emu.registers import Table

LOOKS = 16
FIFO = 16  # bytes
CLOCK_HZ = 3_686_400  # input of the baud generator, as in the device tree of QEMU's virt

# Offsets (table II). With LCR.DLAB set, 0 and 1 are the divisor latch.
RBR = THR = DLL = 0
IER = DLM = 1
IIR = FCR = 2
LCR, MCR, LSR, MSR, SCR = 3, 4, 5, 6, 7

IER_RDI, IER_THRI, IER_RLSI, IER_MSI = 1, 2, 4, 8  # 8.7
FCR_ENABLE, FCR_CLEAR_RECEIVE, FCR_CLEAR_TRANSMIT, FCR_KEPT = 0x01, 0x02, 0x04, 0xC9  # 8.5
LCR_BREAK, LCR_DLAB = 0x40, 0x80  # 8.1
MCR_LOOP, MCR_BITS = 0x10, 0x1F  # 8.8
LSR_DR, LSR_OE, LSR_BI, LSR_THRE, LSR_TEMT, LSR_FIFO_ERROR = 0x01, 0x02, 0x10, 0x20, 0x40, 0x80  # 8.4
LSR_ERRORS = 0x1E
MSR_DELTAS, MSR_TERI, MSR_RI = 0x0F, 0x04, 0x40  # 8.9
MSR_CONNECTED = 0xB0  # DCD, DSR, CTS: somebody is there
CAUSE_NONE, CAUSE_MSI, CAUSE_THRI, CAUSE_RDI, CAUSE_RLSI, CAUSE_TIMEOUT = 1, 0, 2, 4, 6, 12  # 8.6
IIR_FIFOS = 0xC0
TRIGGER = (1, 4, 8, 14)  # bytes, by FCR bits 7:6
LOOP_LINES = (
    (0x01, 0x20),
    (0x02, 0x10),
    (0x04, 0x40),
    (0x08, 0x80),
)  # MCR DTR, RTS, OUT1, OUT2 -> MSR DSR, CTS, RI, DCD

# A received character: its byte, and
BROKEN = 0x100  # it came as a break
LOOPED = 0x200  # it came from our own transmitter, by loopback


@dataclass(slots=True)
class Ns16550aState:
    ier: int = 0
    fcr: int = 0
    lcr: int = 0
    mcr: int = 0
    scr: int = 0
    divisor: int = 12
    errors: int = 0  # LSR bits that wait for a read of LSR
    deltas: int = 0  # MSR bits that wait for a read of MSR
    received: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)  # bytes that the other end sends once more
    looks: int = 0
    thre_pending: bool = False
    timeout_pending: bool = False
    deadline: int | None = None  # of the character timeout, guest time in ns


class Ns16550a:
    """With `timer` and `clock` the character timeout comes after four character times (8.11.1), without them
    at once.

    The machine calls `fire` when the timer is due, and `poll` when a live channel may have something.
    """

    def __init__(
        self,
        name: str,
        channel: Channel,
        irq: IrqLine,
        timer: Timer | None = None,
        size: int = 0x100,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.name, self.size = name, size
        self._channel, self._irq = channel, irq
        self._timer = timer if clock is not None else None
        self._clock = clock
        self._ring = NativeRegister(Action.RING, THR, 1)
        self._latch = NativeRegister(Action.LATCH, LSR, 1)
        self.native = (self._ring, self._latch)
        self._level: bool | None = None
        self._s = Ns16550aState()
        self._settle()

    @property
    def registers(self) -> Table:
        """By name, for debuggers."""
        from emu.devices.ns16550a_registers import REGISTERS  # noqa: PLC0415 - only a debugger loads it

        return REGISTERS

    @property
    def hidden(self) -> dict[str, int]:
        return {"FCR": self._s.fcr}

    @property
    def state(self) -> Ns16550aState:
        self._s.deadline = self._timer.deadline if self._timer is not None else None
        return deepcopy(self._s)

    def load(self, state: Ns16550aState) -> None:
        self._s = deepcopy(state)
        self._level = None
        if self._timer is not None:
            if state.deadline is None:
                self._timer.cancel()
            else:
                self._timer.arm(state.deadline)
        self._settle()

    def reset(self) -> None:
        self._flush()
        self._s = Ns16550aState(again=self._s.again)
        self._level = None
        self._settle()

    def forget_input(self) -> None:
        """What was received and not read is lost."""
        self._s = Ns16550aState()
        self.reset()

    def poll(self) -> None:
        """Take what the channel has, as far as there is room for it and the guest listens."""
        self._pull()
        self._settle()

    def fire(self) -> None:
        """The character timeout is due."""
        self._s.timeout_pending = bool(self._s.received)
        self._settle()

    def receive_break(self) -> None:
        """The other end holds the line in break for one character."""
        if not self._s.mcr & MCR_LOOP:
            self._receive(BROKEN)
            self._settle()

    def peek(self, offset: int, width: int) -> int:
        s = self._s
        if s.lcr & LCR_DLAB and offset in (DLL, DLM):
            return s.divisor >> 8 * offset & 0xFF
        match offset:
            case 0:
                return s.received[0] & 0xFF if s.received else 0
            case 1:
                return s.ier
            case 2:
                return self._cause() | (IIR_FIFOS if s.fcr & FCR_ENABLE else 0)
            case 3:
                return s.lcr
            case 4:
                return s.mcr
            case 5:
                return self._line_status()
            case 6:
                return self._modem_lines() | s.deltas
            case 7:
                return s.scr
            case _:
                return 0

    def read(self, offset: int, width: int) -> int:
        value, s = self.peek(offset, width), self._s
        match offset:
            case 0 if not s.lcr & LCR_DLAB:
                self._take()
            case 2 if value & 0x0F == CAUSE_THRI:
                s.thre_pending = False
            case 5:
                news = s.errors != 0
                s.errors = 0
                self._look()
                self._settle(news=news)
                return value
            case 6:
                s.deltas = 0
            case _:
                return value
        self._settle()
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        s = self._s
        value &= 0xFF
        if s.lcr & LCR_DLAB and offset in (DLL, DLM):
            shift = 8 * offset
            s.divisor = s.divisor & ~(0xFF << shift) | value << shift
            return
        match offset:
            case 0:
                self._transmit(value)
            case 1:
                changed, s.ier = s.ier ^ value, value & 0x0F
                if changed & IER_THRI:
                    s.thre_pending = bool(value & IER_THRI)
                self._pull()
            case 2:
                self._control_fifos(value)
            case 3:
                if value & ~s.lcr & LCR_BREAK and s.mcr & MCR_LOOP:
                    self._receive(BROKEN | LOOPED)
                s.lcr = value
            case 4:
                before = self._modem_lines()
                s.mcr = value & MCR_BITS
                self._lines_changed(before)
                self._pull()
            case 7:
                s.scr = value
            case _:
                return
        self._settle()

    def _transmit(self, value: int) -> None:
        s = self._s
        if s.mcr & MCR_LOOP:
            self._receive(value | LOOPED)
        else:
            self._channel.write(bytes((value,)))
        s.thre_pending = bool(s.ier & IER_THRI)

    def _control_fifos(self, value: int) -> None:
        """8.5: switching the FIFOs on or off clears both. A cleared transmitter is empty anew: it interrupts
        again."""
        s = self._s
        enable = value & FCR_ENABLE
        switched = enable != s.fcr & FCR_ENABLE
        if switched or (enable and value & FCR_CLEAR_RECEIVE):
            self._flush()
        if switched or (enable and value & FCR_CLEAR_TRANSMIT):
            s.thre_pending = bool(s.ier & IER_THRI)
        s.fcr = value & FCR_KEPT if enable else 0
        self._pull()

    def _flush(self) -> None:
        s = self._s
        s.again = [each for each in s.received if not each & (LOOPED | BROKEN)] + s.again
        s.received.clear()
        s.looks = 0
        self._restart_timeout()

    def _look(self) -> None:
        """The guest looked for input. Counts only while it is not known to listen."""
        if not self._listening and not self._s.received:
            self._s.looks += 1
            self._pull()

    def _take(self) -> None:
        s = self._s
        if not s.received:
            self._look()
            return
        s.received.pop(0)
        self._reveal()
        s.timeout_pending = False
        self._restart_timeout()
        self._pull()

    @property
    def _listening(self) -> bool:
        return bool(self._s.ier & IER_RDI) or self._s.looks >= LOOKS

    def _pull(self) -> None:
        s = self._s
        if not self._listening or s.mcr & MCR_LOOP:
            return
        room = (FIFO if s.fcr & FCR_ENABLE else 1) - len(s.received)
        if room <= 0:
            return
        bytes_now, s.again = s.again[:room], s.again[room:]
        if len(bytes_now) < room:
            bytes_now += self._channel.read(room - len(bytes_now))
        for each in bytes_now:
            self._receive(each)

    def _receive(self, character: int) -> None:
        """8.4 bit 1: an overrun keeps a full FIFO as it is, and overwrites the single holding register."""
        s = self._s
        if not s.fcr & FCR_ENABLE and s.received:
            s.received.clear()
            s.errors |= LSR_OE
        if len(s.received) >= FIFO:
            s.errors |= LSR_OE
        else:
            s.received.append(character)
            if len(s.received) == 1:
                self._reveal()
        self._restart_timeout()

    def _reveal(self) -> None:
        """8.4: an error belongs to its character and shows when that one is at the top of the FIFO."""
        if self._s.received and self._s.received[0] & BROKEN:
            self._s.errors |= LSR_BI
            self._s.received[0] &= ~BROKEN

    def _restart_timeout(self) -> None:
        s = self._s
        if not s.received:
            s.timeout_pending = False
        if self._timer is None or self._clock is None:
            return
        if not s.received or not s.fcr & FCR_ENABLE:
            self._timer.cancel()
            return
        frame = 1 + 5 + (s.lcr & 3) + (1 if s.lcr & 8 else 0) + (2 if s.lcr & 4 else 1)  # bits of a character
        character = frame * 16 * (s.divisor or 1) * 1_000_000_000 // CLOCK_HZ
        self._timer.arm(self._clock.now() + 4 * character)

    def _line_status(self) -> int:
        s = self._s
        status = LSR_THRE | LSR_TEMT | s.errors
        if s.received:
            status |= LSR_DR
            if s.fcr & FCR_ENABLE and any(each & BROKEN for each in s.received):
                status |= LSR_FIFO_ERROR
        return status

    def _modem_lines(self) -> int:
        mcr = self._s.mcr
        if not mcr & MCR_LOOP:
            return MSR_CONNECTED
        return sum(status for control, status in LOOP_LINES if mcr & control)

    def _lines_changed(self, before: int) -> None:
        changed = before ^ self._modem_lines()
        deltas = changed >> 4
        if changed & MSR_RI and not before & MSR_RI:
            deltas &= ~MSR_TERI  # 8.9 bit 2: the trailing edge of RI only
        self._s.deltas |= deltas

    def _cause(self) -> int:
        """The pending interrupt of highest priority (8.6)."""
        s = self._s
        count = len(s.received)
        trigger = TRIGGER[s.fcr >> 6] if s.fcr & FCR_ENABLE else 1
        if s.ier & IER_RLSI and s.errors & LSR_ERRORS:
            return CAUSE_RLSI
        if s.ier & IER_RDI and count >= trigger:
            return CAUSE_RDI
        if s.ier & IER_RDI and count and (s.timeout_pending or self._timer is None):
            return CAUSE_TIMEOUT
        if s.ier & IER_THRI and s.thre_pending:
            return CAUSE_THRI
        if s.ier & IER_MSI and s.deltas:
            return CAUSE_MSI
        return CAUSE_NONE

    def _settle(self, *, news: bool = True) -> None:
        """Make the interrupt line and the native registers what the state asks for; a line that stays high is said to be
        so once more, if there is `news`.

        A write to THR may be queued while sending the byte is all it does; LSR may be answered natively while
        reading it has no effect: no error to clear, no look to count.
        """
        s = self._s
        level = self._cause() != CAUSE_NONE
        if level is not self._level or (level and news):
            self._level = level
            self._irq.set(level)
        self._ring.enabled = not (s.lcr & LCR_DLAB or s.ier & IER_THRI or s.mcr & MCR_LOOP)
        self._latch.value = self._line_status()
        self._latch.enabled = not s.errors and (bool(s.received) or self._listening)
