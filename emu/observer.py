"""What somebody who follows a run in detail hears of it, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from axvcpu.exits import AxVCpuExitReason, MmioRead, MmioWrite
    from emu.answer import Vm
    from emu.outcome import Outcome
    from emu.schedule import Vcpu


@dataclass(frozen=True, slots=True)
class NativeCounter:
    """A compiled function of the engine block, by its address; what it counts each vCPU's accesses in, by its id."""

    function: int
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What native code is to tell besides exits that Python answers.

    traps: exceptions and interrupts that the guest takes. answered: device accesses that native code answers. leave:
    every device access is Python's, none native code's. at_once: what is told has just happened, and nothing of the
    guest has run since; else it is told in bulk. level: a change of the bits `level[1]` of the register `level[0]`.
    timed: the observer is a `Meter`, and stands between exits and their answers. counter: counts what `answered`
    would tell, in its place.
    """

    traps: bool = False
    answered: bool = False
    leave: bool = False
    at_once: bool = False
    level: tuple[str, int] | None = None
    timed: bool = False
    counter: NativeCounter | None = None


class Observer(Protocol):
    """Its calls come on the thread that runs the machine."""

    def rows(self, vcpu: Vcpu, rows: Any) -> None:  # noqa: ANN401
        """What native code has done: a numpy array of `isa.records.LOG_ENTRY`, in order. It is used anew when the guest
        runs on: keep a copy."""
        ...

    def inside(self, vcpu: Vcpu, exit: AxVCpuExitReason, value: int) -> None:
        """An access was answered that cannot leave the guest (`NativeAbilities.windows`)."""
        ...


class Meter(Observer, Protocol):
    """An observer whose wish is `timed`."""

    def answer(self, exit: AxVCpuExitReason, vcpu: Vcpu, vm: Vm) -> Outcome | None:
        """Called in place of `emu.answer.answer`, which it calls."""
        ...

    def access(
        self, exit: MmioRead | MmioWrite, vcpu: Vcpu, access: Callable[[MmioRead | MmioWrite], int]
    ) -> int:
        """The same of an access that cannot leave the guest, which `access` answers."""
        ...

    def driven(self, vcpu: Vcpu, number: int, level: bool) -> None:
        """An interrupt line into the vCPU, or a bit that it keeps itself, was driven to a level."""
        ...

    def reset(self) -> None:
        """All vCPUs begin anew: their counts too."""
        ...
