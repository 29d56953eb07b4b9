"""Model-specific registers, the time-stamp counter, CPUID: the engine's own, ours, and those that leave the guest."""

from __future__ import annotations

import pytest

from axvcpu.exits import SysRegRead, SysRegWrite
from emu.outcome import Ending
from isa import registry
from isa.x86.causes import Cause
from tests.isa.x86.board import CODE
from tests.isa.x86.conftest import BuildBoard

ISAS = pytest.mark.parametrize("isa", ["x86_64", "i386"])
NOBODY, APIC_BASE, EFER, TSC = 0x12345678, 0x1B, 0xC000_0080, 0x10


@ISAS
def test_a_register_that_the_cpu_lacks_is_an_exit_and_then_general_protection(
    board: BuildBoard, isa: str
) -> None:
    for text, exit in (
        (f"mov ecx, {NOBODY}\nrdmsr", SysRegRead(NOBODY, 0)),
        (f"mov ecx, {APIC_BASE}\nrdmsr", SysRegRead(APIC_BASE, 0)),
        (f"mov ecx, {NOBODY}\nmov eax, 5\nmov edx, 6\nwrmsr", SysRegWrite(NOBODY, 6 << 32 | 5)),
    ):
        one = board(isa)
        one.load(f"{text}\nhlt")
        outcome = one.machine.run(timeout=20, until=lambda exit: isinstance(exit, SysRegRead | SysRegWrite))
        assert outcome.exit == exit
        before = one.vcpu.arch.retired
        assert one.machine.answer(outcome.exit) is None
        one.machine.run(timeout=20)
        assert one.vector == Cause.GENERAL_PROTECTION
        assert one.frame(0) == 0
        assert one.frame(1) == CODE + len(one.assemble(text, CODE)) - 2
        assert one.vcpu.arch.retired == before + 1


@ISAS
def test_an_answer_fills_edx_and_eax(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.load(f"mov ecx, {NOBODY}\nrdmsr\nmov ebx, 1\nhlt")
    for name in ("rax", "rdx") if one.wide else ("eax", "edx"):
        one.write(name, (1 << one.isa.bits) - 1)
    one.machine.run(timeout=20, until=lambda exit: isinstance(exit, SysRegRead))
    one.vcpu.arch.complete(0xAABB_CCDD_1122_3344)
    assert one.machine.run(timeout=20).ending is Ending.BLOCKED
    assert (one.read("rax" if one.wide else "eax"), one.read("rdx" if one.wide else "edx")) == (
        0x1122_3344,
        0xAABB_CCDD,
    )
    assert one.vcpu.arch.retired == 4


@ISAS
def test_the_counter_reads_the_instructions_before_it_as_ns(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.run(f"nop\nnop\nrdtsc\nmov ebx, eax\nnop\nmov ecx, {TSC}\nrdmsr\nmov esi, eax\nrdtsc\nhlt")
    assert (one.read("ebx"), one.read("esi"), one.read("eax")) == (2, 6, 8)
    assert one.read("tsc") == one.vcpu.arch.retired


@ISAS
def test_the_counter_is_the_same_in_steps(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.load("nop\nnop\nrdtsc\nmov ebx, eax\nnop\nrdtsc\nhlt")
    while one.vcpu.arch.retired < 6:
        one.run(max_insns=1)
    assert (one.read("ebx"), one.read("eax")) == (2, 5)


@ISAS
def test_efer_keeps_what_there_is_and_refuses_the_rest(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    before = one.read("efer")
    one.run(f"mov ecx, {EFER}\nrdmsr\nor eax, 0x800\nwrmsr\nrdmsr\nhlt")
    assert one.read("eax") == before | 0x800
    two = board(isa)
    two.run(f"mov ecx, {EFER}\nrdmsr\nor eax, 0x1000\nwrmsr\nhlt")
    assert two.vector == Cause.GENERAL_PROTECTION


def test_i386_has_no_long_mode(board: BuildBoard) -> None:
    one = board("i386", cpu="Nehalem")
    one.run(
        "mov eax, 0x80000001\ncpuid\nmov ebx, edx\nmov ecx, 0xc0000080\nmov eax, 0x100\nxor edx, edx\nwrmsr\nhlt"
    )
    assert one.read("ebx") >> 29 & 1 == 0
    assert one.vector == Cause.GENERAL_PROTECTION


@ISAS
def test_cpuid_names_the_hypervisor_and_the_vcpu(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.run("mov eax, 0x40000000\ncpuid\nhlt")
    words = [one.read(name) for name in ("ebx", "ecx", "edx")]
    assert b"".join(word.to_bytes(4, "little") for word in words) == b"axemu".ljust(12, b"\0")
    assert one.read("eax") == 0x4000_0010
    two = board(isa)
    two.run("mov eax, 1\ncpuid\nhlt")
    assert two.read("ecx") >> 31 == 1
    for absent in (9, 12, 14):
        assert two.read("edx") >> absent & 1 == 0
    assert two.read("ebx") >> 24 == 0


@pytest.mark.parametrize("model", [model.name for model in registry.find("x86_64").engine.cpu_models])
def test_no_model_offers_what_would_be_different_elsewhere(board: BuildBoard, model: str) -> None:
    """RDRAND and RDSEED give the host's entropy: neither offered nor there."""
    one = board(cpu=model)
    one.run("mov eax, 1\ncpuid\nmov esi, ecx\nmov eax, 7\nxor ecx, ecx\ncpuid\nmov edi, ebx\nrdrand eax\nhlt")
    assert one.read("esi") >> 30 & 1 == 0
    assert one.read("edi") >> 18 & 1 == 0
    assert one.vector == Cause.INVALID_OPCODE


def test_sysenter_goes_where_its_registers_say(board: BuildBoard) -> None:
    for isa, model in (("x86_64", "Nehalem"), ("i386", "qemu32")):
        one = board(isa, cpu=model)
        one.poke(0x8000, b"\xf4")
        one.load("cmp eax, eax\nsti\nnop\nsysenter")
        for name, value in (("sysenter_cs", 8), ("sysenter_esp", 0x3_9000), ("sysenter_eip", 0x8000)):
            one.write(name, value)
        one.to_user()
        one.write("eflags", 0x3002)
        one.run()
        assert (one.read("pc"), one.read(one.sp), one.read("cpl")) == (0x8001, 0x3_9000, 0)
        assert one.read("eflags") & 0x240 == 0x40  # ZF of the comparison; IF cleared
