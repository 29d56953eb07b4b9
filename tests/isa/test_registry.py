"""Plug-ins are found through entry points: installed distributions laid into a directory on the path.

The third party's plug-in is the one that docs/isa.md shows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import isa
from isa.errors import BrokenPlugin, UnknownCpuModel, UnknownIsa
from isa.registry import OWN, broken, cpu_model, plugins

ROOT = Path(__file__).resolve().parents[2]

TOY = (
    (ROOT / "docs" / "isa.md").read_text().split("```python\n")[1].split("```")[0]
)  # the page's whole example


def install(site: Path, name: str, source: str, entries: str) -> None:
    """What pip leaves of a distribution with one module: the module, its metadata, its entry points."""
    (site / f"{name}.py").write_text(source)
    information = site / f"{name}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[axemu.isa]\n{entries}\n")


def python(site: Path, script: str) -> object:
    """What the script prints as JSON, in a fresh interpreter that sees the distributions in `site`."""
    path = os.pathsep.join([str(site), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", dedent(script)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def test_a_third_party_s_isa_is_found_by_name_and_alias_and_runs(tmp_path: Path) -> None:
    install(tmp_path, "toy", TOY, "toy86 = toy:TOY")
    found = python(
        tmp_path,
        """
        import json
        from unicorn import Uc

        import isa
        from isa.assembly import assemble
        from isa.disassembly import disassemble

        toy = isa.find("T86")
        code = assemble(toy, "mov rax, 0x1234", 0x1000)
        uc = Uc(toy.engine.arch, toy.engine.mode)
        uc.mem_map(0x1000, toy.page_size)
        uc.mem_write(0x1000, code)
        uc.emu_start(0x1000, 0x1000 + len(code))
        text = [str(line) for line in disassemble(toy, code, 0x1000)]
        print(json.dumps([toy.name, list(isa.names()), text, uc.reg_read(toy.register("rax").unicorn)]))
        """,
    )
    assert found == ["toy86", [*(entry.name for entry in OWN), "toy86"], ["mov rax, 0x1234"], 0x1234]


def test_loading_one_plug_in_imports_no_other(tmp_path: Path) -> None:
    install(tmp_path, "toy", TOY, "toy86 = toy:TOY")
    install(tmp_path, "noisy", "raise SystemError('imported')", "noisy = noisy:ISA")
    found = python(
        tmp_path,
        """
        import json, sys
        import isa

        isa.names()
        before = sorted(name for name in ("toy", "noisy", "isa.riscv") if name in sys.modules)
        isa.find("toy86")
        print(json.dumps([before, sorted(n for n in ("toy", "noisy", "isa.riscv") if n in sys.modules)]))
        """,
    )
    assert found == [[], ["toy"]]


def test_importing_and_finding_an_isa_imports_neither_numba_nor_the_libraries_for_looking(
    tmp_path: Path,
) -> None:
    found = python(
        tmp_path,
        """
        import json, sys
        import isa

        isa.find("rv32")
        heavy = ("numba", "numpy", "llvmlite", "capstone", "keystone")
        print(json.dumps([name for name in heavy if name in sys.modules]))
        """,
    )
    assert found == []


@pytest.mark.parametrize(
    ("source", "entries", "cause"),
    [
        ("import no_such_module", "bad = bad:ISA", "fails to import (ModuleNotFoundError"),
        ("ISA = 1 / 0", "bad = bad:ISA", "fails to import (ZeroDivisionError"),
        ("raise SystemExit(3)", "bad = bad:ISA", "fails to import (SystemExit: 3"),
        ("OTHER = 1", "bad = bad:ISA", "fails to import (AttributeError"),
        ("ISA = 'text'", "bad = bad:ISA", "is a str, expected an isa.contract.Isa"),
        ("from isa.riscv import RISCV64 as ISA", "bad = bad:ISA", "is named 'riscv64', expected 'bad'"),
        (TOY.replace('"rax", 64', '"rip", 64'), "bad = bad:TOY", "register name 'rip' is used twice"),
    ],
)
def test_a_broken_plug_in_is_named_with_its_distribution_and_breaks_nothing_else(
    tmp_path: Path, source: str, entries: str, cause: str
) -> None:
    install(tmp_path, "bad", source, entries)
    text, others, reported = python(
        tmp_path,
        """
        import json
        import isa
        from isa.errors import BrokenPlugin
        from isa.registry import broken

        try:
            isa.find("bad")
        except BrokenPlugin as error:
            text = str(error)
        others = [isa.find("RV64").name, isa.find("riscv32").name]
        print(json.dumps([text, others, [error.distribution for error in broken()]]))
        """,
    )
    assert cause in text
    assert "distribution 'bad'" in text
    assert others == ["riscv64", "riscv32"]
    assert reported == ["bad"]


def test_a_plug_in_that_takes_a_name_of_ours_is_reported_and_loses(tmp_path: Path) -> None:
    install(tmp_path, "thief", TOY, "riscv64 = thief:TOY")
    found = python(
        tmp_path,
        """
        import json
        import isa
        from isa.registry import broken

        print(json.dumps([isa.find("riscv64").summary[:6], [str(error) for error in broken()]]))
        """,
    )
    assert found[0] == "RISC-V"
    assert "'thief'" in found[1][0]
    assert "axemu has already" in found[1][0]


@pytest.mark.parametrize("name", ["riscv64", "RISCV64", "rv64", "RV64GC"])
def test_names_and_aliases_are_found_in_any_case(name: str) -> None:
    assert isa.find(name).name == "riscv64"


def test_an_unknown_name_gets_the_nearest_names_and_the_list() -> None:
    with pytest.raises(UnknownIsa) as caught:
        isa.find("risv64")
    assert "no instruction set is named 'risv64'; did you mean riscv64" in str(caught.value)
    assert "(installed: riscv64, riscv32" in str(caught.value)


def test_cpu_models_are_found_in_any_case_and_the_first_is_the_default() -> None:
    described = isa.find("riscv64")
    assert cpu_model(described, None) is described.engine.cpu_models[0]
    assert cpu_model(described, "SiFive-E51").name == "sifive-e51"
    with pytest.raises(UnknownCpuModel, match=r"did you mean sifive-u54.*models: sifive-u54, sifive-e51"):
        cpu_model(described, "sifive-u64")


def test_our_own_rows_are_those_of_the_distribution() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for name, entry in plugins().items():
        if entry.value.startswith("isa."):
            assert f'{name} = "{entry.value}"' in text
    assert not [error for error in broken() if error.distribution == "axemu"]


def test_errors_can_be_pickled() -> None:
    import pickle  # noqa: PLC0415

    errors = (
        UnknownIsa("x", ("a",), ("a",)),
        BrokenPlugin("n", "d", "m:a", "fails"),
        UnknownCpuModel("riscv64", "x", ("a",)),
    )
    for error in errors:
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
