"""The words behind gdb's `monitor`: what gdb has no command for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from axemu.gdbserver.target import NO
from axemu.quantities import show_time
from emu.debug.devices import access_of, device_at
from emu.debug.exits import Event, call_of
from emu.debug.privilege import privilege
from emu.errors import UnknownName
from isa.abilities import Access

if TYPE_CHECKING:
    from axemu.gdbserver.target import Target
    from emu.debug.debugger import Debugger
    from emu.debug.exits import ExitRow
    from emu.machine import Machine

Word = Callable[["Target", "Debugger", list[str]], str]
SHOWN: Final = 20
REFRESH: Final = (
    "gdb keeps what it has read: `maintenance flush register-cache`, or a step, shows the new state."
)


class WrongUse(Exception):
    """A word's arguments are none."""


def answer(target: Target, line: str) -> str:
    """The text that a person reads; never raises for what was typed."""
    name, *arguments = line.split() or ["help"]
    word = WORDS.get(name)
    if word is None:
        return f"{UnknownName.among('monitor command', name, WORDS)} `monitor help` lists them."
    function, usage, _ = word
    try:
        return function(target, target.debugger, arguments)
    except WrongUse as error:
        return f"{error} Usage: monitor {usage}"
    except NO as error:
        return str(error)


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise WrongUse(f"Expected a number, got {text!r}.") from None


def _help(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    width = max(len(usage) for _, usage, _ in WORDS.values())
    return "\n".join(f"monitor {usage:{width}}  {text}" for _, usage, text in WORDS.values())


def _exits(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    count = _number(arguments[0]) if arguments else SHOWN
    rows = debugger.exits.last(min(max(count, 0), 10_000))
    if not rows:
        return "no exit yet"
    head = f"{'exit':>8} {'instruction':>12} {'kind':11} {'address':>18} {'device':12} {'value':>18}  pc"
    return "\n".join([head, *(_row(debugger, row) for row in rows)])


def _row(debugger: Debugger, row: ExitRow) -> str:
    device = _device(debugger.machine, row)
    return (
        f"{row.number:8} {row.instruction:12} {row.kind.text:11} {row.address:#18x} {device:12} {row.value:#18x}  "
        f"{debugger.place(row.pc)}"
    )


def _device(machine: Machine, row: ExitRow) -> str:
    if row.kind is Event.HYPERCALL:
        return machine.isa.call_name(*call_of(row.address))
    access = access_of(row)
    found = None if access is None else device_at(machine, access)
    return "" if found is None else found[1].name


def _devices(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    machine = debugger.machine
    lines = [
        f"{window.base:#14x}..{window.last:<#14x} {'memory' if window.region is not None else 'device':7} {window.name}"
        for window in machine.bus.windows
    ]
    placed = {id(window.device) for window in machine.bus.devices}
    lines += [f"{'':28}  ports   {name}" for name, each in machine.devices.items() if id(each) not in placed]
    return "\n".join(lines)


def _device_state(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    devices = debugger.machine.devices
    if len(arguments) != 1:
        raise WrongUse("Expected the name of a device.")
    device = devices.get(arguments[0])
    if device is None:
        raise UnknownName.among("device", arguments[0], devices)
    state = getattr(device, "state", None)
    if not dataclasses.is_dataclass(state) or isinstance(state, type):
        return "nothing is known of its state"
    pairs = ((field.name, getattr(state, field.name)) for field in dataclasses.fields(state))
    return "\n".join(f"{name:20} {_shown(value)}" for name, value in pairs) or "it has no state"


def _shown(value: object) -> str:
    text = f"{value:#x}" if isinstance(value, int) and not isinstance(value, bool) else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _page(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    if len(arguments) != 1:
        raise WrongUse("Expected an address.")
    address, machine = _number(arguments[0]), debugger.machine
    walk = machine.isa.page_walk
    if walk is None:
        return f"{machine.isa.name}: no page walk is known; addresses are taken as guest-physical"
    machine.settle()
    arch = machine.vcpus[target.thread - 1].arch
    found = walk(machine._read_physical, arch.read_register, address, Access.LOAD)
    lines = [
        f"level {step.level}: entry at {step.address:#x}: "
        + ("nothing is there" if step.value is None else f"{step.value:#x}")
        for step in found.steps
    ]
    if found.physical is None:
        lines.append(f"{address:#x} is not mapped: {found.reason}")
    else:
        size = (
            f"page of {found.page_size:#x} bytes, {found.rights}" if found.page_size else "translation is off"
        )
        lines.append(f"{address:#x} is guest-physical {found.physical:#x} ({size})")
    return "\n".join(lines)


def _when(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    position = debugger.position
    return f"{position}, guest time {show_time(debugger.machine.now_ns)}; {debugger.stop.text}"


def _vcpus(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    lines = []
    for vcpu in debugger.machine.vcpus:
        level = privilege(debugger.machine.isa, vcpu.arch.read_register) or ""
        waits = (
            f"waits: {(vcpu.block_reason.name or '').lower()}" if vcpu.block_reason is not None else "ready"
        )
        lines.append(
            f"vCPU {vcpu.id} (thread {vcpu.id + 1}): {waits}, {level}, {debugger.place(vcpu.arch.pc)}, "
            f"{vcpu.arch.retired:,} instructions"
        )
    return "\n".join(lines)


def _symbol(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    if len(arguments) != 1:
        raise WrongUse("Expected an address.")
    return debugger.place(_number(arguments[0]))


def _interrupts(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    if arguments and arguments[0] not in ("over", "into"):
        raise WrongUse(f"Expected over or into, got {arguments[0]!r}.")
    if arguments:
        target.step_over_interrupts = arguments[0] == "over"
    return (
        f"a step that meets an interrupt goes {'over' if target.step_over_interrupts else 'into'} its handler"
    )


def _reset(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    stop = debugger.restart()
    return f"{stop.text}, pc {debugger.place(stop.pc)}. {REFRESH}"


def _quit(target: Target, debugger: Debugger, arguments: list[str]) -> str:
    target.quitting = True
    return "axemu ends"


WORDS: Final[dict[str, tuple[Word, str, str]]] = {
    "help": (_help, "help", "this list"),
    "when": (_when, "when", "instruction, exit, guest time, and why it stands"),
    "exits": (_exits, "exits [N]", "the last VM exits"),
    "devices": (_devices, "devices", "memory and devices by address"),
    "device": (_device_state, "device NAME", "the registers and queues of a device, without an effect"),
    "page": (_page, "page ADDRESS", "the page walk, level by level"),
    "vcpus": (_vcpus, "vcpus", "each vCPU: why it waits, privilege, place"),
    "symbol": (_symbol, "symbol ADDRESS", "the symbol there, by the files that axemu has"),
    "interrupts": (_interrupts, "interrupts [over|into]", "whether steps go into handlers of interrupts"),
    "reset": (_reset, "reset", "the machine as after power-on, frozen"),
    "quit": (_quit, "quit", "end axemu"),
}
