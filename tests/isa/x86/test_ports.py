"""Port accesses: each leaves the guest once, before it has done anything, and completes as the manual says.

[SDM] is Intel's Software Developer's Manual of 2023.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from axvcpu.exits import AxVCpuExitReason, IoRead, IoWrite
from emu.device import Device
from emu.devices.bare_power import BarePower
from emu.errors import MapError
from emu.outcome import Ending
from emu.ports import Ports
from isa.x86.causes import Cause
from tests.isa.x86.board import CODE, DATA, TSS, Board
from tests.isa.x86.conftest import BuildBoard

ISAS = pytest.mark.parametrize("isa", ["x86_64", "i386"])
Exits = list[IoRead | IoWrite]


def exits_of(one: Board, answers: Callable[[IoRead], int] = lambda exit: 0x1122_3344) -> Exits:
    """Run to the end; every port access on the way, answered by `answers`."""
    found: Exits = []

    def port(exit: AxVCpuExitReason) -> bool:
        return isinstance(exit, IoRead | IoWrite)

    while True:
        outcome = one.machine.run(timeout=20, until=port)
        if outcome.ending is not Ending.EXIT:
            return found
        assert isinstance(outcome.exit, IoRead | IoWrite)
        found.append(outcome.exit)
        one.vcpu.arch.complete(answers(outcome.exit) if isinstance(outcome.exit, IoRead) else 0)


@ISAS
@pytest.mark.parametrize(
    ("text", "exit", "low"),
    [
        ("in al, 0x42", IoRead(0x42, 1), 0xFFFF_FF44), ("in ax, 0x42", IoRead(0x42, 2), 0xFFFF_3344),
        ("in eax, 0x42", IoRead(0x42, 4), 0x1122_3344), ("in al, dx", IoRead(0x1234, 1), 0xFFFF_FF44),
        ("in ax, dx", IoRead(0x1234, 2), 0xFFFF_3344), ("in eax, dx", IoRead(0x1234, 4), 0x1122_3344),
    ],
)  # fmt: skip
def test_in_changes_as_much_of_eax_as_it_reads(
    board: BuildBoard, isa: str, text: str, exit: IoRead, low: int
) -> None:
    """[SDM 2A, IN; SDM 1, 3.4.1.1]: eax of 64 bits is cleared above only where 32 bits are written."""
    one = board(isa)
    one.load(f"{text}\nhlt")
    whole = "rax" if one.wide else "eax"
    one.write(whole, (1 << one.isa.bits) - 1)
    one.write("edx", 0xFFFF_1234)
    assert exits_of(one) == [exit]
    above = 0 if exit.width == 4 or not one.wide else 0xFFFF_FFFF << 32
    assert one.read(whole) == above | low
    assert one.vcpu.arch.retired == 2


@ISAS
@pytest.mark.parametrize(
    ("text", "exit"),
    [
        ("out 0x42, al", IoWrite(0x42, 1, 0x78)), ("out 0x42, ax", IoWrite(0x42, 2, 0x5678)),
        ("out 0x42, eax", IoWrite(0x42, 4, 0x1234_5678)), ("out dx, al", IoWrite(0x1234, 1, 0x78)),
        ("out dx, ax", IoWrite(0x1234, 2, 0x5678)), ("out dx, eax", IoWrite(0x1234, 4, 0x1234_5678)),
    ],
)  # fmt: skip
def test_out_writes_as_much_of_eax_as_it_names(board: BuildBoard, isa: str, text: str, exit: IoWrite) -> None:
    one = board(isa)
    one.load(f"{text}\nhlt")
    one.write("eax", 0x1234_5678)
    one.write("edx", 0x1234)
    assert exits_of(one) == [exit]
    assert one.read("eax") == 0x1234_5678


@ISAS
def test_an_exit_shows_the_instruction_and_nothing_done(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.load("nop\nadd eax, 1\nin al, 0x42\nnop\nhlt")
    outcome = one.machine.run(timeout=20, until=lambda exit: isinstance(exit, IoRead))
    start = CODE + len(one.assemble("nop\nadd eax, 1", CODE))
    assert (outcome.pc, one.read("pc"), one.vcpu.arch.retired, one.read("eax")) == (start, start, 2, 1)
    again = one.machine.run(timeout=20, until=lambda exit: isinstance(exit, IoRead))
    assert again.exit == outcome.exit  # nobody answered


@ISAS
@pytest.mark.parametrize(("letter", "width"), [("b", 1), ("w", 2), ("d", 4)])
def test_a_repeated_string_is_an_exit_for_each_element(
    board: BuildBoard, isa: str, letter: str, width: int
) -> None:
    one = board(isa)
    one.load(f"mov edi, {DATA}\nmov ecx, 3\nmov dx, 0x77\nrep ins{letter}\nhlt")
    values = iter((0x1111_1111, 0x2222_2222, 0x3333_3333))
    assert exits_of(one, lambda exit: next(values) & (1 << 8 * width) - 1) == [IoRead(0x77, width)] * 3
    stored = [one.peek(DATA + width * i, width) for i in range(4)]
    mask = (1 << 8 * width) - 1
    assert stored == [0x1111_1111 & mask, 0x2222_2222 & mask, 0x3333_3333 & mask, 0]
    assert (one.read("edi"), one.read("ecx")) == (DATA + 3 * width, 0)
    two = board(isa)
    two.load(f"mov esi, {DATA}\nmov ecx, 2\nmov dx, 0x77\nrep outs{letter}\nhlt")
    two.poke(DATA, bytes(range(1, 9)))
    expected = [int.from_bytes(bytes(range(1, 9))[i * width : (i + 1) * width], "little") for i in range(2)]
    assert exits_of(two) == [IoWrite(0x77, width, value) for value in expected]


@ISAS
def test_a_string_from_a_device_s_register_is_read_once_for_each_element(board: BuildBoard, isa: str) -> None:
    """outs whose source is the latch's word: a device read and a port write in one instruction."""
    one = board(isa)
    one.load(
        "mov esi, 0x10030000\nmov dword ptr [{a}si], 0x55\nmov dx, 0x77\noutsb\ncld\nhlt".format(
            a="r" if one.wide else "e"
        )
    )
    assert exits_of(one) == [IoWrite(0x77, 1, 0x55)]


