"""Remote fences [sbi 8].

All harts of a machine share one engine. Translated code is the engine's: stores to it are seen as they happen, whichever
hart makes them, so that a remote fence of instructions has as little to do as `fence.i` itself. The TLB is emptied
whenever another hart is loaded: a fence on another hart is done before that hart runs again, and only one on the caller
itself is left to do.
"""

from __future__ import annotations

from emu.firmware.extension import Arguments, Extension, Result
from emu.firmware.harts import Harts
from emu.schedule import Vcpu
from isa.riscv.sbi import Eid, SbiError

FENCE_I, SFENCE_VMA, SFENCE_VMA_ASID = range(3)  # 3 to 6 are for the hypervisor extension, which no hart has


class Fences:
    def __init__(self, harts: Harts) -> None:
        self._harts = harts
        self.extension = Extension(
            Eid.RFENCE,
            "RFENCE",
            {FENCE_I: self._fence_i, SFENCE_VMA: self._sfence_vma, SFENCE_VMA_ASID: self._sfence_vma},
        )

    def _fence_i(self, caller: Vcpu, arguments: Arguments) -> Result:
        named = self._harts.chosen(*arguments[:2])
        return Result() if named is not None else Result(SbiError.INVALID_PARAM)

    def _sfence_vma(self, caller: Vcpu, arguments: Arguments) -> Result:
        named = self._harts.chosen(*arguments[:2])
        if named is None:
            return Result(SbiError.INVALID_PARAM)
        if caller in named:
            self.flush(caller)
        return Result()

    def flush(self, caller: Vcpu) -> None:
        """More than was asked for, whatever the range and the address space: an empty TLB is always right."""
        caller.arch.flush_tlb()
