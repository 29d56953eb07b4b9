"""The register table against Capstone's names, the engine, and the privileged specification."""

from __future__ import annotations

import capstone
import capstone.riscv_const as names
import pytest
from unicorn import UC_HOOK_INSN_INVALID, UC_HOOK_INTR, Uc, UcError

import isa
from isa.contract import Isa, Register, Role
from isa.errors import UnknownRegister
from isa.riscv.registers import CSRS

BOTH = pytest.mark.parametrize("name", ["riscv64", "riscv32"])
CODE = 0x1000
MACHINE = 3
FS_INITIAL = 1 << 13
HOST_TIME = {"cycle", "instret", "cycleh", "instreth", "mcycle", "minstret", "mcycleh", "minstreth"}

# What a CSR keeps of all ones and of zero, where it does not keep every bit.
WRITABLE_ANYTHING = {"mscratch", "sscratch", "mcause", "scause", "mtval", "stval", "mcounteren", "scounteren"}


@pytest.fixture(params=["riscv64", "riscv32"])
def described(request: pytest.FixtureRequest) -> Isa:
    return isa.find(request.param)


@pytest.fixture
def engine(described: Isa) -> Uc:
    uc = Uc(described.engine.arch, described.engine.mode)
    uc.ctl_set_cpu_model(described.engine.cpu_models[0].number)
    uc.mem_map(CODE, 0x1000)
    uc.reg_write(described.register("priv").unicorn, MACHINE)
    uc.reg_write(described.register("mstatus").unicorn, FS_INITIAL)
    return uc


def guest_reads(described: Isa, uc: Uc, row: Register) -> int | None:
    """What `csrr a0, CSR` gives in machine mode; None where the engine calls it illegal."""
    assert row.number is not None
    trapped: list[int] = []
    hooks = (
        uc.hook_add(UC_HOOK_INSN_INVALID, lambda _, __: trapped.append(2) or False),
        uc.hook_add(UC_HOOK_INTR, lambda uc, cause, _: (trapped.append(cause), uc.emu_stop())),
    )
    uc.mem_write(CODE, (0x2573 | row.number << 20).to_bytes(4, "little"))
    uc.ctl_flush_tb()
    try:
        uc.emu_start(CODE, CODE + 4)
    except UcError:
        trapped.append(2)
    for hook in hooks:
        uc.hook_del(hook)
    return None if trapped else uc.reg_read(described.register("a0").unicorn)


def test_register_names_are_capstone_s(described: Isa) -> None:
    engine = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64)
    for number in range(32):
        assert described.register(engine.reg_name(names.RISCV_REG_X0 + number)).number == number
        assert described.register(f"x{number}").number == number
        single = described.register(engine.reg_name(getattr(names, f"RISCV_REG_F{number}_32")))
        assert single is described.register(f"f{number}")


def test_general_registers_round_trip_in_the_engine_and_have_the_encoding_s_number(
    described: Isa, engine: Uc
) -> None:
    skipped = (Role.PC, Role.ZERO)
    general = [row for row in described.registers if row.group == "general" and row.role not in skipped]
    for row in general:
        engine.reg_write(row.unicorn, 0x1234_5678 + row.number)
    assert [engine.reg_read(row.unicorn) for row in general] == [0x1234_5678 + row.number for row in general]
    for row in general:
        moved = 0x13 | row.number << 15 | 10 << 7  # addi a0, row, 0
        engine.mem_write(CODE, moved.to_bytes(4, "little"))
        engine.ctl_flush_tb()
        engine.reg_write(row.unicorn, 0x1234_5678 + row.number)
        engine.emu_start(CODE, CODE + 4)
        assert engine.reg_read(described.register("a0").unicorn) == 0x1234_5678 + row.number


def test_x0_is_read_only_because_the_engine_s_api_would_write_it(described: Isa, engine: Uc) -> None:
    (zero,) = described.of_role(Role.ZERO)
    assert zero.read_only
    engine.reg_write(zero.unicorn, 1)
    assert engine.reg_read(zero.unicorn) == 1


