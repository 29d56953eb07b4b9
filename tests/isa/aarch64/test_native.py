"""Native AArch64: time and counts are exact wherever a run is cut, state comes back whole, memory faults are precise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import isa
from emu.engine.engine import blueprint
from emu.machine import Machine
from emu.outcome import Ending
from isa.aarch64.layout import NONE, ROWS_AT, Slot
from isa.aarch64.sysregs import ROWS, Kind

AARCH64 = isa.find("aarch64")
Build = Callable[..., Machine]
CODE, NOWHERE, LATCH = 0x10000, 0x0800_0000, 0x1003_0000
MODELS = pytest.mark.parametrize("model", AARCH64.engine.cpu_models, ids=lambda model: model.name)

# Floating point, flags, an exclusive pair, counters, a device, an exception: all that a cut could disturb.
BUSY = """
 mov x0, #40
 movz x9, #0x1003, lsl #16
 msr pmcr_el0, x0
 mov x1, #0x80000000
 msr pmcntenset_el0, x1
 mov x1, #1
 msr pmcr_el0, x1
again:
 scvtf d1, x0
 fmul d2, d1, d1
 fadd d3, d3, d2
 ldaxr x2, [x10]
 add x2, x2, x0
 stlxr w3, x2, [x10]
 adds x4, x4, x2, lsl #7
 adc x5, x5, x2
 mrs x6, cntvct_el0
 add x7, x7, x6
 mrs x6, pmccntr_el0
 eor x7, x7, x6, ror #13
 str w7, [x9]
 ldr w8, [x9]
 add x11, x11, x8
 svc #1
 subs x0, x0, #1
 b.ne again
 str wzr, [x9]
 wfi
"""
RETURN = """
 mrs x12, cntpct_el0
 add x13, x13, x12
 eret
"""


def busy(build: Build, assemble: Callable[..., bytes]) -> Machine:
    machine = build(BUSY)
    machine.memory.write(0x21200, assemble(RETURN, 0x21200))
    machine.vcpus[0].arch.write_register("x10", 0x8000)
    return machine


@pytest.fixture
def assemble() -> Callable[..., bytes]:
    from isa import assembly  # noqa: PLC0415

    return lambda text, address: assembly.assemble(AARCH64, text, address)


@pytest.mark.parametrize("slice_", [1, 2, 3, 7, 50, 333])
def test_a_run_in_slices_ends_in_the_state_of_one_run(
    build: Build, assemble: Callable[..., bytes], slice_: int
) -> None:
    whole, cut = busy(build, assemble), busy(build, assemble)
    assert whole.run(timeout=30).ending is Ending.BLOCKED
    for _ in range(5000):
        outcome = cut.run(max_insns=slice_, timeout=30)
        if outcome.ending is not Ending.BUDGET:
            break
        assert cut.retired % slice_ == 0
    assert outcome.ending is Ending.BLOCKED
    assert cut.retired == whole.retired
    mine, other = (machine.vcpus[0].arch.save().registers for machine in (cut, whole))
    assert {name for name in mine if mine[name] != other[name]} == set()
    assert cut.state_hash() == whole.state_hash()


def test_a_saved_state_goes_on_in_another_machine_as_in_its_own(
    build: Build, assemble: Callable[..., bytes]
) -> None:
    first, second = busy(build, assemble), busy(build, assemble)
    first.run(max_insns=321, timeout=30)
    state = first.save()
    first.run(timeout=30)
    second.restore(state)
    second.run(timeout=30)
    assert first.state_hash() == second.state_hash()


@MODELS
def test_the_layout_places_every_register_of_the_model(model: isa.contract.CpuModel) -> None:
    """Apart from each other, inside the state, and none is missing that the model has."""
    from isa.aarch64.state import State  # noqa: PLC0415

    view = blueprint(AARCH64, model).registers
    assert isinstance(view, State)
    pristine = blueprint(AARCH64, model).pristine
    taken: dict[int, str] = {}
    for name, (at, size) in view.places.items():
        register = AARCH64.register(name)
        row = next((row for row in ROWS if row.name == name), None)
        if row is not None and (row.kind is not Kind.STATE or row.name in view._constants):
            continue
        if name == "cpsr":
            continue
        assert 0 < at < len(pristine) - size + 1, name
        for byte in range(at, at + size):
            assert byte not in taken, (register.name, taken.get(byte))
            taken[byte] = name
    for row in ROWS:
        if row.kind is Kind.STATE and row.needs is None:
            assert row.name in view.places, row
    assert NONE == -1 and len(Slot) == ROWS_AT


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ldr x0, [x1]", NOWHERE),
        ("ldr x0, [x1, #0x7ff8]", NOWHERE + 0x7FF8),
        ("ldur w0, [x1, #-4]", NOWHERE - 4),
        ("ldrb w0, [x1, x2]", NOWHERE + 0x10),
        ("ldrh w0, [x1, x2, lsl #1]", NOWHERE + 0x20),
        ("ldr w0, [x1, w3, sxtw #2]", NOWHERE - 32),
        ("ldr q0, [x1, #16]", NOWHERE + 16),
        ("ldr q0, [x1, x2, lsl #4]", NOWHERE + 0x100),
        ("str d0, [x1], #8", NOWHERE),
        ("stp x0, x2, [x1, #-16]!", NOWHERE - 16),
        ("ldp q0, q1, [x1, #32]", NOWHERE + 32),
        ("ldpsw x0, x2, [x1, #8]", NOWHERE + 8),
        ("stxr w4, x0, [x1]", NOWHERE),
        ("ld1 {v0.16b}, [x1]", NOWHERE),
        ("st1 {v0.s}[1], [x1]", NOWHERE),
        ("dc zva, x1", NOWHERE),
        ("ldr x0, [sp, #8]", NOWHERE + 0x1008),
    ],
)
def test_the_fault_address_under_translation_is_virtual(build: Build, text: str, address: int) -> None:
    """A page that maps to no memory: FAR_EL1 has the address that the instruction named, at 4 GiB above."""
    machine = build(f"ldxr x5, [x10]\n{text}\nwfi")
    vcpu = machine.vcpus[0].arch
    root, above = 0x100000, 4 << 30
    memory = machine.memory
    memory.write(root, (1 | 1 << 10).to_bytes(8, "little"))
    memory.write(root + 8 * 4, (1 | 1 << 10).to_bytes(8, "little"))  # 1 GiB at 4 GiB
    values = {"ttbr0_el1": root, "tcr_el1": 25, "sctlr_el1": 1, "x10": 0x8000, "sp": above + NOWHERE + 0x1000}
    values |= {"x1": above + NOWHERE, "x2": 0x10, "x3": (1 << 32) - 8}
    for name, value in values.items():
        vcpu.write_register(name, value)
    if text.startswith("stxr"):
        machine.memory.write(CODE, (0xC85F7C25).to_bytes(4, "little"))  # ldxr x5, [x1]
    assert machine.run(timeout=30, max_insns=1000).ending is Ending.BLOCKED
    assert vcpu.read_register("esr_el1") >> 26 == 0x25
    assert vcpu.read_register("esr_el1") & 0x3F == 0x10
    assert vcpu.read_register("far_el1") == above + address


def test_random_numbers_are_the_same_in_every_run(build: Build) -> None:
    seen = []
    for _ in range(2):
        machine = build(".long 0xd53b2400\n.long 0xd53b2421\ncset x2, eq\nwfi", 1, "max")
        assert machine.run(timeout=30, max_insns=100).ending is Ending.BLOCKED
        seen.append([machine.vcpus[0].arch.read_register(f"x{n}") for n in range(3)])
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][1] and seen[0][2] == 0


def test_wfe_and_yield_go_on(build: Build) -> None:
    machine = build("wfe\n yield\n sev\n mov x0, #3\n wfi")
    assert machine.run(timeout=30, max_insns=100).ending is Ending.BLOCKED
    assert (machine.vcpus[0].arch.read_register("x0"), machine.retired) == (3, 5)


def test_code_that_changes_itself_runs_as_changed(build: Build) -> None:
    machine = build(
        "movz w2, #0x2420\n movk w2, #0x5280, lsl #16\n adr x1, there\n mov x3, #0\nagain:\nthere:\n mov w0, #1\n"
        " add x3, x3, x0\n str w2, [x1]\n dc cvau, x1\n dsb ish\n ic ivau, x1\n dsb ish\n isb\n cmp x3, #0x200\n"
        " b.lo again\n wfi"
    )
    assert machine.run(timeout=30, max_insns=1000).ending is Ending.BLOCKED
    assert machine.vcpus[0].arch.read_register("x3") > 0x200


def atomic(operation: int, operand: int, result: int, base: int = 1) -> int:
    """Armv8.1's atomic operations on words: LDADD 0, LDCLR 1, LDEOR 2, LDSET 3, LDSMIN 5, LDUMAX 6, SWP 8."""
    return 0xB820_0000 | operand << 16 | operation << 12 | base << 5 | result


