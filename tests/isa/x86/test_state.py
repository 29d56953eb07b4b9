"""The places that calibration finds are those that the API sees; every register keeps what is written to it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import unicorn.x86_const as uc

from emu.engine.engine import Engine, give, take
from isa import registry
from isa.contract import Isa
from isa.x86.layout import CS64, GUEST, LMA, PE, Slot
from isa.x86.svm import PRIVATE, PRIVATE_SIZE
from tests.isa.x86.board import Board
from tests.isa.x86.conftest import BuildBoard

ISAS = pytest.mark.parametrize("name", ["x86_64", "i386"])
ODD = (
    "cpl",
    "tsc",
    "eflags",
    "fstat",
    "ftag",
    "mxcsr",
    "dr6",
    "dr7",
    "cr0",
    "cr4",
    "efer",
    "cr8",
    "fctrl",
    "tr_attr",
)
"""Registers of which not every bit can be written."""


@pytest.fixture(params=["x86_64", "i386"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    isa = registry.find(request.param)
    made = take(isa, registry.cpu_model(isa, None))
    yield made
    give(made)


def test_the_state_of_the_engine_is_reached_in_place(engine: Engine) -> None:
    assert engine.word("context") == 0
    assert engine.word("step") != 0


@pytest.mark.parametrize(
    ("name", "register", "value"),
    [
        ("eax", uc.UC_X86_REG_EAX, 0x1234_5678), ("esp", uc.UC_X86_REG_ESP, 0x0ABC_DEF0),
        ("bx", uc.UC_X86_REG_BX, 0x1357), ("ch", uc.UC_X86_REG_CH, 0x5A), ("dl", uc.UC_X86_REG_DL, 0xA5),
        ("fs_base", uc.UC_X86_REG_FS_BASE, 0x12_3456_0000), ("gs_base", uc.UC_X86_REG_GS_BASE, 0x9876_0000),
        ("cr2", uc.UC_X86_REG_CR2, 0x1234_5000), ("cr3", uc.UC_X86_REG_CR3, 0x7000), ("dr0", uc.UC_X86_REG_DR0, 0x4444),
        ("dr3", uc.UC_X86_REG_DR3, 0x1234_0000), ("mxcsr", uc.UC_X86_REG_MXCSR, 0x1FA0),
        ("fctrl", uc.UC_X86_REG_FPCW, 0x27F), ("fop", uc.UC_X86_REG_FOP, 0x123),
    ],
)  # fmt: skip
def test_a_register_by_name_is_the_api_s_both_ways(
    engine: Engine, name: str, register: int, value: int
) -> None:
    view = engine.registers
    engine.write(register, value)
    assert view.get(engine.take_state(), name) == value
    view.put(engine.take_state(), name, 0)
    engine.put_state()
    assert engine.read(register) == 0


def test_flags_that_were_computed_are_one_word_at_rest(board: BuildBoard) -> None:
    for text, flags in (("xor eax, eax", 0x46), ("mov eax, -1\nadd eax, 1", 0x57), ("std\nstc", 0x403)):
        one = board()
        one.run(f"{text}\nhlt")
        assert one.read("eflags") == flags, text


def test_flags_can_be_written_at_rest(board: BuildBoard) -> None:
    one = board()
    one.load("pushfq\npop rax\nhlt")
    one.write("eflags", 0x4C5)
    one.run()
    assert one.read("rax") == 0x4C7
    assert one.read("eflags") == 0x4C7


@ISAS
def test_every_register_keeps_what_is_written(board: BuildBoard, name: str) -> None:
    one, chance = board(name), random.Random(name)
    for row in one.isa.registers:
        if row.name in ODD:
            continue
        value = chance.getrandbits(16 if row.name in X87_WORDS or row.name[-2:] in SELECTORS else row.bits)
        one.write(row.name, value)
        assert one.read(row.name) == value, row.name


X87_WORDS = ("fop", "fiseg", "foseg")
SELECTORS = ("cs", "ss", "ds", "es", "fs", "gs")


def test_the_x87_stack_is_read_from_its_top(board: BuildBoard) -> None:
    one = board()
    one.run("fld1\nfldz\nfldpi\nhlt")
    assert one.read("st2") == 0x3FFF_8000_0000_0000_0000
    assert one.read("st1") == 0
    assert one.read("st0") >> 64 == 0x4000
    assert one.read("fstat") >> 11 & 7 == 5
    assert one.read("ftag") == 0b00_01_00_11_11_11_11_11  # 7: valid, 6: zero, 5: valid, the rest empty
    assert one.read("mm5") == one.read("st0") & (1 << 64) - 1
    one.write("fstat", one.read("fstat") & ~0x3800 | 6 << 11)
    assert one.read("st0") == 0


@ISAS
def test_parts_of_a_register_are_it(board: BuildBoard, name: str) -> None:
    one = board(name)
    whole = "rdx" if one.wide else "edx"
    one.write(whole, 0x1122_3344_5566_7788 if one.wide else 0x5566_7788)
    one.write("dl", 0xAA)
    one.write("dh", 0xBB)
    assert one.read("edx") == 0x5566_BBAA
    assert one.read("dx") == 0xBBAA
    if one.wide:
        assert one.read("rdx") == 0x1122_3344_5566_BBAA
        one.write("r9b", 0xFF)
        assert one.read("r9") == 0xFF


def test_machines_start_in_flat_64_bit_mode() -> None:
    flags = hidden(Board("x86_64"))
    assert flags & (PE | LMA | CS64) == PE | LMA | CS64


def test_machines_start_in_flat_32_bit_mode() -> None:
    one = Board("i386")
    assert hidden(one) & (PE | LMA | CS64) == PE
    assert (one.read("efer"), one.read("cr0"), one.read("cpl")) == (0, 0x11, 0)
    assert one.read("cs_limit") == 0xFFFF_FFFF


def hidden(one: Board) -> int:
    one.machine.settle()
    engine = one.vcpu.arch._loaded()
    flags = engine.registers.get(engine.take_state(), "hidden")
    assert flags & GUEST
    return flags


def test_writing_a_segment_s_attributes_changes_what_the_engine_does(board: BuildBoard) -> None:
    one = board()
    one.load("inc eax\nhlt")  # ff c0 f4, in 16 bits too
    one.write("cs_attr", 0xCF9B00)
    assert not hidden(one) & CS64
    one.write("cs_attr", 0xAF9B00)
    assert hidden(one) & CS64


def test_the_engine_s_own_memory_is_nowhere_for_the_guest(board: BuildBoard) -> None:
    for address in (PRIVATE, PRIVATE + PRIVATE_SIZE - 8):
        one = board()
        one.run(f"mov rax, {address}\nmov rbx, [rax]\nhlt")
        assert one.vector == 13
        assert one.read("rbx") == 0


def test_the_page_after_the_tables_of_msrs_is_not_read_as_one(engine: Engine) -> None:
    layout = [int(each) for each in engine.layout]
    assert layout[Slot.VMCB] % 0x1000 == 0
    assert layout[Slot.SIZE] == engine.state_size


@ISAS
def test_a_saved_state_goes_on_in_another_machine(board: BuildBoard, name: str) -> None:
    text = "mov ecx, 5000\nfld1\nl: add eax, ecx\nadc edx, 0\nfadd st(0), st(0)\ndec ecx\njnz l\nhlt"
    first, second = board(name), board(name)
    first.load(text)
    first.run(max_insns=7001)
    state = first.machine.save()
    first.run()
    second.machine.restore(state)
    second.run()
    assert second.machine.state_hash() == first.machine.state_hash()


def described(name: str) -> Isa:
    return registry.find(name)


@ISAS
def test_a_power_on_state_has_nothing_in_its_general_registers(board: BuildBoard, name: str) -> None:
    one = board(name)
    for row in described(name).registers:
        if row.group == "general" and row.name.endswith(("ax", "bx", "cx", "dx", "si", "di", "bp")):
            assert one.read(row.name) == 0
