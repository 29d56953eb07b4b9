"""The target description, as GDB itself reads it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

import isa
from isa.errors import NoSuchAbility
from isa.gdb import gdb_registers, target_description

GDB = shutil.which("gdb-multiarch")
BOTH = pytest.mark.parametrize("name", ["riscv64", "riscv32"])


@BOTH
def test_features_registers_and_widths_are_those_that_gdb_asks_of_riscv(name: str) -> None:
    described = isa.find(name)
    root = ElementTree.fromstring(target_description(described))
    features = {feature.get("name"): [reg.get("name") for reg in feature] for feature in root.iter("feature")}
    assert root.findtext("architecture") == f"riscv:rv{described.bits}"
    assert features["org.gnu.gdb.riscv.cpu"][:3] == ["zero", "ra", "sp"]
    assert features["org.gnu.gdb.riscv.cpu"][32:] == ["pc"]
    assert len(features["org.gnu.gdb.riscv.fpu"]) == 32
    assert "mstatus" in features["org.gnu.gdb.riscv.csr"]
    assert features["org.gnu.gdb.riscv.virtual"] == ["priv"]
    widths = {reg.get("name"): reg.get("bitsize") for reg in root.iter("reg")}
    assert (widths["a0"], widths["fa0"], widths["pc"]) == (str(described.bits), "64", str(described.bits))


def test_the_order_is_gdb_s_numbers_and_only_registers_of_the_engine_are_in_it() -> None:
    rows = gdb_registers(isa.find("riscv64"))
    assert [row.gdb for row in rows] == sorted(row.gdb for row in rows if row.gdb is not None)
    assert all(row.unicorn is not None for row in rows)
    assert [row.name for row in rows[:2]] == ["zero", "ra"]


@pytest.mark.skipif(GDB is None, reason="gdb-multiarch is not installed")
@BOTH
def test_gdb_takes_the_description_with_these_numbers(name: str, tmp_path: Path) -> None:
    described = isa.find(name)
    description = tmp_path / "target.xml"
    description.write_text(target_description(described))
    done = subprocess.run(
        [str(GDB), "-nx", "-batch", "-ex", f"set tdesc filename {description}", "-ex", "show architecture",
         "-ex", "maint print remote-registers"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert f'currently "riscv:rv{described.bits}"' in done.stdout
    assert "warning" not in (done.stdout + done.stderr).lower()
    lines = {words[0]: words for line in done.stdout.splitlines() if len(words := line.split()) >= 7}
    for row in gdb_registers(described):
        line = lines["fp" if row.name == "s0" else row.name]  # GDB's own name of x8
        assert int(line[-2]) == row.gdb, row.name
        assert int(line[4]) * 8 == row.bits, row.name


def test_an_isa_that_gdb_does_not_know_says_so() -> None:
    with pytest.raises(NoSuchAbility, match="no GDB description"):
        target_description(replace(isa.find("riscv64"), gdb=None))
