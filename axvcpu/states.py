"""The states of a vCPU, the table of legal edges, why a vCPU waits and what wakes it.

The diagram in docs/axvcpu.md is printed from `EDGES` by `diagram`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from types import MappingProxyType
from typing import Final

from axvcpu.errors import InvalidInput


class VCpuState(IntEnum):
    INVALID = 0  # a transition failed; only set_state or a new vCPU leads out
    CREATED = 1  # made, not set up
    FREE = 2  # set up, on no physical CPU
    READY = 3  # bound to a physical CPU, may run
    RUNNING = 4  # in the guest
    BLOCKED = 5  # waits for an event, see BlockReason


class BlockReason(IntFlag):
    """Why a vCPU waits. One that waits for several reasons is READY when the last of them is answered."""

    HALT = 1  # the guest waits for an interrupt
    IO = 2  # an access waits for its device
    POWERED_OFF = 4  # the guest has not started it, or has switched it off
    PARKED = 8  # the host holds it


class WakeEvent(IntEnum):
    """What may wake a vCPU; `WAKES` says which reasons each event answers."""

    INTERRUPT = 0
    COMPLETION = 1  # of the access that it waits for
    CPU_UP = 2
    RESUME = 3
    STOP = 4  # the VM stops: nobody waits any longer


ALL_REASONS: Final = BlockReason.HALT | BlockReason.IO | BlockReason.POWERED_OFF | BlockReason.PARKED
NO_REASON: Final = BlockReason(0)

WAKES: Final[Mapping[WakeEvent, BlockReason]] = MappingProxyType(
    {
        WakeEvent.INTERRUPT: BlockReason.HALT,
        WakeEvent.COMPLETION: BlockReason.IO,
        WakeEvent.CPU_UP: BlockReason.POWERED_OFF,
        WakeEvent.RESUME: BlockReason.PARKED,
        WakeEvent.STOP: ALL_REASONS,
    }
)

EDGES: Final[Mapping[tuple[VCpuState, VCpuState], str]] = MappingProxyType(
    {
        (VCpuState.CREATED, VCpuState.FREE): "setup",
        (VCpuState.FREE, VCpuState.READY): "bind",
        (VCpuState.READY, VCpuState.FREE): "unbind",
        (VCpuState.READY, VCpuState.RUNNING): "run",
        (VCpuState.RUNNING, VCpuState.READY): "VM exit",
        (VCpuState.RUNNING, VCpuState.BLOCKED): "VM exit, block asked for",
        (VCpuState.READY, VCpuState.BLOCKED): "block",
        (VCpuState.BLOCKED, VCpuState.READY): "wake",
        (VCpuState.BLOCKED, VCpuState.FREE): "unbind",
        (VCpuState.CREATED, VCpuState.INVALID): "failure",
        (VCpuState.FREE, VCpuState.INVALID): "failure",
        (VCpuState.READY, VCpuState.INVALID): "failure",
        (VCpuState.RUNNING, VCpuState.INVALID): "failure",
        (VCpuState.BLOCKED, VCpuState.INVALID): "failure",
    }
)
"""Every legal edge (from, to), with the operation that takes it. No edge leaves INVALID."""


def is_legal(from_: VCpuState, to: VCpuState) -> bool:
    return (from_, to) in EDGES


def targets(from_: VCpuState) -> tuple[VCpuState, ...]:
    """The states that one legal edge leads to from `from_`."""
    return tuple(to for source, to in EDGES if source is from_)


def diagram() -> str:
    """The edge table as the text of a mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {VCpuState.CREATED.name}"]
    lines += [f"    {from_.name} --> {to.name}: {label}" for (from_, to), label in EDGES.items()]
    return "\n".join(lines) + "\n"


def in_page(text: str) -> str:
    """`text`, a Markdown page, with its first mermaid block replaced by the diagram."""
    before, fence, rest = text.partition("```mermaid\n")
    _, closing, after = rest.partition("```")
    if not fence or not closing:
        raise InvalidInput("page", "a ```mermaid block to replace", "none")
    return before + fence + diagram() + closing + after