def test_floating_point_registers_pc_and_privilege_round_trip(described: Isa, engine: Uc) -> None:
    rows = described.of_role(Role.FP)
    for number, row in enumerate(rows):
        engine.reg_write(row.unicorn, 0x7FF0_0000_0000_0000 + number)
    assert [engine.reg_read(row.unicorn) for row in rows] == [0x7FF0_0000_0000_0000 + n for n in range(32)]
    (pc,), (privilege,) = described.of_role(Role.PC), described.of_role(Role.PRIVILEGE)
    engine.reg_write(pc.unicorn, 0x1FFC)
    assert engine.reg_read(pc.unicorn) == 0x1FFC
    for mode in (0, 1, 3):
        engine.reg_write(privilege.unicorn, mode)
        assert engine.reg_read(privilege.unicorn) == mode


def test_every_csr_with_an_id_reads_as_the_guest_s_own_csrr(described: Isa, engine: Uc) -> None:
    for row in described.registers:
        if row.group != "csr" or row.unicorn is None or row.name in HOST_TIME:
            continue
        assert guest_reads(described, engine, row) == engine.reg_read(row.unicorn), row.name


def test_a_csr_without_an_id_is_illegal_or_its_note_says_that_the_guest_reaches_it(
    described: Isa, engine: Uc
) -> None:
    for row in described.registers:
        if row.group == "csr" and row.unicorn is None:
            reached = guest_reads(described, engine, row) is not None
            assert reached == ("the guest reaches it" in row.note), row.name


def test_counters_give_host_time_in_the_engine_as_their_notes_say(described: Isa, engine: Uc) -> None:
    for name in HOST_TIME & {row.name for row in described.registers}:
        row = described.register(name)
        assert "host time" in row.note
        assert guest_reads(described, engine, row) is not None
    cycle = described.register("cycle").unicorn
    assert engine.reg_read(cycle) != engine.reg_read(cycle)


def test_csrs_that_hold_any_value_round_trip(described: Isa, engine: Uc) -> None:
    for name in WRITABLE_ANYTHING:
        row = described.register(name)
        keep = 0xFFFF_FFFF if name.endswith("counteren") else (1 << row.bits) - 1
        for value in (keep, 0, 0x5A5A_5A5A & keep):
            engine.reg_write(row.unicorn, value)
            assert engine.reg_read(row.unicorn) & keep == value, name


def test_machine_csrs_need_machine_mode_in_the_engine(described: Isa, engine: Uc) -> None:
    scratch, privilege = described.register("mscratch"), described.register("priv")
    assert scratch.privilege == MACHINE
    engine.reg_write(scratch.unicorn, 0x1234)
    engine.reg_write(privilege.unicorn, 0)
    engine.reg_write(scratch.unicorn, 0x5678)
    engine.reg_write(privilege.unicorn, MACHINE)
    assert engine.reg_read(scratch.unicorn) == 0x1234


def test_floating_point_csrs_need_fs_as_their_notes_say(described: Isa, engine: Uc) -> None:
    frm, status = described.register("frm"), described.register("mstatus")
    assert "FS" in frm.note
    engine.reg_write(frm.unicorn, 3)
    engine.reg_write(status.unicorn, 0)
    engine.reg_write(frm.unicorn, 1)
    engine.reg_write(status.unicorn, FS_INITIAL)
    assert engine.reg_read(frm.unicorn) == 3


def test_privilege_and_read_only_follow_from_the_csr_number(described: Isa) -> None:
    table = {"mstatus": (3, False), "sstatus": (1, False), "cycle": (0, True), "mhartid": (3, True)}
    for name, (privilege, read_only) in table.items():
        row = described.register(name)
        assert (row.privilege, row.read_only) == (privilege, read_only)


