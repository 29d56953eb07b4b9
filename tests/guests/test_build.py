"""The committed ELFs are what their sources build, on any machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from elftools.elf.elffile import ELFFile

from emu.guest import Guest, find_guests, load_guest
from isa import registry

GUESTS = Path(__file__).resolve().parents[2] / "guests"
ALL = [load_guest(folder) for folder in find_guests(GUESTS)]
LARGEST = 40_000  # bytes
ONE_OF_EACH = list(
    {guest.build.target or guest.isa: guest for guest in ALL if guest.name != "compute"}.values()
)
"""A guest of each row of guests/targets.py; tools/check compares all."""
WITHOUT_LINES = ("tricore",)  # by an assembler of our own, which knows symbols only


def name(guest: Guest) -> str:
    return f"{guest.isa}/{guest.name}"


@pytest.fixture
def zig(compiler: Callable[[Guest], None]) -> None:
    compiler(load_guest(GUESTS / "riscv64" / "hello"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout of some guests in another place."""
    root = tmp_path / "another place"
    for folder in ("runtime", "portable", "riscv64", "riscv32", "m68k"):
        shutil.copytree(GUESTS / folder, root / "guests" / folder)
    for script in GUESTS.glob("*.py"):
        shutil.copy(script, root / "guests")
    for package in ("emu", "axvcpu", "isa"):
        (root / package).symlink_to(GUESTS.parent / package)
    return root


def checked(root: Path, *names: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """`guests/build.py --check` there; `changes` go into the environment."""
    command = [sys.executable, str(root / "guests" / "build.py"), "--check", *names]
    kept = {key: value for key, value in os.environ.items() if key not in ("CI", "PYTHONPATH")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**kept, **changes})


@pytest.mark.parametrize("guest", ONE_OF_EACH, ids=name)
def test_the_elf_is_what_its_source_builds(
    guest: Guest, builder: ModuleType, compiler: Callable[[Guest], None], tmp_path: Path
) -> None:
    compiler(guest)
    built = builder.build(guest, guest.machine, tmp_path / "built.elf")
    assert builder.difference(guest, built) is None


@pytest.mark.usefixtures("zig")
def test_the_bytes_do_not_depend_on_the_folder(copy: Path) -> None:
    run = checked(copy, "riscv64/hello", "riscv32/traps")
    assert (run.returncode, run.stdout) == (0, "")


def test_a_cross_compiler_s_bytes_do_not_depend_on_the_folder(
    copy: Path, compiler: Callable[[Guest], None]
) -> None:
    compiler(load_guest(GUESTS / "m68k" / "hello"))
    run = checked(copy, "m68k/hello", "m68k/traps")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.usefixtures("zig")
def test_check_names_what_differs_and_changes_nothing(copy: Path) -> None:
    elf = copy / "guests" / "riscv64" / "hello" / "hello.elf"
    damaged = bytearray(elf.read_bytes())
    damaged[0x200] ^= 1
    elf.write_bytes(damaged)
    (copy / "guests" / "riscv32" / "hello" / "hello.elf").unlink()
    shutil.rmtree(copy / "guests" / "m68k")
    run = checked(copy, "hello", "exit-code")
    assert run.returncode == 1
    assert "riscv64/hello/hello.elf: committed" in run.stdout
    assert "offset 0x200" in run.stdout
    assert "riscv32/hello/hello.elf: missing" in run.stdout
    assert "exit-code" not in run.stdout
    assert elf.read_bytes() == damaged


