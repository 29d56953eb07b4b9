"""What is known of a machine whose process died: its control blocks, kept in memory that outlives it.

A process that may die under a guest (an engine that aborts, a host that kills it) calls `keep_in` with memory that it
shares with another one; the control blocks of vCPUs made from then on lie there. Native code writes the count and the
pc of every block of guest code to them, so the other process can say where the guest was (`last_seen`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from axvcpu.control import CONTROL, Kind
from emu.engine import words
from emu.machine import Machine

SLOTS: Final = 64  # vCPUs; of more, nothing is kept
SIZE: Final = SLOTS * CONTROL.itemsize + 8
"""Bytes that are shared: the blocks, and a word with a bit for each slot that is of the machine looked at."""


@dataclass(frozen=True, slots=True)
class LastSeen:
    """A vCPU: the block of code that it was in, what it had retired at most, and its last exit, if any."""

    vcpu: int
    retired: int
    pc: int
    exit: str


def keep_in(memory: memoryview) -> None:
    """Have this process's control blocks lie in `memory`, SIZE bytes."""
    words.slots = words.Slots(np.frombuffer(memory, np.uint8)[: SLOTS * CONTROL.itemsize].view(CONTROL))


def look_at(memory: memoryview, machine: Machine | None) -> None:
    """Note in `memory` which control blocks are this machine's; None: there is no machine now."""
    vcpus = machine.vcpus if machine is not None else []
    slots = [words.slot_of(vcpu.arch) for vcpu in vcpus]
    mask = sum(1 << slot for slot in slots if slot is not None)
    memory[SIZE - 8 : SIZE] = mask.to_bytes(8, "little")


def last_seen(memory: memoryview) -> tuple[LastSeen, ...]:
    """What `memory` says of the machine that was looked at, by vCPU; empty where there was none."""
    raw = bytes(memory[:SIZE])
    mask = int.from_bytes(raw[SIZE - 8 :], "little")
    blocks = np.frombuffer(raw, CONTROL, SLOTS)
    found = [_seen(block) for slot, block in enumerate(blocks) if mask >> slot & 1]
    return tuple(sorted(found, key=lambda each: each.vcpu))


def _seen(block: Any) -> LastSeen:  # noqa: ANN401 - a row of CONTROL
    kind = int(block["kind"])
    name = Kind(kind).name.lower().replace("_", " ") if kind in list(Kind) else f"kind {kind}"
    exit = "" if kind == Kind.NONE else f"{name}, address {int(block['address']):#x}"
    pc = int(block["block_pc"]) or int(block["pc"])
    return LastSeen(int(block["vcpu_id"]), int(block["retired"]), pc, exit)
