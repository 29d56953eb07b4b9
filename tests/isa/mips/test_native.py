"""Native MIPS: exceptions go where the manual sends them, and what the engine has no answer for is no crash of the host.

[pra] is MIPS Architecture For Programmers, Volume III (MD00090).
"""

from __future__ import annotations

import pytest

from axvcpu.exits import GuestException, Hypercall
from emu.outcome import Ending
from tests.isa.mips.conftest import CODE, KSEG0, Build, wide

BEV, IE, EXL = 1 << 22, 1, 2
TIMER, EXTERNAL = 7, 2
SWITCH = "lui $a1, 0xb001\nsw $v0, 0($a1)\n"
ADEL, ADES, DBE, SYS, BP, RI, OV, TR = 4, 5, 7, 8, 9, 10, 12, 13
PROBES = [
    # text, code, index of the instruction that EPC names, BD
    ("nop\nsyscall", SYS, 1, 0),
    ("nop\nb 9f\nsyscall 0x4856\n9: nop", SYS, 1, 1),
    ("break", BP, 0, 0),
    ("nop\nnop\n.word 0xec000000", RI, 2, 0),
    ("lui $t0, 0x7fff\nadd $t1, $t0, $t0", OV, 1, 0),
    ("lui $t0, 0x7fff\nbeq $0, $0, 9f\nadd $t1, $t0, $t0\n9: nop", OV, 1, 1),
    ("li $t0, 1\nteq $t0, $0\ntne $t0, $0\nnop", TR, 2, 0),
    ("lui $t0, 0x8000\nlw $t1, 0($t0)\nlw $t1, 2($t0)\nnop", ADEL, 2, 0),
    ("lui $t0, 0x8000\nbgtz $t1, 9f\nsw $t1, 3($t0)\n9: nop", ADES, 1, 1),
    ("lui $t0, 0xa800\nnop\nlw $t1, 0($t0)\nnop", DBE, 2, 0),
    ("lui $t0, 0xa800\nbeq $0, $0, 9f\nsw $t1, 0($t0)\n9: nop", DBE, 1, 1),
]


@pytest.mark.parametrize(("text", "code", "index", "delayed"), PROBES)
def test_an_exception_names_its_instruction(
    build: Build, name: str, text: str, code: int, index: int, delayed: int
) -> None:
    """[pra 6.2.2]: EPC is the branch's where the slot raises it, and Cause.BD says so."""
    machine = build(text.replace("9f", "out").replace("9:", "out:"))
    outcome = machine.run(max_insns=50)
    vcpu = machine.vcpus[0].arch
    assert outcome.ending is Ending.BLOCKED  # in the vector's wait
    cause = vcpu.read_register("cause")
    assert (cause >> 2 & 31, cause >> 31) == (code, delayed)
    assert vcpu.read_register("epc") == wide(name, KSEG0 + CODE + 4 * index)
    assert vcpu.read_register("status") & EXL
    assert machine.retired == index + delayed + 1  # what came before it, and `wait`


def test_without_memory_at_its_vectors_an_exception_ends_the_run(build: Build, name: str) -> None:
    machine = build("nop\nlui $t0, 0xa800\nlw $t0, 0x123($t0)\nnop", status=BEV)
    seen: list[object] = []
    machine.run(max_insns=50, until=lambda exit: seen.append(exit) is None)
    assert isinstance(seen[-1], GuestException)
    crash = seen[-1]
    assert (crash.vector, crash.name) == (ADEL, "address error, load or fetch")
    assert (crash.pc, crash.fault_address) == (wide(name, KSEG0 + CODE + 8), wide(name, 0xA800_0123))
    assert machine.retired == 2


def test_an_exception_in_the_vector_s_first_instruction_is_a_trap_loop(build: Build) -> None:
    machine = build("syscall", vector="break")
    outcome = machine.run(max_insns=1000)
    assert outcome.ending is Ending.TRAP_LOOP


def test_a_call_to_the_vmm_is_an_exit_and_other_system_calls_are_the_guest_s(build: Build) -> None:
    machine = build("li $v0, 1\nli $a0, 0x55\nli $a1, 0x0f\nsyscall 0x4856\nmove $s0, $v0\nsyscall 1\n")
    seen: list[object] = []
    machine.run(max_insns=3)
    machine.run(max_insns=10, until=lambda exit: seen.append(exit) is None)
    assert isinstance(seen[0], Hypercall)
    assert (seen[0].nr, seen[0].args[:2]) == (1, (0x55, 0x0F))
    machine.run(max_insns=10)
    vcpu = machine.vcpus[0].arch
    assert vcpu.read_register("s0") == 0x5A
    assert vcpu.read_register("cause") >> 2 & 31 == SYS


@pytest.mark.parametrize("fill", ["nop\n", "addu $t0, $t0, $t1\n", "lw $t2, 0($t3)\n", "add $t0, $t1, $0\n"])
def test_a_long_stretch_without_a_branch_does_not_overrun_the_translator(build: Build, fill: str) -> None:
    """The engine has room for some 350 instructions in a block, and does not look."""
    length = 900
    machine = build("lui $t3, 0x8000\n" + fill * length + "wait\n")
    outcome = machine.run(max_insns=length + 10)
    assert outcome.ending is Ending.BLOCKED
    assert machine.retired == length + 2


