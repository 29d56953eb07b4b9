"""The register table against Capstone's names, the engine's ids, and what the guest's own MRS reads."""

from __future__ import annotations

from collections.abc import Callable

import capstone
import capstone.arm64_const as names
import pytest
import unicorn.arm64_const as uc
from unicorn import Uc

import isa
from emu.machine import Machine
from isa.aarch64 import sysregs
from isa.aarch64.sysregs import Kind, Row
from isa.contract import Role

AARCH64 = isa.find("aarch64")
MODELS = pytest.mark.parametrize("model", [model.name for model in AARCH64.engine.cpu_models])
Build = Callable[..., Machine]
CODE = 0x10000
UNSTABLE = ("cntpct_el0", "cntvct_el0")  # they show what is between two looks


def test_register_names_are_capstone_s() -> None:
    engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    for number in range(29):
        assert AARCH64.register(engine.reg_name(names.ARM64_REG_X0 + number)).number == number
    for name in ("fp", "lr", "sp"):
        assert engine.reg_name(getattr(names, f"ARM64_REG_{name.upper()}")) == name
        assert AARCH64.register(name).gdb == {"fp": 29, "lr": 30, "sp": 31}[name]
    for number in range(32):
        assert AARCH64.register(f"q{number}") is AARCH64.register(
            engine.reg_name(names.ARM64_REG_V0 + number)
        )


def test_encodings_are_unique_and_numbered_as_in_the_instruction() -> None:
    numbers = [row.number for row in sysregs.ROWS]
    assert len(set(numbers)) == len(numbers)
    for name, word in (
        ("vbar_el1", 0xD538C000),
        ("sctlr_el3", 0xD53E1000),
        ("icc_iar1_el1", 0xD538CC00),
        ("mdscr_el1", 0xD5300240),
    ):
        assert AARCH64.register(name).number == word >> 5 & 0xFFFF, name


def test_names_and_encodings_are_capstone_s() -> None:
    """MRS of each row, as Capstone writes it; S3_... is a register that it does not know."""
    engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    compared = 0
    for row in sysregs.ROWS:
        word = 0xD5200000 | row.number << 5
        text = next(engine.disasm(word.to_bytes(4, "little"), 0)).op_str.partition(", ")[2].lower()
        if text.startswith("s3_") or text.startswith("s2_"):
            continue
        assert text == row.name, row
        compared += 1
    assert compared > 180


def test_gdb_numbers_follow_gdb_s_own_features() -> None:
    """GDB manual, "AArch64 Features": x0 to x30, sp, pc, cpsr; v0 to v31, fpsr, fpcr."""
    rows = sorted((row for row in AARCH64.registers if row.gdb is not None), key=lambda row: row.gdb or 0)
    expected = [
        *(f"x{n}" for n in range(31)),
        "sp",
        "pc",
        "cpsr",
        *(f"v{n}" for n in range(32)),
        "fpsr",
        "fpcr",
    ]
    assert [row.name for row in rows[:68]] == expected
    assert [row.gdb for row in rows] == list(range(len(rows)))


def test_general_and_vector_registers_round_trip_in_the_engine() -> None:
    engine = Uc(AARCH64.engine.arch, AARCH64.engine.mode)
    rows = [row for row in AARCH64.registers if row.role in (Role.GENERAL, Role.RA, Role.SP, Role.VECTOR)]
    for i, row in enumerate(rows):
        engine.reg_write(row.unicorn, 0x1234_5678 + i << row.bits - 32)
    assert [engine.reg_read(row.unicorn) for row in rows] == [
        0x1234_5678 + i << row.bits - 32 for i, row in enumerate(rows)
    ]


def reads(machine: Machine, row: Row) -> int | None:
    """What `mrs x0, row` gives the guest at EL3; None where it is undefined."""
    vcpu = machine.vcpus[0].arch
    vcpu.write_register("x20", 0)
    machine.memory.write(CODE, (0xD5200000 | row.number << 5).to_bytes(4, "little"))
    vcpu.write_register("pc", CODE)
    vcpu.write_register("cpsr", 0x3CD)
    machine.forget_code()
    machine.run(max_insns=1, timeout=20)
    return vcpu.read_register("x0") if vcpu.pc == CODE + 4 else None


@MODELS
def test_every_system_register_reads_as_the_guest_s_own_mrs(build: Build, model: str) -> None:
    machine = build("nop", 3, model)
    vcpu = machine.vcpus[0].arch
    for row in sysregs.ROWS:
        register = AARCH64.register(row.name)
        if row.kind is Kind.ABSENT or row.name in UNSTABLE or row in sysregs.HOOKED:
            continue
        vcpu.write_register("cpsr", 0x3CD)
        expected = vcpu.read_register(row.name)
        found = reads(machine, row)
        if row.name in ("mpidr_el1", "midr_el1"):
            assert found is not None and found & 0xFF00_0000_FF == expected & 0xFF00_0000_FF, row
        elif found is None:
            assert row.needs is not None or "el12" in row.name or register.unicorn is not None, row
            assert expected == 0 or row.name in ("sp_el2",), row
        else:
            assert found == expected, row


@MODELS
def test_what_the_engine_lacks_is_undefined_or_an_exit(build: Build, model: str) -> None:
    machine = build("nop", 3, model)
    for row in sysregs.ROWS:
        if row.kind is Kind.ABSENT:
            assert AARCH64.register(row.name).unicorn is None
            assert reads(machine, row) is None, row


