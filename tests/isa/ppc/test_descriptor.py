"""PowerPC's descriptor against Capstone, Keystone, GDB, the engine, and what its own instructions do there."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import capstone
import pytest
import unicorn.unicorn_const as uc_const
from unicorn import Uc, UcError

import isa
from emu.engine.engine import blueprint
from isa.assembly import assemble
from isa.contract import Access, Isa, Role
from isa.disassembly import disassemble
from isa.gdb import gdb_registers, target_description

CODE, DATA = 0x1000, 0x8000
GDB = shutil.which("gdb-multiarch")


@pytest.fixture(params=["ppc", "ppc64"])
def described(request: pytest.FixtureRequest) -> Isa:
    return isa.find(request.param)


def engine(described: Isa) -> Uc:
    uc = Uc(described.engine.arch, described.engine.mode)
    if described.engine.cpu_models[0].number is not None:
        uc.ctl_set_cpu_model(described.engine.cpu_models[0].number)
    uc.ctl_set_tlb_mode(uc_const.UC_TLB_VIRTUAL)
    uc.mem_map(0, 0x20000)
    return uc


def test_register_names_are_capstone_s(described: Isa) -> None:
    decoder = capstone.Cs(capstone.CS_ARCH_PPC, capstone.CS_MODE_64 | capstone.CS_MODE_BIG_ENDIAN)
    known = {decoder.reg_name(number) for number in range(1, 400)}
    names = [row.name for row in described.registers if row.role in (Role.GENERAL, Role.SP, Role.FP, Role.RA)]
    assert len(names) == 65
    assert {name for name in names if name not in known} == set()


def test_the_engine_s_registers_are_those_of_the_table(described: Isa) -> None:
    uc = engine(described)
    for number, row in enumerate(described.registers):
        if row.unicorn is None or row.name in ("msr", "fpscr"):
            continue
        value = (0x1122334455667788 + number) & (1 << row.bits) - 1
        uc.reg_write(row.unicorn, value)
        assert uc.reg_read(row.unicorn) == value, row.name


@pytest.mark.skipif(GDB is None, reason="no gdb-multiarch here")
def test_gdb_takes_the_target_description(described: Isa, tmp_path: Path) -> None:
    file = tmp_path / "target.xml"
    file.write_text(target_description(described))
    said = subprocess.run(
        [
            GDB or "",
            "-nx",
            "-batch",
            "-ex",
            f"set tdesc filename {file}",
            "-ex",
            "info registers",
            "-ex",
            "maint print registers",
        ],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert "warning" not in said.stderr.lower(), said.stderr
    shown = said.stdout.split()
    for row in gdb_registers(described):
        assert row.name in shown, row.name


def test_gdb_s_order_is_the_powerpc_one(described: Isa) -> None:
    names = [row.name for row in gdb_registers(described)]
    assert names[:32] == [f"r{i}" for i in range(32)]
    assert names[32:64] == [f"f{i}" for i in range(32)]
    assert names[64:71] == ["pc", "msr", "cr", "lr", "ctr", "xer", "fpscr"]
    assert names[71:105] == [*(f"vr{i}" for i in range(32)), "vscr", "vrsave"]


def test_what_the_assembler_makes_the_disassembler_reads(described: Isa) -> None:
    text = "addi 3, 4, 5\nlwz 3, 8(1)\nstwu 1, -16(1)\nmflr 0\nblr\nsc\n"
    code = assemble(described, text, 0x1000)
    lines = disassemble(described, code, 0x1000)
    assert [line.mnemonic for line in lines] == ["addi", "lwz", "stwu", "mflr", "blr", "sc"]


def test_branches_go_where_capstone_says(described: Isa) -> None:
    assert described.branch_target is not None
    mode = capstone.CS_MODE_64 if described.bits == 64 else capstone.CS_MODE_32
    decoder = capstone.Cs(capstone.CS_ARCH_PPC, mode | capstone.CS_MODE_BIG_ENDIAN)
    chance = random.Random(3)
    seen = 0
    for _ in range(4000):
        opcode = chance.choice((16, 18))
        word = opcode << 26 | chance.getrandbits(26)
        code = word.to_bytes(4, "big")
        line = next(decoder.disasm_lite(code, 0x10000), None)
        target = described.branch_target(code, 0x10000)
        if line is None or target is None or not line[3]:
            continue
        said = line[3].split(", ")[-1]
        if said.startswith("0x"):
            seen += 1
            assert int(said, 16) & (1 << described.bits) - 1 == target, line
    assert seen > 1000


def test_no_other_instruction_is_a_branch(described: Isa) -> None:
    assert described.branch_target is not None
    for opcode in range(64):
        if opcode not in (16, 18):
            assert described.branch_target((opcode << 26).to_bytes(4, "big"), 0) is None


def test_random_loads_and_stores_access_what_the_descriptor_says(described: Isa) -> None:
    assert described.effective_address is not None
    chance = random.Random(5)
    uc = engine(described)
    uc.reg_write(
        described.register("msr").unicorn, 1 << 13 | 1 << 25 | (1 << 63 if described.bits == 64 else 0)
    )
    seen: list[tuple[int, int, Access]] = []

    def note(_: object, kind: int, address: int, size: int, __: int, ___: object) -> None:
        seen.append((address, size, Access.LOAD if kind == uc_const.UC_MEM_READ else Access.STORE))

    trapped: list[int] = []
    uc.hook_add(uc_const.UC_HOOK_MEM_READ | uc_const.UC_HOOK_MEM_WRITE, note)
    uc.hook_add(uc_const.UC_HOOK_INTR, lambda uc, number, _: (trapped.append(number), uc.emu_stop()))
    agreed = 0
    for _ in range(3000):
        if chance.random() < 0.5:
            word = (
                chance.choice(range(32, 64)) << 26
                | chance.getrandbits(10) << 16
                | chance.getrandbits(10) << 2
            )
            word |= chance.choice((0, 0, 1, 2)) if word >> 26 in (58, 62) else 0
        else:
            word = 31 << 26 | chance.getrandbits(15) << 11 | chance.getrandbits(10) << 1
        registers = {f"r{i}": DATA + 0x100 * i for i in range(32)}
        code = word.to_bytes(4, "big")
        expected = described.effective_address(code, registers.__getitem__)
        if not expected:
            continue
        for name, value in registers.items():
            uc.reg_write(described.register(name).unicorn, value)
        uc.mem_write(CODE, code)
        uc.ctl_flush_tb()
        seen.clear()
        trapped.clear()
        try:
            uc.emu_start(CODE, CODE + 4)
        except UcError:
            continue
        if trapped or not seen:
            continue  # no instruction of this model, an invalid form, or stwcx. without a reservation
        first, total = min(address for address, _, _ in seen), sum(size for _, size, _ in seen)
        wanted = expected[0]
        assert (first, total, seen[0][2]) == (wanted.address, wanted.size, wanted.kind), (
            hex(word),
            seen,
            expected,
        )
        agreed += 1
    assert agreed > 300


def test_every_model_opens_and_keeps_its_registers(described: Isa) -> None:
    for model in described.engine.cpu_models:
        print_ = blueprint(described, model)
        state = bytearray(print_.pristine)
        assert print_.registers.get(state, "pvr") != 0
        before = print_.registers.read(state)
        for name, value in before.items():
            if not name.startswith("engine"):
                print_.registers.put(state, name, value)
        assert print_.registers.read(state) == before
