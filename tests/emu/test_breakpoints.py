"""Breakpoints: hit before the instruction, at the exact count, invisible, and free where they are not hit."""

from __future__ import annotations

from pathlib import Path

import pytest

from axvcpu.exits import Debug, DebugKind
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending
from isa import registry

GUESTS = Path(__file__).resolve().parents[2] / "guests"
NAMES = sorted(registry.names())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_stopped_at_each_time_it_is_called(name: str) -> None:
    guest = load_guest(GUESTS / name / "workload")
    with Machine(guest.config()) as plain:
        end = plain.run(max_insns=guest.expect.max_instructions)
        count, console = plain.retired, plain.console_output
        final = plain.state_hash()
    with Machine(guest.config()) as machine:
        address = machine.symbols.entry("print")
        assert address is not None
        machine.breakpoints = [address, address + 0x1000000]
        seen = []
        while (outcome := machine.run(max_insns=guest.expect.max_instructions)).ending is Ending.EXIT:
            assert outcome.exit == Debug(DebugKind.BREAKPOINT, address)
            assert machine.vcpus[0].arch.pc == address
            seen.append(machine.retired)
        assert (outcome.ending, machine.retired) == (end.ending, count)
        assert machine.console_output == console
        assert machine.state_hash() == final
    assert seen
    assert seen == sorted(set(seen))
    with Machine(guest.config()) as stepped:  # the counts are those of single steps
        stepped.run(max_insns=seen[0])
        assert stepped.vcpus[0].arch.pc == address
        stepped.run(max_insns=1)
        assert stepped.vcpus[0].arch.pc != address


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_every_instruction_of_a_stretch_can_be_one(name: str) -> None:
    guest = load_guest(GUESTS / name / "hello")
    pcs = []
    with Machine(guest.config()) as machine:
        for _ in range(60):
            machine.run(max_insns=1)
            pcs.append(machine.vcpus[0].arch.pc)
    with Machine(guest.config()) as machine:
        machine.breakpoints = pcs
        hit = []
        while machine.retired < 60 and machine.run(max_insns=60 - machine.retired).ending is Ending.EXIT:
            hit.append((machine.retired, machine.vcpus[0].arch.pc))
    assert [pc for count, pc in hit if count] == pcs[: len([1 for count, _ in hit if count])]
    assert len(hit) >= 59
