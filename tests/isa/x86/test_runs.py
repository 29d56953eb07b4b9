"""Whole runs: in slices, on several CPUs, and as the engine's own count has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending
from emu.recorder import Recorder
from tests.isa.x86.conftest import BuildBoard

GUESTS = Path(__file__).resolve().parents[3] / "guests"
ISAS = pytest.mark.parametrize("isa", ["x86_64", "i386"])
LONGEST = 30_000


def machine(isa: str, name: str) -> Machine:
    guest = load_guest(GUESTS / isa / name)
    return Machine(replace(guest.config(), channel=Recorder(guest.input)))


@ISAS
@pytest.mark.parametrize("name", ["modes", "ports", "msr", "traps", "halt", "mmio-forms"])
def test_a_run_in_slices_is_the_run(isa: str, name: str) -> None:
    """Mode changes, exceptions, interrupts and half-done strings at every boundary."""
    with machine(isa, name) as one:
        one.run(max_insns=LONGEST)
        total = one.retired - 5
    with machine(isa, name) as one:
        assert one.run(max_insns=total).ending is Ending.BUDGET
        expected = one.state_hash()
    for size in (1, 7, 50):
        with machine(isa, name) as other:
            while other.retired + size <= total:
                assert other.run(max_insns=size).ending is Ending.BUDGET
            other.run(max_insns=total - other.retired)
            assert other.state_hash() == expected, size


@ISAS
def test_several_cpus_count_together(board: BuildBoard, isa: str) -> None:
    """Each is told apart by its initial APIC id; locked additions are lost by nobody; `pause` gives way."""
    one = board(isa, smp=3)
    letter = "r" if one.wide else "e"
    one.load(
        f"""
        mov eax, 1
        cpuid
        shr ebx, 24
        mov esi, ebx
        mov edi, 0x8000
        mov ecx, 1000
        again: lock inc dword ptr [{letter}di]
        dec ecx
        jnz again
        lock add dword ptr [{letter}di+4], esi
        test esi, esi
        jz first
        cli
        hlt
        first: pause
        cmp dword ptr [{letter}di], 3000
        jne first
        mov ebx, 0x10010000
        mov eax, [{letter}di+4]
        mov [{letter}bx], eax
        """
    )
    for vcpu in one.machine.vcpus[1:]:
        vcpu.set_entry(0x1000)
    outcome = one.machine.run(timeout=60)
    assert (outcome.ending, outcome.code) == (Ending.POWERED_OFF, 3)


@ISAS
def test_a_repeated_string_counts_its_iterations_and_the_look_that_ends_it(
    board: BuildBoard, isa: str
) -> None:
    one = board(isa)
    one.load("mov edi, 0x8000\nmov ecx, 10\nrep stosb\nhlt")
    one.run()
    assert one.vcpu.arch.retired == 2 + 10 + 1 + 1
    two = board(isa)
    two.load("mov edi, 0x8000\nxor ecx, ecx\nrep stosb\nhlt")
    two.run()
    assert two.vcpu.arch.retired == 2 + 1 + 1


@ISAS
def test_code_that_another_page_of_code_overwrites_is_seen(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    letter = "r" if one.wide else "e"
    one.poke(0x9000, b"\xb8\x01\x00\x00\x00\xc3")  # mov eax, 1; ret
    one.load(
        f"mov ebx, 0x9000\ncall {letter}bx\nmov esi, eax\nmov byte ptr [{letter}bx+1], 2\ncall {letter}bx\nhlt"
    )
    one.run()
    assert (one.read("esi"), one.read("eax")) == (1, 2)


def test_a_reset_is_a_power_on(board: BuildBoard) -> None:
    """Also of what the engine keeps outside of the CPU state."""
    one = board()
    one.load("mov rax, cr4\nor al, 0x80\nmov cr4, rax\nfld1\nmov ecx, 0xc0000103\nmov eax, 7\nwrmsr\nhlt")
    one.write("dr0", 0x1004)
    one.write("dr7", 0x402)
    one.run()
    one.machine.reset()
    one.machine.settle()
    assert (one.read("tsc_aux"), one.read("dr7"), one.read("ftag")) == (0, 0x400, 0xFFFF)
    assert one.read("cr4") == 0x620
