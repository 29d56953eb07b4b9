"""Native m68k: exceptions leave the frame that the CPU's manual has, go through the vector table, and `rte` comes
back."""

from __future__ import annotations

import pytest

from emu.outcome import Ending
from tests.isa.m68k.conftest import CODE, HANDLER, NOWHERE, STACK, Build, read, words

LATCH, TIMER = 0x1003_0000, 0x1002_0000
FRAMES = [
    # model, code, vector, pc - CODE in the frame, what follows SR and PC in it
    ("m68000", "4e71 4afc", 4, 2, ()),
    ("m68000", "4e71 4e43", 35, 4, ()),
    ("m68000", "4e71 80fc0000", 5, 6, ()),
    ("m68020", "4e71 4afc", 4, 2, (0x0010,)),
    ("m68020", "4e71 80fc0000", 5, 6, (0x2014, 0, CODE + 2)),
    ("m68020", "4e71 4e43", 35, 4, (0x008C,)),
    ("m68020", "4e71 a123", 10, 2, (0x0028,)),
    ("m68020", "4e71 ff00", 11, 2, (0x002C,)),
    ("m68040", "4e71 4848", 4, 2, (0x0010,)),
    ("m68040", "4e71 41bc0005", 6, 6, (0x2018, 0, CODE + 2)),
    ("m68040", "00d0 0800", 6, 4, (0x2018, 0, CODE)),  # chk2.b (a0), d0
    ("m68040", "003c0002 4e76", 7, 6, (0x201C, 0, CODE + 4)),
    ("m68040", "003c0004 57fb 00000000", 7, 10, (0x201C, 0, CODE + 4)),
    ("m68040", "4e71 4e7a0fff", 4, 2, (0x0010,)),
    ("m68060", "4e71 4e7a0803", 4, 2, (0x0010,)),  # it has no master stack
    ("m68060", "4e71 01080000", 4, 2, (0x0010,)),  # and no movep
]


@pytest.mark.parametrize(("model", "code", "vector", "back", "rest"), FRAMES)
def test_an_exception_s_frame(
    build: Build, model: str, code: str, vector: int, back: int, rest: tuple[int, ...]
) -> None:
    machine = build(code, model, sr=0x2700, d0=0xFFFF, a0=0x6000)
    machine.memory.write(0x6000, b"\x01\x02")
    machine.memory.write(4 * vector, (HANDLER + 0x40).to_bytes(4, "big"))
    machine.memory.write(HANDLER + 0x40, b"\x60\xfe")
    machine.run(max_insns=5)
    sp, pc, sr = read(machine, "a7", "pc", "sr")
    size = 3 + len(rest)
    assert (sp, pc) == (STACK - 2 * size, HANDLER + 0x40)
    frame = words(machine, sp, size)
    assert frame[0] & 0xFFE0 == 0x2700
    assert (frame[1] << 16 | frame[2]) - CODE == back
    expected = [part for one in rest for part in ((one >> 16, one & 0xFFFF) if one > 0xFFFF else (one,))]
    assert frame[3:] == (expected if len(expected) == len(frame[3:]) else list(rest))
    assert sr & 0x2000


BUS_ERRORS = [
    # model, size of the frame, format, where in it the address is
    ("m68000", 14, None, 2),
    ("m68020", 92, 11, 16),
    ("m68030", 92, 11, 16),
    ("m68040", 60, 7, 20),
    ("m68060", 16, 4, 8),
]


