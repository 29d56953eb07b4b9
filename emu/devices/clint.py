"""CLINT: software and timer interrupts of each hart. Manual: RISC-V ACLINT 1.0-rc4, chapters 2 (MTIMER) and 3
(MSWI), in the layout of the SiFive CLINT (FU540-C000 manual, chapter 9).

| offset       | bits | register                                                        |
| 0x0000 + 4 n | 32   | MSIP of hart n: bit 0 is its software interrupt                 |
| 0x4000 + 8 n | 64   | MTIMECMP of hart n: its timer interrupt is MTIME >= MTIMECMP    |
| 0xbff8       | 64   | MTIME, ticks of the timebase                                    |
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from emu.device import Action, Clock, IrqLine, NativeRegister, Timer
from emu.registers import DeviceRegister, Meaning, Table, bits

MSIP, MTIMECMP, MTIME = 0x0000, 0x4000, 0xBFF8
NS = 1_000_000_000
U64 = (1 << 64) - 1
FOREVER = 1 << 63  # ns; a deadline that far away is none


@dataclass(slots=True)
class ClintState:
    msip: list[int] = field(default_factory=list)
    mtimecmp: list[int] = field(default_factory=list)
    offset: int = 0  # MTIME minus the ticks since the machine started, modulo 2^64


class Clint:
    """For as many harts as there are lines. `timebase` in Hz. The machine calls `fire(n)` when hart n's timer
    is due.

    On reset MTIMECMP is zero, as in QEMU: the timer interrupt is pending until software sets it.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        soft: Sequence[IrqLine],
        timer_lines: Sequence[IrqLine],
        timers: Sequence[Timer],
        timebase: int,
        size: int = 0x1_0000,
    ) -> None:
        self.name, self.size = name, size
        self._clock, self._soft, self._lines, self._timers = (
            clock,
            tuple(soft),
            tuple(timer_lines),
            tuple(timers),
        )
        self._timebase = timebase
        self._whole = NS % timebase == 0  # a tick is a whole number of ns: native code can count it
        self._mtime = NativeRegister(
            Action.CLOCK, MTIME, 8, period=max(NS // timebase, 1), enabled=self._whole
        )
        self.native = (self._mtime,)
        self.reset()

    @property
    def registers(self) -> Table:
        """By name, for debuggers."""
        harts, ticks = len(self._lines), Meaning.COUNT
        return (
            DeviceRegister(
                "MSIP",
                MSIP,
                fields=bits("PENDING"),
                array=((harts, 4),),
                description="software interrupt of a hart",
            ),
            DeviceRegister(
                "MTIMECMP",
                MTIMECMP,
                8,
                array=((harts, 8),),
                meaning=ticks,
                description="when a hart's timer is due",
            ),
            DeviceRegister("MTIME", MTIME, 8, description="ticks of the timebase", meaning=ticks),
        )

    @property
    def mtime(self) -> int:
        """Ticks, modulo 2^64: what the `time` CSR shows too."""
        return (self._ticks() + self._s.offset) & U64

    @property
    def state(self) -> ClintState:
        return deepcopy(self._s)

    def load(self, state: ClintState) -> None:
        self._s = deepcopy(state)
        self._settle()

    def reset(self) -> None:
        harts = len(self._lines)
        self._s = ClintState([0] * harts, [0] * harts, -self._ticks() & U64)
        self._settle()

    def fire(self, hart: int) -> None:
        """Hart's timer is due."""
        self._compare(hart)

    def peek(self, offset: int, width: int) -> int:
        base, size, index = self._register(offset)
        shift = 8 * (offset - base)
        if offset + width > base + size:
            return 0
        match base:
            case _ if base == MTIME:
                value = self.mtime
            case _ if base >= MTIMECMP:
                value = self._s.mtimecmp[index]
            case _:
                value = self._s.msip[index]
        return value >> shift & ((1 << 8 * width) - 1)

    def read(self, offset: int, width: int) -> int:
        return self.peek(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        base, size, index = self._register(offset)
        if offset + width > base + size:
            return
        shift, mask = 8 * (offset - base), (1 << 8 * width) - 1
        s = self._s
        if base == MTIME:
            merged = self.mtime & ~(mask << shift) | (value & mask) << shift
            s.offset = (merged - self._ticks()) & U64
            self._settle()
        elif base >= MTIMECMP:
            s.mtimecmp[index] = s.mtimecmp[index] & ~(mask << shift) | (value & mask) << shift
            self._compare(index)
        elif shift == 0:
            s.msip[index] = value & 1
            self._soft[index].set(bool(value & 1))

    def _register(self, offset: int) -> tuple[int, int, int]:
        """(offset, bytes, hart) of the register that holds `offset`; zero bytes where there is none."""
        if MTIME <= offset < MTIME + 8:
            return MTIME, 8, 0
        if MTIMECMP <= offset < MTIMECMP + 8 * len(self._lines):
            return offset & ~7, 8, (offset - MTIMECMP) >> 3
        if offset < MSIP + 4 * len(self._soft):
            return offset & ~3, 4, (offset - MSIP) >> 2
        return offset, 0, 0

    def _ticks(self) -> int:
        return self._clock.now() * self._timebase // NS

    def _compare(self, hart: int) -> None:
        ahead = self._s.mtimecmp[hart] - self.mtime  # ticks
        self._lines[hart].set(ahead <= 0)
        deadline = -(-(self._ticks() + ahead) * NS // self._timebase)  # the first ns of that tick
        if ahead > 0 and deadline < FOREVER:
            self._timers[hart].arm(deadline)
        else:
            self._timers[hart].cancel()

    def _settle(self) -> None:
        self._mtime.enabled = self._whole and self._s.offset == 0
        for hart, line in enumerate(self._soft):
            line.set(bool(self._s.msip[hart]))
        for hart in range(len(self._lines)):
            self._compare(hart)
