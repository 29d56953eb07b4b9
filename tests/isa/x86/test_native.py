"""Native x86: exceptions and interrupts go where the manual sends them, and count what has been executed.

[SDM] is Intel's Software Developer's Manual, volume 3A of 2023.
"""

from __future__ import annotations

import pytest

from axvcpu.exits import AccessFlags, GuestException
from emu.outcome import Ending
from isa.x86.causes import TRIPLE_FAULT, Cause
from tests.isa.x86.board import (
    CODE,
    CODE32,
    CODE_SELECTOR,
    DATA,
    HANDLER_SIZE,
    HANDLERS,
    IST1,
    RING0_STACK,
    STACK,
    TSS,
    USER_CODE,
    USER_DATA,
    USER_STACK,
    gate,
)
from tests.isa.x86.conftest import BuildBoard

ISAS = pytest.mark.parametrize("isa", ["x86_64", "i386"])
LATCH, TIMER, NOWHERE = 0x1003_0000, 0x1002_0000, 0x0800_0000


def a(isa: str) -> str:
    """The first letter of a whole register."""
    return "r" if isa == "x86_64" else "e"


FAULTS = [
    ("xor ecx, ecx\ndiv ecx", Cause.DIVIDE_ERROR, None, 1),
    ("ud2", Cause.INVALID_OPCODE, None, 0),
    ("mov ax, 0x77\nmov ds, ax", Cause.GENERAL_PROTECTION, 0x74, 1),
    ("int 0x41", Cause.GENERAL_PROTECTION, None, 0),
    ("nop\nmov ecx, 0x12345678\nrdmsr", Cause.GENERAL_PROTECTION, 0, 2),
    (f"mov ebx, {NOWHERE}\nmov al, [{{a}}bx]", Cause.MACHINE_CHECK, None, 1),
    (f"mov ebx, {NOWHERE}\nnop\nmov [{{a}}bx], al", Cause.MACHINE_CHECK, None, 2),
    ("clts\nnop\nmov eax, cr0\nor al, 8\nmov cr0, {a}ax\nfninit", Cause.DEVICE_NOT_AVAILABLE, None, 5),
]


@ISAS
@pytest.mark.parametrize(("text", "cause", "error", "before"), FAULTS, ids=[each[0] for each in FAULTS])
def test_a_fault_pushes_the_pc_of_its_instruction_and_its_error_code(
    board: BuildBoard, isa: str, text: str, cause: Cause, error: int | None, before: int
) -> None:
    """[SDM 6.5, 6.13]; the instruction that faults has not retired."""
    one = board(isa)
    text = text.format(a=a(isa)).replace("mov eax, cr0", f"mov {a(isa)}ax, cr0")
    *rest, last = text.splitlines()
    assert one.run(text).ending is Ending.BLOCKED
    assert one.vector == cause
    start = CODE + len(one.assemble("\n".join(rest) or "", CODE))
    has_error = cause is Cause.GENERAL_PROTECTION
    if has_error and error is not None:
        assert one.frame(0) == error
    assert one.frame(int(has_error)) == start
    assert one.frame(int(has_error) + 1) == CODE_SELECTOR
    assert one.vcpu.arch.retired == before + 1  # and the handler's hlt
    assert last


TRAPS = [("int3", 3, 1), ("int 0x21", 0x21, 2), (".byte 0xcd, 0x03", 3, 2), (".byte 0xf1", 1, 1)]


@ISAS
@pytest.mark.parametrize(("text", "vector", "size"), TRAPS, ids=[each[0] for each in TRAPS])
def test_a_trap_pushes_the_pc_after_its_instruction_which_has_retired(
    board: BuildBoard, isa: str, text: str, vector: int, size: int
) -> None:
    one = board(isa)
    one.run(f"nop\n{text}\nnop")
    assert one.vector == vector
    assert one.frame(0) == CODE + 1 + size
    assert one.vcpu.arch.retired == 3


