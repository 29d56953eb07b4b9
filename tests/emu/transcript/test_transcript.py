"""Transcripts: what is written is what happened, and a driver cannot tell the record from the device."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emu.errors import UnknownName
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending
from emu.transcript import BadTranscript, Entry, Kind, Recording, Replay, Transcript, differences
from emu.wiring import EPOCH_NS
from isa import registry

GUESTS = Path(__file__).resolve().parents[3] / "guests"
MOST = 50_000_000
ACCESSES = ("MmioRead", "MmioWrite", "IoRead", "IoWrite")


def config_of(guest: str):
    return load_guest(GUESTS / guest).config()


def recorded(guest: str, *devices: str) -> Transcript:
    lines: list[str] = []
    recording = Recording(lines.append, devices)
    with Machine(replace(config_of(guest), heard=recording.heard)) as machine:
        recording.attach(machine)
        assert machine.run(MOST).ending is Ending.POWERED_OFF
    found = Transcript.parse(lines, "golden")
    assert len(found.entries) == recording.count
    return found


def replayed(guest: str, transcript: Transcript, *devices: str) -> tuple[Replay, Machine]:
    replay = Replay(transcript, devices)
    with Machine(config_of(guest)) as machine:
        replay.attach(machine)
        machine.run(MOST)
        return replay, machine


@pytest.mark.parametrize("isa", sorted(registry.names()))
def test_every_access_is_written_down_and_the_guest_runs_as_without(isa: str) -> None:
    guest = f"{isa}/hello"
    with Machine(config_of(guest)) as machine:
        machine.run(MOST)
        native = machine.exits.get("native", 0)
        count = native + sum(machine.exits.get(name, 0) for name in ACCESSES)
        retired, text = machine.retired, machine.console_output
    transcript = recorded(guest)
    accesses = [entry for entry in transcript.entries if entry.kind is not Kind.IRQ]
    assert len(accesses) == count
    written = [
        entry.value & 0xFF
        for entry in accesses
        if entry.device == "uart" and entry.kind is Kind.WRITE and entry.text.startswith("DATA")
    ]
    assert bytes(written) == text
    replay, machine = replayed(guest, transcript)
    assert (replay.mismatch, replay.left) == (None, 0)
    assert machine.retired == retired


ALARM = f"""
 li s0, 0x101000
 li s1, 0x10000000
 li t0, 2
 sb t0, 1(s1)
 lbu a0, 2(s1)
 li t0, {(EPOCH_NS + 40_000) >> 32:#x}
 sw t0, 12(s0)
 li t0, {(EPOCH_NS + 40_000) & 0xFFFF_FFFF:#x}
 sw t0, 8(s0)
 li t0, 1
 sw t0, 16(s0)
 li s2, 0xc001000
 li s3, 1 << 11
1: lw a1, 0(s2)
 and a1, a1, s3
 beqz a1, 1b
 csrr s4, minstret
 sw t0, 28(s0)
 li t0, 0x100000
 li t1, 0x5555
 sw t1, 0(t0)
2: j 2b
"""
"""The UART raises its line when it may be written to; the clock raises its own at a time that it was told."""


def test_interrupts_come_from_the_transcript_at_their_time(assembled) -> None:
    lines: list[str] = []
    recording = Recording(lines.append, ("uart0", "rtc"))
    machine = assembled(ALARM, board="virt", heard=recording.heard)
    recording.attach(machine)
    assert machine.run(1_000_000).ending is Ending.POWERED_OFF
    transcript = Transcript.parse(lines, "golden")
    changes = [(entry.device, entry.value) for entry in transcript.entries if entry.kind is Kind.IRQ]
    assert changes == [("uart0", 1), ("uart0", 0), ("rtc", 1), ("rtc", 0)]
    replay, again = Replay(transcript), assembled(ALARM, board="virt")
    replay.attach(again)
    assert again.run(1_000_000).ending is Ending.POWERED_OFF
    assert (replay.mismatch, replay.left) == (None, 0)
    assert again.retired == machine.retired
    assert again.vcpus[0].arch.read_register("s4") == machine.vcpus[0].arch.read_register("s4") > 30_000


def test_another_guest_is_stopped_where_it_does_something_else() -> None:
    transcript = recorded("riscv64/hello", "uart")
    assert transcript.devices == ("uart",)
    replay, _ = replayed("riscv64/workload", transcript)
    assert replay.mismatch is not None
    assert "golden, line 4: expected uart read STATUS" in str(replay.mismatch)
    assert "<main+" in str(replay.mismatch)
    assert replay.left


def test_a_guest_that_goes_on_where_the_transcript_ends_is_stopped() -> None:
    transcript = recorded("riscv64/hello", "uart")
    short = replace(transcript, entries=transcript.entries[:7], lines=transcript.lines[:7])
    replay, _ = replayed("riscv64/hello", short)
    assert "expected no further access" in str(replay.mismatch)
    assert (replay.done, replay.left) == (7, 0)


def test_what_is_written_is_read_back() -> None:
    entries = (
        Entry(5, "uart0", Kind.READ, 0x60, 5, 1, "LSR (TEMT THRE)"),
        Entry(6, "uart0", Kind.WRITE, 0x48, 0, 1, "THR ('H')"),
        Entry(7, "uart0", Kind.IRQ, 1),
        Entry(2**60, "x", Kind.READ, 2**64 - 1, 0x1000, 8),
    )
    lines = [*Transcript.head("riscv64", "virt"), *(entry.line() for entry in entries)]
    assert Transcript.parse(lines, "t").entries == entries


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "line 1: expected 'axemu transcript 1', got ''"),
        (["axemu transcript 2"], "line 1: expected 'axemu transcript 1'"),
        (["axemu transcript 1", "hm"], "line 2: expected 'isa NAME, machine NAME', got 'hm'"),
        (["axemu transcript 1", "isa a, machine b", "5 uart read"], "line 3: expected 'NS DEVICE"),
        (
            ["axemu transcript 1", "isa a, machine b", "", "5 uart +0x000/1 read 0x100"],
            "line 4: expected a value of 1 bytes, got 0x100",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_line(lines: list[str], said: str) -> None:
    with pytest.raises(BadTranscript) as caught:
        Transcript.parse(lines, "t")
    assert said in str(caught.value)


def test_the_machine_must_be_that_of_the_transcript_and_the_device_one_to_replay() -> None:
    transcript = recorded("riscv64/hello")
    with Machine(config_of("aarch64/hello")) as machine, pytest.raises(BadTranscript, match="isa aarch64"):
        Replay(transcript).attach(machine)
    with Machine(config_of("riscv64/hello")) as machine:
        with pytest.raises(BadTranscript, match=r"a device to replay \(uart\), got power"):
            Replay(transcript, ("power",)).attach(machine)
        with pytest.raises(UnknownName, match="nix"):
            Recording(str, ("nix",)).attach(machine)


def test_differences_are_told_by_what_is_said_and_not_by_its_time() -> None:
    old = recorded("riscv64/hello", "uart")
    later = tuple(replace(entry, time=entry.time + 9) for entry in old.entries)
    assert not list(differences(old, replace(old, entries=later)))
    changed = (*later[:10], replace(later[10], value=0x7F), *later[11:20], *later[21:])
    first, second = differences(old, replace(old, entries=changed))
    assert (first.old, first.new) == (10, 10)
    assert (first.removed, first.added) == ((old.entries[10],), (changed[10],))
    assert (second.removed, second.added) == ((old.entries[20],), ())