def test_csr_numbers_are_unique_and_high_halves_exist_on_rv32_only() -> None:
    assert len({row.number for row in CSRS}) == len(CSRS)
    wide, narrow = isa.find("riscv64"), isa.find("riscv32")
    for name in ("cycleh", "mstatush", "pmpcfg1", "mhpmcounter3h"):
        assert narrow.register(name).bits == 32
        with pytest.raises(UnknownRegister):
            wide.register(name)


def test_every_cpu_model_opens_and_the_default_has_all_of_rv_gc_and_three_modes(described: Isa) -> None:
    misa = described.register("misa")
    for model in described.engine.cpu_models:
        uc = Uc(described.engine.arch, described.engine.mode)
        uc.ctl_set_cpu_model(model.number)
        uc.reg_write(described.register("priv").unicorn, MACHINE)
        word = uc.reg_read(misa.unicorn)
        letters = {field.name for field in misa.fields if field.width == 1 and field.of(word)}
        assert set("IMAC") <= letters
        assert ("S" in letters) == ("S+U" in model.summary), model.name
    first = described.engine.cpu_models[0]
    assert first.name.startswith("sifive-u")


@BOTH
@pytest.mark.parametrize(
    ("register", "word", "expected"),
    [
        ("mstatus", 3 << 11 | 1 << 13 | 1 << 3, {"MPP": 3, "FS": 1, "MIE": 1, "SIE": 0}),
        ("mie", 1 << 7 | 1 << 11, {"MTIE": 1, "MEIE": 1, "MSIE": 0}),
        ("sip", 1 << 5, {"STIP": 1, "SSIP": 0}),
        ("mtvec", 0x8000_0001, {"MODE": 1, "BASE": 0x2000_0000}),
        ("fcsr", 0x61, {"NX": 1, "FRM": 3}),
        ("pmpcfg0", 0x1F << 8, {"A1": 3, "R1": 1, "X1": 1, "L1": 0, "A0": 0}),
        ("medeleg", 1 << 12, {"instruction page fault": 1}),
        ("priv", 1, {"mode": 1}),
    ],
)
def test_fields_decode_as_in_the_manual_s_figures(
    name: str, register: str, word: int, expected: dict[str, int]
) -> None:
    fields = {field.name: field for field in isa.find(name).register(register).fields}
    assert {one: fields[one].of(word) for one in expected} == expected


def test_satp_mcause_and_misa_differ_between_the_widths() -> None:
    wide, narrow = isa.find("riscv64"), isa.find("riscv32")

    def decode(described: Isa, register: str, word: int) -> dict[str, int]:
        return {field.name: field.of(word) for field in described.register(register).fields}

    assert decode(wide, "satp", 8 << 60 | 5 << 44 | 7) == {"PPN": 7, "ASID": 5, "MODE": 8}
    assert decode(narrow, "satp", 1 << 31 | 5 << 22 | 7) == {"PPN": 7, "ASID": 5, "MODE": 1}
    assert decode(wide, "mcause", 1 << 63 | 7) == {"CODE": 7, "INTERRUPT": 1}
    assert decode(narrow, "mcause", 1 << 31 | 7) == {"CODE": 7, "INTERRUPT": 1}
    assert decode(wide, "misa", 2 << 62)["MXL"] == 2
    assert decode(narrow, "misa", 1 << 30)["MXL"] == 1


@BOTH
def test_fields_of_a_register_never_overlap(name: str) -> None:
    for row in isa.find(name).registers:
        taken = 0
        for field in row.fields:
            mask = (1 << field.width) - 1 << field.low
            assert not taken & mask, (row.name, field.name)
            assert mask < 1 << row.bits
            taken |= mask


def test_an_unknown_register_names_the_nearest(described: Isa) -> None:
    with pytest.raises(UnknownRegister, match=r"has no register 'mstatu'; did you mean mstatus"):
        described.register("mstatu")
