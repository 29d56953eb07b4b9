"""Remote fences [sbi 8].

All harts of a machine share one engine. Translated code is the engine's: stores to it are seen as they happen, whichever
hart makes them, so that a remote fence of instructions has as little to do as `fence.i` itself. The TLB is the engine's
too, and what one hart has put there may serve another: a fence of translations empties it, whichever harts it names.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from emu.firmware.counters import Counters, Event
from emu.firmware.extension import Arguments, Extension, Function, Result
from emu.firmware.harts import Harts
from emu.schedule import Vcpu
from isa.riscv.sbi import Eid, SbiError

FENCE_I, SFENCE_VMA, SFENCE_VMA_ASID = range(3)  # 3 to 6 are for the hypervisor extension, which no hart has

EVENTS: Final = {
    FENCE_I: (Event.FENCE_I_SENT, Event.FENCE_I_RECEIVED),
    SFENCE_VMA: (Event.SFENCE_VMA_SENT, Event.SFENCE_VMA_RECEIVED),
    SFENCE_VMA_ASID: (Event.SFENCE_VMA_ASID_SENT, Event.SFENCE_VMA_ASID_RECEIVED),
}
"""What the caller and each hart that it names count."""


class Fences:
    def __init__(self, harts: Harts, counters: Counters) -> None:
        self._harts, self._counters = harts, counters
        functions: dict[int, Function] = {fence: partial(self._call, fence) for fence in EVENTS}
        self.extension = Extension(Eid.RFENCE, "RFENCE", functions)

    def _call(self, fence: int, caller: Vcpu, arguments: Arguments) -> Result:
        named = self._harts.chosen(*arguments[:2])
        if named is None:
            return Result(SbiError.INVALID_PARAM)
        self.fence(fence, caller, named)
        return Result()

    def fence(self, fence: int, caller: Vcpu, named: Iterable[Vcpu]) -> None:
        """More than was asked for, whatever the range and the address space: an empty TLB is always right."""
        sent, received = EVENTS[fence]
        self._counters.note(caller, sent)
        for hart in named:
            self._counters.note(hart, received)
        if fence != FENCE_I:
            caller.arch.flush_tlb()
