"""Goldfish real-time clock, as in QEMU's virt. Manual: Android's GOLDFISH-VIRTUAL-HARDWARE.TXT, "Goldfish
RTC".

All registers are 32 bits wide and answer 32-bit accesses only. Time is ns since 1970-01-01 00:00 UTC.

| offset | register       | read                                | write
| | 0x00   | TIME_LOW       | low half now; keeps the high half   | sets the low half of the time
| | 0x04   | TIME_HIGH      | the high half that was kept         | sets the high half of the time
| | 0x08   | ALARM_LOW      | low half of the alarm               | sets it and arms the alarm
| | 0x0c   | ALARM_HIGH     | high half of the alarm              | sets it (written before ALARM_LOW)
| | 0x10   | IRQ_ENABLED    | bit 0                               | bit 0
| | 0x14   | CLEAR_ALARM    | 0                                   | disarms the alarm
| | 0x18   | ALARM_STATUS   | 1 while the alarm is armed          | -
| | 0x1c   | CLEAR_INTERRUPT| 0                                   | the interrupt is no longer pending
|
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from emu.device import Clock, IrqLine, NativeRegister, Timer
from emu.registers import DeviceRegister, Direction, Table, bits

TIME_LOW, TIME_HIGH, ALARM_LOW, ALARM_HIGH = 0x00, 0x04, 0x08, 0x0C
IRQ_ENABLED, CLEAR_ALARM, ALARM_STATUS, CLEAR_INTERRUPT = 0x10, 0x14, 0x18, 0x1C
REGISTERS: Table = (
    DeviceRegister("TIME_LOW", TIME_LOW, description="low half of ns since 1970; a read keeps the high half"),
    DeviceRegister("TIME_HIGH", TIME_HIGH, description="the high half that was kept"),
    DeviceRegister("ALARM_LOW", ALARM_LOW, description="low half of the alarm; a write arms it"),
    DeviceRegister("ALARM_HIGH", ALARM_HIGH, description="high half of the alarm"),
    DeviceRegister(
        "IRQ_ENABLED", IRQ_ENABLED, fields=bits("ENABLED"), description="the interrupt is enabled"
    ),
    DeviceRegister("CLEAR_ALARM", CLEAR_ALARM, access=Direction.WRITE, description="disarms the alarm"),
    DeviceRegister("ALARM_STATUS", ALARM_STATUS, fields=bits("ARMED"), access=Direction.READ),
    DeviceRegister(
        "CLEAR_INTERRUPT", CLEAR_INTERRUPT, access=Direction.WRITE, description="not pending any more"
    ),
)
U32, U64 = (1 << 32) - 1, (1 << 64) - 1
FOREVER = 1 << 63  # ns of guest time; an alarm that far away is none


@dataclass(slots=True)
class GoldfishRtcState:
    offset: int = 0  # the guest's corrections: time = epoch + guest time + offset, modulo 2^64
    alarm: int = 0
    armed: bool = False
    pending: bool = False
    enabled: bool = False
    time_high: int = 0


class GoldfishRtc:
    """`epoch` is the time of day at guest time 0, in ns. The machine calls `fire` when the timer is due."""

    registers = REGISTERS
    native: tuple[NativeRegister, ...] = ()

    def __init__(
        self, name: str, clock: Clock, irq: IrqLine, timer: Timer, epoch: int = 0, size: int = 0x1000
    ) -> None:
        self.name, self.size = name, size
        self._clock, self._irq, self._timer, self._epoch = clock, irq, timer, epoch
        self._s = GoldfishRtcState()
        self._settle()

    @property
    def state(self) -> GoldfishRtcState:
        return deepcopy(self._s)

    def load(self, state: GoldfishRtcState) -> None:
        self._s = deepcopy(state)
        self._settle()

    def reset(self) -> None:
        """Alarm and interrupt are off, and the time is what it would be had the guest not set it, as in QEMU."""
        self._s = GoldfishRtcState()
        self._timer.cancel()
        self._settle()

    def fire(self) -> None:
        """The alarm is due."""
        self._s.armed, self._s.pending = False, True
        self._settle()

    def peek(self, offset: int, width: int) -> int:
        s = self._s
        if width != 4:
            return 0
        match offset:
            case 0x00:
                return self._time() & U32
            case 0x04:
                return s.time_high
            case 0x08:
                return s.alarm & U32
            case 0x0C:
                return s.alarm >> 32
            case 0x10:
                return int(s.enabled)
            case 0x18:
                return int(s.armed)
            case _:
                return 0

    def read(self, offset: int, width: int) -> int:
        if offset == TIME_LOW and width == 4:
            now = self._time()
            self._s.time_high = now >> 32
            return now & U32
        return self.peek(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        s = self._s
        if width != 4:
            return
        match offset:
            case 0x00:
                self._set_time(self._time() & ~U32 | value)
            case 0x04:
                self._set_time(self._time() & U32 | value << 32)
            case 0x08:
                s.alarm = s.alarm & ~U32 | value
                self._set_alarm()
            case 0x0C:
                s.alarm = s.alarm & U32 | value << 32
            case 0x10:
                s.enabled = bool(value & 1)
            case 0x14:
                s.armed = False
                self._timer.cancel()
            case 0x1C:
                s.pending = False
            case _:
                return
        self._settle()

    def _time(self) -> int:
        return (self._epoch + self._clock.now() + self._s.offset) & U64

    def _set_time(self, now: int) -> None:
        self._s.offset = (now - self._epoch - self._clock.now()) & U64

    def _set_alarm(self) -> None:
        """Ring at once, or when as much time has passed as lacks now: setting the time moves no alarm, as in QEMU."""
        ahead = self._s.alarm - self._time()
        self._s.armed = ahead > 0
        deadline = self._clock.now() + ahead
        if ahead > 0 and deadline < FOREVER:
            self._timer.arm(deadline)
        else:
            self._timer.cancel()
        self._s.pending = self._s.pending or ahead <= 0

    def _settle(self) -> None:
        self._irq.set(self._s.pending and self._s.enabled)
