"""The format perfetto: its slices are the calls that a profile counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

from axemu import cli
from axemu.traces import slices
from emu.calls.tree import CallTree
from emu.guest import load_guest
from emu.machine import Machine

GUESTS = Path(__file__).resolve().parents[3] / "guests"
BEGIN, END, INSTANT = 1, 2, 3
NESTED = [
    "riscv64/workload", "aarch64/debuggee", "x86_64/debuggee", "ppc64/debuggee", "sparc/debuggee",
    "arm/thumb-traps", "riscv64/traps",
]  # fmt: skip

Path_ = tuple[str, ...]


@dataclass
class Track:
    """The slices of a track: of each way, how many began there and how long it was the innermost."""

    open: list[str] = field(default_factory=list)
    begun: Counter[Path_] = field(default_factory=Counter)
    own: Counter[Path_] = field(default_factory=Counter)
    last: int = 0
    instants: list[tuple[str, dict[str, str]]] = field(default_factory=list)


def tracks_of(place: Path) -> dict[str, Track]:
    """By name, and that of what it is below. Fails where time goes back on a track, or more ends than begins."""
    trace = Trace()
    trace.ParseFromString(place.read_bytes())
    names: dict[int, str] = {}
    tracks: dict[str, Track] = {}
    for packet in trace.packet:
        if packet.HasField("track_descriptor"):
            about = packet.track_descriptor
            above = names.get(about.parent_uuid)
            names[about.uuid] = about.name if above is None else f"{above} {about.name}"
            continue
        event = packet.track_event
        track = tracks.setdefault(names[event.track_uuid], Track())
        if event.type == INSTANT:
            notes = {each.name: each.string_value for each in event.debug_annotations}
            track.instants.append((event.name, notes))
            continue
        assert packet.timestamp >= track.last
        track.own[tuple(track.open)] += packet.timestamp - track.last
        track.last = packet.timestamp
        if event.type == BEGIN:
            track.open.append(event.name)
            track.begun[tuple(track.open)] += 1
        else:
            assert event.type == END
            track.open.pop()
    return tracks


def recorded(place: Path, guest: str, *words: str) -> dict[str, Track]:
    assert cli.dispatch(["trace", "--plain", str(GUESTS / guest), "-o", str(place), *words]) == 0
    return tracks_of(place)


def ways_of(guest: str) -> tuple[Counter[Path_], Counter[Path_]]:
    """(calls, instructions) of each way, as a profile counts them."""
    with Machine(load_guest(GUESTS / guest).config()) as machine:
        machine.count_blocks(calls=True)
        machine.run(max_insns=20_000_000)
        calls = machine.block_counts.calls
        assert calls is not None
        tree = CallTree(calls.nodes, machine.isa, machine.symbols, calls.lost)
    counts, own, paths = Counter[Path_](), Counter[Path_](), dict[int, Path_]()
    for node in tree:
        paths[id(node)] = () if node.parent is None else (*paths[id(node.parent)], node.name)
        counts[paths[id(node)]] += node.calls
        own[paths[id(node)]] += node.instructions
    return +counts, +own


@pytest.mark.parametrize("guest", NESTED)
def test_slices_are_the_calls_that_a_profile_counts(guest: str, tmp_path: Path) -> None:
    functions = recorded(tmp_path / "a.pftrace", guest)["vCPU 0 functions"]
    calls, own = ways_of(guest)
    assert functions.open == []
    assert +functions.own == own
    entered_otherwise = set(functions.begun) - set(calls)
    assert functions.begun == calls + Counter({way: functions.begun[way] for way in entered_otherwise})
    assert bool(entered_otherwise) == (guest == "riscv64/traps"), "what a trap returns to is no call"


def test_each_vcpu_has_its_own_slices(tmp_path: Path) -> None:
    tracks = recorded(tmp_path / "a.pftrace", "riscv64/smp")
    begun: Counter[Path_] = Counter()
    for vcpu in range(4):
        functions = tracks[f"vCPU {vcpu} functions"]
        assert functions.open == []
        begun += functions.begun
    assert begun == ways_of("riscv64/smp")[0]
    only = recorded(tmp_path / "b.pftrace", "riscv64/smp", "--vcpu", "2")
    assert only["vCPU 2 functions"].begun == tracks["vCPU 2 functions"].begun
    assert "vCPU 0 functions" not in only


def incomplete(tracks: dict[str, Track]) -> str | None:
    name, notes = tracks["console"].instants[-1]
    assert name.startswith("end of the trace: ")
    return notes.get("stacks leave out")


def test_functions_of_a_filter_are_whole(tmp_path: Path) -> None:
    every = recorded(tmp_path / "a.pftrace", "riscv64/debuggee")
    some = recorded(tmp_path / "b.pftrace", "riscv64/debuggee", "--only", "doubled_area", "--only", "cross")
    assert some["vCPU 0 functions"].begun == {("doubled_area",): 3, ("doubled_area", "cross"): 9}
    for way, above in ((("doubled_area",), ("_start", "main", "scaled", "doubled_area")),):
        assert some["vCPU 0 functions"].own[way] == every["vCPU 0 functions"].own[above]
    assert incomplete(every) is None
    assert incomplete(some) == "functions that are not of --only or --vcpu"


def test_a_recording_that_begins_and_ends_inside_calls_is_balanced(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "a.pftrace", "riscv64/debuggee")["vCPU 0 functions"]
    tracks = recorded(tmp_path / "b.pftrace", "riscv64/debuggee", "--from", "1000", "--count", "500")
    part = tracks["vCPU 0 functions"]
    assert part.open == []
    assert sum(own for way, own in part.own.items() if way) == 500
    assert {way[-1] for way in part.begun} <= {way[-1] for way in whole.begun}
    assert incomplete(tracks) == "calls before the recording began"


def test_calls_deeper_than_viewers_show_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "DEPTH", 3)
    tracks = recorded(tmp_path / "a.pftrace", "riscv64/debuggee")
    calls, _ = ways_of("riscv64/debuggee")
    shown = {way: count for way, count in calls.items() if len(way) <= 3}
    assert tracks["vCPU 0 functions"].begun == shown
    hidden = sum(calls.values()) - sum(shown.values())
    assert incomplete(tracks) == f"{hidden:,} calls that were too deep"
