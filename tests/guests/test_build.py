"""The committed ELFs are what their sources build, on any machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from elftools.elf.elffile import ELFFile

from emu.guest import Guest, find_guests, load_guest

GUESTS = Path(__file__).resolve().parents[2] / "guests"
ALL = [load_guest(folder) for folder in find_guests(GUESTS)]
LARGEST = 40_000  # bytes


def name(guest: Guest) -> str:
    return f"{guest.isa}/{guest.name}"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("guests_build", GUESTS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def compiler(builder: ModuleType) -> None:
    try:
        version = importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the compiler is missing: pip install '.[test]'")
    assert version == builder.COMPILER_VERSION, (
        "another compiler makes other bytes: rebuild with this one, or pin"
    )


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("guest", ALL, ids=name)
def test_the_elf_is_what_its_source_builds(guest: Guest, builder: ModuleType, tmp_path: Path) -> None:
    built = builder.build(guest, guest.machine, tmp_path / "built.elf")
    assert builder.difference(guest, built) is None


@pytest.mark.usefixtures("compiler")
def test_the_bytes_do_not_depend_on_the_folder(tmp_path: Path, builder: ModuleType) -> None:
    root = tmp_path / "another place"
    shutil.copytree(GUESTS, root / "guests")
    for package in ("emu", "axvcpu"):
        (root / package).symlink_to(GUESTS.parent / package)
    command = [sys.executable, str(root / "guests" / "build.py"), "--check", "riscv64/hello", "riscv32/traps"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.usefixtures("compiler")
def test_check_names_what_differs_and_changes_nothing(tmp_path: Path) -> None:
    shutil.copytree(GUESTS, tmp_path / "guests")
    for package in ("emu", "axvcpu"):
        (tmp_path / package).symlink_to(GUESTS.parent / package)
    elf = tmp_path / "guests" / "riscv64" / "hello" / "hello.elf"
    damaged = bytearray(elf.read_bytes())
    damaged[0x200] ^= 1
    elf.write_bytes(damaged)
    (tmp_path / "guests" / "riscv32" / "hello" / "hello.elf").unlink()
    command = [sys.executable, str(tmp_path / "guests" / "build.py"), "--check", "hello", "exit-code"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "riscv64/hello/hello.elf: committed" in run.stdout
    assert "offset 0x200" in run.stdout
    assert "riscv32/hello/hello.elf: missing" in run.stdout
    assert "exit-code" not in run.stdout
    assert elf.read_bytes() == damaged


@pytest.mark.usefixtures("compiler")
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
    with guest.elf.open("rb") as file:
        elf = ELFFile(file)
        assert elf.elfclass == int(guest.isa.removeprefix("riscv"))
        symbols = {symbol.name for symbol in elf.get_section_by_name(".symtab").iter_symbols()}
        assert {"_start", "main"} <= symbols
        for unit in elf.get_dwarf_info().iter_CUs():
            top = unit.get_top_DIE()
            assert not Path(top.attributes["DW_AT_name"].value.decode()).is_absolute()
            assert top.attributes["DW_AT_comp_dir"].value == b"guests"


def test_a_name_that_no_guest_has_is_refused_with_those_there_are(builder: ModuleType) -> None:
    with pytest.raises(SystemExit) as caught:
        builder.chosen(["helo"])
    assert "hello" in str(caught.value)


def test_a_name_means_both_widths_and_a_path_one(builder: ModuleType) -> None:
    assert [name(g) for g in builder.chosen(["hello"])] == ["riscv32/hello", "riscv64/hello"]
    assert [name(g) for g in builder.chosen(["riscv64/hello"])] == ["riscv64/hello"]
    assert [name(g) for g in builder.chosen([str(GUESTS / "riscv32" / "hello")])] == ["riscv32/hello"]


def test_the_readme_tells_of_every_guest() -> None:
    readme = (GUESTS / "README.md").read_text(encoding="utf-8")
    table = readme.split("## What there is")[1].split("## guest.toml")[0]
    assert {g.name for g in ALL if g.name not in table} == set()
