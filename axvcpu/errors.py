"""What the core refuses, as classes with the facts.

    AxError                  kind, text; catch this one for all
    +-- BadState             kind BadState: the vCPU or physical CPU is in another state, or in transition
    +-- NestedVCpuOperation  kind BadState: this physical CPU is in a vCPU operation already
    +-- InvalidInput         kind InvalidInput: an argument that cannot be meant
    |   +-- IllegalEdge      a transition that the table of legal edges does not have
    |   +-- OverlappingRows  two dispatch rows of one kind share an address
    +-- Unsupported          kind Unsupported: the architecture cannot do this

All of them survive pickling with their fields. `kind` is a class attribute; the other facts are fields.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, ClassVar


class AxErrorKind(Enum):
    BAD_STATE = "BadState"
    INVALID_INPUT = "InvalidInput"
    UNSUPPORTED = "Unsupported"
    RESOURCE_BUSY = "ResourceBusy"
    NOT_FOUND = "NotFound"
    NO_MEMORY = "NoMemory"


@dataclass(eq=False)
class AxError(Exception):
    """Anything the core, or an architecture below it, refuses."""

    kind: ClassVar[AxErrorKind]

    @property
    def text(self) -> str:
        """One sentence: what was expected, what was found, what to try."""
        return self.kind.value

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.text}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, field.name) for field in fields(self)), self.__dict__


def _names(states: Enum | tuple[Enum, ...]) -> str:
    return " or ".join(state.name for state in states) if isinstance(states, tuple) else states.name


@dataclass(eq=False)
class BadState(AxError):
    """The operation needs another state, or another operation is in transition (then nothing was changed)."""

    kind: ClassVar[AxErrorKind] = AxErrorKind.BAD_STATE

    expected: Enum | tuple[Enum, ...]
    actual: Enum
    """The true state before this operation touched it."""
    operation: str
    vm_id: int | None = None
    vcpu_id: int | None = None
    """Of a vCPU; for a physical CPU both ids are None and the operation names it."""
    in_progress: str | None = None
    """The operation in transition, None where there is none and the state alone is wrong."""
    reason: str | None = None
    """Why the vCPU is INVALID, where it was that before."""

    @property
    def text(self) -> str:
        who = self.operation
        if self.vcpu_id is not None:
            who += f" of vCPU {self.vcpu_id} of VM {self.vm_id}"
        if self.in_progress is not None:
            return (
                f"{who}: expected no operation in transition, actual {self.in_progress} "
                f"(state {self.actual.name}); try again when it has ended"
            )
        since = f" since {self.reason}" if self.reason else ""
        return f"{who}: expected state {_names(self.expected)}, actual state {self.actual.name}{since}"


@dataclass(eq=False)
class NestedVCpuOperation(AxError):
    """A vCPU is current on this thread, so no other vCPU operation can start here. The current one stays."""

    kind: ClassVar[AxErrorKind] = AxErrorKind.BAD_STATE

    current_vm_id: int
    current_vcpu_id: int
    vm_id: int
    vcpu_id: int

    @property
    def text(self) -> str:
        return (
            f"vCPU {self.vcpu_id} of VM {self.vm_id}: expected no current vCPU on this thread, "
            f"actual vCPU {self.current_vcpu_id} of VM {self.current_vm_id}; try again when that has ended"
        )


@dataclass(eq=False)
class InvalidInput(AxError):
    kind: ClassVar[AxErrorKind] = AxErrorKind.INVALID_INPUT

    argument: str
    expected: str
    actual: str

    @property
    def text(self) -> str:
        return f"{self.argument}: expected {self.expected}, actual {self.actual}"


@dataclass(eq=False)
class IllegalEdge(InvalidInput):
    """Nothing was changed and nothing was called."""


@dataclass(eq=False)
class OverlappingRows(InvalidInput):
    """`argument` names the row, `expected` the bound it must keep, `actual` the neighbour that breaks it."""


@dataclass(eq=False)
class Unsupported(AxError):
    kind: ClassVar[AxErrorKind] = AxErrorKind.UNSUPPORTED

    operation: str
    by: str
    """Who lacks it: an architecture, a CPU model."""
    instead: str | None = None
    """What to try."""

    @property
    def text(self) -> str:
        remedy = f"; try {self.instead}" if self.instead else ""
        return f"{self.by} does not support {self.operation}{remedy}"