@ISAS
def test_a_string_to_a_page_that_is_not_there_faults_before_the_port_is_read(
    board: BuildBoard, isa: str
) -> None:
    one = board(isa)
    one.load("mov edi, 0x08000000\nmov dx, 0x77\ninsb\nhlt")
    assert exits_of(one) == []
    assert one.vector == Cause.MACHINE_CHECK


@ISAS
def test_a_program_needs_iopl_or_its_bit_in_the_task_s_map(board: BuildBoard, isa: str) -> None:
    """[SDM 1, 19.5]."""
    for iopl, bitmap, allowed in ((0, 0xFF, False), (3, 0xFF, True), (0, 0x7B, True), (2, 0xFF, False)):
        one = board(isa)
        one.poke(TSS + 0x66, (0x68).to_bytes(2, "little"))
        one.poke(TSS + 0x68 + 0x40 // 8, bytes([bitmap, 0xFF]))
        one.load("in al, 0x42\nint3")
        one.gate(3, dpl=3)
        one.to_user()
        one.write("eflags", 2 | iopl << 12)
        found = exits_of(one)
        assert (found == [IoRead(0x42, 1)]) == allowed
        assert one.vector == (Cause.BREAKPOINT if allowed else Cause.GENERAL_PROTECTION)


@ISAS
def test_the_flags_are_those_of_the_instructions_before(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.load("mov ecx, 1\nsub ecx, 2\nin al, 0x42\nsetc bl\nsets bh\nhlt")
    exits_of(one)
    assert one.read("bx") == 0x101


@ISAS
def test_bare_has_a_serial_port_and_a_way_out(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    outcome = one.run("mov dx, 0x3f8\nmov al, 0x41\nout dx, al\nmov eax, 0x1234\nout 0xf4, eax\nhlt")
    assert one.machine.recorder is not None
    assert bytes(one.machine.recorder.output) == b"A"
    assert (outcome.ending, outcome.code) == (Ending.POWERED_OFF, 0x1234)


def test_a_port_without_a_device_reads_as_ones_and_forgets() -> None:
    power: Device = BarePower("exit", lambda request: None, 4)
    ports = Ports([(0xF4, power)])
    assert ports.read(0x60, 1) == 0xFF
    assert ports.read(0x60, 4) == 0xFFFF_FFFF
    assert ports.read(0xF4, 4) == 0
    assert ports.read(0xF6, 4) == 0xFFFF_FFFF  # reaches beyond it
    ports.write(0x60, 1, 5)


def test_two_devices_cannot_have_one_port() -> None:
    one, other = (BarePower(name, lambda request: None, 4) for name in ("exit", "other"))
    with pytest.raises(MapError, match="exit"):
        Ports([(0xF4, one), (0xF6, other)])
    with pytest.raises(MapError):
        Ports([(0xFFFE, one)])
