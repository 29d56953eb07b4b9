"""A shared directory behind a virtio queue, and on a machine."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.config import MachineConfig, Share, VirtioConsole
from emu.errors import ConfigError, LoadError
from emu.machine import Machine
from emu.share import messages
from emu.share.directory import Directory
from emu.share.messages import HEADER, NO_FID
from emu.virtio.ninep import MOUNT_TAG, NineP

VERSION = messages.encode(100, messages.NO_TAG, "ws", (8192, b"9P2000.L"))
ATTACH = messages.encode(104, 1, "wwssw", (0, NO_FID, b"", b"", 0))
OPEN = messages.encode(12, 1, "ww", (0, 0))
LIST = messages.encode(40, 1, "wdw", (0, 0, 4096))


@pytest.fixture
def shared(driver_for, tmp_path):
    (tmp_path / "file").write_text("content")
    return driver_for(NineP("share", "tag", Directory(tmp_path))).start(MOUNT_TAG)


def kind(answer):
    return HEADER.unpack_from(answer)[1]


def test_the_configuration_is_the_mount_tag(shared):
    assert shared.read(0x008) == 9
    assert shared.read(0x100, 2) == 3
    assert bytes(shared.read(0x102 + i, 1) for i in range(3)) == b"tag"


def test_requests_are_answered_into_the_room_of_their_chain(shared):
    assert shared.ask([VERSION, 100])[HEADER.size :][:4] == (8192).to_bytes(4, "little")
    assert kind(shared.ask([ATTACH[:5], ATTACH[5:], 7, 93])) == 105
    assert kind(shared.ask([OPEN, 100], indirect=False)) == 13
    assert b"file" in shared.ask([LIST, 11, 500])


def test_a_request_without_room_or_content_comes_back(shared):
    assert shared.ask([VERSION]) == b""
    assert kind(shared.ask([100])) == messages.ERROR
    assert kind(shared.ask([b"\0" * (1 << 20), 100])) == messages.ERROR
    assert kind(shared.ask([VERSION, 100])) == 101


def test_a_driver_that_leaves_leaves_no_fid(shared):
    shared.ask([VERSION, 100])
    shared.ask([ATTACH, 100])
    shared.write(0x70, 0)
    shared.start(MOUNT_TAG)
    assert kind(shared.ask([OPEN, 100])) == messages.ERROR


def test_a_saved_state_has_the_fids(shared, driver_for, tmp_path):
    shared.ask([VERSION, 100])
    shared.ask([ATTACH, 100])
    shared.ask([OPEN, 100])
    state, memory = pickle.loads(pickle.dumps(shared.mmio.state)), shared.ram.capture()
    other = driver_for(NineP("share", "tag", Directory(tmp_path)))
    other.ram.restore(memory)
    other.mmio.load(state)
    other.rings, other.heap = shared.rings, shared.heap
    assert b"file" in other.ask([LIST, 500])


def test_a_machine_has_what_was_asked_for_behind_its_windows(tmp_path):
    config = MachineConfig(
        virtio=(Share(tmp_path, "one"), VirtioConsole(bus=0), Share(tmp_path, "two", bus=3))
    )
    with Machine(config) as machine:
        found = {name: device.read(8, 4) for name, device in machine.devices.items() if "virtio" in name}
        assert [found[f"virtio{number}"] for number in range(8)] == [3, 0, 0, 9, 0, 0, 0, 9]
        assert machine.devices["virtio7"].peek(0x102, 4) == int.from_bytes(b"one\0", "little")


@pytest.mark.parametrize("tag", ["", "x" * 33, "é" * 17])
def test_a_tag_that_no_guest_can_mount_is_refused(tmp_path, tag):
    with pytest.raises(ConfigError, match="mount_tag"):
        Machine(MachineConfig(virtio=(Share(tmp_path, tag),)))


def test_a_directory_that_is_none_is_refused(tmp_path):
    with pytest.raises(LoadError, match="a directory to share"):
        Machine(MachineConfig(virtio=(Share(tmp_path / "none", "tag"),)))


@pytest.mark.parametrize(("serial", "output"), [(True, b"!"), (False, b"")])
def test_a_serial_line_may_lead_nowhere(assembled, serial, output):
    machine = assembled("li t0, 0x10000000\nli t1, 33\nsb t1, 0(t0)\nebreak", board="virt", serial=serial)
    machine.run(max_insns=4)
    assert machine.console_output == output


PARTS = st.lists(
    st.one_of(
        st.integers(1, 300),
        st.binary(min_size=1, max_size=40),
        st.sampled_from([VERSION, ATTACH, OPEN, LIST]),
    ),
    max_size=5,
).map(lambda parts: sorted(parts, key=lambda part: isinstance(part, int)))


@settings(max_examples=100, deadline=None)
@given(chains=st.lists(PARTS.filter(bool), max_size=12), indirect=st.booleans())
def test_whatever_a_driver_sends_comes_back(driver_class, tmp_path_factory, chains, indirect):
    driver = driver_class(NineP("share", "tag", Directory(tmp_path_factory.getbasetemp())), size=2 << 20)
    try:
        driver.start(MOUNT_TAG | (driver.INDIRECT if indirect else 0))
        for parts in chains:
            assert len(driver.ask(parts, indirect=indirect)) <= sum(
                part for part in parts if isinstance(part, int)
            )
        assert not driver.mmio.fault
    finally:
        driver.close()
