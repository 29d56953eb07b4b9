"""A machine's state in memory: taken, put back, and hashed.

Registers by name, memory, device states, alarms, time and whose turn it is. Never the engine's own blob: two machines
that will do the same have the same hash, whatever their engines went through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from axvcpu.states import BlockReason
from emu.engine.context import Context
from emu.errors import SnapshotMismatch
from emu.memory import ROM, Capture

if TYPE_CHECKING:
    from emu.boot import Write
    from emu.machine import Machine

_DIGITS: Final = 16  # of a digest that is kept: enough to tell files apart, short enough for a text
DECIDING: Final = (
    "retired",
    "lines",
    "has_answer",
    "answer",
    "cycle_offset",
    "instret_offset",
    "counters_stopped",
)
"""Words of the control block that decide what the guest does next."""


@dataclass(frozen=True, slots=True)
class MachineState:
    """One moment of a machine. `make` is what a machine must be to take it over, `given` what it must have been given:
    ROM, flash images and whatever was loaded, by name, as digests. None of it is part of the state; a reset needs it."""

    make: str
    given: dict[str, str]
    contexts: tuple[Context, ...]
    waits: tuple[BlockReason | None, ...]
    ram: Capture
    devices: dict[str, Any]
    alarms: dict[str, int | None]
    clock: tuple[int, int, int, int, int]  # `Schedule.state`
    channel: int | None  # how much of a stored input was taken


def make_of(machine: Machine) -> str:
    what = f"{machine.isa.name} {machine.board.name} {machine.model.name}"
    config = machine.config
    time = f"{config.clock} clock, shift {config.shift}"
    cpus = f"{config.smp} CPUs" + (" with built-in firmware" if machine.firmware is not None else "")
    virtio = ", ".join(type(each).__name__ for each in config.virtio) or "none"
    size = f"{machine.ram.size:#x} bytes"
    return f"{what}, {cpus}, {size}, {time}, unmapped: {config.unmapped}, virtio: {virtio}"


def given(machine: Machine) -> dict[str, str]:
    """Digests of what the machine was given and does not change, by name."""
    digests = {name: _short(each.given) for name, each in _stateful(machine) if hasattr(each, "given")}
    roms = {region.name: region.ram for region in machine.memory.regions if region.permissions == ROM}
    return {**machine.loaded, **digests, **{name: rom.digest.hex()[:_DIGITS] for name, rom in roms.items()}}


def digest_of(writes: Sequence[Write]) -> dict[str, str]:
    """Digests of what goes into memory at each start, by its name; of parts with one name together."""
    parts: dict[str, Any] = {}
    for write in writes:
        part = parts.setdefault(write.name, blake2b(digest_size=32))
        part.update(repr((write.address, len(write.data), write.zeros)).encode())
        part.update(write.data)
    return {name: part.hexdigest()[:_DIGITS] for name, part in parts.items()}


def _short(data: bytes) -> str:
    return blake2b(data, digest_size=32).hexdigest()[:_DIGITS]


def _check_given(here: dict[str, str], saved: dict[str, str]) -> None:
    for name in sorted(here.keys() | saved.keys()):
        if here.get(name) != saved.get(name):
            mine, other = (
                f"{name} (digest {each[name]})" if name in each else f"no {name}" for each in (here, saved)
            )
            hint = "Give the machine what it was given when the state was saved"
            raise SnapshotMismatch(mine, f"a state saved with {other}", hint)


def _stateful(machine: Machine) -> list[tuple[str, Any]]:
    """Everything beside vCPUs and memory that has a state, by name."""
    services = (("semihosting", machine.semihost), ("firmware", machine.firmware))
    return [*machine.devices.items(), *((name, each) for name, each in services if each is not None)]


def save(machine: Machine, previous: MachineState | None) -> MachineState:
    machine.settle()
    return MachineState(
        make_of(machine),
        given(machine),
        tuple(vcpu.arch.save() for vcpu in machine.vcpus),
        tuple(vcpu.block_reason for vcpu in machine.vcpus),
        machine.ram.capture(previous.ram if previous is not None else None),
        {name: device.state for name, device in _stateful(machine)},
        machine.timeline.save(),
        machine.schedule.state,
        getattr(machine.channel, "position", None),
    )


def load(machine: Machine, state: MachineState) -> None:
    if state.make != make_of(machine):
        raise SnapshotMismatch(make_of(machine), state.make)
    _check_given(given(machine), state.given)
    for name, device in _stateful(machine):
        check = getattr(device, "check", None)
        if check is not None:
            check(state.devices[name])
    machine.settle()
    machine.ram.restore(state.ram)
    machine.schedule.state = state.clock
    if state.channel is not None and hasattr(machine.channel, "position"):
        machine.channel.position = state.channel
    for vcpu, context, wait in zip(machine.vcpus, state.contexts, state.waits, strict=True):
        vcpu.arch.restore(context)  # first: devices ask for the time
        if vcpu.block_reason != wait:
            machine.release(vcpu)
            if wait is not None:
                vcpu.block(wait)
    stateful = sorted(_stateful(machine), key=lambda each: hasattr(each[1], "source"))
    for (
        name,
        device,
    ) in stateful:  # interrupt controllers last: what the others say to them is in their state already
        device.load(state.devices[name])
    machine.timeline.load(state.alarms)
    machine.settle_flash()
    machine.forget_code()


def digest(machine: Machine) -> str:
    machine.settle()
    state = blake2b(digest_size=32)

    def add(*parts: object) -> None:
        state.update(repr(parts).encode())

    for vcpu in machine.vcpus:
        context = vcpu.arch.save()
        add(sorted((name, hex(value)) for name, value in context.registers.items()), context.latch, vcpu.state.name, vcpu.block_reason)
        add(*(context.control[name] for name in DECIDING))
    state.update(machine.ram.digest)
    for name, device in sorted(_stateful(machine)):
        add(name, device.state)
    add(sorted(machine.timeline.save().items()), machine.schedule.state)
    return state.hexdigest()
