"""Native TriCore: bus errors and interrupts save the upper context and go to their vectors; rfe comes back."""

from __future__ import annotations

from emu.outcome import Ending
from tests.isa.tricore.conftest import AREAS, CODE, INTERRUPTS, NOWHERE, TRAPS, Build, assembled, read, words

UPPER = [
    "pcxi", "psw", "a10", "a11", "d8", "d9", "d10", "d11", "a12", "a13", "a14", "a15", "d12", "d13", "d14", "d15",
]  # fmt: skip


def test_a_bus_error_saves_the_upper_context_and_rfe_makes_the_access_again(build: Build) -> None:
    machine = build(
        "nop16 | ld.w d1, [a15]4", a15=NOWHERE, **{f"d{n}": 0x100 + n for n in range(8, 16)}, psw=0x980
    )
    before = read(machine, *UPPER)
    machine.run(max_insns=2)
    assert read(machine, "pc", "a11", "d15") == [TRAPS + 4 * 32, CODE + 2, 2]
    assert words(machine, AREAS, 16) == before
    pcxi, fcx, psw, icr = read(machine, "pcxi", "fcx", "psw", "icr")
    assert (pcxi, fcx) == (1 << 22 | AREAS >> 6, (AREAS >> 6) + 1)
    assert psw & 0xFFF == 0xB80 & ~0x100
    assert icr & 0x100 == 0
    handler = TRAPS + 4 * 32
    machine.memory.write(handler, assembled("ld.w d15, [a14]0 | st.w [a14]4, d15 | rfe", handler))
    machine.vcpus[0].arch.forget_code()
    machine.vcpus[0].arch.write_register("a14", 0x7800)
    machine.memory.write(AREAS + 44, (0x7900).to_bytes(4, "little"))  # the saved a15
    machine.memory.write(0x7904, b"\x78\x56\x34\x12")
    machine.run(max_insns=4)
    assert read(machine, "pc", "d1", "d15", "fcx", "pcxi") == [CODE + 6, 0x12345678, 0x10F, AREAS >> 6, 0]


def test_a_store_and_a_fetch_have_numbers_of_their_own(build: Build) -> None:
    for text, number, back in (("nop | st.h [a15]0, d1", 3, CODE + 4), ("ji a15", 1, NOWHERE)):
        machine = build(text, a15=NOWHERE)
        machine.run(max_insns=3)
        assert read(machine, "pc", "d15", "a11") == [TRAPS + 4 * 32, number, back]


def test_on_the_user_s_stack_a_trap_changes_to_the_interrupt_stack(build: Build) -> None:
    for psw, stack in ((0x980, 0x7000), (0xB80, 0x5000)):
        machine = build("ld.w d1, [a15]0", a15=NOWHERE, a10=0x5000, psw=psw)
        machine.run(max_insns=1)
        assert read(machine, "a10") == [stack]


def test_a_trap_of_the_engine_s_own_that_nobody_handles_is_an_exception_at_its_place(build: Build) -> None:
    for text, at, what in (
        (".word 0x0fc0000d", 2, "IOPC"),
        (".word 0x10681273", 2, "OPD"),
        ("ret", 2, "CDU"),
    ):
        machine = build("nop16 | " + text, btv=0xA000_0100, d15=77, d8=5, psw=0xB80)
        before = read(machine, "a10", "a15", "d8", "psw", "fcx", "pcxi")
        outcome = machine.run(max_insns=10)
        assert (outcome.ending, outcome.pc) == (Ending.CRASHED, CODE + at), text
        assert what in outcome.text
        assert read(machine, "a10", "a15", "d8", "psw", "fcx", "pcxi") == before, text


def test_a_bus_error_that_nobody_handles_is_one_too(build: Build) -> None:
    outcome = build("nop16 | ld.w d1, [a15]0", a15=NOWHERE, btv=0xA000_0100).run(max_insns=10)
    assert (outcome.ending, outcome.pc) == (Ending.CRASHED, CODE + 2)
    assert "DSE" in outcome.text


