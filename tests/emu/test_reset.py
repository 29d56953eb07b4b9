"""After a reset that the guest asks for, all that decides what it does next is as it was at power-on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from axvcpu.exits import MmioWrite
from emu.config import MachineConfig
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending

GUESTS = Path(__file__).resolve().parents[2] / "guests"
FINISHER, RESET = 0x10_0000, 0x7777


def state(machine: Machine) -> dict[str, Any]:
    """Everything but flash, which keeps its contents, and how much was retired before."""
    saved = machine.save()
    parts: dict[str, Any] = {"memory": saved.ram.digest, "waits": saved.waits, "alarms": saved.alarms}
    parts |= {name: each for name, each in saved.devices.items() if not name.startswith("flash")}
    for number, context in enumerate(saved.contexts):
        parts |= {f"cpu{number} {name}": value for name, value in context.registers.items()}
        control = {name: context.control[name] for name in ("retired", "lines", "has_answer")}
        parts |= {f"cpu{number} control": control, f"cpu{number} latch": context.latch}
    return parts


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
def test_a_reset_by_the_guest_leaves_nothing_of_the_time_before(isa: str) -> None:
    guest = load_guest(GUESTS / isa / "reboot")
    with Machine(guest.config()) as machine:
        assert machine.run(max_insns=0).ending is Ending.BUDGET
        fresh = state(machine)
        wanted = lambda exit: isinstance(exit, MmioWrite) and (exit.addr, exit.data) == (FINISHER, RESET)
        outcome = machine.run(max_insns=10_000_000, until=wanted)
        assert outcome.ending is Ending.EXIT
        spoiled = state(machine)
        assert {name for name in fresh if fresh[name] != spoiled[name]} >= {
            *("memory", "alarms", "rtc", "plic", "clint", "uart0", "fw-cfg"),
            *("cpu0 mepc", "cpu0 ft1", "cpu1 sscratch", "cpu1 pc", "cpu0 sp", "cpu0 control"),
        }
        assert machine.answer(outcome.exit) is None  # type: ignore[arg-type]
        assert machine.run(max_insns=0).ending is Ending.BUDGET
        now = state(machine)
        assert {name: now[name] for name in fresh if now[name] != fresh[name]} == {}


@pytest.mark.parametrize("board", ["virt", "bare"])
def test_a_machine_without_a_program_is_as_after_a_reset(board: str) -> None:
    with Machine(MachineConfig(board=board, smp=2)) as machine:
        fresh = state(machine)
        assert fresh["cpu1 pc"] == 0x8000_0000
        machine.reset()
        assert state(machine) == fresh


def test_no_reboot_ends_the_run_where_the_guest_resets() -> None:
    guest = load_guest(GUESTS / "riscv64" / "reboot")
    with Machine(replace(guest.config(), no_reboot=True)) as machine:
        outcome = machine.run(max_insns=10_000_000)
        assert outcome.ending is Ending.POWERED_OFF
        assert "-no-reboot" in outcome.text
        assert machine.console_output.count(b"boot ") == 1
