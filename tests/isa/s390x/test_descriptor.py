"""z/Architecture's descriptor against Capstone, GDB, the engine, and what its own instructions do there."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import capstone
import pytest
import unicorn.s390x_const as sc
import unicorn.unicorn_const as uc_const
from unicorn import Uc, UcError

from emu.engine.engine import blueprint
from isa.contract import Access, Role
from isa.gdb import gdb_registers, target_description
from isa.s390x import S390X
from isa.s390x.encoding import branch_target, effective_address, instruction_length

CODE, DATA = 0x1000, 0x8000
MASK_64 = 0x1_8000_0000
GDB = shutil.which("gdb-multiarch")


def decoder() -> capstone.Cs:
    return capstone.Cs(capstone.CS_ARCH_SYSZ, capstone.CS_MODE_BIG_ENDIAN)


def engine() -> Uc:
    uc = Uc(S390X.engine.arch, S390X.engine.mode)
    uc.mem_map(0, 0x40000)
    uc.reg_write(sc.UC_S390X_REG_PSWM, MASK_64)
    uc.reg_write(sc.UC_S390X_REG_CR0, 0x600E0)
    return uc


def random_code(chance: random.Random) -> bytes:
    return chance.getrandbits(48).to_bytes(6, "big")


def test_instructions_are_as_long_as_capstone_says() -> None:
    chance, cs, seen = random.Random(1), decoder(), 0
    for _ in range(20_000):
        code = random_code(chance)
        line = next(cs.disasm_lite(code, 0), None)
        if line is not None:
            seen += 1
            assert instruction_length(code) == line[1], (code.hex(), line)
    assert seen > 3000


def test_relative_branches_go_where_capstone_says() -> None:
    chance, cs, seen = random.Random(2), decoder(), 0
    for _ in range(60_000):
        first = chance.choice((0x84, 0x85, 0xA7, 0xC0, 0xCC, 0xEC))
        code = bytes((first,)) + random_code(chance)[1:]
        if first == 0xEC and chance.random() < 0.5:
            code = code[:5] + bytes((chance.choice((0x64, 0x76, 0x7C, 0x7E, 0x44, 0x45)),))
        target = branch_target(code, 0x100000)
        line = next(cs.disasm_lite(code[: instruction_length(code)], 0x100000), None)
        if line is None:
            continue
        _, _, mnemonic, operands = line
        is_branch = mnemonic.startswith(
            ("j", "br", "crj", "cgrj", "cij", "cgij", "clrj", "clgrj", "clij", "clgij")
        )
        if target is None:
            assert not is_branch or mnemonic.startswith("brcl"), line
            continue
        seen += 1
        said = operands.split(", ")[-1]
        assert int(said, 16) & (1 << 64) - 1 == target, line
    assert seen > 2000


def test_the_engine_s_registers_are_those_of_the_table() -> None:
    uc = engine()
    for number, row in enumerate(S390X.registers):
        if row.unicorn is None or row.name == "pswm":
            continue
        value = (0x1122334455667788 + number) & (1 << row.bits) - 1
        uc.reg_write(row.unicorn, value)
        assert uc.reg_read(row.unicorn) == value, row.name


def test_general_registers_are_in_order() -> None:
    names = [row.name for row in S390X.registers if row.role in (Role.GENERAL, Role.SP, Role.RA)]
    assert names == [f"r{i}" for i in range(16)]


def test_gdb_s_order_is_the_s390_one() -> None:
    names = [row.name for row in gdb_registers(S390X)]
    assert names[:18] == ["pswm", "pswa", *(f"r{i}" for i in range(16))]
    assert names[18:35] == [*(f"acr{i}" for i in range(16)), "fpc"]
    assert names[35:51] == [f"f{i}" for i in range(16)]
    assert names[51:83] == [*(f"v{i}l" for i in range(16)), *(f"v{i}" for i in range(16, 32))]


@pytest.mark.skipif(GDB is None, reason="no gdb-multiarch here")
def test_gdb_takes_the_target_description(tmp_path: Path) -> None:
    file = tmp_path / "target.xml"
    file.write_text(target_description(S390X))
    said = subprocess.run(
        [GDB or "", "-nx", "-batch", "-ex", f"set tdesc filename {file}", "-ex", "maint print registers"],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert "warning" not in said.stderr.lower(), said.stderr
    shown = said.stdout.split()
    for row in gdb_registers(S390X):
        name = (
            row.name.removesuffix("l") if row.group == "vector" else row.name
        )  # it shows v0l as a part of v0
        assert name in shown, row.name


def test_random_storage_operands_are_where_the_descriptor_says() -> None:
    chance = random.Random(7)
    uc = engine()
    seen: list[tuple[int, int, Access]] = []

    def note(_: object, kind: int, address: int, size: int, __: int, ___: object) -> None:
        seen.append((address, size, Access.LOAD if kind == uc_const.UC_MEM_READ else Access.STORE))

    trapped: list[int] = []
    uc.hook_add(uc_const.UC_HOOK_MEM_READ | uc_const.UC_HOOK_MEM_WRITE, note)
    uc.hook_add(uc_const.UC_HOOK_INTR, lambda uc, number, _: (trapped.append(number), uc.emu_stop()))
    agreed = 0
    firsts = (*range(0x40, 0x80), 0x90, 0x98, 0x91, 0x92, 0x94, 0x95, 0x96, 0x97, 0xC4, 0xE3, 0xEB, 0xE5)
    for _ in range(6000):
        code = bytearray(random_code(chance))
        code[0] = chance.choice(firsts)
        if code[0] == 0xC4:
            code[2:6] = chance.randrange(0x4000, 0x8000).to_bytes(4, "big")
        if code[0] in (0xE3, 0xEB):
            code[4] = 0
        registers = {f"r{i}": DATA + 0x100 * i for i in range(16)} | {"pc": CODE}
        length = instruction_length(code)
        expected = effective_address(bytes(code[:length]), registers.__getitem__)
        if not expected:
            continue
        for i in range(16):
            uc.reg_write(sc.UC_S390X_REG_R0 + i, registers[f"r{i}"])
        uc.mem_write(CODE, bytes(code))
        uc.ctl_flush_tb()
        seen.clear()
        trapped.clear()
        try:
            uc.emu_start(CODE, CODE + length)
        except UcError:
            continue
        if trapped or not seen:
            continue
        kinds = {kind for _, _, kind in seen}
        assert kinds == {one.kind for one in expected}, (code.hex(), seen, expected)
        for one in expected:
            mine = [(address, size) for address, size, kind in seen if kind is one.kind]
            if len(expected) <= 2 and expected[0].address == expected[-1].address:
                assert min(address for address, _ in mine) == one.address, (code.hex(), seen, expected)
                assert max(address + size for address, size in mine) == one.address + one.size, (
                    code.hex(),
                    seen,
                )
        agreed += 1
    assert agreed > 600


def test_every_model_opens_and_keeps_its_registers() -> None:
    for model in S390X.engine.cpu_models:
        found = blueprint(S390X, model)
        state = bytearray(found.pristine)
        assert found.registers.get(state, "pswm") == MASK_64
        before = found.registers.read(state)
        for name, value in before.items():
            if name != "engine":
                found.registers.put(state, name, value)
        assert found.registers.read(state) == before