def test_without_a_free_context_another_trap_comes_in_its_place(build: Build) -> None:
    machine = build("ld.w d1, [a15]0", a15=NOWHERE, fcx=0)
    machine.run(max_insns=1)
    assert read(machine, "pc", "d15", "a11") == [TRAPS + 3 * 32, 4, CODE]
    for left, number in ((2, 1), (3, 4)):  # areas used: one is left for FCD's own context, none is
        last = (AREAS >> 6) + left
        machine = build("ld.w d1, [a15]0", a15=NOWHERE, fcx=last, lcx=last)
        machine.run(max_insns=1)
        assert read(machine, "pc", "d15") == [TRAPS + 3 * 32, number]
        assert read(machine, "a11") == [TRAPS + 4 * 32]


def test_an_instruction_that_traps_within_a_block_takes_back_what_came_after_it(build: Build) -> None:
    """svlcx without a free context traps; the three instructions behind it are of the same block."""
    for cut in (None, 1, 2, 3):
        machine = build("mov d1, #1 | svlcx | mov d1, #2 | mov d1, #3 | nop", fcx=0)
        if cut is not None:
            machine.run(max_insns=cut)
        machine.run(max_insns=6 - machine.retired)
        assert (machine.retired, *read(machine, "d1", "pc", "a11")) == (6, 1, TRAPS + 3 * 32, CODE + 4)


def test_interrupts_come_by_priority_where_icr_lets_them_in(build: Build) -> None:
    machine = build("nop | nop | enable | nop16 | nop16 | nop16 | .L: j .L", icr=1)
    arch = machine.vcpus[0].arch
    arch.set_line(1, True)
    arch.set_line(2, True)
    machine.run(max_insns=2)
    assert read(machine, "pc", "icr") == [CODE + 8, 2 << 16 | 1]
    arch.set_line(3, True)
    machine.run(max_insns=4)
    machine.run(max_insns=2)
    pc, icr, a11, pcxi, a10 = read(machine, "pc", "icr", "a11", "pcxi", "a10")
    assert pc == INTERRUPTS + 3 * 32
    assert icr == 3 << 16 | 3
    assert CODE + 12 <= a11 <= CODE + 18
    assert pcxi == 1 << 24 | 1 << 23 | 1 << 22 | AREAS >> 6
    assert a10 == 0
    handler = INTERRUPTS + 3 * 32
    machine.memory.write(handler, assembled("rfe", handler))
    arch.forget_code()
    for line in (1, 2, 3):
        arch.set_line(line, False)
    machine.run(max_insns=1)
    assert read(machine, "pc", "icr", "pcxi") == [a11, 0x101, 0]


def test_a_higher_priority_interrupts_a_handler_that_lets_it(build: Build) -> None:
    machine = build(".L: j .L", icr=0x100)
    handler = INTERRUPTS + 32
    machine.memory.write(handler, assembled("enable | .L: j .L", handler))
    arch = machine.vcpus[0].arch
    arch.set_line(1, True)
    machine.run(max_insns=20)
    assert read(machine, "pc", "icr") == [handler + 4, 1 << 16 | 0x101]
    arch.set_line(2, True)
    machine.run(max_insns=4)
    assert read(machine, "pc", "icr") == [INTERRUPTS + 64, 2 << 16 | 2]


def test_biv_chooses_the_distance_of_vectors(build: Build) -> None:
    machine = build(".L: j .L", icr=0x100, biv=INTERRUPTS | 1)
    machine.memory.write(INTERRUPTS + 16, assembled(".L: j .L"))
    machine.vcpus[0].arch.set_line(2, True)
    machine.run(max_insns=4)
    assert read(machine, "pc") == [INTERRUPTS + 16]


def test_a_call_to_the_vmm_is_a_supervisor_s(build: Build) -> None:
    for psw, result, pc in ((0xB80, 5 ^ 9, CODE + 8), (0x380, 0, TRAPS + 4 * 32)):
        machine = build("jla 0xf0000000 | nop | .L: j .L", psw=psw, d15=1, d4=5, d5=9)
        machine.run(max_insns=2)
        assert read(machine, "d2", "pc") == [result, pc], hex(psw)


def test_the_vector_of_a_bus_error_in_no_memory_does_not_loop(build: Build) -> None:
    outcome = build("ji a15", a15=NOWHERE, btv=NOWHERE + 0x100).run(max_insns=100)
    assert outcome.ending in (Ending.CRASHED, Ending.TRAP_LOOP)
