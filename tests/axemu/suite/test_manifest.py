"""Manifests into cases: globs, matrices, defaults; and what is wrong with a manifest, by line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from axemu.suite.manifest import collect
from emu.errors import LoadError

HELLO = Path(__file__).resolve().parents[3] / "guests" / "riscv64" / "hello" / "hello.elf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copyfile(HELLO, tmp_path / "a.elf")
    shutil.copyfile(HELLO, tmp_path / "b.elf")
    return tmp_path


def names(folder: Path, text: str) -> list[str]:
    (folder / "suite.toml").write_text(text)
    return [case.name for case in collect([folder], None, folder)]


def test_a_glob_makes_a_case_of_every_file(folder: Path) -> None:
    assert names(folder, '[[case]]\nglob = "*.elf"\nmachine = "bare"\n') == ["a.elf", "b.elf"]


def test_what_is_excluded_is_no_case(folder: Path) -> None:
    assert names(folder, '[[case]]\nglob = "*.elf"\nexclude = ["b*"]\n') == ["a.elf"]


def test_the_isa_comes_from_the_file_and_the_machine_from_the_isa(folder: Path) -> None:
    (folder / "suite.toml").write_text('[[case]]\nname = "one"\nelf = "a.elf"\n')
    (case,) = collect([folder], None, folder)
    assert (case.guest.isa, case.guest.machine) == ("riscv64", "virt")


def test_a_matrix_makes_a_case_of_every_combination(folder: Path) -> None:
    text = '[[case]]\nname = "one"\nelf = "a.elf"\nmatrix = { cpu = ["any", "sifive-u54"], smp = [1, 2] }\n'
    assert names(folder, text) == [
        "one[cpu=any,smp=1]",
        "one[cpu=any,smp=2]",
        "one[cpu=sifive-u54,smp=1]",
        "one[cpu=sifive-u54,smp=2]",
    ]


def test_a_matrix_fills_the_names_of_files(folder: Path) -> None:
    (folder / "riscv64.elf").write_bytes(HELLO.read_bytes())
    text = '[[case]]\nname = "one"\nelf = "{isa}.elf"\nmatrix = { isa = ["riscv64"] }\n'
    assert names(folder, text) == ["one[isa=riscv64]"]


def test_a_case_goes_before_the_defaults_table_by_table(folder: Path) -> None:
    (folder / "suite.toml").write_text(
        'tags = ["all"]\n[defaults]\nmachine = "bare"\n[defaults.expect]\nexit_code = 3\nmax_instructions = 5\n'
        '[[case]]\nname = "one"\nelf = "a.elf"\ntags = ["mine"]\n[case.expect]\nexit_code = 4\n'
    )
    (case,) = collect([folder], None, folder)
    assert case.guest.machine == "bare"
    assert (case.guest.expect.exit_code, case.guest.expect.max_instructions) == (4, 5)
    assert case.tags == ("all", "mine")


def test_guest_folders_can_be_cases_of_a_suite_and_are_not_counted_twice(folder: Path) -> None:
    inner = folder / "hello"
    inner.mkdir()
    shutil.copyfile(HELLO, inner / "hello.elf")
    (inner / "guest.toml").write_text('summary = "x"\nisa = "riscv64"\nmachine = "bare"\n')
    assert names(folder, 'tags = ["t"]\n[[case]]\nguests = "*/guest.toml"\n') == ["hello"]


def test_programs_without_a_manifest_are_cases_when_their_protocol_is_said(folder: Path) -> None:
    with pytest.raises(LoadError, match="need --protocol"):
        collect([folder], None, folder)
    found = collect([folder], {"protocol": "tohost"}, folder)
    assert [case.name for case in found] == ["a.elf", "b.elf"]
    assert found[0].guest.protocol == "tohost"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[[case]]\nname = "one"\nelf = "a.elf"\ncup = "any"\n', 4, "did you mean 'cpu'"),
        (
            '[[case]]\nname = "one"\nelf = "a.elf"\n\n[case.expect]\nexit_cod = 1\n',
            6,
            "did you mean 'exit_code'",
        ),
        (
            '[[case]]\nname = "one"\nelf = "a.elf"\n[[case]]\nname = "one"\nelf = "a.elf"\n',
            5,
            "a name of its own",
        ),
        ('[[case]]\nglob = "*.bin"\n', 2, "a pattern that something matches"),
        ('[[case]]\nname = "one"\nelf = "a.elf"\nisa = "riscv46"\n', 4, "riscv64"),
        ('[[case]]\nname = "one"\nelf = "a.elf"\nmachine = "bear"\n', 4, "bare"),
        ('[[case]]\nname = "one"\nelf = "a.elf"\ncpu = "sifive-u45"\n', 4, "sifive-u54"),
        (
            '[[case]]\nname = "one"\nelf = "a.elf"\n[case.expect]\nconsole = ["("]\n',
            5,
            "a regular expression",
        ),
        ('[[case]]\nname = "one"\nelf = "a.elf"\nafter = "boot"\n', 4, "one of the prefixes"),
        ('[defaults]\nsmp = "two"\n[[case]]\nname = "one"\nelf = "a.elf"\n', 2, "an integer"),
        ('[[case]]\nname = "one"\nelf = "a.elf"\nmatrix = { colour = ["red"] }\n', 4, "one of isa"),
        ("[[case]\n", 1, "TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(folder: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(LoadError) as caught:
        names(folder, text)
    assert str(caught.value).startswith(f"{folder}/suite.toml:{line}: ")
    assert said.lower() in str(caught.value).lower()


def test_a_folder_without_a_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"a suite\.toml or guest\.toml"):
        collect([tmp_path], None, tmp_path)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="nothing of that name"):
        collect([tmp_path / "no"], None, tmp_path)
