"""No instruction shows a guest the host's time or chance: two machines read the same, one of which the host delays."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

import isa
from emu.config import MachineConfig
from emu.machine import Machine
from isa.contract import Role

WAIT = 0.05
DATA = 0x3000
"""Offset in memory of what is stored, where the code's register `pointer` points."""
CODE = 0x1_0000
KSEG0 = {"mips": 0x8000_0000, "mips64": 0xFFFF_FFFF_8000_0000}


@dataclass(frozen=True, slots=True)
class Reader:
    """code: instructions in hex, in the order of memory, `setup` once before them. refused: the last is an exception."""

    isa: str
    name: str
    code: str
    model: str = ""
    pointer: str = ""
    registers: dict[str, int] = field(default_factory=dict)
    setup: str = ""
    refused: bool = False
    shows: str = ""  # the host's, and why

    def __str__(self) -> str:
        return f"{self.isa}-{self.name.replace(' ', '_')}"


ENABLE_PM_A32 = "0100a0e3 1c0f09ee 0211a0e3 3c1f09ee "  # mov r0, 1; mcr PMCR; mov r1, 1 << 31; mcr PMCNTENSET
ENABLE_PM_A64 = (
    "200080d2 009c1bd5 0100b0d2 219c1bd5 "  # mov x0, 1; msr pmcr_el0; mov x1, 1 << 31; msr pmcntenset_el0
)
TO_A32 = "01e118d5 004018d5 62000010 224018d5 e0039fd6"
"""msr cntkctl_el1, x1; msr spsr_el1, x0; adr x2, .+12; msr elr_el1, x2; eret"""
READERS = [
    *(
        Reader(*row)
        for name in ("x86_64", "i386")
        for row in ((name, "rdtsc", "0f31"), (name, "rdtscp", "0f01f9", "EPYC"))
    ),
    *(
        Reader(name, *row, refused=True)
        for name in ("x86_64", "i386")
        for row in (("rdrand", "0fc7f0", "EPYC"), ("rdseed", "0fc7f8", "EPYC"))
    ),
    Reader("x86_64", "rdmsr TSC", "0f32", registers={"rcx": 0x10}),
    Reader("i386", "rdmsr TSC", "0f32", registers={"ecx": 0x10}),
    *(
        Reader(name, *row)
        for name in ("ppc", "ppc64")
        for row in (
            ("mftb", "7c6c42e6"),
            ("mftbu", "7c6d42e6"),
            ("mfdec", "7c7602a6"),
            ("mfspr TBL", "7c6c42a6"),
        )
    ),
    Reader("ppc64", "mfspr PURR", "7c754aa6"),
    Reader("ppc64", "mfspr SPURR", "7c744aa6"),
    Reader("ppc64", "mfspr VTB", "7c71d2a6"),
    Reader("ppc64", "mfspr HDEC", "7c764aa6", refused=True),
    Reader("ppc64", "darn", "7c6105e6", refused=True),
    Reader("sparc64", "rd tick", "83410000"),
    Reader("sparc64", "rd stick", "83460000"),
    Reader("sparc64", "rdpr tick", "83510000"),
    Reader("sparc", "rd asr22", "83458000"),
    Reader("sparc", "rd asr23", "8345c000"),
    *(
        Reader(name, *row)
        for name in ("mips", "mips64")
        for row in (
            ("mfc0 Count", "40084800"),
            ("rdhwr CC", "7c08103b"),
        )
    ),
    *(
        Reader(name, *row, registers={"r8": 0x4000}, shows="a generator that all machines of a process share")
        for name in ("mips", "mips64")
        for row in (
            ("mfc0 Random", "40080800"),
            ("tlbwr", "40885000 42000006 42000008 40090000"),  # mtc0 EntryHi; tlbwr; tlbp; mfc0 Index
        )
    ),
    *(
        Reader("s390x", *row, pointer="r6")
        for row in (
            ("stck", "b2056000"),
            ("stcke", "b2786000"),
            ("stckf", "b27c6000"),
            ("stpt", "b2096000"),
            ("ectg", "c83160006010"),
        )
    ),
    Reader("arm", "mrrc CNTVCT", "1e0f51ec", "cortex-a15"),
    Reader("arm", "mrrc CNTPCT", "0e0f51ec", "cortex-a15"),
    Reader("arm", "mrc CNTV_TVAL", "130f1eee", "cortex-a15"),
    Reader("arm", "mrc CNTP_TVAL", "120f1eee", "cortex-a15"),
    Reader("arm", "mrc PMCCNTR", ENABLE_PM_A32 + "1d0f19ee", "cortex-a15"),
    Reader("aarch64", "mrs CNTVCT_EL0", "40e03bd5"),
    Reader("aarch64", "mrs CNTPCT_EL0", "20e03bd5"),
    Reader("aarch64", "mrs CNTV_TVAL_EL0", "00e33bd5"),
    Reader("aarch64", "mrs CNTP_TVAL_EL0", "00e23bd5"),
    Reader("aarch64", "mrs PMCCNTR_EL0", ENABLE_PM_A64 + "009d3bd5"),
    *(
        Reader("aarch64", *row, pointer="x8", registers={"x0": 0x10, "x1": 0x303}, setup=TO_A32)
        for row in (  # each with strd r0, [r8]: registers of AArch32 have no names
            ("A32 mrrc CNTVCT", "1e0f51ec f000c8e1"),
            ("A32 mrrc CNTPCT", "0e0f51ec f000c8e1"),
            ("A32 mrc CNTV_TVAL", "130f1eee f000c8e1"),
            ("A32 mrc CNTP_TVAL", "120f1eee f000c8e1"),
        )
    ),
    Reader("aarch64", "mrs RNDR", "00243bd5", "max"),
    *(
        Reader(name, *row)
        for name in ("riscv64", "riscv32")
        for row in (
            ("rdtime", "732510c0"),
            ("rdcycle", "732500c0"),
            ("rdinstret", "732520c0"),
            ("csrr mcycle", "732500b0"),
        )
    ),
    Reader("tricore", "mfcr CCNT", "4d40c00f"),
    Reader("tricore", "mfcr ICNT", "4d80c00f"),
]