def compare_and_swap(compared: int, new: int) -> int:
    return 0x88A0_7C00 | compared << 16 | 1 << 5 | new


@pytest.mark.parametrize(
    ("word", "register", "result", "after"),
    [
        (atomic(0, 2, 3), "x3", 0x10, 0x12),
        (atomic(0, 2, 1) | 3 << 22, "x1", 0x10, 0x12),  # ldaddal, into its base
        (atomic(0, 2, 31), "x2", 2, 0x12),  # stadd
        (atomic(1, 4, 3), "x3", 0x10, 0),
        (atomic(2, 4, 3), "x3", 0x10, 0),
        (atomic(3, 2, 3), "x3", 0x10, 0x12),
        (atomic(5, 2, 3), "x3", 0x10, 2),
        (atomic(6, 5, 3), "x3", 0x10, 0x99),
        (atomic(8, 2, 3), "x3", 0x10, 2),
        (compare_and_swap(4, 2), "x4", 0x10, 2),
        (compare_and_swap(2, 5), "x2", 0x10, 0x10),
        (0xB8BF_C023, "x3", 0x10, 0x10),  # ldapr w3, [x1]
    ],
)
def test_atomic_operations_on_a_device_act_once(
    build: Build, word: int, register: str, result: int, after: int
) -> None:
    """The latch's EXTERNAL register, which keeps what is written; Armv8.1 is in model `max`."""
    machine = build(f".long {word}\nldr w6, [x7]\nwfi", 1, "max")
    vcpu = machine.vcpus[0].arch
    for name, value in {"x1": LATCH, "x7": LATCH, "x2": 2, "x4": 0x10, "x5": 0x99}.items():
        vcpu.write_register(name, value)
    machine.devices["latch"].write(0, 4, 0x10)
    machine.run(timeout=30, max_insns=2)
    assert (vcpu.read_register(register), vcpu.read_register("x6")) == (result, after)
