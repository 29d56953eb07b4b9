"""What a listener of a machine is told: the log of -d, statistics, tracers."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("exit", "trap", "interrupt", "unmapped", "device")
"""device: a guest did to a device what cannot be meant, so that it does not work any more."""


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is one of KINDS; `retired` counts this vCPU's instructions before it."""

    kind: str
    retired: int
    vcpu_id: int
    pc: int
    text: str
