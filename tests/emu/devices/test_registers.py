"""The tables of registers: every device of every board has one, it is in order, and nothing that the device shows is
without a name."""

from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import pytest

from emu.config import Block, DiskImage, Entropy, MachineConfig, Share, VirtioConsole
from emu.debug.devices import register_views
from emu.device import PowerKind, PowerRequest
from emu.devices.cfi_flash import CfiFlash, Mode
from emu.devices.ns16550a import Ns16550a
from emu.devices.syscon import Syscon, SysconAction
from emu.machine import Machine
from emu.registers import Direction, hidden_of, locate, registers_of

SAMPLES = 0x3000  # words that are looked at from the start of a device
CONFIGS = {
    "virt": MachineConfig(board="virt", ram=1 << 20),
    "bare": MachineConfig(board="bare", ram=1 << 20),
    "ports": MachineConfig(isa="x86_64", board="bare", ram=1 << 20),
    "cortex-m": MachineConfig(isa="arm", cpu="cortex-m3", board="bare", ram=1 << 20),
}


@contextmanager
def machine_with(name, tmp_path):
    config = CONFIGS[name]
    if name == "virt":
        disk = tmp_path / "disk"
        disk.write_bytes(bytes(4096))
        virtio = (
            Block(DiskImage(Path(disk), "raw", snapshot=True)),
            Entropy(1),
            Share(tmp_path, "tag"),
            VirtioConsole(False),
        )
        config = MachineConfig(board="virt", ram=1 << 20, virtio=virtio)
    with Machine(config) as machine:
        yield machine


@pytest.fixture(params=sorted(CONFIGS))
def machine(request, tmp_path):
    with machine_with(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def devices(machine, bench):
    off = SysconAction(0, 0x5555, PowerRequest(PowerKind.SHUTDOWN, 0))
    return [*machine.devices.values(), Syscon("syscon", bench.power, [off])]


def overlap(a, b):
    """Whether one offset is of both in one direction, with nothing to tell them apart."""
    if not a.access & b.access:
        return False
    places = {at + k for _, at in a.elements() for k in range(a.width)} if not a.span else range(a.size)
    return any(at + k in places for _, at in b.elements() for k in range(b.width))


def test_every_device_has_a_table_in_order(devices):
    for device in devices:
        table = registers_of(device)
        assert table, device.name
        names = [row.name for row in table]
        assert len(names) == len(set(names)), device.name
        for row in table:
            last = max(at for _, at in row.elements()) if row.array else row.offset
            assert 0 <= row.offset <= last + row.size <= device.size, (device.name, row.name)
            assert all(each.low >= 0 and each.low + each.width <= 8 * row.width for each in row.fields), (
                row.name
            )
            assert all(number >> each.width == 0 for each in row.fields for number, _ in each.values), (
                row.name
            )
            if row.when is not None:
                assert row.when.register in {*names, *hidden_of(device)}, row.name


def test_no_two_registers_are_in_one_place_unless_a_mode_chooses(devices):
    for device in devices:
        for first, second in combinations(registers_of(device), 2):
            if first.when is None:
                assert not overlap(first, second), (device.name, first.name, second.name)


def test_every_register_can_be_looked_at(devices):
    for device in devices:
        before = device.state
        for row in registers_of(device):
            for _, offset in list(row.elements())[:64]:
                assert 0 <= device.peek(offset, row.width) < 1 << 8 * row.width, (device.name, row.name)
        assert device.state == before


def test_whatever_a_device_shows_has_a_name(devices):
    for device in devices:
        table, hidden = registers_of(device), hidden_of(device)
        for offset in range(0, min(device.size, 4 * SAMPLES), 1 if device.size < 0x100 else 4):
            for width in (1, 4, 8):
                if offset + width <= device.size and device.peek(offset, width):
                    assert locate(table, offset, Direction.READ, hidden.get), (device.name, hex(offset))


def test_views_have_a_row_for_each_register_of_the_present_mode(machine):
    before = machine.state_hash()
    for device in machine.devices.values():
        views = register_views(machine, device)
        names = [view.name for view in views]
        assert len(names) == len(set(names))
        unknown = [view.name for view in views if view.access is Direction.READ and view.value is None]
        assert all(name.startswith("MVFR") for name in unknown), device.name  # the CPU does not show those
    assert machine.state_hash() == before


def test_the_divisor_latch_stands_where_the_characters_were(bench):
    uart = Ns16550a("uart", bench.line, bench.wire())

    def shown(offset, direction):
        return locate(uart.registers, offset, direction, lambda name: uart.peek(3, 1)).register.name

    assert [shown(0, Direction.READ), shown(0, Direction.WRITE), shown(1, Direction.READ)] == [
        "RBR",
        "THR",
        "IER",
    ]
    uart.write(3, 1, 0x83)
    assert [shown(0, Direction.READ), shown(0, Direction.WRITE), shown(1, Direction.READ)] == [
        "DLL",
        "DLL",
        "DLM",
    ]


def test_a_flash_names_what_its_mode_reads_and_takes():
    flash = CfiFlash("flash", 1 << 20)

    def shown(direction):
        return locate(flash.registers, 0x40, direction, flash.hidden.get).name

    assert (shown(Direction.READ), shown(Direction.WRITE)) == ("ARRAY", "COMMAND")
    flash.write(0, 4, 0x98)
    assert flash.hidden == {"MODE": Mode.QUERY}
    assert shown(Direction.READ) == "QUERY[16]"
    flash.write(0, 4, 0x40)
    assert (shown(Direction.READ), shown(Direction.WRITE)) == ("STATUS", "PROGRAM")