@ISAS
@pytest.mark.parametrize("kind", [14, 15])
def test_an_interrupt_gate_clears_if_and_a_trap_gate_does_not(board: BuildBoard, isa: str, kind: int) -> None:
    """[SDM 6.12.1.3]."""
    one = board(isa)
    one.gate(3, kind=kind)
    one.run("sti\nnop\nint3")
    assert one.read("eflags") >> 9 & 1 == (kind == 15)


@ISAS
def test_an_exception_of_a_program_takes_the_stack_of_the_task(board: BuildBoard, isa: str) -> None:
    """[SDM 6.12.1, 6.14.2]."""
    one = board(isa)
    one.load("ud2")
    one.to_user()
    one.run()
    assert one.vector == Cause.INVALID_OPCODE
    assert one.read("cpl") == 0
    assert [one.frame(i) for i in (0, 1, 3, 4)] == [CODE, USER_CODE, USER_STACK, USER_DATA]
    word = 8 if one.wide else 4
    assert one.read(one.sp) == RING0_STACK - 5 * word


def test_a_gate_with_an_ist_takes_that_stack(board: BuildBoard) -> None:
    """[SDM 6.14.5]."""
    one = board()
    one.gate(6, stack=1)
    one.run("ud2")
    assert one.read("rsp") == IST1 - 40


@ISAS
def test_a_program_may_not_raise_a_vector_whose_gate_is_not_for_it(board: BuildBoard, isa: str) -> None:
    """[SDM 6.12.1.2]: general protection, with the vector in the error code, at the instruction."""
    one = board(isa)
    one.load("nop\nint 0x21")
    one.to_user()
    one.run()
    assert one.vector == Cause.GENERAL_PROTECTION
    assert one.frame(0) == 0x21 * 8 + 2 if not one.wide else one.frame(0) == 0x21 * 16 + 2
    assert one.frame(1) == CODE + 1
    two = board(isa)
    two.gate(0x21, dpl=3)
    two.load("nop\nint 0x21")
    two.to_user()
    two.run()
    assert two.vector == 0x21


