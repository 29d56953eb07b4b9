"""The page walk against the engine's own MMU, on random tables."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from axvcpu.exits import AccessFlags
from isa.contract import Access, WalkResult
from isa.x86.causes import Cause
from isa.x86.paging import PS, RW, US, XD, A, D, P, page_walk, scheme
from tests.isa.x86.board import CODE, DATA, DATA_SELECTOR, HANDLER_SIZE, HANDLERS, USER_CODE, USER_DATA, Board
from tests.isa.x86.conftest import BuildBoard

TABLES, PAGES = 0x40_0000, 0x80_0000
PAE_BIT, PSE_BIT, SMEP, SMAP = 1 << 5, 1 << 4, 1 << 20, 1 << 21
WP, PG, NXE = 1 << 16, 1 << 31, 1 << 11
ROUNDS = 60


@dataclass(frozen=True)
class Mode:
    isa: str
    levels: int
    bits: int  # of an index
    size: int  # of an entry
    cr4: int


MODES = {
    "32-bit": Mode("i386", 2, 10, 4, PSE_BIT),
    "32-bit without large pages": Mode("i386", 2, 10, 4, 0),
    "PAE": Mode("i386", 3, 9, 8, PAE_BIT),
    "4-level": Mode("x86_64", 4, 9, 8, PAE_BIT),
}


def entry(one: Board, at: int, value: int, size: int) -> None:
    one.poke(at, value.to_bytes(size, "little"))


def identity(one: Board, mode: Mode) -> int:
    """Map the first 4 MiB onto themselves, for everyone; the root table. Entries from 1 on of each table are free."""
    rights, at = P | RW | US, TABLES
    for level in range(mode.levels, 1, -1):
        first = rights if not (mode.levels == 3 and level == 3) else P
        entry(one, at, at + 0x1000 | first, mode.size)
        at += 0x1000
    for page in range(1 << mode.bits if mode.levels == 2 else 512):
        entry(one, at + page * mode.size, page << 12 | rights, mode.size)
    return TABLES


def random_path(one: Board, mode: Mode, chance: random.Random, root: int) -> int:
    """A path of random entries beside the identity; the linear address that takes it."""
    address, table = 0, root
    for level in range(mode.levels, 0, -1):
        top_of_pae = mode.levels == 3 and level == 3
        index = chance.randrange(1, 4 if top_of_pae else 16)
        address |= index << 12 + (level - 1) * mode.bits
        rights = sum(
            bit
            for bit, odds in ((P, 0.93), (RW, 0.7), (US, 0.7), (A, 0.5), (D, 0.3))
            if chance.random() < odds
        )
        if top_of_pae:
            rights &= P
        elif mode.size == 8 and chance.random() < 0.15:
            rights |= XD
        if mode.size == 8 and chance.random() < 0.05:
            rights |= 1 << chance.randrange(40, 52)
        if level > 1 and not top_of_pae and chance.random() < 0.2:
            rights |= PS
        if rights & PS and (mode.size == 8 or mode.cr4 & PSE_BIT) and level < 4:
            odd = 1 << chance.randrange(13, 21) if chance.random() < 0.2 else 0
            frame = (PAGES & ~((1 << 12 + (level - 1) * mode.bits) - 1)) | odd
        else:
            frame = table + 0x1000 * mode.levels if level > 1 else PAGES + 0x1000 * chance.randrange(16)
        entry(one, table + index * mode.size, frame | rights, mode.size)
        table = frame
    return address + chance.randrange(0, 0xFF0, 2)


def engine_s(one: Board, access: Access, user: bool, address: int) -> tuple[bool, int]:
    """Whether the access goes through, and where it went: a byte that only that place has. Else the vector."""
    letter = "r" if one.wide else "e"
    text = {
        Access.LOAD: f"mov al, [{letter}bx]",
        Access.STORE: f"mov byte ptr [{letter}bx], 0x5a",
        Access.FETCH: f"jmp {letter}bx",
    }[access]
    one.load(f"{text}\nint 0x30", CODE)
    one.write(f"{letter}bx", address)
    for name, selector in (("cs", USER_CODE if user else 8), ("ss", USER_DATA if user else DATA_SELECTOR)):
        one.write(name, selector)
        attributes = one.read(f"{name}_attr") & ~0x6000
        one.write(f"{name}_attr", attributes | 0x6000 if user else attributes)
    one.write(one.sp, 0x3_4000)
    one.machine.run(max_insns=50, timeout=20)
    vector = (one.read("pc") - HANDLERS) // HANDLER_SIZE
    return vector == 0x30, vector


@pytest.mark.parametrize("name", MODES)
def test_the_walk_is_the_engine_s(board: BuildBoard, name: str) -> None:
    mode, chance = MODES[name], random.Random(name)
    one = board(mode.isa)
    one.gate(0x30, dpl=3)
    for vector in range(0x40):
        one.handler(vector, "l: jmp l")
    root = identity(one, mode)
    one.write("cr4", one.read("cr4") & ~(PSE_BIT | PAE_BIT) | mode.cr4)
    one.write("cr3", root)
    outcomes = set()
    for _ in range(ROUNDS):
        address = random_path(one, mode, chance, root)
        one.write("efer", one.read("efer") & ~NXE | (NXE if mode.size == 8 and chance.random() < 0.7 else 0))
        one.write("cr0", 0x11 | PG | (WP if chance.random() < 0.5 else 0))
        access, user = chance.choice(list(Access)), chance.random() < 0.5
        for page in range(0, 0x40_0000, 0x1000):  # `int 0x30` wherever code may be fetched from
            if page < 0x10000:
                one.poke(PAGES + page, b"\xcd\x30" * 0x800)
        one.vcpu.arch.flush_tlb()
        one.machine.forget_code()
        if mode.isa == "x86_64" and chance.random() < 0.05:
            address |= 1 << 47
        one.write("cs_attr", one.read("cs_attr") & ~0x6000 | (0x6000 if user else 0))
        one.write("ss_attr", one.read("ss_attr") & ~0x6000 | (0x6000 if user else 0))
        walked = walk(one, address, access)
        if walked.physical is not None and not PAGES <= walked.physical < PAGES + 0x10000:
            continue
        passed, vector = engine_s(one, access, user, address)
        assert passed == (walked.physical is not None), (hex(address), access, user, walked, vector)
        if passed:
            assert walked.physical is not None
            if access is Access.STORE:
                assert one.peek(walked.physical, 1) == 0x5A
            last = walked.steps[-1]
            if walked.update is not None:
                assert one.peek(last.address, mode.size) == walked.update
            else:
                assert one.peek(last.address, mode.size) == last.value
        else:
            assert vector == walked.fault
            if vector == Cause.PAGE_FAULT:
                assert one.read("cr2") == address
        outcomes.add((passed, access))
    assert len(outcomes) >= 5


def walk(one: Board, address: int, access: Access) -> WalkResult:
    def physical(at: int, size: int) -> bytes | None:
        return one.machine.memory.read(at, size) if at + size <= 0x100_0000 else None

    return page_walk(physical, one.read, address, access)


def test_there_is_a_scheme_only_with_paging() -> None:
    assert scheme(0x11, 0x20, 0x500) is None
    for cr4, efer, name in ((0, 0, "32-bit"), (0x20, 0, "PAE"), (0x20, 0x500, "4-level")):
        found = scheme(0x8000_0011, cr4, efer)
        assert found is not None
        assert found.name == name


def test_a_walk_says_each_step_and_what_forbids(board: BuildBoard) -> None:
    one = board("i386")
    identity(one, MODES["32-bit"])
    for name, value in (("cr3", TABLES), ("cr4", PSE_BIT), ("cr0", 0x11 | PG)):
        one.write(name, value)
    found = walk(one, DATA + 3, Access.LOAD)
    assert [step.level for step in found.steps] == [2, 1]
    assert (found.physical, found.page_size, found.rights) == (DATA + 3, 4096, "rwxu")
    assert one.vcpu.arch.translate(DATA + 3, AccessFlags.READ) == DATA + 3
    absent = walk(one, 0x4000_0000, Access.LOAD)
    assert (absent.fault, absent.reason) == (Cause.PAGE_FAULT, "the entry is not present")
