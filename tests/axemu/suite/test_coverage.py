"""Coverage of a suite: of each case and of all, and the cases that a change of a program concerns."""

from __future__ import annotations

import json
import re
import shutil
from functools import partial
from pathlib import Path

import pytest

from axemu import cli
from axemu.cov import lcov
from axemu.errors import InputUnreadable
from axemu.suite.changed.code import Code, changed
from axemu.suite.coverage import record
from axemu.suite.coverage.keeper import Keeper
from axemu.suite.coverage.measurement import CaseCoverage, Measurement
from axemu.suite.execution import execute
from axemu.suite.machines import Machines
from axemu.suite.manifest import collect
from axemu.suite.orders import Orders
from emu.loaders import open_image
from emu.machine import Machine
from isa import registry

GUESTS = Path(__file__).resolve().parents[3] / "guests"
SUITE = """
[[case]]
name = "debuggee"
elf = "debuggee.elf"
machine = "bare"
[[case]]
name = "hello"
elf = "hello.elf"
machine = "bare"
[[case]]
name = "after-hello"
elf = "hello.elf"
machine = "bare"
after = "said"
[prefix.said]
elf = "hello.elf"
machine = "bare"
until = { symbol = "main" }
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a suite, and in `coverage` what its cases executed."""
    folder = tmp_path_factory.mktemp("suite")
    for name in ("debuggee", "hello"):
        shutil.copy(GUESTS / "riscv64" / name / f"{name}.elf", folder)
    (folder / "suite.toml").write_text(SUITE)
    cases = collect([folder], None, folder)
    keeper = Keeper(folder / "coverage", {case.name: case for case in cases})
    machines = Machines(partial(Machine.count_blocks, branches=True))
    measurement, orders = Measurement(branches=True), Orders(coverage=True, branches=True)
    for case in cases:
        executed = execute(case, orders, machines, measurement=measurement)
        assert executed.coverage is not None, executed.result.reason
        assert executed.result.coverage["lines_hit"] > 0
        keeper.keep(case.name, executed.coverage)
    machines.close()
    assert keeper.finish(seconds=0)[-1] == f"coverage: {folder / 'coverage'}"
    return folder


def of_case(folder: Path, name: str) -> Path:
    return folder / "coverage" / "tests" / f"{record.stem(name)}.info"


def test_a_case_has_the_coverage_of_its_run_alone(
    measured: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    alone = tmp_path / "alone.info"
    program = str(measured / "debuggee.elf")
    assert cli.dispatch(["cov", program, "--machine", "bare", "--branches", "--lcov", str(alone)]) == 0
    capfd.readouterr()
    text = of_case(measured, "debuggee").read_text()
    assert text.startswith("TN:debuggee\n")
    assert re.search(r"^BRDA:\d+,0,\d+,[1-9]", text, re.MULTILINE)
    assert text.replace("TN:debuggee\n", "TN:\n") == alone.read_text()


def test_the_sum_is_that_of_the_cases(measured: Path) -> None:
    whole = lcov.read(measured / "coverage" / "all.info")
    cases = [lcov.read(of_case(measured, name)) for name in ("debuggee", "hello", "after-hello")]
    for path, file in whole.files.items():
        for line, count in file.lines.items():
            assert count == sum(each.file(path).lines.get(line, 0) for each in cases)


def test_a_case_has_its_prefix_too(measured: Path) -> None:
    whole = lcov.read(of_case(measured, "hello"))
    assert lcov.read(of_case(measured, "after-hello")) == whole


def changed_copy(measured: Path, folder: Path, function: str) -> Path:
    """The debuggee with another first instruction in a function."""
    program = measured / "debuggee.elf"
    image = open_image(program)
    code = program.read_bytes()
    address = image.symbols.address(function)
    assert address is not None
    segment = next(each for each in image.segments if each.address <= address < each.end)
    start = code.index(segment.data) + address - segment.address
    made = folder / "new.elf"
    made.write_bytes(code[:start] + b"\x01\x00" + code[start + 2 :])
    return made


def selected(
    capfd: pytest.CaptureFixture[str], measured: Path, old: Path, new: Path
) -> tuple[int, list[str], str]:
    words = ["suite", "run", str(measured), "--select-changed", str(old), str(new), "--dry-run"]
    places = ["--results", str(measured / "results"), "--cov-dir", str(measured / "coverage")]
    code = cli.dispatch([*words, *places])
    out, err = capfd.readouterr()
    return code, [name for name in ("debuggee", "hello") if name in out], err


@pytest.fixture
def _there(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(measured)


@pytest.mark.usefixtures("_there")
def test_cases_that_executed_a_changed_function_are_chosen(
    measured: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old = measured / "debuggee.elf"
    code, names, err = selected(capfd, measured, old, changed_copy(measured, tmp_path, "scaled"))
    assert (code, names) == (0, ["debuggee"])
    assert "1 function changed: scaled" in err
    assert "debuggee: it executed scaled" in err
    code, names, err = selected(capfd, measured, old, changed_copy(measured, tmp_path, "unexpected"))
    assert (code, names) == (0, [])
    assert "0 of 3 cases run" in err


@pytest.mark.usefixtures("_there")
def test_a_case_of_which_nothing_certain_is_known_is_chosen(
    measured: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old = measured / "debuggee.elf"
    path = of_case(measured, "hello").with_suffix(".json")
    kept = path.read_text()
    for content, why in (
        ("{", "nothing is known of what it executes"),
        (kept.replace("axemu-executed-1", "axemu-executed-0"), "nothing is known"),
        (json.dumps({**json.loads(kept), "manifest": "0"}), "its manifest has changed"),
        (kept.replace('"digest": "', '"digest": "0'), "is another file than when it was measured"),
    ):
        path.write_text(content)
        _, _, err = selected(capfd, measured, old, old)
        assert "1 of 3 cases run" in err
        assert re.search(f"  hello: .*{why}", err)
    path.write_text(kept)


@pytest.mark.usefixtures("_there")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("suite.toml", "debuggee.elf", "is none"),
        ("debuggee.elf", "nowhere.elf", "Cannot compare the programs"),
        ("debuggee.elf", str(GUESTS / "arm/hello/hello.elf"), "is for riscv64"),
    ],
)
def test_files_that_cannot_be_compared(
    measured: Path, capfd: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    code, _, err = selected(capfd, measured, Path(old), Path(new))
    assert code == 2
    assert said in err.replace("\n", " ")


@pytest.mark.parametrize("name", ["aarch64", "arm", "mips", "ppc64", "riscv64", "s390x", "x86_64"])
def test_a_function_that_only_moved_has_not_changed(name: str) -> None:
    isa = registry.find(name)
    old, new = (GUESTS / name / each / f"{each}.elf" for each in ("hello", "exit-code"))
    found = changed(Code(old, isa), Code(new, isa))
    assert "main" in found
    assert "exit" not in found
    addresses = [open_image(each).symbols.address("exit") for each in (old, new)]
    assert addresses[0] != addresses[1]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputUnreadable):
        Keeper(tmp_path / "file", {})


def test_a_record_that_cannot_be_written_is_said_at_the_end(measured: Path, tmp_path: Path) -> None:
    [case, *_] = collect([measured], None, measured)
    keeper = Keeper(tmp_path, {case.name: case})
    (tmp_path / "tests" / f"{record.stem(case.name)}.json").mkdir()
    keeper.keep(case.name, CaseCoverage(keeper.whole, ()))
    with pytest.raises(InputUnreadable):
        keeper.finish(seconds=0)
