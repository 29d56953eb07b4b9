"""Native PowerPC: interrupts go where the manual sends them, with SRR0, SRR1 and MSR as it says; clocks are guest time.

Power ISA 3.0B, Book III, is cited by section; MPC7410 User's Manual as [UM].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import isa as isas
from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from isa.assembly import assemble
from isa.ppc.state import MSR_EE, MSR_FP, MSR_IP, MSR_ME, MSR_PR, MSR_SF, TICK

CODE, NOWHERE, LATCH, TIMER = 0x1_0000, 0x0800_0000, 0x1003_0000, 0x1002_0000
ISAS = pytest.mark.parametrize("isa", ["ppc", "ppc64"])
SLEEPS = {"ppc": "mtmsr 5", "ppc64": ".long 0x7c00003c"}
Build = Callable[..., Machine]


def word(text: str, isa: str) -> str:
    """Keystone has no system instructions: their words."""
    return {"rfi": ".long 0x4c000064" if isa == "ppc" else ".long 0x4c000024"}[text]


@pytest.fixture
def build() -> Iterator[Build]:
    made: list[Machine] = []

    def one(text: str, isa: str, at: int = CODE, **registers: int) -> Machine:
        machine = Machine(MachineConfig(isa=isa, board="bare"))
        made.append(machine)
        put(machine, text, at)
        arch = machine.vcpus[0].arch
        machine.vcpus[0].set_entry(at)
        machine.settle()
        base = MSR_SF if isa == "ppc64" else 0
        arch.write_register("msr", base | MSR_ME | MSR_FP)
        for name, value in registers.items():
            arch.write_register(name, value)
        return machine

    yield one
    for machine in made:
        machine.close()


def put(machine: Machine, text: str, at: int) -> None:
    """Assemble `text`; lines of .long are data."""
    address = at
    for line in text.strip().splitlines():
        stripped = line.strip()
        if stripped.startswith(".long"):
            code = int(stripped.split()[1], 0).to_bytes(4, "big")
        else:
            code = assemble(machine.isa, stripped, address)
        machine.memory.write(address, code)
        address += len(code)


def read(machine: Machine, *names: str) -> list[int]:
    return [machine.vcpus[0].arch.read_register(name) for name in names]


CAUSES = [
    # text, vector, SRR0 - address of the instruction, bits of SRR1, DAR
    (".long 0", 0x700, 0, 0x80000, None),
    ("tw 31, 0, 0", 0x700, 0, 0x20000, None),
    ("twi 4, 9, 0", 0x700, 0, 0x20000, None),
    ("sc", 0xC00, 4, 0, None),
    ("lwz 4, 8(6)", 0x200, 0, None, NOWHERE + 8),
    ("stw 4, 4(6)", 0x200, 0, None, NOWHERE + 4),
    ("lwzu 4, 4(6)", 0x200, 0, None, NOWHERE + 4),
    (".long 0x7c803028", 0x600, 0, 0, NOWHERE + 1),  # lwarx 4, 0, 6, r6 odd
    (".long 0x10000484", 0xF20, 0, 0, None),  # vor
]


@ISAS
@pytest.mark.parametrize(("text", "vector", "back", "bits", "dar"), CAUSES)
def test_synchronous_interrupts(
    build: Build, isa: str, text: str, vector: int, back: int, bits: int | None, dar: int | None
) -> None:
    machine = build(f"nop\n{text}\nnop\nb .", isa, r6=NOWHERE + (1 if "7c803028" in text else 0), r9=0)
    machine.vcpus[0].arch.write_register("r4", 77)
    put(machine, "li 3, 1\nb .", vector)
    before = read(machine, "msr")[0]
    machine.run(max_insns=4)
    srr0, srr1, msr, r3, r4 = read(machine, "srr0", "srr1", "msr", "r3", "r4")
    assert (srr0 - CODE - 4, r3, r4) == (back, 1, 77)
    if bits is not None:
        assert srr1 == before | bits
    assert not msr & (MSR_EE | MSR_PR | MSR_FP)
    assert bool(msr & MSR_ME) == (vector != 0x200)
    if dar is not None:
        assert read(machine, "dar") == [dar]
    if text == "lwzu 4, 4(6)":
        assert read(machine, "r6") == [NOWHERE]


@ISAS
def test_a_program_may_not_use_what_is_the_supervisor_s(build: Build, isa: str) -> None:
    machine = build("mfmsr 3\nb .", isa)
    put(machine, "b .", 0x700)
    arch = machine.vcpus[0].arch
    arch.write_register("msr", read(machine, "msr")[0] | MSR_PR)
    before = read(machine, "msr")[0]
    machine.run(max_insns=2)
    assert read(machine, "srr0", "srr1") == [CODE, before | 0x40000]
    assert not read(machine, "msr")[0] & MSR_PR


@ISAS
def test_floating_point_is_unavailable_while_msr_has_it_off(build: Build, isa: str) -> None:
    machine = build("fadd 1, 2, 3\nb .", isa)
    put(machine, "b .", 0x800)
    machine.vcpus[0].arch.write_register("msr", read(machine, "msr")[0] & ~MSR_FP)
    machine.run(max_insns=2)
    assert read(machine, "srr0", "pc") == [CODE, 0x800]


@ISAS
def test_a_machine_check_without_me_is_a_checkstop(build: Build, isa: str) -> None:
    machine = build("lwz 4, 8(6)\nb .", isa, r6=NOWHERE)
    put(machine, "b .", 0x200)
    machine.vcpus[0].arch.write_register("msr", read(machine, "msr")[0] & ~MSR_ME)
    outcome = machine.run(max_insns=10)
    assert (outcome.ending, outcome.pc) == (Ending.CRASHED, CODE)
    assert "machine check" in outcome.text
    assert f"{NOWHERE + 8:#x}" in outcome.text


@ISAS
def test_a_vector_that_holds_nothing_ends_the_run(build: Build, isa: str) -> None:
    outcome = build("nop\n.long 0\n", isa).run(max_insns=10)
    assert (outcome.ending, outcome.pc) == (Ending.CRASHED, CODE + 4)
    assert "program" in outcome.text


@ISAS
def test_a_vector_that_traps_at_once_is_a_loop(build: Build, isa: str) -> None:
    machine = build(".long 0\n", isa)
    put(machine, ".long 0x00000001", 0x700)
    outcome = machine.run(max_insns=1000)
    assert outcome.ending is Ending.TRAP_LOOP
    assert machine.retired == 0


def test_the_prefix_moves_the_vectors(build: Build) -> None:
    for msr, ending in (
        (MSR_ME | MSR_IP, Ending.CRASHED),
        (MSR_ME, Ending.BUDGET),
    ):  # nothing is at 0xfff00700
        machine = build(".long 0\n", "ppc", msr=msr)
        put(machine, "b .", 0x700)
        assert machine.run(max_insns=10).ending is ending


@ISAS
def test_rfi_comes_back(build: Build, isa: str) -> None:
    machine = build("sc\nli 5, 7\nb .", isa)
    put(machine, f"li 3, 5\n{word('rfi', isa)}", 0xC00)
    before = read(machine, "msr")
    machine.run(max_insns=6)
    assert read(machine, "r3", "r5", "pc", "msr") == [5, 7, CODE + 8, *before]


@ISAS
def test_the_external_interrupt_waits_for_ee(build: Build, isa: str) -> None:
    text = """
      lis 7, 0x1003
      li 4, 1
      stw 4, 0(7)
      li 5, 1
      li 5, 2
      mfmsr 6
      ori 6, 6, 0x8000
      mtmsr 6
      li 5, 3
      b .
    """
    machine = build(text, isa)
    put(machine, "stw 3, 0(7)\naddi 8, 8, 1\n" + word("rfi", isa), 0x500)
    machine.run(max_insns=7)
    assert read(machine, "r5", "r8", "pc") == [2, 0, CODE + 28]
    machine.run(max_insns=1)
    assert read(machine, "srr0", "pc", "r8") == [CODE + 32, 0x500, 0]
    machine.run(max_insns=20)
    assert read(machine, "r5", "r8") == [3, 1]
    assert read(machine, "srr1")[0] & MSR_EE


@ISAS
def test_the_timer_is_the_decrementer_interrupt(build: Build, isa: str) -> None:
    text = """
      lis 7, 0x1002
      li 4, 100
      stw 4, 8(7)
      mfmsr 6
      ori 6, 6, 0x8000
      mtmsr 6
      b .
    """
    machine = build(text, isa)
    put(machine, "b .", 0x900)
    machine.run(max_insns=90)
    assert read(machine, "pc") == [CODE + 24]
    machine.run(max_insns=30)
    assert read(machine, "pc", "srr0") == [0x900, CODE + 24]


@ISAS
def test_the_external_interrupt_goes_before_the_timer(build: Build, isa: str) -> None:
    machine = build("b .", isa)
    put(machine, "b .", 0x900)
    put(machine, "b .", 0x500)
    arch = machine.vcpus[0].arch
    lines = machine.isa.lines
    assert lines is not None
    arch.set_line(lines.timer, True)
    arch.set_line(lines.external, True)
    arch.write_register("msr", read(machine, "msr")[0] | MSR_EE)
    machine.run(max_insns=1)
    assert read(machine, "pc") == [0x500]
    arch.set_line(lines.external, False)
    arch.write_register("msr", read(machine, "msr")[0] | MSR_EE)
    machine.run(max_insns=1)
    assert read(machine, "pc", "srr0") == [0x900, 0x500]


def test_sleep_ends_at_an_interrupt(build: Build) -> None:
    """[UM 10.2.1]: MSR[POW] while HID0[DOZE] is set."""
    text = """
      lis 7, 0x1002
      ori 4, 4, 50000
      stw 4, 8(7)
      mfmsr 6
      oris 6, 6, 4
      ori 6, 6, 0x8000
      mtmsr 6
      li 5, 9
      b .
    """
    machine = build(text, "ppc", hid0=0x800000)
    put(machine, "stw 4, 16(7)\naddi 8, 8, 1\n" + word("rfi", "ppc"), 0x900)
    machine.run(max_insns=9)
    assert machine.retired == 9
    assert machine.vcpus[0].arch.now >= 50_000
    assert read(machine, "pc", "srr0", "r8") == [0x908, CODE + 28, 1]


def test_without_hid0_pow_does_nothing(build: Build) -> None:
    machine = build("mfmsr 6\noris 6, 6, 4\nmtmsr 6\nli 5, 9\nb .", "ppc")
    machine.run(max_insns=4)
    assert read(machine, "r5", "pc") == [9, CODE + 16]


@pytest.mark.parametrize("slice_", [1, 2, 3, 1000])
def test_asleep_with_interrupts_off_is_for_ever(build: Build, slice_: int) -> None:
    machine = build("mfmsr 6\noris 6, 6, 4\nmtmsr 6\nli 5, 9\nb .", "ppc", hid0=0x400000)
    outcome = machine.run(max_insns=slice_)
    while outcome.ending is Ending.BUDGET:
        outcome = machine.run(max_insns=slice_)
    assert outcome.ending is Ending.BLOCKED
    assert (machine.retired, *read(machine, "pc", "r5")) == (3, CODE + 12, 0)


@pytest.mark.parametrize("enabled", [False, True])
def test_wait_ends_when_an_interrupt_is_pending(build: Build, enabled: bool) -> None:
    machine = build("lis 7, 0x1002\nli 4, 100\nstw 4, 8(7)\n.long 0x7c00003c\nli 5, 9\nb .", "ppc64")
    put(machine, "b .", 0x900)
    if enabled:
        machine.vcpus[0].arch.write_register("msr", read(machine, "msr")[0] | MSR_EE)
    machine.run(max_insns=6)
    assert read(machine, "pc") == [0x900 if enabled else CODE + 20]


@ISAS
def test_calls_to_the_vmm_are_sc_1_of_the_supervisor(build: Build, isa: str) -> None:
    machine = build(".long 0x44000022\nb .", isa, r0=1, r3=0x1234, r4=0xFF)
    put(machine, "b .", 0xC00)
    machine.run(max_insns=2)
    assert read(machine, "r3", "pc") == [0x1234 ^ 0xFF, CODE + 4]
    machine = build(".long 0x44000022\nb .", isa, r0=1, r3=0x1234, r4=0xFF)
    put(machine, "b .", 0xC00)
    machine.vcpus[0].arch.write_register("msr", read(machine, "msr")[0] | MSR_PR)
    machine.run(max_insns=2)
    assert read(machine, "r3", "pc", "srr0") == [0x1234, 0xC00, CODE + 4]


@ISAS
def test_the_time_base_is_guest_time(build: Build, isa: str) -> None:
    text = "nop\n" * 99 + ".long 0x7c6c42e6\n" + "nop\n" * 99 + ".long 0x7c8c42e6\nb ."  # mftb 3, mftb 4
    machine = build(text, isa)
    machine.run(max_insns=200)
    assert read(machine, "r3", "r4") == [99 // TICK, 199 // TICK]


@ISAS
def test_the_guest_sets_time_base_and_decrementer(build: Build, isa: str) -> None:
    text = """
      li 3, 1000
      .long 0x7c7c43a6
      li 4, 5
      .long 0x7c9d43a6
      .long 0x7c7603a6
      .long 0x7cac42e6
      .long 0x7ccd42e6
      .long 0x7cf602a6
      b .
    """  # mttbl 3, mttbu 4, mtdec 3, mftb 5, mftbu 6, mfdec 7
    machine = build(text, isa)
    machine.run(max_insns=8)
    high = 5 << 32 if isa == "ppc64" else 0
    assert read(machine, "r5", "r6", "r7") == [high | 1000, 5, 1000]
    machine = build(text.replace("b .", "nop\n" * 100 + ".long 0x7cf602a6\nb ."), isa)
    machine.run(max_insns=110)
    assert read(machine, "r7") == [1000 - 10]


@ISAS
def test_special_registers_are_what_mfspr_reads(build: Build, isa: str) -> None:
    machine = build("nop", isa)
    put(machine, "b .", 0x700)
    arch = machine.vcpus[0].arch
    agreed = 0
    for row in machine.isa.registers:
        if row.group not in ("spr", "vector") or row.number is None or row.name in ("tbl", "tbu"):
            continue
        if row.name.startswith(("vr", "v")) and row.name != "vrsave":
            continue
        number = row.number
        mfspr = 0x7C6002A6 | (number & 31) << 16 | (number >> 5) << 11
        if row.name.startswith("sr") and not row.name.startswith("srr"):
            mfspr = 0x7C6004A6 | number << 16
        value = (0x5A5A0000 | number) & (1 << row.bits) - 1
        arch.write_register(row.name, value)
        put(machine, f".long {mfspr:#x}\nb .", CODE)
        machine.vcpus[0].arch.forget_code()
        arch.write_register("pc", CODE)
        arch.write_register("r3", 1)
        machine.run(max_insns=1)
        if read(machine, "pc") == [CODE + 4] and read(machine, "r3") != [1]:  # else the hypervisor's
            agreed += 1
            assert read(machine, "r3") == [value], row.name
    assert agreed == (61 if isa == "ppc" else 35)


@ISAS
def test_xer_and_cr_are_whole(build: Build, isa: str) -> None:
    machine = build("mfxer 3\nmfcr 4\nb .", isa)
    arch = machine.vcpus[0].arch
    arch.write_register("xer", 0xE000_0045)
    arch.write_register("cr", 0x1234_5678)
    machine.run(max_insns=2)
    assert read(machine, "r3", "r4", "xer", "cr") == [0xE000_0045, 0x1234_5678, 0xE000_0045, 0x1234_5678]


@ISAS
@pytest.mark.parametrize(("mode", "quotient"), [(0, 0x3FD5555555555555), (2, 0x3FD5555555555556)])
def test_fpscr_sets_how_is_rounded(build: Build, isa: str, mode: int, quotient: int) -> None:
    machine = build("fdiv 1, 2, 3\nb .", isa, f2=0x3FF0000000000000, f3=0x4008000000000000, fpscr=mode)
    machine.run(max_insns=1)
    assert read(machine, "f1") == [quotient]


def test_translation_is_the_engine_s(build: Build) -> None:
    """A block that maps 256 MiB at 0x50000000 to 0; what no block and no page maps is a data storage interrupt."""
    machine = build("mfmsr 4\nori 4, 4, 0x10\nmtmsr 4\nlwz 5, 0(6)\nlwz 5, 0(8)\nb .", "ppc")
    machine.memory.write(0x3000, bytes.fromhex("cafe0123"))
    put(machine, "b .", 0x300)
    arch = machine.vcpus[0].arch
    for name, value in (("dbat0u", 0x5000_1FFE), ("dbat0l", 0x2), ("r6", 0x5000_3000), ("r8", 0x6000_0004)):
        arch.write_register(name, value)
    machine.run(max_insns=6)
    assert read(machine, "r5", "pc", "srr0", "dar") == [0xCAFE0123, 0x300, CODE + 16, 0x6000_0004]
    assert read(machine, "dsisr")[0] & 0x4000_0000


def test_model_names_are_qemu_s() -> None:
    assert isas.find("ppc").engine.cpu_models[0].name == "7400"
    assert isas.find("ppc64").engine.cpu_models[0].name == "power10"
