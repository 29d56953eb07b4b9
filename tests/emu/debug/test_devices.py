"""Real exits of real guests have names, and looking at devices changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from axvcpu.exits import Halt, MmioRead
from emu.config import Entropy, MachineConfig
from emu.debug.debugger import Debugger
from emu.debug.devices import Access, describe, views
from emu.debug.exits import Event, ExitLog
from emu.guest import load_guest
from emu.machine import Machine

GUESTS = Path(__file__).parents[3] / "guests"


@contextmanager
def run(name: str) -> Iterator[tuple[Machine, ExitLog]]:
    """A guest that has run to its end, and its exits."""
    guest = load_guest(GUESTS / name)
    with Machine(guest.config()) as machine, Debugger(machine) as debugger:
        debugger.go()
        yield machine, debugger.exits


def described(machine: Machine, log: ExitLog) -> list[str]:
    rows = (describe(machine, log[at], log) for at in range(len(log)))
    return [str(each) for each in rows if each is not None]


@pytest.mark.parametrize(
    ("name", "nowhere"),
    [
        ("riscv64/hello", set()),
        ("riscv64/uart-echo", set()),
        ("riscv64/virtio", set()),
        ("riscv64/timer-interrupt", set()),
        ("riscv64/external-interrupt", set()),
        ("riscv64/paging", set()),
        ("riscv64/fw-cfg", set()),
        ("x86_64/ports", set()),
        ("riscv32/smp", {"latch+0x110"}),  # the software interrupt of a vCPU that there is not
    ],
)
def test_every_access_of_a_guest_to_a_device_has_a_register(name, nowhere):
    with run(name) as (machine, log):
        found = [describe(machine, log[at], log) for at in range(len(log))]
        accesses = [each for each in found if each is not None and each.device != "nothing"]
        assert accesses
        assert {each.name for each in accesses if not each.register} == nowhere


def test_what_a_console_gets_is_characters():
    with run("riscv64/hello") as (machine, log):
        sent = [describe(machine, log[at], log) for at in range(len(log)) if log[at].kind == Event.MMIO_WRITE]
        shown = [each.text for each in sent if each is not None and each.register in ("DATA", "THR")]
        assert shown == [repr(chr(byte)) for byte in machine.console_output]
        assert len(shown) > 5


def test_a_virtio_driver_is_told_by_names():
    with run("riscv64/virtio") as (machine, log):
        lines = described(machine, log)
        for line in (
            "uart0.LSR = 0x60 (THRE TEMT)",
            "virtio7.DeviceID = 0x2 (blk)",
            "virtio7.DeviceFeatures[1] = 0x1 (VERSION_1)",
            "virtio7.DriverFeatures[0] = 0x200 (FLUSH)",
            "virtio7.QueueSize[0] = 0x8",
            "virtio7.config.blk_size = 0x200 (512)",
            "virtio7.InterruptStatus = 0x1 (USED)",
            "plic.PRIORITY[8] = 0x1",
            "plic.ENABLE[0][0] = 0x100 (virtio7)",
            "plic.CLAIM[0] = 0x8 (virtio7)",
        ):
            assert line in lines, line


def test_a_row_of_the_past_is_read_in_the_mode_of_its_time():
    log = ExitLog()
    uart = 0x1000_0000
    rows = ((0, 0x41), (3, 0x80), (0, 0x0C), (3, 0x03), (0, 0x42))
    for at, value in rows:
        log.add(1, 1, 1, 0, uart + at, value, Event.MMIO_WRITE, 0, 1, 0)
    with Machine(MachineConfig(board="virt", ram=1 << 20)) as machine:
        shown = [describe(machine, log[at], log) for at in range(len(log))]
        names = [each.name for each in shown if each is not None]
        assert names == ["uart0.THR", "uart0.LCR", "uart0.DLL", "uart0.LCR", "uart0.THR"]
        machine.bus.write(uart + 3, 1, 0x80)
        now = describe(machine, Access(uart, 1, True, 0x41))
        assert now is not None and now.name == "uart0.DLL"


def test_what_is_no_device_says_so_and_what_is_no_access_says_nothing():
    with Machine(MachineConfig(board="virt", ram=1 << 20)) as machine:
        assert str(describe(machine, Access(0x5000_0000, 4, False, 1))) == "nothing+0x50000000 = 0x1"
        assert describe(machine, Halt()) is None
        read = describe(machine, MmioRead(0x0C00_0028, 4, 0, 0))
        assert read is not None and (str(read), read.value) == ("plic.PRIORITY[10]", None)
        past = describe(machine, Access(0x1000_0009, 1, True, 7))
        assert str(past) == "uart0+0x9 = 0x7"


def test_the_view_shows_lines_sources_and_queues():
    config = MachineConfig(board="virt", ram=1 << 20, virtio=(Entropy(1),))
    with Machine(config) as machine:
        plic, uart = 0x0C00_0000, 0x1000_0000
        machine.bus.write(plic + 4 * 10, 4, 3)
        machine.bus.write(plic + 0x2080, 4, 1 << 10)
        machine.bus.write(uart + 1, 1, 2)  # the transmitter is empty: it interrupts
        machine.bus.write(uart + 0, 1, 0x41)
        machine.bus.write(0x1000_8030, 4, 0)
        before = machine.state_hash()
        shown = {view.name: view for view in views(machine)}
        assert machine.state_hash() == before
        line = shown["uart0"].line
        assert line is not None and (line.controller, line.number, line.level) == ("plic", 10, True)
        source = next(each for each in shown["plic"].sources if each.number == 10)
        assert (source.device, source.level, source.pending, source.claimed) == ("uart0", True, True, False)
        assert (source.priority, source.enabled) == (3, ("hart 0 S",))
        assert machine.bus.read(plic + 0x20_1004, 4) == 10
        claimed = next(each for view in views(machine) for each in view.sources if each.number == 10)
        assert (claimed.pending, claimed.claimed) == (False, True)
        assert shown["virtio7"].behind == "rng"
        (queue,) = shown["virtio7"].queues
        assert (queue.name, queue.limit, queue.ready, queue.available, queue.waiting) == (
            "requests",
            64,
            False,
            None,
            0,
        )
        registers = {each.name: each for each in shown["uart0"].registers}
        assert registers["LSR"].text == "THRE TEMT" and registers["THR"].value is None
        assert registers["IIR"].text == "ID=THR-empty"


def test_a_queue_in_use_shows_what_driver_and_device_have_of_it():
    with run("riscv64/virtio") as (machine, _):
        machine.reset()
        machine.run(until=lambda exit: getattr(exit, "addr", 0) == 0x1000_8050)  # the first notification
        before = machine.state_hash()
        (queue,) = next(view.queues for view in views(machine) if view.name == "virtio7")
        assert machine.state_hash() == before
        assert queue.ready and queue.size == 8 and queue.available is not None
        assert queue.waiting == queue.available - queue.taken > 0
        assert queue.returned == queue.used == 0
