"""The legacy extensions [sbi 5]: one function each, one result, and masks of harts in guest memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from axvcpu.exits import AccessFlags
from emu.device import Memory
from emu.firmware.console import Console
from emu.firmware.entry import SSIP
from emu.firmware.extension import Arguments, Function, Result
from emu.firmware.fence import FENCE_I, SFENCE_VMA, SFENCE_VMA_ASID, Fences
from emu.firmware.harts import Harts
from emu.firmware.timer import Timers
from emu.schedule import Vcpu
from isa.riscv.sbi import Eid, SbiError


class Legacy:
    """`functions` by EID. LEGACY_SHUTDOWN is not among them: it is an exit of its own."""

    def __init__(
        self, harts: Harts, timers: Timers, fences: Fences, console: Console, memory: Memory, bits: int
    ) -> None:
        self._harts, self._timers, self._fences = harts, timers, fences
        self._console, self._memory, self._bits = console, memory, bits
        self.functions: Mapping[int, Function] = MappingProxyType(
            {
                Eid.LEGACY_SET_TIMER: timers.extension.functions[0],
                Eid.LEGACY_PUTCHAR: self._putchar,
                Eid.LEGACY_GETCHAR: self._getchar,
                Eid.LEGACY_CLEAR_IPI: self._clear_ipi,
                Eid.LEGACY_SEND_IPI: self._send_ipi,
                Eid.LEGACY_FENCE_I: partial(self._fence, FENCE_I),
                Eid.LEGACY_SFENCE_VMA: partial(self._fence, SFENCE_VMA),
                Eid.LEGACY_SFENCE_VMA_ASID: partial(self._fence, SFENCE_VMA_ASID),
            }
        )

    def _putchar(self, caller: Vcpu, arguments: Arguments) -> Result:
        self._console.put(arguments[0])
        return Result()

    def _getchar(self, caller: Vcpu, arguments: Arguments) -> Result:
        data = self._console.take(1)
        return Result(data[0] if data else -1)

    def _clear_ipi(self, caller: Vcpu, arguments: Arguments) -> Result:
        caller.arch.set_pending("mip", SSIP, False)
        return Result()

    def _send_ipi(self, caller: Vcpu, arguments: Arguments) -> Result:
        named = self._named(caller, arguments[0])
        if isinstance(named, SbiError):
            return Result(named)
        for hart in named:
            self._harts.interrupt(hart)
        return Result()

    def _fence(self, fence: int, caller: Vcpu, arguments: Arguments) -> Result:
        named = self._named(caller, arguments[0])
        if isinstance(named, SbiError):
            return Result(named)
        self._fences.fence(fence, caller, named)
        return Result()

    def _named(self, caller: Vcpu, address: int) -> list[Vcpu] | SbiError:
        """The harts of the mask at a guest-virtual address; 0 is everybody. One word holds every hart that a machine
        can have."""
        if address == 0:
            return list(self._harts.all)
        size = self._bits // 8
        if address % size:
            return SbiError.INVALID_ADDRESS
        physical = caller.arch.translate(address, AccessFlags.READ)
        mask = None if physical is None else self._memory.read(physical, size)
        if mask is None:
            return SbiError.INVALID_ADDRESS
        harts = self._harts.chosen(int.from_bytes(mask, "little"), 0)
        return SbiError.INVALID_PARAM if harts is None else harts
