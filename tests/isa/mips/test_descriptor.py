"""What the descriptors of the four MIPS say, and that they agree with each other and with GDB's numbers."""

from __future__ import annotations

import re

import pytest

import isa
from isa.assembly import assemble
from isa.disassembly import disassemble
from isa.gdb import gdb_registers, target_description
from isa.mips.cp0 import ROWS

NAMES = pytest.mark.parametrize("name", ["mips", "mipsel", "mips64", "mips64el"])


@NAMES
def test_gdb_gets_the_registers_in_its_own_order(name: str) -> None:
    rows = gdb_registers(isa.find(name))
    names = [row.name for row in rows]
    assert names[:38] == [*(f"r{n}" for n in range(32)), "status", "lo", "hi", "badvaddr", "cause", "pc"]
    assert names[38:72] == [*(f"f{n}" for n in range(32)), "fcsr", "fir"]
    assert [row.gdb for row in rows] == list(range(len(rows)))
    features = re.findall(r'feature name="([\w.]+)"', target_description(isa.find(name)))
    assert features == [f"org.gnu.gdb.mips.{part}" for part in ("cpu", "cp0", "fpu", "dsp")]


@NAMES
def test_the_assembler_and_the_disassembler_mean_the_same_register_by_a_name(name: str) -> None:
    described = isa.find(name)
    for number in range(32):
        row = described.register(f"r{number}")
        for alias in (one for one in row.aliases if not re.fullmatch(r"a[4-7]", one)):
            code = assemble(described, f"or ${alias}, $0, $1", 0)
            word = int.from_bytes(code[:4], described.endian)  # type: ignore[arg-type]
            assert word >> 11 & 31 == number, alias
        line = disassemble(described, (0x34000001 | number << 16).to_bytes(4, described.endian), 0)[0]  # type: ignore[arg-type]
        assert described.register(line.operands.split(",")[0].lstrip("$")).name == row.name


def test_coprocessor_0_has_no_number_twice() -> None:
    numbers = [(row.number, row.select) for row in ROWS]
    assert len(numbers) == len(set(numbers))


@NAMES
def test_models_are_qemus(name: str) -> None:
    models = [model.name for model in isa.find(name).engine.cpu_models]
    assert models[0] == ("MIPS64R2-generic" if "64" in name else "24Kf")
    assert len(models) == len(set(models))
    left_out = dict(isa.find(name).missing)
    assert any("I7200" in what or "I6400" in what for what in left_out)
