"""From what was asked to what will be run."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from axemu.errors import CommandError, UsageError
from axemu.options import Request
from axemu.plan import Plan
from emu.errors import LoadError, UnknownName

ROOT = Path(__file__).resolve().parents[2]
HELLO = ROOT / "guests" / "riscv64" / "hello"
RAW = b"\x6f\x00\x00\x00" * 4


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    file = tmp_path / "program.bin"
    file.write_bytes(RAW)
    return file


def test_a_guest_folder_gives_the_defaults_and_the_expectation() -> None:
    plan = Plan.of(Request(guest=HELLO))
    assert plan.guest is not None
    assert (plan.config.isa, plan.config.board) == ("riscv64", "bare")
    assert plan.config.kernel == HELLO / "hello.elf"
    assert plan.budget == plan.guest.expect.max_instructions
    assert plan.stored == plan.guest.input


def test_flags_stand_above_a_guest_folder() -> None:
    plan = Plan.of(Request(guest=HELLO, memory="32M", smp="2", machine="virt", max_insns="7", append="quiet"))
    assert (plan.config.ram, plan.config.smp, plan.config.board) == (32 << 20, 2, "virt")
    assert (plan.budget, plan.config.append) == (7, "quiet")
    assert plan.config.kernel == HELLO / "hello.elf"


def test_the_header_decides_the_instruction_set() -> None:
    assert Plan.of(Request(guest=ROOT / "guests/riscv32/hello/hello.elf")).config.isa == "riscv32"


def test_a_raw_file_is_riscv64_with_a_note_unless_told(raw: Path) -> None:
    plan = Plan.of(Request(guest=raw))
    assert plan.config.isa == "riscv64"
    assert "--isa" in plan.notes[0]
    told = Plan.of(Request(guest=raw, isa="riscv32", base="0x80001000"))
    assert (told.config.isa, told.config.base, told.notes) == ("riscv32", 0x8000_1000, ())


def test_a_kernel_gets_the_built_in_firmware_as_under_qemu_and_a_guest_gets_none(raw: Path) -> None:
    flash = ("if=pflash,unit=0,file=x",)
    for request, bios in (
        (Request(kernel=raw), "default"),
        (Request(kernel=raw, machine="virt"), "default"),
        (Request(kernel=raw, machine="bare"), "none"),
        (Request(kernel=raw, bios="none"), "none"),
        (Request(kernel=raw, bios=str(raw)), str(raw)),
        (Request(kernel=raw, drives=flash), "none"),
        (Request(guest=raw), "none"),
        (Request(guest=raw, bios="default"), "default"),
        (Request(guest=HELLO), "none"),
    ):
        assert Plan.of(request).config.bios == bios, request


def test_a_linux_kernel_as_the_guest_gets_the_built_in_firmware(tmp_path: Path) -> None:
    image = tmp_path / "Image"
    header = struct.pack("<8sQQQIIQ8s4sI", b"MZ", 1 << 21, 1 << 20, 0, 2, 0, 0, b"RISCV\0\0\0", b"RSC\x05", 0)
    image.write_bytes(header + bytes(4096))
    assert Plan.of(Request(guest=image)).config.bios == "default"
    assert Plan.of(Request(guest=image, bios="none")).config.bios == "none"


def test_input_comes_from_the_folder_a_file_or_standard_input(raw: Path) -> None:
    assert Plan.of(Request(guest=raw)).stored is None
    assert Plan.of(Request(guest=raw, input=raw)).stored == raw
    assert Plan.of(Request(guest=HELLO, input=Path("-"))).stored is None


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request(), "Nothing to run"),
        (Request(bios="default"), "Nothing to run"),
        (Request(guest=HELLO, kernel=HELLO / "hello.elf"), "-kernel"),
        (Request(bios="fw.bin", isa="riscv64", base="0"), "--base"),
        (Request(guest=HELLO, smp="none"), "-smp"),
        (Request(guest=HELLO, memory="lots"), "-m"),
        (Request(guest=HELLO, timeout="soon"), "--timeout"),
        (Request(guest=HELLO, max_insns="-5"), "--max-insns"),
        (Request(guest=HELLO, machine="virt,accel=kvm"), "accel"),
        (Request(guest=HELLO, clock="sundial"), "--clock"),
        (Request(guest=HELLO, unmapped="expldoe"), "--unmapped"),
        (Request(guest=HELLO, exit_code="gest"), "'guest'"),
        (Request(guest=HELLO, log="exits,trps"), "'traps'"),
        (Request(guest=HELLO, drives=("if=none,file=x",)), "id=NAME"),
        (Request(guest=HELLO, devices=("e1000",)), "'e1000'"),
        (Request(guest=HELLO, dump_memory=("0",)), "--dump-memory"),
        (Request(guest=HELLO, icount="shift=77"), "-icount"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_the_option_s_name(request_: Request, says: str) -> None:
    with pytest.raises((CommandError, UnknownName), match=says):
        Plan.of(request_)


def test_a_missing_guest_and_a_folder_without_guest_toml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file"):
        Plan.of(Request(guest=tmp_path / "nothing.elf"))
    with pytest.raises(LoadError, match=r"guest\.toml"):
        Plan.of(Request(guest=tmp_path))


def test_nothing_to_run_names_a_command_to_try() -> None:
    with pytest.raises(UsageError, match="Try: axemu run"):
        Plan.of(Request())
