"""The page walk three ways: the plain function, its flat core (uncompiled), and the engine's own MMU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from unicorn import UC_CTL_IO_WRITE, UC_CTL_TLB_FLUSH, UC_HOOK_INTR, UC_PROT_ALL, Uc, UcError

import isa
from isa.contract import Access, WalkResult
from isa.riscv.causes import Cause
from isa.riscv.paging import SCHEMES_32, SCHEMES_64, Scheme, walk
from isa.riscv.paging_core import walk_core

RAM, RAM_SIZE = 0x8000_0000, 0x40_0000
CODE, TABLES, DATA = RAM, RAM + 0x20_0000, RAM + 0x30_0000
V, R, W, X, U, G, A, D = (1 << bit for bit in range(8))
SUM, MXR, MPRV, MPP = 1 << 18, 1 << 19, 1 << 17, 11
USER, SUPERVISOR, MACHINE = 0, 1, 3
NOWHERE = 1  # an `until` that no instruction has
CODE_OF_NO_ENTRY = 0x0800_0800_0800_0800  # c.addi4spn s0, sp, 16, whose low bit says that no entry is here
PAGE_FAULT_FOR = {
    Cause.INSTRUCTION_ACCESS_FAULT: Cause.INSTRUCTION_PAGE_FAULT,
    Cause.LOAD_ACCESS_FAULT: Cause.LOAD_PAGE_FAULT,
    Cause.STORE_ACCESS_FAULT: Cause.STORE_PAGE_FAULT,
}
KINDS = {Access.FETCH: 0, Access.LOAD: 1, Access.STORE: 2}


class Memory(dict[int, int]):
    """Page table entries by guest-physical address; zero elsewhere in RAM, nothing outside."""

    def read(self, address: int, size: int) -> bytes | None:
        if not RAM <= address < RAM + RAM_SIZE:
            return None
        return (self.get(address, 0)).to_bytes(size, "little")


def read_flat(memory: Memory, address: int, size: int) -> tuple[int, int]:
    raw = memory.read(address, size)
    if raw is None:
        return 0, 0
    value = int.from_bytes(raw, "little")
    return value - (1 << 64) if value >> 63 else value, 1


@dataclass(frozen=True)
class Case:
    """One translation: the tables, the state and the access."""

    scheme: Scheme
    entries: tuple[tuple[int, int], ...]
    address: int
    mode: int
    status: int
    access: Access

    @property
    def bits(self) -> int:
        return 32 if self.scheme.name == "Sv32" else 64

    @property
    def satp(self) -> int:
        return self.scheme.mode << (31 if self.bits == 32 else 60) | TABLES >> 12

    @property
    def memory(self) -> Memory:
        return Memory(self.entries)

    def walk(self) -> WalkResult:
        return walk(
            self.memory.read, self.satp, self.status, self.mode, self.address, self.access, bits=self.bits
        )


def canonical(address: int, scheme: Scheme) -> int:
    bits = scheme.address_bits
    if bits == 32:
        return address & 0xFFFF_FFFF
    address &= (1 << bits) - 1
    return address | ((1 << 64) - (1 << bits) if address >> bits - 1 else 0)


FLAGS = st.integers(0, 255)
GOOD = st.sampled_from(
    [V | R | X | A | D, V | R | W | X | U | A | D, V | R | W, V | R | W | A | U, V | X | A | U]
)


@st.composite
def cases(draw: st.DrawFn, *, reserved: bool = False) -> Case:
    """Tables with one path to DATA; its leaf is at a random level, and anything on it may be wrong.

    reserved: also set bits that the specification reserves and the engine ignores.
    """
    scheme = draw(st.sampled_from(SCHEMES_32 + SCHEMES_64))
    leaf = draw(st.integers(0, scheme.levels - 1))
    shift = 12 + leaf * scheme.index_bits
    target = DATA + draw(st.integers(0, 255)) * 8
    upper = draw(st.integers(0, (1 << scheme.address_bits) - 1))
    address = canonical(upper >> shift << shift | target & (1 << shift) - 1, scheme)
    entries: dict[int, int] = {}
    table = TABLES
    for level in reversed(range(leaf, scheme.levels)):
        index = address >> 12 + level * scheme.index_bits & (1 << scheme.index_bits) - 1
        at = table + index * scheme.entry_size
        if level == leaf:
            page = target >> shift << shift
            if draw(st.integers(0, 7)) == 5:
                page |= 0x1000  # a superpage that is not aligned; for 4 KiB just the next page
            entries[at] = page >> 2 | draw(st.one_of(GOOD, GOOD, FLAGS))
        else:
            table += 0x1000
            broken = draw(st.integers(0, 15)) == 9
            entries[at] = table >> 2 | (
                draw(st.sampled_from([0, W | V, W | X | V])) if broken else V | draw(G_BIT)
            )
        if reserved and scheme.entry_size == 8 and draw(st.integers(0, 3)) == 0:
            entries[at] |= draw(st.integers(1, 1023)) << 54
        if reserved and level != leaf and draw(st.integers(0, 3)) == 0:
            entries[at] |= draw(st.sampled_from([U, A, D]))
    if not entries[at] & (R | W | X) and entries[at] & V and not reserved:
        entries[at] &= ~(U | A | D)  # it points onward after all: keep what the engine ignores out
    status = draw(st.sampled_from([0, SUM, MXR, SUM | MXR]))
    return Case(
        scheme,
        tuple(entries.items()),
        address,
        draw(st.sampled_from([USER, SUPERVISOR])),
        status,
        draw(ACCESS),
    )


G_BIT = st.sampled_from([0, G])
ACCESS = st.sampled_from(list(Access))


def flat(case: Case) -> tuple[int, int, int, int, int]:
    wide = int(case.bits == 64)

    def signed(value: int) -> int:
        return value - (1 << 64) if value >> 63 else value

    return walk_core(
        read_flat,
        case.memory,
        wide,
        signed(case.satp) if wide else case.satp,
        case.status,
        case.mode,
        signed(case.address) if wide else case.address,
        KINDS[case.access],
    )


@given(cases(reserved=True))
def test_the_flat_core_agrees_with_the_plain_walk(case: Case) -> None:
    plain = case.walk()
    cause, physical, shift, entry, update = flat(case)
    assert cause == (-1 if plain.fault is None else plain.fault)
    if plain.fault is None:
        assert (physical, 1 << shift, entry) == (plain.physical, plain.page_size, plain.steps[-1].address)
        assert update == (-1 if plain.update is None else plain.update)
    elif plain.steps:
        assert entry == plain.steps[-1].address


@given(
    st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 64) - 1), st.sampled_from([0, 1, 3]), ACCESS,
    st.sampled_from([32, 64]), st.integers(0, (1 << 64) - 1),
)  # fmt: skip
def test_the_flat_core_agrees_on_any_satp_status_and_address(
    satp: int, status: int, privilege: int, access: Access, bits: int, address: int
) -> None:
    satp, address = satp & (1 << bits) - 1, address & (1 << bits) - 1
    plain = walk(Memory().read, satp, status, privilege, address, access, bits=bits)
    wide = int(bits == 64)
    cause, physical, *_ = walk_core(
        read_flat, Memory(), wide, satp, status, privilege, address, KINDS[access]
    )
    assert cause == (-1 if plain.fault is None else plain.fault)
    assert plain.fault is not None or physical == plain.physical


class Engine:
    """A live engine that performs one access under a given translation."""

    def __init__(self, name: str) -> None:
        described = isa.find(name)
        self.bits = described.bits
        self.uc = Uc(described.engine.arch, described.engine.mode)
        self.uc.ctl_set_cpu_model(described.engine.cpu_models[0].number)
        self.ram = bytearray(RAM_SIZE)
        self.uc.mem_map(RAM, RAM_SIZE, UC_PROT_ALL)
        self.uc.hook_add(UC_HOOK_INTR, self._trap)
        self.ids = {row.name: row.unicorn for row in described.registers}
        self.cause: int | None = None

    def _trap(self, uc: Uc, cause: int, _: object) -> None:
        self.cause = cause
        uc.emu_stop()

    def write(self, name: str, value: int) -> None:
        self.uc.reg_write(self.ids[name], value)

    def perform(self, case: Case) -> tuple[int | None, int, dict[int, int]]:
        """(cause or None, what the load gave or the page holds, the entries afterwards)."""
        size = self.bits // 8
        for address, value in case.entries:
            self.uc.mem_write(address, value.to_bytes(case.scheme.entry_size, "little"))
        for offset in range(0, 0x2000, size):
            word = CODE_OF_NO_ENTRY if case.access is Access.FETCH else DATA + offset
            self.uc.mem_write(DATA + offset, (word & (1 << 8 * size) - 1).to_bytes(size, "little"))
        self.cause = None
        self.write("priv", MACHINE)
        self.write("satp", case.satp)
        self.write("a0", case.address)
        self.write("a1", 0)
        if case.access is Access.FETCH:
            self.write("mstatus", case.status)
            self.uc.ctl(UC_CTL_TLB_FLUSH, UC_CTL_IO_WRITE)
            self.uc.ctl_flush_tb()
            self.write("priv", case.mode)
            self._start(case.address)
        else:
            wide = 3 if size == 8 else 2
            word = 0x00053583 if case.access is Access.LOAD else 0x00B53023
            self.uc.mem_write(CODE, (word & ~0x7000 | wide << 12).to_bytes(4, "little"))
            self.write("mstatus", case.status | MPRV | case.mode << MPP)
            self.uc.ctl(UC_CTL_TLB_FLUSH, UC_CTL_IO_WRITE)
            self.uc.ctl_flush_tb()
            self._start(CODE)
        self.write("priv", MACHINE)
        self.write("mstatus", 0)
        after = {
            at: int.from_bytes(self.uc.mem_read(at, case.scheme.entry_size), "little")
            for at, _ in case.entries
        }
        loaded = self.uc.reg_read(self.ids["a1"])
        for address, _ in case.entries:
            self.uc.mem_write(address, bytes(case.scheme.entry_size))
        self.write("satp", 0)
        return self.cause, loaded, after

    def _start(self, pc: int) -> None:
        try:
            self.uc.emu_start(pc, NOWHERE, count=1)
        except UcError as error:
            if self.cause is None:
                raise AssertionError(f"the engine failed with {error}, and no trap") from error


@pytest.fixture(scope="module")
def engine() -> Callable[[Case], Engine]:
    engines = {32: Engine("riscv32"), 64: Engine("riscv64")}
    return lambda case: engines[case.bits]


LEAF = V | R | W | X | U


def one_page(flags: int, access: Access, mode: int = USER, status: int = 0) -> Case:
    """Sv39, three levels, one 4 KiB page at 0x1000."""
    first, second, third = TABLES, TABLES + 0x1000, TABLES + 0x2000
    entries = ((first, second >> 2 | V), (second, third >> 2 | V), (third + 8, DATA >> 2 | flags))
    return Case(SCHEMES_64[0], entries, 0x1000, mode, status, access)


@given(case=cases())
@example(case=one_page(LEAF, Access.STORE))
@example(case=one_page(LEAF | A, Access.STORE))
@example(case=one_page(LEAF, Access.FETCH))
@example(case=one_page(V | X, Access.LOAD, SUPERVISOR, MXR))
@settings(max_examples=400, deadline=None)
def test_the_walk_agrees_with_the_engine(engine: Callable[[Case], Engine], case: Case) -> None:
    expected = case.walk()
    cause, loaded, after = engine(case).perform(case)
    assert cause == PAGE_FAULT_FOR.get(expected.fault, expected.fault), expected.reason
    leaf = expected.steps[-1].address if expected.steps else None
    for address, value in case.entries:
        updated = expected.update if address == leaf and expected.update is not None else value
        assert after[address] == updated
    if expected.physical is not None and case.access is Access.LOAD:
        assert loaded == expected.physical


def test_the_engine_sets_accessed_and_dirty_bits_itself(engine: Callable[[Case], Engine]) -> None:
    for access, bits in ((Access.FETCH, A), (Access.LOAD, A), (Access.STORE, A | D)):
        case = one_page(LEAF, access)
        cause, _, after = engine(case).perform(case)
        assert cause is None
        assert after[TABLES + 0x2008] & (A | D) == bits


@pytest.mark.parametrize("entry", [V | U, V | A, V | D])
def test_the_engine_ignores_reserved_bits_of_inner_entries_and_the_walk_does_not(
    engine: Callable[[Case], Engine], entry: int
) -> None:
    plain = one_page(LEAF | A | D, Access.LOAD)
    (first, _), *rest = plain.entries
    case = Case(plain.scheme, ((first, (TABLES + 0x1000) >> 2 | entry), *rest), 0x1000, USER, 0, Access.LOAD)
    assert engine(case).perform(case)[0] is None
    assert case.walk().fault == Cause.LOAD_PAGE_FAULT


def test_a_table_in_no_memory_is_an_access_fault_and_a_page_fault_in_the_engine(
    engine: Callable[[Case], Engine],
) -> None:
    case = Case(SCHEMES_64[0], ((TABLES, 0x4000_0000 >> 2 | V),), 0x1000, USER, 0, Access.STORE)
    assert case.walk().fault == Cause.STORE_ACCESS_FAULT
    assert engine(case).perform(case)[0] == Cause.STORE_PAGE_FAULT


def test_svade_faults_where_the_engine_would_set_a_bit() -> None:
    for flags, access, faults in (
        (LEAF, Access.LOAD, True),
        (LEAF | A, Access.LOAD, False),
        (LEAF | A, Access.STORE, True),
        (LEAF | A | D, Access.STORE, False),
    ):
        case = one_page(flags, access)
        found = walk(case.memory.read, case.satp, 0, USER, 0x1000, access, svade=True)
        assert (found.fault is not None) == faults


def test_a_walk_tells_its_steps_page_size_and_rights() -> None:
    case = one_page(V | R | X | A, Access.LOAD, SUPERVISOR)
    found = case.walk()
    assert [(step.level, step.address) for step in found.steps] == [
        (2, TABLES),
        (1, TABLES + 0x1000),
        (0, TABLES + 0x2008),
    ]
    assert (found.physical, found.page_size, found.rights, found.update) == (DATA, 4096, "rx", None)


@pytest.mark.parametrize("scheme", SCHEMES_64, ids=lambda scheme: scheme.name)
def test_an_address_that_is_not_canonical_is_a_page_fault_without_a_step(scheme: Scheme) -> None:
    found = Case(scheme, (), 1 << scheme.address_bits, USER, 0, Access.LOAD).walk()
    assert found.fault == Cause.LOAD_PAGE_FAULT
    assert found.steps == ()


def test_mprv_translates_data_of_machine_mode_as_mpp_and_never_fetches() -> None:
    case = one_page(LEAF | A | D, Access.LOAD)
    status = MPRV | USER << MPP

    def physical(access: Access, status: int) -> int | None:
        return walk(case.memory.read, case.satp, status, MACHINE, 0x1000, access).physical

    assert physical(Access.LOAD, status) == DATA
    assert physical(Access.STORE, status) == DATA
    assert physical(Access.FETCH, status) == 0x1000
    assert physical(Access.LOAD, MPRV | MACHINE << MPP) == 0x1000
    assert physical(Access.LOAD, 0) == 0x1000


def test_the_descriptor_s_page_walk_reads_its_registers_by_name() -> None:
    case = one_page(LEAF | A | D, Access.LOAD)
    described = isa.find("riscv64")
    assert described.page_walk is not None
    values = {"satp": case.satp, "mstatus": 0, "priv": USER}
    assert (
        described.page_walk(case.memory.read, values.__getitem__, 0x1234, Access.LOAD).physical
        == DATA + 0x234
    )


@pytest.fixture(scope="module")
def compiled() -> Callable[[Case], tuple[int, int, int, int, int]]:
    """The flat core as numba compiles it, over entries in two arrays."""

    @numba.njit
    def read(memory: tuple[np.ndarray, np.ndarray], address: int, size: int) -> tuple[int, int]:
        if address < RAM or address >= RAM + RAM_SIZE:
            return 0, 0
        for index in range(memory[0].size):
            if memory[0][index] == address:
                return memory[1][index], 1
        return 0, 1

    core = numba.njit(walk_core)

    def run(case: Case) -> tuple[int, int, int, int, int]:
        addresses = np.array([address for address, _ in case.entries], np.int64)
        values = np.array([value for _, value in case.entries], np.uint64).view(np.int64)
        numbers = np.array([case.satp, case.status, case.mode, case.address], np.uint64).view(np.int64)
        found = core(read, (addresses, values), int(case.bits == 64), *numbers, KINDS[case.access])
        return tuple(int(number) for number in found)

    return run


@given(case=cases(reserved=True))
@settings(deadline=None)
def test_the_flat_core_gives_the_same_when_compiled(
    compiled: Callable[[Case], tuple[int, int, int, int, int]], case: Case
) -> None:
    assert compiled(case) == flat(case)