@ISAS
def test_without_tables_the_first_exception_ends_the_run_by_its_name(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.write("idtr_limit", 0)
    outcome = one.run("nop\nxor edx, edx\ndiv edx")
    assert outcome.ending is Ending.CRASHED
    assert isinstance(outcome.exit, GuestException)
    assert (outcome.exit.vector, outcome.exit.name, outcome.exit.pc) == (0, "divide error", CODE + 3)
    assert outcome.exit.fault_address is None
    assert one.vcpu.arch.retired == 2
    assert one.read("pc") == CODE + 3


@ISAS
def test_a_triple_fault_is_a_crash_with_the_name_of_what_began_it(board: BuildBoard, isa: str) -> None:
    """[SDM 6.15, interrupt 8]: no gate for #UD, none for #GP, none for #DF."""
    one = board(isa)
    for vector in (6, 8, 13):
        one.poke(0x11000 + vector * (16 if one.wide else 8), bytes(16 if one.wide else 8))
    outcome = one.run("nop\nud2")
    assert outcome.ending is Ending.CRASHED
    assert isinstance(outcome.exit, GuestException)
    assert outcome.exit.vector == TRIPLE_FAULT + Cause.INVALID_OPCODE
    assert outcome.exit.pc == CODE + 1
    assert "triple fault (invalid opcode)" in outcome.text
    assert "shut down" in outcome.text


@ISAS
def test_a_double_fault_is_taken_where_it_has_a_gate(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.poke(0x11000 + 13 * (16 if one.wide else 8), bytes(16 if one.wide else 8))
    one.run("mov ax, 0x77\nmov ds, ax")
    assert one.vector == Cause.DOUBLE_FAULT
    assert one.frame(0) == 0
    assert one.frame(1) == CODE + 4


@ISAS
def test_a_handler_that_faults_at_once_is_a_trap_loop(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.handler(6, "ud2")
    one.load("ud2")
    outcome = one.run()
    assert outcome.ending is Ending.TRAP_LOOP
    assert outcome.pc == HANDLERS + 6 * HANDLER_SIZE


@ISAS
def test_a_jump_to_nowhere_is_a_machine_check_there(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.run(f"mov eax, {NOWHERE}\njmp {a(isa)}ax")
    assert one.vector == Cause.MACHINE_CHECK
    assert one.frame(0) == NOWHERE


@ISAS
def test_without_machine_checks_an_access_to_nowhere_ends_the_run_with_its_address(
    board: BuildBoard, isa: str
) -> None:
    """[SDM 3B 16.1]: CR4.MCE clear."""
    one = board(isa)
    one.write("cr4", one.read("cr4") & ~(1 << 6))
    outcome = one.run(f"mov ebx, {NOWHERE}\nmov [{a(isa)}bx+4], al")
    assert outcome.ending is Ending.CRASHED
    assert isinstance(outcome.exit, GuestException)
    assert (outcome.exit.name, outcome.exit.fault_address) == ("machine check", NOWHERE + 4)


def test_an_address_that_is_not_canonical_is_general_protection(board: BuildBoard) -> None:
    """[SDM 1, 3.3.7.1], without paging too."""
    for text, pc in (("mov rax, [rbx]", CODE), ("mov [rbx], rax", CODE), ("jmp rbx", 0x0000_8000_0000_0000)):
        one = board()
        one.load(text)
        one.write("rbx", 0x0000_8000_0000_0000)
        one.run()
        assert one.vector == Cause.GENERAL_PROTECTION
        assert (one.frame(0), one.frame(1)) == (0, pc)


def test_single_stepping_traps_after_each_instruction(board: BuildBoard) -> None:
    """[SDM 3B 18.3.1.4]."""
    one = board()
    one.handler(1, "inc r15\niretq")
    one.run(
        "pushfq\nor word ptr [rsp], 0x100\npopfq\nnop\nnop\npushfq\nand word ptr [rsp], 0xfeff\npopfq\nnop\nhlt"
    )
    assert one.read("r15") == 5  # nop, nop, pushf, and, popf


@ISAS
def test_a_breakpoint_register_stops_before_its_instruction(board: BuildBoard, isa: str) -> None:
    """[SDM 3B 18.2, 18.3.1.1]."""
    one = board(isa)
    where = CODE + 4
    one.load("nop\nnop\nnop\nnop\nnop\nhlt")
    one.write("dr0", where)
    one.write("dr7", 0x402)
    one.run()
    assert one.vector == Cause.DEBUG
    assert one.frame(0) == where
    assert one.read("dr6") & 0xF == 1
    assert one.vcpu.arch.retired == 5
    other = board(isa)  # on the same engine
    one.machine.close()
    other.run("nop\n" * 20 + "hlt")
    assert other.vector == -1


# -- interrupts --------------------------------------------------------------------------------------------------------


@ISAS
def test_an_interrupt_comes_after_the_store_that_raised_it(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.run(f"mov ebx, {LATCH}\nsti\nnop\nmov dword ptr [{a(isa)}bx], 1\nmov esi, 1\nhlt")
    assert one.vector == 0x20
    assert one.read("esi") == 0
    assert one.vcpu.arch.retired == 5


@ISAS
def test_no_interrupt_comes_between_sti_and_the_next_instruction(board: BuildBoard, isa: str) -> None:
    """[SDM 6.8.3 and STI]."""
    one = board(isa)
    one.run(f"mov ebx, {LATCH}\nmov dword ptr [{a(isa)}bx], 1\nnop\nsti\nmov esi, 1\nmov esi, 2\nhlt")
    assert one.vector == 0x20
    assert one.read("esi") == 1
    two = board(isa)
    two.run(f"mov ebx, {LATCH}\nmov dword ptr [{a(isa)}bx], 1\nl: sti\ncli\ninc esi\ncmp esi, 9\njne l\nhlt")
    assert two.vector == -1
    assert two.read("esi") == 9


@ISAS
def test_an_interrupt_taken_in_a_loop_is_taken_again_while_its_line_is_high(
    board: BuildBoard, isa: str
) -> None:
    one = board(isa)
    iret = "iretq" if one.wide else "iretd"
    one.handler(0x20, f"inc edi\ncmp edi, 3\njne q\nmov [{a(isa)}bx], edx\nq: {iret}")
    one.run(f"mov ebx, {LATCH}\nsti\nmov dword ptr [{a(isa)}bx], 1\nl: inc esi\ncmp edi, 3\njne l\ncli\nhlt")
    assert one.read("edi") == 3
    assert one.vector == -1


@ISAS
def test_of_several_lines_the_lowest_vector_comes_first(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    iret = "iretq" if one.wide else "iretd"
    for vector in (0x20, 0x21, 0x22):
        one.handler(vector, f"shl edi, 4\nor edi, {vector & 15}\nnop\n{iret}")
    one.load("sti\nnop\nnop\ncli\nhlt")
    for line in (2, 1, 0):
        one.vcpu.arch.set_line(line, True)
    one.machine.run(max_insns=2)
    one.vcpu.arch.set_line(0, False)
    one.machine.run(max_insns=60)
    assert f"{one.read('edi'):x}".startswith("1" * 3)
    two = board(isa)
    two.load("sti\nnop\nhlt")
    two.vcpu.arch.set_line(1, True)
    two.vcpu.arch.set_line(2, True)
    two.run()
    assert two.vector == 0x21


@ISAS
def test_hlt_waits_for_an_interrupt_that_can_be_taken(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    iret = "iretq" if one.wide else "iretd"
    one.handler(0x21, f"mov dword ptr [{a(isa)}bx+16], 1\ninc edi\n{iret}")
    one.run(
        f"mov ebx, {TIMER}\nmov eax, 1000\nmov [{a(isa)}bx+8], {a(isa)}ax\nsti\nhlt\nmov esi, [{a(isa)}bx]\ncli\nhlt"
    )
    assert one.read("edi") == 1
    assert one.read("esi") >= 1003
    two = board(isa)
    two.load("cli\nhlt")
    two.vcpu.arch.set_line(0, True)
    assert two.run().ending is Ending.BLOCKED
    assert two.read("pc") == CODE + 2


def test_cr8_keeps_lower_classes_waiting(board: BuildBoard) -> None:
    """[SDM 10.8.6]: vectors 0x20 to 0x2f are of class 2."""
    one = board()
    one.run(
        f"mov eax, 2\nmov cr8, rax\nmov ebx, {LATCH}\nsti\nmov dword ptr [rbx], 1\nnop\nmov esi, 4\n"
        "mov eax, 1\nmov cr8, rax\nmov esi, 5\nhlt"
    )
    assert one.vector == 0x20
    assert one.read("esi") == 4


@ISAS
def test_an_interrupt_of_a_program_changes_its_stack(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.load(f"mov ebx, {LATCH}\nmov dword ptr [{a(isa)}bx], 1\nl: jmp l")
    one.to_user()
    one.write("eflags", 0x202)
    one.run()
    assert one.vector == 0x20
    assert (one.frame(1), one.frame(3)) == (USER_CODE, USER_STACK)


@ISAS
def test_a_budget_ends_at_its_instruction_wherever_that_is(board: BuildBoard, isa: str) -> None:
    one = board(isa)
    one.load("mov ecx, 50\nl: inc eax\nnop\nnop\ndec ecx\njnz l\nmov ecx, 4\nmov edi, 0x8000\nrep stosb\nhlt")
    for step in range(1, 80):
        assert one.run(max_insns=1).ending is Ending.BUDGET
        assert one.vcpu.arch.retired == step


@ISAS
def test_a_hypercall_s_arguments_and_result_are_where_the_abi_says(board: BuildBoard, isa: str) -> None:
    """Number 1 is the exclusive or of two."""
    one = board(isa)
    first, second = ("rdi", "rsi") if one.wide else ("ebx", "ecx")
    one.run(
        f"mov eax, 1\nmov {first}, 0x1234\nmov {second}, 0xff\nvmcall\nmov edx, eax\nmov eax, 99\nvmmcall\nhlt"
    )
    assert one.read("edx") == 0x1234 ^ 0xFF
    assert one.read("rax" if one.wide else "eax") == (1 << one.isa.bits) - 2
    assert one.vcpu.arch.retired == 8


@ISAS
def test_registers_survive_an_access_that_faults_half_way(board: BuildBoard, isa: str) -> None:
    """push of a device's word where the stack is nowhere: the device is not read twice, nothing is pushed."""
    one = board(isa)
    one.load(
        f"mov ebx, {LATCH}\npush [{a(isa)}bx]" if not one.wide else f"mov ebx, {LATCH}\npush qword ptr [rbx]"
    )
    one.write(one.sp, NOWHERE + 0x100)
    one.gate(18, stack=1 if one.wide else 0)
    outcome = one.run()
    if one.wide:
        assert one.vector == Cause.MACHINE_CHECK
        assert one.frame(3) == NOWHERE + 0x100
    else:
        assert outcome.ending is Ending.CRASHED
        assert "triple fault (machine check)" in outcome.text


@ISAS
def test_an_unmapped_access_can_be_stopped_at_instead(board: BuildBoard, isa: str) -> None:
    one = board(isa, unmapped="stop")
    outcome = one.run(f"nop\nmov ebx, {NOWHERE}\nmov [{a(isa)}bx], eax\nhlt")
    assert outcome.ending is not Ending.POWERED_OFF
    assert outcome.pc == CODE + 6
    assert AccessFlags.WRITE.name in str(outcome.exit) or "write" in outcome.text


def test_compatibility_mode_takes_exceptions_through_64_bit_gates(board: BuildBoard) -> None:
    """[SDM 6.14]."""
    one = board()
    one.poke(DATA, b"\x40\x40\xf4")  # inc eax; inc eax; hlt, in 32 bits
    one.poke(DATA + 8, b"\x40\x0f\x0b")
    one.run(f"push {CODE32}\npush {DATA + 8}\n.byte 0x48, 0xcb")
    assert one.vector == Cause.INVALID_OPCODE
    assert (one.frame(0), one.frame(1)) == (DATA + 9, CODE32)
    assert one.read("rax") == 1
    assert one.read("rsp") == STACK - 40


def test_the_tss_may_be_absent_until_it_is_needed(board: BuildBoard) -> None:
    one = board()
    one.load("ud2")
    one.to_user()
    one.write("tr_limit", 0)
    outcome = one.run()
    assert one.vector in (Cause.INVALID_TSS, Cause.DOUBLE_FAULT) or "triple fault" in outcome.text


def test_a_gate_leads_where_it_says(board: BuildBoard) -> None:
    one = board()
    one.poke(DATA, b"\xf4")
    one.poke(0x11000 + 6 * 16, gate(DATA, CODE_SELECTOR, 14, 0, True))
    one.run("ud2")
    assert one.read("pc") == DATA + 1
    assert TSS


@ISAS
def test_where_nothing_is_may_read_as_ones_instead(board: BuildBoard, isa: str) -> None:
    one = board(isa, unmapped="ones")
    one.run(f"mov ebx, {NOWHERE}\nmov eax, [{a(isa)}bx]\nmov [{a(isa)}bx], eax\nhlt")
    assert one.read("eax") == 0xFFFF_FFFF
    assert one.vector == -1
