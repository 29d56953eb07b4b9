"""The harts as firmware sees them: which a mask names, what state each is in, and their starts, stops and suspensions.

Nothing of a hart's state is kept twice. STOPPED is a vCPU that is POWERED_OFF; one that has suspended itself waits as by
`wfi`, and is SUSPENDED as long as it has retired nothing since. All harts run on one thread: a start or a stop is over
when the call is, and the pending states are never seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Final

from axvcpu.states import BlockReason, VCpuState, WakeEvent
from emu.firmware.entry import SSIP, STIP, entry_registers
from emu.schedule import Vcpu

SIE: Final = 1 << 1  # of mstatus


class HartState(IntEnum):
    """SBI specification 2.0, chapter 9."""

    STARTED = 0
    STOPPED = 1
    START_PENDING = 2
    STOP_PENDING = 3
    SUSPENDED = 4
    SUSPEND_PENDING = 5
    RESUME_PENDING = 6


class Harts:
    """`block` makes a vCPU wait; `stirred` is called when one that waits may have something to go on for."""

    def __init__(
        self,
        vcpus: Sequence[Vcpu],
        bits: int,
        block: Callable[[Vcpu, BlockReason], None],
        stirred: Callable[[], None],
    ) -> None:
        self.all = vcpus
        self._everyone = (1 << bits) - 1
        self._block, self._stirred = block, stirred
        self.suspended_at: list[int | None] = [None] * len(vcpus)

    def find(self, hart: int) -> Vcpu | None:
        return self.all[hart] if hart < len(self.all) else None

    def chosen(self, mask: int, base: int) -> list[Vcpu] | None:
        """The harts that `mask` names, its bit 0 being hart `base`; all for a base of -1. None where one is not there
        [sbi 3.2]."""
        if base == self._everyone:
            return list(self.all)
        if base + mask.bit_length() > len(self.all) or base >= len(self.all):
            return None
        return [self.all[base + bit] for bit in range(mask.bit_length()) if mask >> bit & 1]

    def state(self, hart: Vcpu) -> HartState:
        reason = hart.block_reason
        if reason is not None and BlockReason.POWERED_OFF in reason:
            return HartState.STOPPED
        waits = reason is not None and BlockReason.HALT in reason
        if waits and self.suspended_at[hart.id] == hart.arch.retired:
            return HartState.SUSPENDED
        return HartState.STARTED

    def start(self, hart: Vcpu, entry: int, argument: int) -> bool:
        """A stopped hart starts at guest-physical `entry`, afresh; False where it is not stopped."""
        if self.state(hart) is not HartState.STOPPED or hart.state is not VCpuState.BLOCKED:
            return False
        hart.arch.restart(entry)
        for name, value in entry_registers(hart.id, argument):
            hart.arch.write_register(name, value)
        self.suspended_at[hart.id] = None
        hart.wake(WakeEvent.CPU_UP)
        self._stirred()
        return True

    def stop(self, hart: Vcpu) -> None:
        """The hart that called is off until it is started; its timer and its IPI are forgotten."""
        hart.arch.finish_call()
        hart.arch.set_line(STIP, False)
        hart.arch.set_pending("mip", SSIP, False)
        self._block(hart, BlockReason.POWERED_OFF)

    def suspend(self, hart: Vcpu) -> None:
        """The hart that called waits for an interrupt, and goes on behind its call."""
        hart.arch.set_return_value(0, 0)
        hart.arch.finish_call()
        self._wait(hart)

    def suspend_to(self, hart: Vcpu, entry: int, argument: int) -> None:
        """The hart that called waits for an interrupt, and goes on at guest-physical `entry`, untranslated and with
        interrupts off [sbi 9.4]."""
        arch = hart.arch
        arch.finish_call()
        for name, value in (
            ("pc", entry),
            ("a0", hart.id),
            ("a1", argument),
            ("satp", 0),
            ("mstatus", arch.read_register("mstatus") & ~SIE),
        ):
            arch.write_register(name, value)
        self._wait(hart)

    def _wait(self, hart: Vcpu) -> None:
        self.suspended_at[hart.id] = hart.arch.retired
        self._block(hart, BlockReason.HALT)

    def interrupt(self, hart: Vcpu) -> None:
        """The supervisor software interrupt becomes pending, but for a hart that is stopped."""
        if self.state(hart) is not HartState.STOPPED:
            hart.arch.set_pending("mip", SSIP, True)
            self._stirred()
