"""Why a debugged guest stands still, and where: every position has a number of instructions and a number of exits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from axvcpu.exits import AxVCpuExitReason
    from emu.outcome import Outcome


class StopKind(Enum):
    START = "start"  # nothing has run yet
    BREAKPOINT = "breakpoint"
    WATCHPOINT = "watchpoint"
    CATCHPOINT = "catchpoint"
    STEP = "step"  # a step, `until` or `finish` has come to its end
    POSITION = "position"  # the instruction or exit that was asked for
    INTERRUPTED = "interrupted"  # from outside
    TIMEOUT = "timeout"
    BLOCKED = "blocked"  # every vCPU waits and nothing can ever wake one
    CRASHED = "crashed"  # also a trap loop
    ENDED = "ended"  # the guest has switched its machine off


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """`instruction`: retired by all vCPUs since the machine was made; `exit`: VM exits since then."""

    instruction: int
    exit: int

    def __str__(self) -> str:
        return f"instruction {self.instruction:,}, exit {self.exit:,}"


@dataclass(frozen=True, slots=True)
class Access:
    """What a watchpoint saw. address is guest-physical, `size` in bytes; before and after are the watched bytes."""

    address: int
    size: int
    write: bool
    pc: int
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Trap:
    """An exception or interrupt that the guest has just taken at `pc`; `level` is where it went, as the ISA has it."""

    number: int
    name: str
    interrupt: bool
    pc: int
    value: int
    level: int


@dataclass(frozen=True, slots=True)
class Stop:
    """`text` is one sentence for a person. `points` are the numbers of the points that were hit."""

    kind: StopKind
    position: Position
    vcpu: int
    pc: int
    symbol: str | None
    text: str
    points: tuple[int, ...] = ()
    access: Access | None = None
    trap: Trap | None = None
    exit: AxVCpuExitReason | None = None
    outcome: Outcome | None = field(default=None, compare=False)
    notes: tuple[str, ...] = ()  # what else there is to say, e.g. a condition that could not be evaluated

    @property
    def over(self) -> bool:
        """Whether only a restart leads on."""
        return self.kind in (StopKind.ENDED, StopKind.CRASHED)
