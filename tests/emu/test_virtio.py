"""Virtio devices in a machine: saved, restored, reset and closed with it, while a guest of ours drives them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emu.config import Block, DiskImage, Entropy, MachineConfig
from emu.disk.raw import RawDisk
from emu.errors import ConfigError, LoadError, SnapshotMismatch
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending

GUEST = load_guest(Path(__file__).resolve().parents[2] / "guests" / "riscv64" / "virtio")


def config(**changes: object) -> MachineConfig:
    return replace(GUEST.config(), **changes)  # type: ignore[arg-type]


@pytest.fixture
def finished() -> tuple[bytes, str, int]:
    """Console, state and instructions of a run from start to end."""
    with Machine(config()) as machine:
        assert machine.run(max_insns=10_000_000).ending is Ending.POWERED_OFF
        return machine.console_output, machine.state_hash(), machine.retired


@pytest.mark.parametrize("part", [0.15, 0.4, 0.55, 0.7, 0.9, 0.99])
def test_a_run_that_was_saved_on_the_way_ends_as_any_other(
    finished: tuple[bytes, str, int], part: float
) -> None:
    console, state_hash, retired = finished
    with Machine(config()) as first, Machine(config()) as second:
        first.run(max_insns=int(retired * part))
        said = first.console_output
        state = pickle.loads(pickle.dumps(first.save()))
        first.run()
        second.run(max_insns=1000)
        heard = len(second.console_output)
        second.restore(state)
        assert second.state_hash() != state_hash
        second.run()
        assert said + second.console_output[heard:] == console == first.console_output
        assert first.state_hash() == second.state_hash() == state_hash
        first.restore(state)
        first.run()
        assert first.state_hash() == state_hash


def test_a_restored_machine_is_the_saved_one_to_the_last_bit() -> None:
    """Also between an interrupt's claim, its acknowledgement and its completion."""
    with Machine(config()) as machine, Machine(config()) as other:
        machine.run(max_insns=22_000)
        claimed = 0
        for _ in range(120):
            machine.run(max_insns=11)
            other.restore(machine.save())
            assert other.state_hash() == machine.state_hash()
            claimed += bool(machine.devices["plic"].state.claimed)
        assert claimed > 3


def test_what_was_written_survives_a_reset_and_is_part_of_the_state() -> None:
    with Machine(config()) as machine:
        before = machine.state_hash()
        machine.run()
        machine.reset()
        after = machine.devices["virtio7"].state.device.content
        assert b"".join(after.values())[9 % 8 * 512 :].startswith(b"written\n")
        assert machine.state_hash() != before


def test_a_state_needs_a_machine_with_the_same_devices(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(512))
    with Machine(config()) as machine:
        state = machine.save()
    others = ((), (Entropy(), *config().virtio), (Block(DiskImage(disk, "raw", snapshot=True)), Entropy()))
    for virtio in others:
        with Machine(config(virtio=virtio)) as machine:
            before = machine.state_hash()
            with pytest.raises(SnapshotMismatch):
                machine.restore(state)
            assert machine.state_hash() == before, "nothing was restored"


def test_a_disk_that_was_written_itself_cannot_go_back(tmp_path: Path) -> None:
    assert GUEST.disk is not None
    disk = tmp_path / "disk.img"
    disk.write_bytes(GUEST.disk.read_bytes())
    with Machine(config(virtio=(Block(DiskImage(disk, "raw")), Entropy()))) as machine:
        start = machine.save()
        machine.run(max_insns=100)
        machine.restore(start)
        machine.run()
        with pytest.raises(SnapshotMismatch, match="snapshot=on"):
            machine.restore(start)
    assert disk.read_bytes()[9 * 512 :].startswith(b"written\nwritten\n")


def test_a_closed_machine_has_let_its_disk_go(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(8192))
    requests = (Block(DiskImage(disk, "raw")),)
    with Machine(config(virtio=requests)), pytest.raises(LoadError, match="in use"):
        Machine(config(virtio=requests))
    RawDisk(disk, read_only=False).close()


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(8192))
    yield disk
    RawDisk(disk, read_only=False).close()  # nobody holds it


@pytest.mark.parametrize("second", ["missing.img", "."])
def test_a_machine_that_cannot_be_built_leaves_no_disk_locked(
    broken: Path, tmp_path: Path, second: str
) -> None:
    with pytest.raises(LoadError):
        Machine(
            config(
                virtio=(Block(DiskImage(broken, "raw")), Block(DiskImage(tmp_path / second, "raw"))),
            )
        )


def test_a_machine_whose_program_does_not_fit_leaves_no_disk_locked(broken: Path) -> None:
    with pytest.raises(LoadError):
        Machine(config(virtio=(Block(DiskImage(broken, "raw")),), ram=4096))


def test_a_machine_without_windows_has_no_virtio_devices() -> None:
    with pytest.raises(ConfigError, match="machine bare"):
        Machine(MachineConfig(board="bare", virtio=(Entropy(),)))


def test_a_driver_that_breaks_its_device_is_told_of() -> None:
    told = []
    with Machine(config()) as machine:
        machine.listen(told.append, ["device"])
        machine.run()
    assert [event.kind for event in told] == ["device", "device"]
    assert "or a loop" in told[0].text and told[0].text.startswith("virtio7: ")
    assert "0x8000000" in told[1].text
