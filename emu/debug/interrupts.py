"""Interrupt controllers as a debugger shows them: which device is on which line, and where its interrupt is held up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from emu.devices.bare_latch import BareLatch
from emu.devices.plic import Plic

if TYPE_CHECKING:
    from emu.machine import Machine

_OWN_LINES: Final[Mapping[str, str]] = {
    "clint": "software and timer interrupt of each vCPU",
    "plic": "external interrupts of each vCPU",
    "bare-latch": "external interrupt of vCPU 0, software interrupt of each vCPU",
    "bare-timer": "timer interrupt of vCPU 0",
    "armv7m-scs": "SysTick exception",
}
"""Lines into vCPUs, by kind (emu/wiring.py)."""


@dataclass(frozen=True, slots=True)
class LineView:
    """The wire from a device: to `number` of `controller`, or to a vCPU (`text` says). `level`: None, not known."""

    text: str
    controller: str | None = None
    number: int | None = None
    level: bool | None = None


@dataclass(frozen=True, slots=True)
class SourceView:
    """One input of an interrupt controller. `device`: what is on it, "" for nothing. `enabled` are the contexts (of a
    PLIC, as "hart 0 M") that let it through; `claimed`: a handler has taken it and not given it back. `priority`: None
    where the controller has none."""

    number: int
    device: str
    level: bool
    pending: bool
    claimed: bool
    priority: int | None
    enabled: tuple[str, ...]


def source_devices(machine: Machine) -> dict[int, str]:
    """Input of the board's interrupt controller -> the device on it."""
    if controller(machine) is None:
        return {}
    return {slot.irq: slot.name for slot in machine.board.slots if slot.irq is not None}


def controller(machine: Machine) -> tuple[str, Any] | None:
    """The board's interrupt controller that devices are wired to, by name."""
    return next(((name, each) for name, each in machine.devices.items() if hasattr(each, "source")), None)


def source_text(machine: Machine, number: int) -> str:
    """The device on that input; `source 13` where there is none, `none` for 0."""
    return source_devices(machine).get(number) or (f"source {number}" if number else "none")


def sources_text(machine: Machine, word: int, first: int) -> str:
    """The inputs whose bits are set, bit 0 being input `first`: devices by name, others by number."""
    names = source_devices(machine)
    numbers = [first + bit for bit in range(word.bit_length()) if word >> bit & 1]
    return " ".join(names.get(number, str(number)) for number in numbers)


def context_name(machine: Machine, context: int) -> str:
    """Of a PLIC's context, as the machine wires them: M and S of each hart in turn."""
    return f"hart {context // 2} {'MS'[context % 2]}"


def line_of(machine: Machine, name: str, kind: str, irq: int | None) -> LineView | None:
    """Where a device's interrupt goes; None for one that has none."""
    found = controller(machine)
    if irq is None or found is None:
        return LineView(_OWN_LINES[kind]) if kind in _OWN_LINES else None
    to, device = found
    state = device.state
    levels = state.level if isinstance(device, Plic) else getattr(state, "lines", None)
    level = None if levels is None else bool(levels >> irq & 1)
    return LineView(f"{to} {irq}", to, irq, level)


def sources_of(machine: Machine, device: object) -> tuple[SourceView, ...]:
    """The inputs of an interrupt controller that have a device or are in use; of another device none."""
    names = source_devices(machine)
    if isinstance(device, Plic):
        s = device.state
        used = s.level | s.pending | s.claimed
        for each in s.enable:
            used |= each
        return tuple(
            SourceView(
                number,
                names.get(number, ""),
                bool(s.level >> number & 1),
                bool(s.pending >> number & 1),
                bool(s.claimed >> number & 1),
                s.priority[number],
                tuple(context_name(machine, at) for at, each in enumerate(s.enable) if each >> number & 1),
            )
            for number in range(1, device.sources + 1)
            if number in names or used >> number & 1 or s.priority[number]
        )
    if isinstance(device, BareLatch):
        lines = device.state.lines
        return tuple(
            SourceView(
                number, name, bool(lines >> number & 1), bool(lines >> number & 1), False, None, ("vCPU 0",)
            )
            for number, name in sorted(names.items())
        )
    return ()