@pytest.mark.parametrize("target", [0x8000_1002, 0x8000_1003, 0xA800_0000, 0xB000_0000, 0x5000])
def test_a_jump_to_where_no_code_can_be_leaves_the_translator_whole(
    build: Build, name: str, target: int
) -> None:
    """Three times over: an exception in the middle of a translation crashes the engine at the next."""
    again = f"""
        mfc0 $t8, $13, 0
        addiu $s0, $s0, 1
        li $t9, 3
        beq $s0, $t9, over
        lui $t0, {KSEG0 + CODE >> 16:#x}
        ori $t0, $t0, {CODE:#x}
        {"dmtc0" if "64" in name else "mtc0"} $t0, $14, 0
        eret
        over: wait"""
    if target & 1 and "64" not in name:
        target -= 1  # odd is 16-bit code on the 32-bit model
    start = f"lui $t0, {target >> 16:#x}\nori $t0, $t0, {target & 0xFFFF:#x}\njr $t0\nnop\n"
    machine = build(start, vector=again)
    vcpu = machine.vcpus[0].arch
    outcome = machine.run(max_insns=100)
    assert outcome.ending is Ending.BLOCKED
    assert vcpu.read_register("s0") == 3
    assert vcpu.read_register("epc") == wide(name, target)


def test_count_is_guest_time(build: Build) -> None:
    machine = build("mfc0 $t0, $9, 0\n" + "nop\n" * 98 + "mfc0 $t1, $9, 0\nnop\nwait\n")
    machine.run(max_insns=200)
    vcpu = machine.vcpus[0].arch
    assert (vcpu.read_register("t0"), vcpu.read_register("t1")) == (0, 9)  # 10 ns


def test_an_interrupt_that_a_delay_slot_lets_in_is_taken_behind_it(build: Build, name: str) -> None:
    """The engine looks for interrupts where `mtc0` ends a block, and a slot does not."""
    text = "li $t0, 0x401\nlui $t1, 0x8000\nori $t1, $t1, 0x1018\njr $t1\nmtc0 $t0, $12, 0\nnop\nnop\nspin: b spin\nnop"
    ends = set()
    for slices in (1, 7, 1000):
        machine = build(text, vector="addiu $s0, $s0, 1\nhere: b here\naddiu $s1, $s1, 1")
        vcpu = machine.vcpus[0].arch
        vcpu.set_line(EXTERNAL, True)
        while machine.retired < 60:
            machine.run(max_insns=min(slices, 60 - machine.retired))
        assert vcpu.read_register("epc") == wide(name, 0x8000_1018)
        assert vcpu.read_register("cause") >> 2 & 31 == 0
        assert vcpu.read_register("s1") == (60 - 5 - 1) // 2
        ends.add(machine.state_hash())
    assert len(ends) == 1


def test_wait_ends_at_an_interrupt_that_is_masked_only_by_ie(build: Build) -> None:
    machine = build("wait\nli $s0, 1\nwait", status=1 << 8 + EXTERNAL)
    assert machine.run(max_insns=10).ending is Ending.BLOCKED
    machine.vcpus[0].arch.set_line(TIMER, True)
    assert machine.run(max_insns=10).ending is Ending.BLOCKED
    machine.vcpus[0].arch.set_line(EXTERNAL, True)
    machine.run(max_insns=1)
    assert machine.vcpus[0].arch.read_register("s0") == 1


def test_a_likely_branch_that_is_never_taken_counts_as_one_instruction(build: Build) -> None:
    machine = build("bnel $t0, $t0, over\nbreak\nbgtzl $0, over\nbreak\nli $s0, 1\nwait\nover: nop")
    for expected in (1, 2, 3):
        machine.run(max_insns=1)
        assert machine.retired == expected
    assert machine.vcpus[0].arch.read_register("s0") == 1


def test_a_debugger_that_moves_the_pc_out_of_a_delay_slot_ends_the_branch(build: Build, name: str) -> None:
    machine = build("b away\nnop\nli $s0, 1\nli $s0, 2\nwait\naway: break")
    machine.run(max_insns=1)
    vcpu = machine.vcpus[0].arch
    assert vcpu.pc == wide(name, KSEG0 + CODE + 4)
    vcpu.write_register("pc", wide(name, KSEG0 + CODE + 8))
    machine.run(max_insns=10)
    assert vcpu.read_register("s0") == 2


def test_fcsr_and_status_mean_to_the_engine_what_they_say(build: Build) -> None:
    """The rounding mode, and whether there is an FPU, are kept beside the registers."""
    machine = build("cvt.w.s $f4, $f2\nmfc1 $s0, $f4\nwait")
    vcpu = machine.vcpus[0].arch
    vcpu.write_register("status", 1 << 29)
    vcpu.write_register("f2", 0x3FC0_0000)  # 1.5
    vcpu.write_register("fcsr", 1)  # towards zero
    machine.run(max_insns=10)
    assert vcpu.read_register("s0") == 1


def test_sixteen_bit_code_runs_and_is_counted(build: Build, name: str) -> None:
    """A jump to an odd address: MIPS16e, where 0 is `addiu $s0, $sp, 0`, on a CPU that has it."""
    if "64" in name:
        pytest.skip("no 64-bit model has MIPS16e")
    machine = build("lui $t0, 0x8000\nori $t0, $t0, 0x1011\njr $t0\nnop\n.word 0, 0, 0, 0")
    vcpu = machine.vcpus[0].arch
    vcpu.write_register("sp", 0x1234)
    for retired in range(1, 11):
        machine.run(max_insns=1)
        assert machine.retired == retired
    assert vcpu.read_register("s0") == 0x1234
    assert vcpu.pc == KSEG0 + CODE + 16 + 2 * 6
