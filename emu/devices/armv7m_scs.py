"""What native code leaves of a Cortex-M's System Control Space: SysTick, and the reset request.

Source: ARMv7-M Architecture Reference Manual (DDI 0403E), B3.3. The processor's clock counts instructions (a cycle is
1 ns of guest time), the reference clock 1 MHz.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

from emu.device import Clock, NativeRegister, Power, PowerKind, PowerRequest, Timer
from emu.registers import Table

CSR, RVR, CVR, CALIB, AIRCR = 0x10, 0x14, 0x18, 0x1C, 0xD0C
ENABLE, TICKINT, CLKSOURCE, COUNTFLAG = 1, 2, 4, 1 << 16
REFERENCE_NS = 1000
COUNT = (1 << 24) - 1
TEN_MS = 10_000
"""CALIB.TENMS: ticks of the reference clock."""


@dataclass(slots=True)
class ScsState:
    control: int = 0  # ENABLE, TICKINT, CLKSOURCE
    reload: int = 0
    left: int = 0  # the count, while it stands still
    zero_at: int | None = None  # guest time in ns at which it gets to 0 next
    counted: bool = False


class Armv7mScs:
    """`tick` makes the SysTick exception pending; the machine calls `fire` when the count may have got to 0."""

    native: tuple[NativeRegister, ...] = ()

    def __init__(
        self,
        name: str,
        clock: Clock,
        timer: Timer,
        tick: Callable[[], None],
        power: Power,
        size: int = 0x1000,
    ) -> None:
        self.name, self.size = name, size
        self._clock, self._timer, self._tick, self._power = clock, timer, tick, power
        self._s = ScsState()

    @property
    def registers(self) -> Table:
        """By name, for debuggers: those of the CPU too."""
        from emu.devices.armv7m_scs_registers import REGISTERS  # noqa: PLC0415 - only a debugger loads it

        return REGISTERS

    @property
    def state(self) -> ScsState:
        return deepcopy(self._s)

    def load(self, state: ScsState) -> None:
        self._s = deepcopy(state)
        self._arm()

    def reset(self) -> None:
        self._s = ScsState()
        self._arm()

    def fire(self) -> None:
        self._settle()

    @property
    def _period(self) -> int:
        """ns of one tick."""
        return 1 if self._s.control & CLKSOURCE else REFERENCE_NS

    def _settle(self) -> None:
        """Let the count go through 0 as often as it has."""
        s, now = self._s, self._clock.now()
        while s.zero_at is not None and s.zero_at <= now:
            s.counted = True
            if s.control & TICKINT:
                self._tick()
            if s.reload == 0:
                s.zero_at, s.left = None, 0
            else:
                round_trip = (s.reload + 1) * self._period
                s.zero_at += max((now - s.zero_at) // round_trip, 1) * round_trip
        self._arm()

    def _arm(self) -> None:
        if self._s.zero_at is None:
            self._timer.cancel()
        else:
            self._timer.arm(self._s.zero_at)

    def _count(self) -> int:
        s = self._s
        if s.zero_at is None:
            return s.left
        return min(max(-(-(s.zero_at - self._clock.now()) // self._period), 0), COUNT)

    def peek(self, offset: int, width: int) -> int:
        match offset & ~3:
            case 0x10:
                value = self._s.control | (COUNTFLAG if self._s.counted else 0)
            case 0x14:
                value = self._s.reload
            case 0x18:
                value = self._count()
            case 0x1C:
                value = TEN_MS
            case _:
                value = 0
        return value >> 8 * (offset & 3) & (1 << 8 * width) - 1

    def read(self, offset: int, width: int) -> int:
        self._settle()
        value = self.peek(offset, width)
        if offset & ~3 == CSR:
            self._s.counted = False
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        self._settle()
        s = self._s
        if offset == CSR:
            left = self._count()
            s.control = value & (ENABLE | TICKINT | CLKSOURCE)
            self._run_from(left)
        elif offset == RVR:
            s.reload = value & COUNT
            if s.zero_at is None:
                self._run_from(s.left)
        elif offset == CVR:
            s.counted = False
            self._run_from(0)
        elif offset == AIRCR:  # only a reset request gets here
            self._power(PowerRequest(PowerKind.RESET, 0))

    def _run_from(self, left: int) -> None:
        """Count down from `left`, or from the reload value where it is 0 [B3.3.1]."""
        s = self._s
        s.left, s.zero_at = left, None
        if s.control & ENABLE:
            count = left or (s.reload + 1 if s.reload else 0)
            if count:
                s.zero_at = self._clock.now() + count * self._period
        self._arm()
