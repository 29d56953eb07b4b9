"""What `continue` and `step` do to the guest.

A step that meets an interrupt runs its handler to the return and steps the instruction then: who steps through a program
wants to see that program, and the guest still gets its interrupts. An exception of the stepped instruction itself stops at
its handler.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.debug import stepping
from emu.debug.stop import Stop, StopKind
from isa.contract import Role

if TYPE_CHECKING:
    from emu.debug.debugger import Debugger
    from emu.schedule import Vcpu


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of `thread` (from 1), or as many as it stays in [low, high)."""

    thread: int
    low: int = 0
    high: int = 0


def advance(debugger: Debugger, step: Step | None, *, over_interrupts: bool) -> Stop:
    """Run the guest until it stops (`step` None), or step it."""
    if step is None:
        return debugger.go()
    debugger.vcpu = step.thread - 1
    stop = _one(debugger, over_interrupts=over_interrupts)
    while step.low < step.high and step.low <= debugger.pc < step.high:
        if stop.kind is not StopKind.STEP or stop.trap is not None or stop.vcpu != step.thread - 1:
            break
        if debugger.pc in debugger.breakpoints:
            break
        stop = _one(debugger, over_interrupts=over_interrupts)
    return stop


def _one(debugger: Debugger, *, over_interrupts: bool) -> Stop:
    while True:
        vcpu = debugger.machine.vcpus[debugger.vcpu]
        pc, sp = debugger.pc, _sp(debugger, vcpu)
        stop = debugger.step()
        trap = stop.trap
        if stop.kind is not StopKind.STEP or trap is None or not trap.interrupt or not over_interrupts:
            return stop
        here = {pc: lambda other: other is vcpu and _sp(debugger, vcpu) == sp}
        stop = debugger.finish(debugger.run(None, None, here))
        if stop.kind is not StopKind.STEP:
            return stop
        if stop.pc in debugger.breakpoints:
            return stop


def _sp(debugger: Debugger, vcpu: Vcpu) -> int:
    stack = debugger.machine.isa.of_role(Role.SP)
    return vcpu.arch.read_register(stack[0].name) if stack else 0


__all__ = ["Step", "advance", "stepping"]
