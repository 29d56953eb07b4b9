"""What an extension of the firmware is: rows of functions, each from a caller and its arguments to a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from emu.schedule import Vcpu
from isa.riscv.sbi import SbiError

Arguments: TypeAlias = tuple[int, int, int, int, int, int]


class Result(NamedTuple):
    """What a call returns, as signed or unsigned numbers of any width: registers take their lower bits."""

    error: int = SbiError.SUCCESS
    value: int = 0


@dataclass(frozen=True, slots=True)
class Redirected:
    """The call ends in an exception of the caller's, at the call: `cause` and `value` as in scause and stval."""

    cause: int
    value: int


Function: TypeAlias = Callable[[Vcpu, Arguments], Result | Redirected | None]
"""None: the caller does not go on behind its call."""


@dataclass(frozen=True, slots=True)
class Extension:
    """`functions` by FID; any other one is NOT_SUPPORTED."""

    eid: int
    name: str
    functions: Mapping[int, Function]