def test_a_written_system_register_is_what_the_guest_reads(build: Build) -> None:
    machine = build("nop", 3)
    vcpu = machine.vcpus[0].arch
    skipped = (
        "hcr_el2",
        "scr_el3",
        "tcr_el3",
        "sctlr_el3",
        "ttbr0_el3",
        "cptr_el3",
        "mdscr_el1",
        "sctlr_el1",
    )
    for row in sysregs.ROWS:
        if row.kind is not Kind.STATE or row.needs is not None or row.name in skipped:
            continue
        value = 0x5A5A_1234_A5A5_5678 & row.writable
        vcpu.write_register(row.name, value)
        found = reads(machine, row)
        if found is not None and not row.name.startswith(("cnt", "pm")):
            assert found & row.writable == value, row
        vcpu.write_register(row.name, 0)


def test_status_stack_pointers_and_floating_point_state_round_trip(build: Build) -> None:
    machine = build("nop")
    machine.run(max_insns=1, timeout=20)
    vcpu = machine.vcpus[0].arch
    for name in ("sp", "sp_el0", "sp_el2", "fpsr", "fpcr", "elr_el1"):
        value = {"fpsr": 0x0800_0091, "fpcr": 0x0340_0000}.get(name, 0x1234_5678_9ABC_DEF0)
        vcpu.write_register(name, value)
        assert vcpu.read_register(name) == value, name
    assert vcpu.read_register("sp_el1") == vcpu.read_register("sp")
    for status in (0xF000_03C5, 0x6000_0005, 0x9000_0345, 0x3C4, 0x0, 0x2000_03CD):
        vcpu.write_register("cpsr", status)
        assert vcpu.read_register("cpsr") == status
        assert vcpu.read_register("nzcv") == status & 0xF000_0000
        assert vcpu.read_register("daif") == status & 0x3C0
        assert vcpu.read_register("currentel") == status & 0xC


def test_writing_the_status_changes_the_stack_pointer_in_use(build: Build) -> None:
    vcpu = build("nop").vcpus[0].arch
    stacks = {"sp_el0": 0x1000, "sp_el1": 0x2000, "sp_el2": 0x3000}
    for name, value in stacks.items():
        vcpu.write_register(name, value)
    for status, in_use in ((0x3C4, 0x1000), (0x3C9, 0x3000), (0x3C0, 0x1000), (0x3C5, 0x2000)):
        vcpu.write_register("cpsr", status)
        assert vcpu.read_register("sp") == in_use
        assert {name: vcpu.read_register(name) for name in stacks} == stacks


@MODELS
def test_power_on_is_el1_non_secure_with_everything_masked(build: Build, model: str) -> None:
    vcpu = build("nop", 1, model, vectors=False).vcpus[0].arch
    read = vcpu.read_register
    assert read("cpsr") & 0x3FF == 0x3C5
    scr, hcr = read("scr_el3"), read("hcr_el2")
    assert (scr & 1, scr >> 8 & 1, scr >> 10 & 1, hcr >> 31 & 1) == (1, 1, 1, 1)
    assert read("vbar_el1") == 0
    part = {"cortex-a53": 0xD03, "cortex-a57": 0xD07, "cortex-a72": 0xD08}.get(model)
    assert part is None or read("midr_el1") >> 4 & 0xFFF == part


def test_fields_of_a_register_never_overlap() -> None:
    for row in AARCH64.registers:
        taken = 0
        for field in row.fields:
            mask = (1 << field.width) - 1 << field.low
            assert not taken & mask, (row.name, field.name)
            assert mask < 1 << row.bits
            taken |= mask


@pytest.mark.parametrize(
    ("register", "word", "expected"),
    [
        ("cpsr", 0x6000_03C5, {"mode": 5, "F": 1, "I": 1, "A": 1, "D": 1, "Z": 1, "C": 1, "N": 0, "V": 0}),
        ("esr_el1", 0x9600_0050, {"EC": 0x25, "IL": 1, "ISS": 0x50}),
        ("tcr_el1", 25 | 25 << 16 | 2 << 30, {"T0SZ": 25, "T1SZ": 25, "TG1": 2, "TG0": 0}),
        ("sctlr_el1", 1 << 12 | 1 << 2 | 1 | 1 << 23, {"M": 1, "C": 1, "I": 1, "SPAN": 1, "WXN": 0}),
        ("hcr_el2", 1 << 31 | 1 << 4, {"RW": 1, "IMO": 1, "VM": 0}),
        ("scr_el3", 0x501, {"NS": 1, "HCE": 1, "RW": 1}),
        ("mpidr_el1", 0x8000_0103, {"Aff0": 3, "Aff1": 1}),
    ],
)
def test_fields_decode_as_in_the_manual_s_figures(register: str, word: int, expected: dict[str, int]) -> None:
    fields = {field.name: field for field in AARCH64.register(register).fields}
    assert {one: fields[one].of(word) for one in expected} == expected


def test_ids_are_the_engine_s() -> None:
    assert AARCH64.register("lr").unicorn == uc.UC_ARM64_REG_X30
    assert AARCH64.register("vbar_el1").unicorn == uc.UC_ARM64_REG_CP_REG
    assert AARCH64.register("vbar_el1").selector == (3, 0, 12, 0, 0)
