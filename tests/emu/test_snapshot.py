"""Saved states: what they share, what they hold, what they refuse; and what the hash sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emu.config import Drive, FirmwareItem, LoaderRequest, MachineConfig
from emu.errors import SnapshotMismatch
from emu.machine import Machine
from emu.outcome import Ending

LOOP = "li s0, 0x80010000\n1: addi a0, a0, 1\nsd a0, 0(s0)\nfcvt.d.l fa0, a0\nj 1b"


def _machine(assembled: Any, text: str = LOOP, **options: Any) -> Any:
    machine = assembled(text, **options)
    machine.vcpus[0].write_register("mstatus", 0x6000)
    return machine


def test_a_later_state_shares_the_pages_that_did_not_change(assembled: Any) -> None:
    machine = _machine(assembled)
    for page in range(64):
        machine.memory.write(0x8002_0000 + 4096 * page, b"x" * 4096)
    machine.run(max_insns=100)
    first = machine.save()
    machine.run(max_insns=100)
    second = machine.save(first)
    assert len(second.ram) == len(first.ram) >= 65
    kept = {id(block) for block in first.ram.blocks} & {id(block) for block in second.ram.blocks}
    fresh = sum(block.nbytes for block in second.ram.blocks if id(block) not in kept)
    assert kept
    assert fresh <= 2 * 4096


def test_equal_machines_have_equal_hashes_whatever_their_engines_went_through(assembled: Any) -> None:
    straight, cut = _machine(assembled), _machine(assembled)
    straight.run(max_insns=12_345)
    for _ in range(5):
        cut.run(max_insns=2469)
        cut.save()
        cut.vcpus[0].read_register("fflags")
        cut.vcpus[0].read_register("mtvec")
    assert straight.state_hash() == cut.state_hash()
    assert straight.state_hash() == straight.state_hash()


@pytest.mark.parametrize(
    "register",
    [
        "a0",
        "t6",
        "fa0",
        "mscratch",
        "mtvec",
        "mepc",
        "satp",
        "frm",
        "fflags",
        "pmpaddr3",
        "mcounteren",
        "pc",
        "stvec",
        "mie",
    ],
)
def test_one_changed_register_changes_the_hash_and_is_restored(assembled: Any, register: str) -> None:
    machine = _machine(assembled)
    machine.run(max_insns=1000)
    before, state = machine.state_hash(), machine.save()
    vcpu = machine.vcpus[0]
    value = vcpu.read_register(register)
    vcpu.write_register(register, value ^ 8 if register != "frm" else 1)
    assert vcpu.read_register(register) != value
    assert machine.state_hash() != before
    machine.restore(state)
    assert vcpu.read_register(register) == value
    assert machine.state_hash() == before


@pytest.mark.parametrize("address", [0x8000_0000, 0x8000_F123, 0x80FF_FFFF])
def test_one_flipped_byte_of_memory_changes_the_hash_and_is_restored(assembled: Any, address: int) -> None:
    machine = _machine(assembled)
    machine.run(max_insns=1000)
    before, state = machine.state_hash(), machine.save()
    byte = machine.memory.read(address, 1)[0]
    machine.memory.write(address, bytes([byte ^ 1]))
    assert machine.state_hash() != before
    machine.restore(state)
    assert machine.state_hash() == before


def test_a_device_s_state_is_in_the_hash_and_restored(assembled: Any) -> None:
    machine = _machine(assembled)
    before, state = machine.state_hash(), machine.save()
    machine.devices["timer"].write(8, 8, 5000)
    armed = machine.state_hash()
    assert armed != before
    machine.restore(state)
    assert machine.state_hash() == before
    assert machine.timeline.next > 1 << 62


def test_a_state_of_another_make_is_refused_and_nothing_changes(assembled: Any) -> None:
    small, large = _machine(assembled), _machine(assembled, ram=32 << 20)
    two = _machine(assembled, smp=2)
    before = large.state_hash()
    for other in (small, two):
        with pytest.raises(
            SnapshotMismatch, match=r"does not fit the machine: expected .*0x2000000 bytes, .*, got"
        ):
            large.restore(other.save())
    assert large.state_hash() == before


def test_a_state_of_a_machine_that_was_given_something_else_is_refused_with_its_name(tmp_path: Path) -> None:
    files = {}
    for name, data in (("one", b"\x13\0\0\0" * 9), ("other", b"\x13\0\1\0" * 9), ("flash", b"flash" * 99)):
        files[name] = tmp_path / name
        files[name].write_bytes(data)
    base = MachineConfig(board="virt", kernel=files["one"])
    renamed = tmp_path / "elsewhere" / "one"
    renamed.parent.mkdir()
    renamed.write_bytes(files["one"].read_bytes())
    with Machine(base) as machine, Machine(replace(base, kernel=renamed)) as same:
        machine.run(max_insns=5)
        state = machine.save()
        same.restore(state)
        assert same.state_hash() == machine.state_hash()
        for change, name in (
            ({"kernel": files["other"]}, "kernel o"),
            ({"append": "quiet"}, "device tree"),
            ({"drives": (Drive("pflash", 1, files["flash"]),)}, "flash1"),
            ({"firmware_items": (FirmwareItem("opt/a", b"b"),)}, "fw-cfg"),
            ({"loaders": (LoaderRequest(files["other"], 0x8001_0000),)}, "loader other"),
        ):
            with Machine(replace(base, **change)) as changed:
                before = changed.state_hash()
                with pytest.raises(SnapshotMismatch, match=name):
                    changed.restore(state)
                assert changed.state_hash() == before
        machine.memory.write(0x1800, b"another ROM")
        with pytest.raises(SnapshotMismatch, match="mrom"):
            machine.restore(state)


def test_a_halted_vcpu_is_restored_as_halted_and_a_running_one_as_running(assembled: Any) -> None:
    machine = assembled("li a0, 50\n1: addi a0, a0, -1\nbnez a0, 1b\nwfi\nli a1, 1\nwfi")
    machine.run(max_insns=20)
    running = machine.save()
    assert machine.run().ending is Ending.BLOCKED
    halted, retired = machine.save(), machine.retired
    machine.restore(running)
    assert machine.run(max_insns=10).ending is Ending.BUDGET
    machine.restore(halted)
    assert machine.run().ending is Ending.BLOCKED
    assert machine.retired == retired
    assert machine.vcpus[0].read_register("a1") == 0


def test_a_reservation_survives_a_restore(assembled: Any) -> None:
    machine = assembled("la a0, 1f\nlr.w a1, (a0)\nnop\nsc.w a2, a1, (a0)\nwfi\n.align 3\n1: .word 5")
    machine.run(max_insns=4)
    state = machine.save()
    machine.run()
    assert machine.vcpus[0].read_register("a2") == 0
    machine.restore(state)
    machine.run()
    assert machine.vcpus[0].read_register("a2") == 0


def test_an_answered_access_that_has_not_executed_is_part_of_the_state(assembled: Any) -> None:
    """Stopped between the answer and the instruction's second execution, the device is not asked again."""
    machine = assembled("li s0, 0x10000000\nli a0, 65\nsw a0, 0(s0)\nwfi")
    for number in range(1, 5):
        machine.run(max_insns=1)
        state = machine.save()
        written = machine.console_output
        machine.run()
        assert machine.console_output == b"A"
        machine.restore(state)
        machine.recorder.output[:] = written
        assert machine.retired == number


def test_code_changed_by_a_restore_is_the_code_that_runs(assembled: Any) -> None:
    machine = assembled("1: addi a0, a0, 1\nj 1b")
    machine.run(max_insns=100)
    state = machine.save()
    machine.memory.write(0x8000_0000, bytes.fromhex("13056500"))  # addi a0, a0, 6
    machine.forget_code()
    machine.run(max_insns=100)
    assert machine.vcpus[0].read_register("a0") == 50 + 300
    machine.restore(state)
    machine.run(max_insns=100)
    assert machine.vcpus[0].read_register("a0") == 100
