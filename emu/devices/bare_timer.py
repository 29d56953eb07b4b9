"""One-shot timer of machine `bare`. Manual: docs/machines/bare.md, "Timer"."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from emu.device import Action, Clock, IrqLine, NativeRegister, Timer
from emu.registers import DeviceRegister, Direction, Meaning, Table, bits

COUNT, DELAY, STATUS = 0, 8, 16
REGISTERS: Table = (
    DeviceRegister("COUNT", COUNT, 8, access=Direction.READ, description="guest time", meaning=Meaning.TIME),
    DeviceRegister("DELAY", DELAY, 8, description="until it fires; 0: not armed", meaning=Meaning.TIME),
    DeviceRegister("STATUS", STATUS, fields=bits("FIRED"), description="it has fired; 1 clears that"),
)
FOREVER = 1 << 63  # ns; a deadline that far away is none


@dataclass(slots=True)
class BareTimerState:
    deadline: int | None = None  # guest time in ns
    fired: bool = False


class BareTimer:
    """The machine calls `fire` when the timer is due."""

    registers = REGISTERS

    def __init__(self, name: str, clock: Clock, timer: Timer, irq: IrqLine, size: int = 0x1000) -> None:
        self.name, self.size = name, size
        self._clock, self._timer, self._irq = clock, timer, irq
        self.native = (NativeRegister(Action.CLOCK, COUNT, 8),)
        self._s = BareTimerState()
        self._settle()

    @property
    def state(self) -> BareTimerState:
        return deepcopy(self._s)

    def load(self, state: BareTimerState) -> None:
        self._s = deepcopy(state)
        self._settle()

    def reset(self) -> None:
        self._s = BareTimerState()
        self._settle()

    def fire(self) -> None:
        """The deadline may have come."""
        self._settle()

    def peek(self, offset: int, width: int) -> int:
        base = offset & ~7
        if offset + width > base + 8:
            return 0
        match base:
            case 0:
                value = self._clock.now()
            case 8:
                value = 0 if self._s.deadline is None else self._s.deadline - self._clock.now()
            case 16:
                value = int(self._s.fired)
            case _:
                return 0
        return max(value, 0) >> 8 * (offset - base) & ((1 << 8 * width) - 1)

    def read(self, offset: int, width: int) -> int:
        return self.peek(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        match offset:
            case 8:
                deadline = self._clock.now() + value
                self._s.deadline = deadline if value and deadline < FOREVER else None
            case 16 if value & 1:
                self._s.fired = False
            case _:
                return
        self._settle()

    def _settle(self) -> None:
        s = self._s
        if s.deadline is not None and s.deadline <= self._clock.now():
            s.deadline, s.fired = None, True
        self._irq.set(s.fired)
        if s.deadline is None:
            self._timer.cancel()
        else:
            self._timer.arm(s.deadline)
