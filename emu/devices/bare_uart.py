"""Serial port of machine `bare`. Manual: docs/machines/bare.md, "UART"."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from emu.device import Action, Channel, IrqLine, NativeRegister
from emu.registers import DeviceRegister, Meaning, Table, bits

DATA, STATUS, CONTROL = 0, 4, 8
RECEIVE_READY, TRANSMIT_READY = 1, 2
FIFO = 16  # bytes
REGISTERS: Table = (
    DeviceRegister("DATA", DATA, meaning=Meaning.CHARACTER, description="a received byte; a byte to send"),
    DeviceRegister(
        "STATUS", STATUS, fields=bits("RECEIVE_READY", "TRANSMIT_READY"), description="what it is ready for"
    ),
    DeviceRegister("CONTROL", CONTROL, fields=bits("INTERRUPT"), description="interrupt while a byte waits"),
)


@dataclass(slots=True)
class BareUartState:
    received: list[int] = field(default_factory=list)
    control: int = 0


class BareUart:
    """The machine calls `poll` when a live channel may have something."""

    registers = REGISTERS

    def __init__(self, name: str, channel: Channel, irq: IrqLine, size: int = 0x1000) -> None:
        self.name, self.size = name, size
        self._channel, self._irq = channel, irq
        self._status = NativeRegister(Action.LATCH, STATUS, 4)
        self.native = (NativeRegister(Action.RING, DATA, 4), self._status)
        self._s = BareUartState()
        self.poll()

    @property
    def state(self) -> BareUartState:
        return deepcopy(self._s)

    def load(self, state: BareUartState) -> None:
        self._s = deepcopy(state)
        self._settle()

    def reset(self) -> None:
        """What was received and not read is still there."""
        self._s.control = 0
        self._settle()

    def forget_input(self) -> None:
        """What was received and not read is lost."""
        self._s.received.clear()
        self._settle()

    def poll(self) -> None:
        """Take what the channel has, as far as there is room for it."""
        room = FIFO - len(self._s.received)
        if room:
            self._s.received += self._channel.read(room)
        self._settle()

    def peek(self, offset: int, width: int) -> int:
        match offset:
            case 0:
                return self._s.received[0] if self._s.received else 0
            case 4:
                return TRANSMIT_READY | (RECEIVE_READY if self._s.received else 0)
            case 8:
                return self._s.control
            case _:
                return 0

    def read(self, offset: int, width: int) -> int:
        value = self.peek(offset, width)
        if offset == DATA and self._s.received:
            self._s.received.pop(0)
            self.poll()
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        match offset:
            case 0:
                self._channel.write(bytes((value & 0xFF,)))
            case 8:
                self._s.control = value & 1
                self._settle()
            case _:
                return

    def _settle(self) -> None:
        self._status.value = self.peek(STATUS, 4)
        self._irq.set(bool(self._s.control and self._s.received))