@pytest.mark.parametrize(("model", "size", "format", "at"), BUS_ERRORS)
def test_a_bus_error_s_frame_says_where_and_rte_makes_the_access_again(
    build: Build, model: str, size: int, format: int | None, at: int
) -> None:
    """move.l (a0), d0; the handler makes a0 right. The MC68000's rte takes three words: the others are for it to
    drop."""
    machine = build("2010 60fe", model, a0=NOWHERE + 4)
    skip = "508f" if format is None else "4e71"  # addq.l #8, a7
    machine.memory.write(HANDLER, bytes.fromhex("207c00006000" + skip + "4e73"))
    machine.memory.write(0x6000, bytes.fromhex("12345678"))
    machine.run(max_insns=1)
    sp = read(machine, "a7")[0]
    assert sp == STACK - size
    frame = words(machine, sp, size // 2)
    assert frame[at // 2] << 16 | frame[at // 2 + 1] == NOWHERE + 4
    if format is not None:
        assert frame[3] == format << 12 | 8
        assert frame[1] << 16 | frame[2] == CODE
    machine.run(max_insns=5)
    assert read(machine, "a7", "d0", "pc") == [STACK, 0x12345678, CODE + 2]


def test_coldfire_has_one_frame_and_aligns_the_stack(build: Build) -> None:
    machine = build("4e71 4e43", "m5206", a7=STACK + 2)
    machine.memory.write(HANDLER, bytes.fromhex("4e73"))
    machine.run(max_insns=1)
    assert machine.retired == 1
    machine = build("4e71 4e43 60fe", "m5206", a7=STACK + 2)
    machine.run(max_insns=2)
    assert read(machine, "a7") == [STACK - 8]
    top = words(machine, STACK - 8, 4)
    assert top[0] == 6 << 12 | 35 << 2
    assert top[2] << 16 | top[3] == CODE + 4
    machine.memory.write(HANDLER, bytes.fromhex("4e73"))
    machine.vcpus[0].arch.forget_code()
    machine.run(max_insns=2)
    assert read(machine, "a7", "pc") == [STACK + 2, CODE + 4]


def test_coldfire_s_frame_says_what_access_failed(build: Build) -> None:
    for code, status in (("2010", 12), ("2080", 8), ("4ed0", 4)):
        machine = build(code, "m5206", a0=NOWHERE)
        machine.run(max_insns=2)
        top = words(machine, read(machine, "a7")[0], 2)
        assert (top[0] >> 10 & 3) << 2 | top[0] & 3 == status, code


def test_a_vector_that_is_zero_ends_the_run_with_registers_as_they_were(build: Build) -> None:
    machine = build("7001 4afc", sr=0x2015)
    machine.memory.write(16, bytes(4))
    outcome = machine.run(max_insns=10)
    assert (outcome.ending, outcome.pc) == (Ending.CRASHED, CODE + 2)
    assert "illegal instruction" in outcome.text
    assert read(machine, "a7", "sr", "d0") == [STACK, 0x2010, 1]
    assert machine.retired == 1


def test_without_a_stack_the_cpu_stops(build: Build) -> None:
    outcome = build("4afc", a7=NOWHERE).run(max_insns=10)
    assert (outcome.ending, outcome.pc) == (Ending.CRASHED, CODE)


def test_a_vector_that_traps_at_once_is_a_loop(build: Build) -> None:
    machine = build("4afc")
    machine.memory.write(HANDLER, bytes.fromhex("4afc"))
    outcome = machine.run(max_insns=1000)
    assert outcome.ending is Ending.TRAP_LOOP
    assert machine.retired == 0


def test_user_mode_has_its_own_stack_and_may_not_leave_it(build: Build) -> None:
    machine = build("4e66 46fc0000 4e71 46fc2700", a6=0x7000)  # move a6, usp; move #0, sr
    machine.run(max_insns=3)
    assert read(machine, "a7", "usp", "isp", "sr") == [0x7000, 0x7000, STACK, 0]
    machine.run(max_insns=1)
    assert read(machine, "a7", "usp", "isp", "sr", "pc") == [STACK - 8, 0x7000, STACK - 8, 0x2000, HANDLER]
    assert words(machine, STACK - 8, 4) == [0, 0, CODE + 8, 0x0020]


def test_an_interrupt_on_the_master_stack_leaves_a_throwaway_frame(build: Build) -> None:
    machine = build("46fc3000 60fe", msp=0x7000)
    machine.memory.write(HANDLER, bytes.fromhex("4e73"))
    machine.run(max_insns=1)
    machine.vcpus[0].arch.set_line(4, True)
    machine.run(max_insns=0)
    arch = machine.vcpus[0].arch
    machine.run(max_insns=1)
    assert read(machine, "sr")[0] & 0x3700 in (0x3000, 0x2400)
    arch.set_line(4, False)
    machine.run(max_insns=2)
    assert read(machine, "sr", "a7", "isp", "pc") == [0x3000, 0x7000, STACK, CODE + 4]


def test_the_mask_lets_in_higher_levels_only_and_the_highest_first(build: Build) -> None:
    machine = build("4e71 46fc2500 4e71 46fc2300 4e71 60fe", sr=0x2700)
    for level in range(1, 8):
        machine.memory.write(4 * (24 + level), (HANDLER + 0x10 * level).to_bytes(4, "big"))
        machine.memory.write(HANDLER + 0x10 * level, b"\x60\xfe")
    arch = machine.vcpus[0].arch
    arch.set_line(4, True)
    arch.set_line(1, True)
    machine.run(max_insns=2)
    assert read(machine, "pc", "sr") == [CODE + 6, 0x2500]
    machine.run(max_insns=1)
    machine.run(max_insns=1)
    assert read(machine, "sr")[0] & 0x700 in (0x300, 0x400)
    machine.run(max_insns=1)
    assert read(machine, "pc", "sr") == [HANDLER + 0x40, 0x2400]
    assert words(machine, STACK - 8, 4) == [0x2300, 0, CODE + 12, 28 * 4]
    arch.set_line(6, True)
    machine.run(max_insns=1)
    assert read(machine, "pc", "sr") == [HANDLER + 0x60, 0x2600]
    arch.set_line(7, True)
    machine.run(max_insns=1)
    assert read(machine, "pc", "sr") == [HANDLER + 0x70, 0x2700]


def test_stop_waits_for_a_level_above_the_mask_that_it_sets(build: Build) -> None:
    machine = build("4e72 2400 60fe")
    machine.memory.write(HANDLER, bytes.fromhex("60fe"))
    assert machine.run(max_insns=10).ending is Ending.BLOCKED
    assert (machine.retired, *read(machine, "pc", "sr")) == (1, CODE + 4, 0x2400)
    arch = machine.vcpus[0].arch
    arch.set_line(4, True)
    assert not arch.can_wake()
    arch.set_line(6, True)
    assert arch.can_wake()


def test_movec_reaches_the_registers_of_each_model(build: Build) -> None:
    """movec d0, X; movec X, d1, for X of: vbr, cacr, tc, usp, msp, isp, sfc."""
    for model, number, value in (
        ("m68020", 0x801, 0x1234_5600),
        ("m68020", 0x002, 0x0000_0001),
        ("m68040", 0x002, 0x8000_8000),
        ("m68040", 0x003, 0x0000_4000),
        ("m68040", 0x804, 0x0000_7FF0),
        ("m68040", 0x803, 0x0000_7FF0),
        ("m68060", 0x002, 0xF8E0_E000),
        ("m68030", 0x000, 5),
        ("m68040", 0x005, 0x8765_4000),
        ("m68040", 0x806, 0x0012_3400),
    ):
        machine = build(f"4e7b 0{number:03x} 4e7a 1{number:03x}", model, d0=value)
        machine.run(max_insns=2)
        assert (machine.retired, read(machine, "d1")[0]) == (2, value), (model, hex(number))


@pytest.mark.parametrize(
    ("predicate", "met"),
    [
        (0x01, "z"),
        (0x02, ">"),
        (0x04, "<"),
        (0x0E, "<>n"),
        (0x08, "n"),
        (0x0F, "<z>n"),
        (0x13, ">z"),
        (0x1A, ">n"),
    ],
)
def test_floating_point_conditions(build: Build, predicate: int, met: str) -> None:
    for name, bits in (("<", 8), ("z", 4), (">", 0), ("n", 1)):
        machine = build(f"f240 {predicate:04x} 60fe", fpsr=bits << 24, d0=0x1200)
        machine.run(max_insns=1)
        assert read(machine, "d0", "pc") == [0x12FF if name in met else 0x1200, CODE + 4], name
        machine = build(f"f248 {predicate:04x} 0010", fpsr=bits << 24, d0=0x10005)
        machine.run(max_insns=1)
        assert read(machine, "d0", "pc") == (
            [0x10005, CODE + 6] if name in met else [0x10004, CODE + 0x14]
        ), name


def test_fscc_to_memory(build: Build) -> None:
    for code, at, a0 in (("f250 000f", 0x6000, 0x6000), ("f258 000f", 0x6000, 0x6001), ("f260 000f", 0x5FFF, 0x5FFF),
                         ("f268 000f 0010", 0x6010, 0x6000), ("f279 000f 0000 6100", 0x6100, 0x6000)):  # fmt: skip
        machine = build(code, a0=0x6000)
        machine.run(max_insns=1)
        assert (machine.memory.read(at, 1), read(machine, "a0")[0]) == (b"\xff", a0), code


def test_calls_to_the_vmm_are_supervisor_calls_with_the_gate_value(build: Build) -> None:
    for status, gate, retired in ((0x2700, 0x485643, 2), (0x2700, 0, 1), (0x0000, 0x485643, 1)):
        machine = build("7001 4e4f", d7=gate, d1=5, d2=9, usp=0x7000)
        machine.vcpus[0].arch.write_register("sr", status)
        machine.run(max_insns=2)
        called = retired == 2
        assert read(machine, "pc")[0] == (CODE + 4 if called else HANDLER)
        assert read(machine, "d0")[0] == (12 if called else 1)


def test_the_mmu_is_the_engine_s_and_its_faults_are_the_guest_s(build: Build) -> None:
    """Page tables at 0x100000 map 16 MiB one to one, but for one page of which the last reads 0x6000."""
    machine = build("4e7b 0807 203c 00008000 4e7b 0003 f518 2010 60fe", "m68040", d0=0x10_0000, a0=0x40_0000)
    tables = bytearray(0x8000)
    for root in range(1):
        tables[4 * root : 4 * root + 4] = (0x10_0200 | 2).to_bytes(4, "big")
    for pointer in range(64):
        tables[0x200 + 4 * pointer : 0x204 + 4 * pointer] = (0x10_1000 + 0x100 * pointer | 2).to_bytes(
            4, "big"
        )
        for page in range(64):
            address = pointer << 18 | page << 12
            entry = 0x6000 if address == 0x40_0000 else address
            present = 0 if address == 0x50_0000 else 1
            at = 0x1000 + 0x100 * pointer + 4 * page
            tables[at : at + 4] = (entry | present).to_bytes(4, "big")
    machine.memory.write(0x10_0000, bytes(tables))
    machine.memory.write(0x6000, bytes.fromhex("cafe0001"))
    machine.run(max_insns=6)
    assert read(machine, "d0", "pc") == [0xCAFE0001, CODE + 18]
    machine.vcpus[0].arch.write_register("pc", CODE + 16)
    machine.vcpus[0].arch.write_register("a0", 0x50_0008)
    machine.run(max_insns=1)
    sp, pc = read(machine, "a7", "pc")
    assert (sp, pc) == (STACK - 60, HANDLER)
    frame = words(machine, sp, 30)
    assert frame[3] == 0x7008
    assert frame[10] << 16 | frame[11] == 0x50_0008


IMPOSSIBLE = [
    0x4800,  # fmove.x d0,fp0
    0x4C00,  # fmove.p
    0x5400,  # fmove.d
    0x6800,  # fmove.x fp0,d0
    0x6C00,
    0x7400,
    0x7C00,  # fmove.p fp0,d0{d0}
    0x4822,  # fadd.x d0,fp0
]


@pytest.mark.parametrize("cpu", ["m68020", "m68030", "m68040", "m68060", "cfv4e", "any"])
@pytest.mark.parametrize("extension", IMPOSSIBLE)
def test_a_format_wider_than_a_data_register_is_no_instruction(
    build: Build, cpu: str, extension: int
) -> None:
    machine = build(f"4e71 f200 {extension:04x} 60fe", cpu)
    machine.run(max_insns=2)
    assert read(machine, "pc") == [HANDLER]
    frame = words(machine, read(machine, "a7")[0], 4)
    assert frame[0 if cpu in ("cfv4e", "any") else 3] & 0x3FC == 0x2C  # line F


@pytest.mark.parametrize("word", [0xF210, 0xF239, 0xF23C])
def test_a_format_that_is_none_is_no_instruction(build: Build, word: int) -> None:
    machine = build(f"{word:04x} 5c00 0000 3000 0000 60fe", a0=0x3000)
    machine.run(max_insns=1)
    assert read(machine, "pc") == [HANDLER]


@pytest.mark.parametrize(("extension", "value"), [(0x4000, 70000), (0x5000, 4464), (0x5800, 112)])
def test_a_data_register_of_integers_can_be_loaded_from(build: Build, extension: int, value: int) -> None:
    machine = build(f"f200 {extension:04x} f201 6000 60fe", d0=70000)
    machine.run(max_insns=2)
    assert read(machine, "d1") == [value]


def test_two_vectors_that_trap_into_each_other_are_a_loop(build: Build) -> None:
    machine = build("4afc")
    for vector, at, word in ((4, 0x3100, 0xA000), (10, 0x3200, 0x4AFC)):
        machine.memory.write(4 * vector, at.to_bytes(4, "big"))
        machine.memory.write(at, word.to_bytes(2, "big"))
    machine.vcpus[0].arch.forget_code()
    outcome = machine.run(max_insns=1000, timeout=30)
    assert outcome.ending is Ending.TRAP_LOOP
    assert machine.retired == 0


def test_an_interrupt_that_finds_no_stack_ends_the_run(build: Build) -> None:
    machine = build("13fc 0001 1003 0000" + "60fe", sr=0x2000, a7=NOWHERE)  # the latch: its level is let in
    outcome = machine.run(max_insns=100_000, timeout=30)
    assert outcome.ending is Ending.TRAP_LOOP
    assert machine.retired < 100
