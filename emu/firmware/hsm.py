"""Hart State Management [sbi 9]."""

from __future__ import annotations

from typing import Final

from axvcpu.exits import CpuUp
from emu.device import Memory
from emu.firmware.extension import Arguments, Extension, Result
from emu.firmware.harts import Harts
from emu.firmware.timer import Timers
from emu.schedule import Vcpu
from isa.riscv.sbi import HART_STATUS, HART_SUSPEND, Eid, SbiError

RETENTIVE: Final = 0x0000_0000
NON_RETENTIVE: Final = 0x8000_0000
_WORD: Final = (1 << 32) - 1


class Hsm:
    def __init__(self, harts: Harts, timers: Timers, memory: Memory) -> None:
        self._harts, self._timers, self._memory = harts, timers, memory
        self.extension = Extension(Eid.HSM, "HSM", {HART_STATUS: self._status, HART_SUSPEND: self._suspend})

    def start(self, exit: CpuUp) -> Result:
        """hart_start: the exit CpuUp."""
        hart = self._harts.find(exit.target_cpu)
        if hart is None:
            return Result(SbiError.INVALID_PARAM)
        if not self._executable(exit.entry_point):
            return Result(SbiError.INVALID_ADDRESS)
        if not self._harts.start(hart, exit.entry_point, exit.arg):
            return Result(SbiError.ALREADY_AVAILABLE)
        return Result()

    def stop(self, caller: Vcpu) -> None:
        """hart_stop: the exit CpuDown."""
        self._timers.cancel(caller)
        self._harts.stop(caller)

    def _status(self, caller: Vcpu, arguments: Arguments) -> Result:
        hart = self._harts.find(arguments[0])
        if hart is None:
            return Result(SbiError.INVALID_PARAM)
        return Result(SbiError.SUCCESS, self._harts.state(hart))

    def _suspend(self, caller: Vcpu, arguments: Arguments) -> Result | None:
        """Types that are reserved, or a platform's own, are invalid: this platform has none."""
        kind, entry, argument = arguments[0] & _WORD, arguments[1], arguments[2]
        if kind == RETENTIVE:
            self._harts.suspend(caller)
            return None
        if kind == NON_RETENTIVE:
            if not self._executable(entry):
                return Result(SbiError.INVALID_ADDRESS)
            self._harts.suspend_to(caller, entry, argument)
            return None
        return Result(SbiError.INVALID_PARAM)

    def _executable(self, address: int) -> bool:
        """Whether an instruction may begin there: at an even address of memory."""
        return address & 1 == 0 and self._memory.holds(address, 2)
