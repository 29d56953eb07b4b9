"""How a run ended. Three different things have three different enums: why a vCPU left the guest (an exit,
`axvcpu.exits`), what state it is in (`axvcpu.VCpuState`), and how the whole run ended (this)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from axvcpu.exits import AxVCpuExitReason


class Ending(Enum):
    POWERED_OFF = "powered off"  # the guest asked for it; `code` is its own verdict (0 passes)
    CRASHED = "crashed"  # a guest exception that nobody delivers, a jump to nowhere, a failed entry
    TRAP_LOOP = "trap loop"  # a trap vector that traps at once, for ever
    BLOCKED = "blocked"  # every vCPU waits and nothing can ever wake one
    BUDGET = "instruction budget used up"
    TIMEOUT = "timeout"  # wall time
    INTERRUPTED = "interrupted"  # Ctrl-C, or Machine.stop()
    HOOK = "hook"  # a user's hook asked for it (`code` is what it gave), or has failed (2)
    EXIT = "exit"  # an exit that the caller asked to see (library use, debuggers)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The stated reason of every run's end."""

    ending: Ending
    code: int  # the guest's own exit code; 0 where it gave none
    vcpu_id: int
    pc: int
    symbol: str | None  # "name+0x1c", None where no symbol covers the pc
    exit: AxVCpuExitReason | None  # the exit that ended the run, where one did
    text: str  # one sentence for a person

    @property
    def exit_code(self) -> int:
        """The process exit code that the command returns (0 pass, 1 guest failed, 124 budget or timeout, 130 Ctrl-C)."""
        match self.ending:
            case Ending.POWERED_OFF:
                return 0 if self.code == 0 else 1
            case Ending.BUDGET | Ending.TIMEOUT:
                return 124
            case Ending.INTERRUPTED:
                return 130
            case Ending.EXIT:
                return 0
            case Ending.HOOK:
                return self.code
            case _:
                return 1