def seen(reader: Reader, wait: float) -> list[object]:
    """What the guest has after each instruction of two rounds."""
    described = isa.find(reader.isa)
    parts = [bytes.fromhex(each) for each in reader.code.split()]
    config = MachineConfig(isa=reader.isa, board="bare", cpu=reader.model or None, ram=4 << 20)
    with Machine(config) as machine:
        base = machine.board.ram_base
        start = base + CODE
        setup = bytes.fromhex(reader.setup)
        machine.memory.write(start, setup + b"".join(parts) * 2)
        machine.run(max_insns=0)
        vcpu = machine.vcpus[0].arch
        start |= KSEG0.get(reader.isa, 0)
        vcpu.set_entry(start)
        for name, value in reader.registers.items():
            vcpu.write_register(name, value)
        if reader.pointer:
            vcpu.write_register(reader.pointer, base + DATA)
        machine.run(max_insns=len(reader.setup.split()))
        assert vcpu.pc == start + len(setup)
        general = [each.name for each in described.registers if each.role is Role.GENERAL]
        found: list[object] = []
        for round_ in range(2):
            for part in parts:
                time.sleep(wait)
                before = vcpu.pc
                machine.run(max_insns=1)
                moved = vcpu.pc - before == len(part)
                found.append((round_, moved, {name: vcpu.read_register(name) for name in general}))
            found.append(machine.memory.read(base + DATA, 64))
            if not moved:
                break
        found.append(moved)
        return found


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param(
            each, id=str(each), marks=pytest.mark.xfail(strict=True, reason=each.shows) if each.shows else ()
        )
        for each in READERS
    ],
)
def test_two_machines_read_the_same(reader: Reader) -> None:
    at_once, late = seen(reader, 0), seen(reader, WAIT)
    assert at_once == late
    assert at_once[-1] is not reader.refused
