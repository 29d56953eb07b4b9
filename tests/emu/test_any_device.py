"""Every device of every board, as the machine wires it, asked and told anything: no access raises, a read fits its
width, looking changes nothing, and what is restored goes on as what was saved."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.board import BARE, VIRT_RISCV, Board
from emu.config import Block, DiskImage, Entropy, MachineConfig, Share, VirtioConsole, VirtioRequest
from emu.machine import Machine
from emu.recorder import Recorder

RAM, SIZE = 0x8000_0000, 16 << 20
BOARDS = (VIRT_RISCV, BARE)
LARGEST = 1 << 20  # bytes of a state, flash apart
WORDS = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    0xF,
    0x20,
    0x40,
    0x55,
    0x80,
    0x98,
    0xD0,
    0xE8,
    0xFF,
    0x100,
    0x1900,
    0x4000,
    0xFFFF,
)
PLACES = (RAM, RAM + 0x1000, RAM + 0x2000, RAM + 0x3010, RAM + SIZE - 8, 0x1000, 0x1000_0000, (1 << 64) - 16)

values = (
    st.sampled_from(WORDS)
    | st.sampled_from(PLACES)
    | st.sampled_from(PLACES).map(lambda place: int.from_bytes(place.to_bytes(8, "little"), "big"))
    | st.integers(0, (1 << 64) - 1)
)
offsets = st.integers(0, 0x40).map(lambda word: 4 * word) | st.integers(0, 64 << 20)
widths = st.sampled_from((1, 2, 4, 4, 4, 8))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), offsets, widths, values),
        st.tuples(st.just("read"), offsets, widths, st.just(0)),
        st.tuples(st.just("pass"), st.sampled_from((1, 10**6, 10**10)), st.just(1), st.just(0)),
    ),
    max_size=80,
)


@pytest.fixture(scope="module", params=BOARDS, ids=lambda board: board.name)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One with something behind every kind of window."""
    board: Board = request.param
    folder = tmp_path_factory.mktemp("shared")
    (folder / "file").write_bytes(b"content")
    disk = folder.parent / f"{board.name}.img"
    disk.write_bytes(bytes(range(256)) * 64)
    virtio: tuple[VirtioRequest, ...] = (
        Block(DiskImage(disk, "raw", snapshot=True)),
        Entropy(),
        Share(folder, "shared", read_only=True),
        VirtioConsole(),
    )
    assert {type(each) for each in virtio} == set(get_args(VirtioRequest)), (
        "a kind of device is not tried here"
    )
    config = MachineConfig(
        board=board.name,
        smp=2,
        ram=SIZE,
        virtio=virtio if board is VIRT_RISCV else (),
        channel=Recorder(b"typed" * 99),
    )
    with Machine(config) as made:
        yield made
    assert (folder / "file").read_bytes() == b"content"
    assert disk.read_bytes() == bytes(range(256)) * 64


def names(machine: Machine) -> list[str]:
    return sorted(machine.devices)


def fresh(machine: Machine, seed: int) -> None:
    """Reset, with memory that a device may take for rings and descriptors."""
    machine.reset()
    chance = random.Random(seed)
    words = [chance.choice((*PLACES, *WORDS, chance.getrandbits(64))) for _ in range(0x4000 // 8)]
    machine.memory.write(RAM, b"".join(word.to_bytes(8, "little") for word in words))


def perform(machine: Machine, device: Any, step: tuple[str, int, int, int]) -> int:
    what, offset, width, value = step
    if what == "pass":
        machine.schedule.skip(machine.now_ns + offset)
        machine.timeline.fire()
        machine.poll()
        return 0
    offset %= device.size - width + 1
    if what == "read":
        found = device.read(offset, width)
        assert isinstance(found, int)
        assert 0 <= found < 1 << 8 * width
        return found
    device.write(offset, width, value & (1 << 8 * width) - 1)
    return 0


def bounded(state: Any) -> bool:
    pages = getattr(state, "pages", {})  # of flash: no more than what was written to
    return len(pickle.dumps(state)) - sum(map(len, pages.values())) < LARGEST


several = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@several
@given(data=st.data(), seed=st.integers(0, 1 << 16), todo=steps)
def test_nothing_that_is_programmed_raises_or_grows(
    machine: Machine, data: Any, seed: int, todo: Any
) -> None:
    name = data.draw(st.sampled_from(names(machine)))
    fresh(machine, seed)
    for step in todo:
        perform(machine, machine.devices[name], step)
    assert all(bounded(device.state) for device in machine.devices.values())


@several
@given(data=st.data(), seed=st.integers(0, 1 << 16), todo=steps)
def test_looking_changes_nothing_and_sees_what_is_read(
    machine: Machine, data: Any, seed: int, todo: Any
) -> None:
    name = data.draw(st.sampled_from(names(machine)))
    device: Any = machine.devices[name]
    fresh(machine, seed)
    for step in todo:
        what, offset, width, _ = step
        if what == "read":
            offset %= device.size - width + 1
            before = machine.state_hash()
            looked = device.peek(offset, width)
            assert machine.state_hash() == before
            assert device.read(offset, width) == looked
        else:
            perform(machine, device, step)


@several
@given(data=st.data(), seed=st.integers(0, 1 << 16), first=steps, between=steps, then=steps)
def test_a_restored_machine_goes_on_as_it_went(
    machine: Machine, data: Any, seed: int, first: Any, between: Any, then: Any
) -> None:
    chosen = st.lists(st.sampled_from(names(machine)), min_size=1, max_size=3)
    used = [machine.devices[name] for name in data.draw(chosen)]

    def go(todo: Any) -> list[int]:
        return [perform(machine, used[number % len(used)], step) for number, step in enumerate(todo)]

    fresh(machine, seed)
    go(first)
    state = machine.save()
    position = machine.state_hash()
    seen, end = go(then), machine.state_hash()
    go(between)
    machine.restore(state)
    assert machine.state_hash() == position
    assert (go(then), machine.state_hash()) == (seen, end)
    machine.reset()


def test_every_slot_of_a_board_is_tried(machine: Machine, tmp_path: Path) -> None:
    slots = {slot.name for slot in machine.board.slots if slot.kind != "rom"}
    assert slots == set(names(machine))
