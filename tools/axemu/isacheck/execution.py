"""Checks that run code: CPU models, registers on the engine, and guests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from axemu.isacheck.findings import Finding, Subject, failed, passed, untested
from axvcpu.errors import AxError
from emu.config import MachineConfig
from emu.errors import EmuError
from emu.guest import Guest
from emu.machine import Machine
from emu.outcome import Ending
from emu.recorder import Recorder
from isa.contract import Isa
from isa.errors import IsaError
from isa.register import Register, Role

WRITTEN = (Role.GENERAL, Role.SP, Role.RA, Role.FP, Role.VECTOR)
EXITS = (
    "hello",
    "exit-code",
    "mmio-forms",
    "hypercall",
    "halt",
    "traps",
    "timer-interrupt",
    "crash",
    "spin",
    "must-fail",
)
STEPS = 1500  # instructions to go through one by one
SLICES = (1, 7, 50, 997)
LONGEST = 2_000_000  # instructions of a guest that is run in slices
WHOLE = "workload"


def models(check: str, subject: Subject) -> Finding:
    """Every CPU model opens, and runs the guest `hello`."""
    isa = subject.isa
    hellos = [guest for guest in subject.guests if "hello" in guest.name.split("-")]
    tried: list[Guest | None] = [*hellos] or [None]  # models of other profiles have a hello of their own
    wrong = []
    for model in isa.engine.cpu_models:
        said = ""
        for hello in tried:
            try:
                with machine(hello and replace(hello, cpu=model.name), isa, cpu=model.name) as one:
                    outcome = one.run(max_insns=1_000_000) if hello else None
            except (EmuError, AxError, IsaError) as error:
                said = said or str(error)
                continue
            if outcome is None or (outcome.ending, outcome.code) == (Ending.POWERED_OFF, 0):
                break
            said = said or outcome.text
        else:
            wrong.append(f"{model.name}: {said}")
    if wrong:
        return failed(check, "; ".join(wrong))
    what = "open and run hello" if hellos else "open (there is no guest hello to run)"
    return passed(check, f"{len(isa.engine.cpu_models)} {what}")


def readable(check: str, subject: Subject) -> Finding:
    """Every register that the engine has can be read, and general ones keep what is written."""
    isa = subject.isa
    if isa.native is None:
        return untested(check, "it has no native abilities: no guest can run")
    chance = random.Random(subject.seed)
    wrong, read, kept = [], 0, 0
    with machine(None, isa) as one:
        one.settle()
        vcpu = one.vcpus[0]
        for row in isa.registers:
            if row.unicorn is None:
                continue
            try:
                vcpu.read_register(row.name)
                read += 1
                if row.role not in WRITTEN or row.read_only:
                    continue
                value = _pattern(row, chance)
                vcpu.write_register(row.name, value)
                found = vcpu.read_register(row.name)
                kept += 1
            except (AxError, EmuError, IsaError) as error:
                wrong.append(f"{row.name}: {error}")
                continue
            if found != value:
                wrong.append(f"{row.name}: wrote {value:#x}, read {found:#x}")
    if wrong:
        return failed(
            check, "; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        )
    return passed(check, f"{read} read, {kept} written and read back")


def _pattern(row: Register, chance: random.Random) -> int:
    """A value that the register can hold: pointers stay even."""
    value = chance.getrandbits(row.bits)
    return value & ~0xF if row.role in (Role.SP, Role.RA) else value


def exits(check: str, subject: Subject) -> Finding:
    """The common guests do what their manifests say: device accesses, calls, halts, traps, interrupts, crashes."""
    found = [guest for name in EXITS if (guest := subject.guest(name)) is not None]
    if not found:
        return untested(check, no_guests(subject))
    wrong = []
    for guest in found:
        recorder = Recorder(guest.input)
        with machine(guest, subject.isa, recorder) as one:
            outcome = one.run(max_insns=guest.expect.max_instructions, timeout=60)
        if not guest.expect.passes(outcome, bytes(recorder.output)):
            differences = guest.expect.differences(outcome, bytes(recorder.output))
            wrong.append(f"{guest.name}: {differences[0] if differences else 'it must fail and passed'}")
    absent = [name for name in EXITS if subject.guest(name) is None]
    without = f"; no guest {', '.join(absent)}" if absent else ""
    return failed(check, "; ".join(wrong)) if wrong else passed(check, f"{len(found)} guests{without}")


def counting(check: str, subject: Subject) -> Finding:
    """The count of retired instructions is that of steps of one instruction each."""
    guest = whole(subject)
    if guest is None:
        return untested(check, no_guests(subject))
    wanted = min(STEPS, extent(guest, subject.isa))
    with machine(guest, subject.isa) as one, machine(guest, subject.isa) as other:
        steps = 0
        while one.retired < wanted and one.run(max_insns=1).ending is Ending.BUDGET:
            steps += 1
            if one.retired < steps:
                return failed(check, f"step {steps} at pc {one.vcpus[0].arch.pc:#x} retired nothing")
        if steps == 0:
            return failed(check, "the first step does not end after one instruction")
        other.run(max_insns=one.retired)
        if other.retired != one.retired:
            return failed(check, f"asked for {one.retired} instructions, stopped after {other.retired}")
        if one.state_hash() != other.state_hash():
            return failed(
                check, f"{one.retired} steps and one run of as many differ: {difference(one, other)}"
            )
        both = "" if one.retired == steps else f", of which {one.retired - steps} in pairs (delay slots)"
        return passed(check, f"{steps} steps{both}")


def slicing(check: str, subject: Subject) -> Finding:
    """A run in slices is the run."""
    guest = whole(subject)
    if guest is None:
        return untested(check, no_guests(subject))
    total = extent(guest, subject.isa)
    with machine(guest, subject.isa) as one:
        one.run(max_insns=total)
        expected = one.state_hash()
        for size in SLICES:
            with machine(guest, subject.isa) as other:
                here = min(total, size * 3000)
                while other.retired + size < here and other.run(max_insns=size).ending is Ending.BUDGET:
                    pass
                other.run(max_insns=total - other.retired)
                if other.retired != total or other.state_hash() != expected:
                    return failed(check, f"slices of {size} instructions differ: {difference(one, other)}")
    return passed(check, f"{guest.name}, slices of {', '.join(map(str, SLICES))} instructions, by state hash")


def saving(check: str, subject: Subject) -> Finding:
    """A saved machine goes on as the one it was saved from, also in another machine."""
    guest = whole(subject)
    if guest is None:
        return untested(check, no_guests(subject))
    half = extent(guest, subject.isa) // 2
    with machine(guest, subject.isa) as one:
        one.run(max_insns=half)
        state = one.save()
        before = one.state_hash()
        one.run(max_insns=half)
        expected = one.state_hash()
        for other in (one, Machine(config(guest, subject.isa))):
            other.restore(state)
            if other.state_hash() != before:
                return failed(check, f"what was saved is not what is restored: {difference(one, other)}")
            other.run(max_insns=half)
            if other.state_hash() != expected:
                return failed(check, "the restored machine goes another way")
        other.close()
    return passed(check, "into the same machine and into another, by state hash")


def extent(guest: Guest, isa: Isa) -> int:
    """Instructions of a guest that are looked at: most of them, but not its end."""
    with machine(guest, isa) as one:
        one.run(max_insns=LONGEST)
        return one.retired * 9 // 10


def difference(one: Machine, other: Machine) -> str:
    """Where two machines differ, for a person."""
    first, second = (each.vcpus[0].arch.save() for each in (one, other))
    for name, value in first.registers.items():
        if name != "engine" and second.registers.get(name) != value:
            return f"{name} is {value:#x} and {second.registers.get(name, 0):#x}"
    for name, value in first.control.items():
        if second.control[name] != value and name in ("pc", "retired", "lines"):
            return f"{name} is {value:#x} and {second.control[name]:#x}"
    return "memory, devices or state without a name"


def whole(subject: Subject) -> Guest | None:
    """A guest that computes: the common workload, or what there is."""
    return subject.guest(WHOLE) or subject.guest("hello")


def no_guests(subject: Subject) -> str:
    return f"no guests of {subject.isa.name} in {subject.folder}: name their folder with --guests"


def config(
    guest: Guest | None, isa: Isa, recorder: Recorder | None = None, cpu: str | None = None
) -> MachineConfig:
    made = MachineConfig(isa=isa.name, board="bare", cpu=cpu) if guest is None else guest.config()
    return replace(made, channel=recorder or Recorder(b"" if guest is None else guest.input))


@contextmanager
def machine(
    guest: Guest | None, isa: Isa, recorder: Recorder | None = None, cpu: str | None = None
) -> Iterator[Machine]:
    with Machine(config(guest, isa, recorder, cpu)) as made:
        yield made
