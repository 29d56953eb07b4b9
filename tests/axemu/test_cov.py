"""`axemu cov`: the counts of lines, the formats, and what is refused."""

from __future__ import annotations

import functools
import re
import struct
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from axemu import cli
from axemu.cov import lcov
from axemu.cov.coverage import Coverage, Names, Paths, Program, coverage
from emu.debug.debugger import Debugger
from emu.debug.info import Source
from emu.executions import Executions
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "guests" / "riscv64" / "debuggee"
SOURCE = ROOT / "guests" / "portable" / "debuggee.c"


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def covered(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.dispatch(["cov", *words])
    out, err = capfd.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run has written: a.info, a.xml, a.drcov."""
    folder = tmp_path_factory.mktemp("coverage")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        names = ("--lcov", "a.info", "--cobertura", "a.xml", "--drcov", "a.drcov")
        paths = [name if name.startswith("--") else str(folder / name) for name in names]
        assert cli.dispatch(["cov", str(FOLDER), *paths]) == 0
    return folder


@functools.cache
def single_stepped() -> tuple[Counter[int], str]:
    """How often each address was executed, by a debugger that steps; the tracefile of that."""
    stepped: Counter[int] = Counter()
    with Machine(load_guest(FOLDER).config()) as machine, Debugger(machine) as debugger:
        while True:
            pc, before = debugger.pc, machine.retired
            outcome = debugger.step().outcome
            stepped[pc] += machine.retired - before
            if outcome is not None and outcome.ending is Ending.POWERED_OFF:
                break
        rows = sorted((+stepped).items())
        addresses = np.array([row[0] for row in rows], np.uint64)
        found = Executions(addresses, np.array([row[1] for row in rows]), np.zeros(0), 0)
        paths = Paths(Source.of(FOLDER / "debuggee.elf"))
        names = Names(debugger.symbols, machine.isa)
        programs = [Program(info, names, paths) for info in debugger.info]
        return +stepped, lcov.written(coverage(found, programs))


def test_the_tracefile_is_that_of_single_steps(outputs: Path) -> None:
    stepped, text = single_stepped()
    assert (outputs / "a.info").read_text() == text
    with Machine(load_guest(FOLDER).config()) as machine, Debugger(machine) as debugger:
        entries = {name: debugger.info.functions(name)[0].low for name in ("cross", "scaled", "main")}
    file = lcov.read(outputs / "a.info").files[str(SOURCE)]
    assert {name: count for (_, name), count in file.functions.items() if name in entries} == {
        name: stepped[low] for name, low in entries.items()
    }


def test_counts_are_what_the_source_says(outputs: Path) -> None:
    file = lcov.read(outputs / "a.info").files[str(SOURCE)]
    texts = dict(enumerate(SOURCE.read_text().splitlines(), 1))
    counts = {texts[line].strip(): count for line, count in file.lines.items()}
    assert counts["sum += cross(&shape->corners[i], &shape->corners[(i + 1) % 3]);"] == 9
    assert all(count > 0 for count in counts.values())
    trap = lcov.read(outputs / "a.info").files[str(ROOT / "guests/runtime/riscv/trap.c")]
    assert not any(trap.lines.values())
    assert not any(trap.functions.values())


def test_cobertura_says_the_same(outputs: Path) -> None:
    root = ElementTree.parse(outputs / "a.xml").getroot()
    whole = lcov.read(outputs / "a.info")
    for made in root.iter("class"):
        file = whole.files["/" + made.attrib["filename"]]
        lines = made.find("lines")
        assert lines is not None
        assert {int(each.attrib["number"]): int(each.attrib["hits"]) for each in lines} == file.lines
    assert int(root.attrib["lines-valid"]) == sum(len(each.lines) for each in whole.files.values())
    assert root.attrib["line-rate"] == f"{_hit(whole) / int(root.attrib['lines-valid']):.4f}"


def _hit(whole: Coverage) -> int:
    return sum(each.lines_hit for each in whole.files.values())


def test_the_blocks_are_those_that_ran(outputs: Path) -> None:
    head, _, data = (outputs / "a.drcov").read_bytes().partition(b" bbs\n")
    text = head.decode()
    assert text.startswith("DRCOV VERSION: 2\nDRCOV FLAVOR: axemu\nModule Table: version 2, count 1\n")
    [module] = re.findall(r"^ 0, (0x\w+), (0x\w+), 0x0+, (.*)$", text, re.M)
    assert module[2] == str(FOLDER / "debuggee.elf")
    base = int(module[0], 16)
    count = int(text.rpartition(" ")[2])
    assert len(data) == 8 * count
    blocks = [struct.unpack_from("<IHH", data, 8 * number) for number in range(count)]
    ran = {base + start + offset for start, size, _ in blocks for offset in range(size)}
    stepped, _ = single_stepped()
    assert set(stepped) <= ran
    with Machine(load_guest(FOLDER).config()) as machine, Debugger(machine) as debugger:
        [never] = debugger.info.functions("unexpected")
    assert never.low not in ran


def test_programs_that_the_guest_loads_by_itself_are_modules(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    raw, made = tmp_path / "raw.bin", tmp_path / "a.drcov"
    raw.write_bytes(bytes.fromhex("13050500") * 16)
    program = tmp_path / "pro, gram.elf"
    program.write_bytes((FOLDER / "debuggee.elf").read_bytes())
    words = ("--isa", "riscv64", "--machine", "bare", "--base", "0x80001000", "--max-insns", "5")
    code, _, _ = covered(capfd, str(raw), *words, "--symbols", f"{program}@0x1000", "--drcov", str(made))
    assert code == 124
    text = made.read_bytes().decode(errors="replace")
    assert re.search(r"^ 0, 0x0*80001000, 0x\w+, 0x0+, \S+/pro_gram.elf$", text, re.M)
    assert "BB Table: 1 bbs" in text


def test_the_table(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = covered(capfd, str(FOLDER))
    assert code == 0
    rows = {line.split()[-1]: line.split()[:4] for line in out.splitlines() if "%" in line}
    assert rows["guests/portable/debuggee.c"] == ["21/21", "100.0%", "4/4", "100.0%"]


@pytest.mark.parametrize("isa", ["arm", "ppc64", "x86_64"])
def test_all_of_a_program_is_covered_on_other_instruction_sets(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, isa: str
) -> None:
    path = tmp_path / "a.info"
    code, _, _ = covered(capfd, str(ROOT / "guests" / isa / "debuggee"), "--lcov", str(path))
    assert code == 0
    file = lcov.read(path).files[str(SOURCE)]
    assert all(file.lines.values())
    assert {name: count for (_, name), count in file.functions.items()} == {
        "cross": 9,
        "doubled_area": 3,
        "scaled": 3,
        "main": 1,
    }


def test_runs_are_added_up(capfd: pytest.CaptureFixture[str], outputs: Path, tmp_path: Path) -> None:
    once, both = outputs / "a.info", tmp_path / "both.info"
    code, out, _ = covered(capfd, "merge", str(once), str(once), "-o", str(both))
    assert code == 0
    assert "100.0%" in out
    single, double = lcov.read(once), lcov.read(both)
    for path, file in single.files.items():
        assert double.files[path].lines == {line: 2 * count for line, count in file.lines.items()}
        assert double.files[path].functions == {key: 2 * count for key, count in file.functions.items()}
    assert lcov.written(double) == both.read_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no source file"),
        (b"DA:1,1\n", "Line 1"),
        (b"SF:a.c\nDA:one,1\nend_of_record\n", "Line 2"),
        (b"SF:a.c\nDA:1\n", "Line 2"),
        (b"SF:a.c\nhello\n", "Line 2"),
        (b"\xff\xfe", "no text"),
    ],
)
def test_what_is_no_tracefile_is_refused(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "bad.info"
    path.write_bytes(content)
    code, _, err = covered(capfd, "merge", str(path), "-o", str(tmp_path / "out"))
    assert code == 2
    assert said in err.replace("\n", " ")
    assert "Traceback" not in err


def test_a_guest_without_debugging_information(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(bytes.fromhex("13050500") * 16)
    words = (str(raw), "--isa", "riscv64", "--machine", "bare", "--base", "0x80000000", "--max-insns", "5")
    code, _, err = covered(capfd, *words)
    assert code == 2
    assert "Build it with -g" in err.replace("\n", " ")
    code, out, _ = covered(capfd, *words, "--drcov", str(tmp_path / "blocks"))
    assert code == 124
    assert "in no ELF file" in out
    assert (tmp_path / "blocks").read_bytes().endswith(b"BB Table: 0 bbs\n")


def test_a_file_that_cannot_be_written(capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = covered(capfd, str(FOLDER), "--lcov", "/nowhere/a.info")
    assert code == 2
    assert "Cannot write the coverage" in err
