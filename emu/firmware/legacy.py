"""The legacy extensions [sbi 5]: one function each, one result, and masks of harts in guest memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from axvcpu.exits import AccessFlags
from emu.device import Memory
from emu.firmware.console import Console
from emu.firmware.entry import SSIP
from emu.firmware.extension import Arguments, Function, Redirected, Result
from emu.firmware.fence import FENCE_I, SFENCE_VMA, SFENCE_VMA_ASID, Fences
from emu.firmware.harts import Harts
from emu.firmware.timer import Timers
from emu.schedule import Vcpu
from isa.riscv.sbi import Eid, SbiError

_LOAD_ACCESS_FAULT, _LOAD_PAGE_FAULT = 5, 13  # as in scause


class Legacy:
    """`functions` by EID. LEGACY_SHUTDOWN is not among them: it is an exit of its own."""

    def __init__(
        self, harts: Harts, timers: Timers, fences: Fences, console: Console, memory: Memory, bits: int
    ) -> None:
        self._harts, self._timers, self._fences = harts, timers, fences
        self._console, self._memory, self._bits, self._mask = console, memory, bits, (1 << bits) - 1
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
        """The one result is not an error: whether an IPI was pending."""
        pending = caller.arch.read_register("mip") >> SSIP & 1
        caller.arch.set_pending("mip", SSIP, False)
        return Result(pending)

    def _send_ipi(self, caller: Vcpu, arguments: Arguments) -> Result | Redirected:
        named = self._named(caller, arguments[0])
        if not isinstance(named, list):
            return named
        for hart in named:
            self._harts.interrupt(hart)
        return Result()

    def _fence(self, fence: int, caller: Vcpu, arguments: Arguments) -> Result | Redirected:
        named = self._named(caller, arguments[0])
        if not isinstance(named, list):
            return named
        self._fences.fence(fence, caller, named)
        return Result()

    def _named(self, caller: Vcpu, address: int) -> list[Vcpu] | Result | Redirected:
        """The harts of the mask at a guest-virtual address; 0 is everybody. One word holds every hart that a machine
        can have. What cannot be read is the caller's own fault [sbi 5]."""
        if address == 0:
            return list(self._harts.all)
        mask = bytearray()
        for at in (address + i & self._mask for i in range(self._bits // 8)):
            physical = caller.arch.translate(at, AccessFlags.READ)
            if physical is None:
                return Redirected(_LOAD_PAGE_FAULT, at)
            byte = self._memory.read(physical, 1)
            if byte is None:
                return Redirected(_LOAD_ACCESS_FAULT, at)
            mask += byte
        harts = self._harts.chosen(int.from_bytes(mask, "little"), 0)
        return Result(SbiError.INVALID_PARAM) if harts is None else harts
