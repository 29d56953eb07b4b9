"""What a vCPU is made of, and what it is at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from isa.contract import CpuModel, Isa


@dataclass(frozen=True, slots=True)
class VCpuConfig:
    """What every vCPU of a VM is. hypercalls: bit 0 the gated call from machine level, bit 1 every supervisor call;
    leave_unmapped: an access that nothing backs is a NestedPageFault exit, not the guest's own fault."""

    isa: Isa
    model: CpuModel
    hypercalls: int = 0
    semihosting: bool = False
    leave_unmapped: bool = False
    time_shift: int = 0
    host_start: int | None = None  # host clock at which guest time is 0; None: virtual time


@dataclass(frozen=True, slots=True)
class Context:
    """A saved vCPU. registers: by name, the whole state; control: the counts and what is pending."""

    registers: dict[str, int]
    control: dict[str, int]
    latch: tuple[tuple[int, int, int, int], ...]