@pytest.mark.usefixtures("zig")
def test_an_isa_without_its_compiler_is_left_out_with_the_package_to_install(
    copy: Path, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    run = checked(copy, "m68k", "riscv64/hello", PATH=str(tmp_path / "nothing"))
    assert (run.returncode, run.stdout) == (0, "")
    assert run.stderr.splitlines() == [
        "m68k: left out, its compiler is missing: apt-get install gcc-m68k-linux-gnu"
    ]


def fake(folder: Path, program: str, text: str) -> None:
    (folder / program).write_text(f"#!/bin/sh\n{text}\n")
    (folder / program).chmod(0o755)


@pytest.mark.usefixtures("zig")
def test_another_version_of_a_compiler_is_left_out_with_both_versions(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    fake(tmp_path / "bin", "m68k-linux-gnu-gcc", "echo 99.1.0")
    run = checked(copy, "m68k", PATH=f"{tmp_path / 'bin'}:/bin:/usr/bin")
    assert (run.returncode, run.stdout) == (0, "")
    assert "its compiler is 99.1.0, the ELFs in the tree are by 12.2.0" in run.stderr


@pytest.mark.usefixtures("zig")
def test_continuous_integration_installs_what_debian_has_and_nobody_else_does(
    copy: Path, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    told = tmp_path / "told"
    fake(tmp_path / "bin", "apt-get", f'echo "$@" >> "{told}"')
    path = str(tmp_path / "bin")
    checked(copy, "m68k", PATH=path)
    assert not told.exists()
    run = checked(copy, "m68k", PATH=path, CI="true")
    assert "gcc-m68k-linux-gnu" in told.read_text().splitlines()[-1]
    assert "left out" in run.stderr  # the fake installs nothing
    told.unlink()
    checked(copy, "riscv64/hello", PATH=path, CI="true")
    assert not told.exists()


def test_a_runtime_object_is_compiled_once_for_all_guests(
    builder: ModuleType, zig: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def run(command: list[str]) -> None:
        calls.append(command)
        real(command)

    real = builder.run
    monkeypatch.setattr(builder, "run", run)
    monkeypatch.setattr(builder, "OBJECTS", builder.Objects())
    for guest in ("hello", "exit-code", "spin"):
        builder.build(load_guest(GUESTS / "riscv64" / guest), "bare", tmp_path / "guest.elf")
    assert sum("runtime/console.c" in command for command in calls) == 1
    assert sum("ld.lld" in command for command in calls) == 3


@pytest.mark.usefixtures("zig")
def test_a_source_with_a_mistake_is_told_by_guest_and_line(builder: ModuleType, tmp_path: Path) -> None:
    guest = load_guest(GUESTS / "riscv64" / "hello")
    source = GUESTS / "riscv64" / "hello" / "missing.c"
    broken = replace(guest, build=replace(guest.build, sources=(source,)))
    with pytest.raises(builder.BuildError) as caught:
        builder.build(broken, "bare", tmp_path / "built.elf")
    assert "riscv64/hello does not build" in str(caught.value)
    assert "missing.c" in str(caught.value)


@pytest.mark.parametrize("guest", ALL, ids=name)
def test_an_elf_is_small_and_has_symbols_lines_and_no_foreign_path(guest: Guest) -> None:
    data = guest.elf.read_bytes()
    assert len(data) < LARGEST
    assert str(GUESTS.parent).encode() not in data
    isa = registry.find(guest.isa)
    with guest.elf.open("rb") as file:
        elf = ELFFile(file)
        assert (elf.elfclass, elf.little_endian) == (isa.bits, isa.endian == "little")
        symbols = {symbol.name for symbol in elf.get_section_by_name(".symtab").iter_symbols()}
        assert {"_start", "main"} <= symbols
        units = list(elf.get_dwarf_info().iter_CUs()) if elf.has_dwarf_info() else []
        assert units or guest.isa in WITHOUT_LINES
        for unit in units:
            top = unit.get_top_DIE()
            assert not Path(top.attributes["DW_AT_name"].value.decode()).is_absolute()
            assert top.attributes["DW_AT_comp_dir"].value == b"guests"


def test_a_name_that_no_guest_has_is_refused_with_those_there_are(builder: ModuleType) -> None:
    with pytest.raises(SystemExit) as caught:
        builder.chosen(["helo"])
    assert "hello" in str(caught.value)


def test_a_name_means_every_isa_an_isa_all_of_its_own_and_a_path_one(builder: ModuleType) -> None:
    every = [name(g) for g in builder.chosen(["hello"])]
    assert {"riscv32/hello", "riscv64/hello"} <= set(every)
    assert all(found.endswith("/hello") for found in every)
    assert [name(g) for g in builder.chosen(["riscv64/hello"])] == ["riscv64/hello"]
    assert {g.isa for g in builder.chosen(["riscv32"])} == {"riscv32"}
    assert [name(g) for g in builder.chosen([str(GUESTS / "riscv32" / "hello")])] == ["riscv32/hello"]
    assert [name(g) for g in builder.chosen(["riscv64/hello", "hello"])].count("riscv64/hello") == 1


def test_the_readme_tells_of_every_guest() -> None:
    readme = (GUESTS / "README.md").read_text(encoding="utf-8")
    table = readme.split("## What there is")[1].split("## guest.toml")[0]
    names = {g.name for g in ALL if not g.name.startswith("cortex-m-")}
    assert {each for each in names if not re.search(rf"[| ]{each}[ ,]", table)} == set()


def test_the_readme_s_table_is_the_tree_and_explains_each_gap() -> None:
    readme = (GUESTS / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| ISA | hello |") :].split("\n\n")
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table[0].splitlines()]
    here = {g.isa for g in ALL}
    assert [row[0] for row in rows] == [isa for isa in registry.names() if isa in here]
    for isa, *cells in rows:
        for guest, cell in zip(head[1:], cells, strict=True):
            assert (cell == "x") == (GUESTS / isa / guest).is_dir(), f"{isa}/{guest}: {cell}"
            assert cell == "x" or f"\n{cell}: " in "\n" + table[1], f"{isa}/{guest}: no reason {cell!r}"
