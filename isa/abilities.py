"""What a plug-in may be able to do in plain Python: functions of what they are handed, None where it cannot.

They serve debuggers, tracers and `axemu isa`; whatever runs hot is native and named by `Isa.native`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from axvcpu.exits import AxVCpuExitReason

ReadRegister: TypeAlias = Callable[[str], int]  # register name or alias -> unsigned value
ReadPhysical: TypeAlias = Callable[[int, int], bytes | None]  # (gpa, bytes); None where nothing is


class Access(Enum):
    FETCH = "fetch"
    LOAD = "load"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class MemoryAccess:
    """`size` bytes at a virtual `address`; an atomic operation is a LOAD and a STORE."""

    address: int
    size: int
    kind: Access


@dataclass(frozen=True, slots=True)
class WalkStep:
    """One level of a walk: the entry's guest-physical address, and its value (None: nothing is there)."""

    level: int
    address: int
    value: int | None


@dataclass(frozen=True, slots=True)
class WalkResult:
    """`physical` is None exactly where `fault` (a `Vector` number) is set; `reason` says which rule failed.

    `page_size` is in bytes, 0 where translation is off or failed. `rights` is a subset of "rwxu". `update` is
    the value that the last entry gets (accessed and dirty bits), None where it is up to date.
    """

    physical: int | None
    page_size: int
    steps: tuple[WalkStep, ...] = ()
    fault: int | None = None
    reason: str = ""
    rights: str = ""
    update: int | None = None


PageWalk: TypeAlias = Callable[[ReadPhysical, ReadRegister, int, Access], WalkResult]
BranchTarget: TypeAlias = Callable[[bytes, int], int | None]  # (code, its address) -> where it may jump
SupervisorCall: TypeAlias = Callable[
    [ReadRegister], AxVCpuExitReason
]  # a call from the supervisor to its firmware: the exit that it is, by the registers it was made with
EffectiveAddress: TypeAlias = Callable[
    [bytes, ReadRegister], tuple[MemoryAccess, ...]
]  # () where it touches none
