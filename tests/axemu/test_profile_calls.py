"""`axemu profile` where calls are followed: tables, and files that other programs read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from axemu import cli

ROOT = Path(__file__).resolve().parents[2]
GUEST = str(ROOT / "guests" / "riscv64" / "debuggee")
TOTAL = 3_633  # instructions of that guest
FILES = ("--flamegraph", "--collapsed", "--speedscope")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def profiled(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.dispatch(["profile", *words])
    out, err = capfd.readouterr()
    return code, out, err


@pytest.fixture
def made(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[dict[str, Path]]:
    paths = {option: tmp_path / option.strip("-") for option in FILES}
    code, _, _ = profiled(capfd, GUEST, *(word for row in paths.items() for word in map(str, row)))
    assert code == 0
    yield paths


def test_functions_and_the_tree_have_what_they_call(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = profiled(capfd, GUEST, "--callgraph", "--top", "100")
    assert code == 0
    functions, _, tree = out.partition("call tree\n")
    rows = [row.split() for row in functions.splitlines() if "%" in row]
    assert ["3,586", "98.71%", "93", "2.56%", "1", "main"] in rows
    assert sum(int(row[2].replace(",", "")) for row in rows) == TOTAL
    assert re.search(r"^ +171 +4\.71% +171 +9 {10}cross$", tree, re.MULTILINE)


def test_callers_and_callees_of_a_function(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = profiled(capfd, GUEST, "--calls", "doubled_area")
    assert code == 0
    assert "doubled_area: 510 instructions with what it calls (14.04%), 339 of its own, 3 calls" in out
    callers, _, callees = out.partition("called by")[2].partition("  calls\n")
    assert re.findall(r"^ +(\S+) +(\S+) +\S+  (\w+)$", callers, re.MULTILINE) == [("3", "510", "scaled")]
    assert re.findall(r"^ +(\S+) +(\S+) +\S+  (\w+)$", callees, re.MULTILINE) == [("9", "171", "cross")]


def test_recursive_calls_are_in_their_function_once(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = profiled(capfd, str(ROOT / "guests" / "riscv64" / "workload"), "--callgraph")
    assert code == 0
    [row] = [line.split() for line in out.splitlines() if line.endswith("  sort") and "518,596" in line][:1]
    assert row[:1] + row[2:3] + row[4:] == ["518,596", "518,596", "3,664", "sort"]


def test_collapsed_stacks_add_up(made: dict[str, Path]) -> None:
    lines = made["--collapsed"].read_text().splitlines()
    counts = dict(line.rsplit(" ", 1) for line in lines)
    assert sum(map(int, counts.values())) == TOTAL
    assert counts["_start;main;scaled;doubled_area;cross"] == "171"
    assert lines == sorted(lines)


def test_the_speedscope_file_is_as_its_format_has_it(made: dict[str, Path]) -> None:
    document = json.loads(made["--speedscope"].read_text())
    assert document["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = document["shared"]["frames"]
    assert all(set(frame) == {"name"} for frame in frames)
    [profile] = document["profiles"]
    assert (profile["type"], profile["unit"]) == ("sampled", "none")
    assert profile["endValue"] - profile["startValue"] == TOTAL == sum(profile["weights"])
    assert len(profile["samples"]) == len(profile["weights"])
    assert {each for sample in profile["samples"] for each in sample} == set(range(len(frames)))
    assert document["profiles"][document["activeProfileIndex"]] is profile


def test_bars_lie_on_their_callers(made: dict[str, Path]) -> None:
    root = ElementTree.fromstring(made["--flamegraph"].read_text())
    bars = [group for group in root.iter(f"{SVG}g") if "bar" in group.get("class", "")]
    spans = {
        (int(bar.get("data-depth", "")), int(bar.get("data-start", "")), int(bar.get("data-size", "")))
        for bar in bars
    }
    assert (0, 0, TOTAL) in spans
    for depth, start, size in spans:
        below = [one for one in spans if one[0] == depth - 1 and one[1] <= start < one[1] + one[2]]
        assert depth == 0 or (len(below) == 1 and start + size <= below[0][1] + below[0][2])
    titles = [bar.findtext(f"{SVG}title") or "" for bar in bars]
    assert "cross: 171 instructions (4.71%), 171 of its own, 9 calls" in titles


def test_the_picture_of_the_guide_is_what_the_program_makes(made: dict[str, Path]) -> None:
    assert made["--flamegraph"].read_bytes() == (ROOT / "docs" / "pictures" / "flamegraph.svg").read_bytes()


def test_a_page_has_the_same_picture(capfd: pytest.CaptureFixture[str], made: dict[str, Path]) -> None:
    page = made["--flamegraph"].with_name("page.html")
    assert profiled(capfd, GUEST, "--flamegraph", str(page))[0] == 0
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert made["--flamegraph"].read_text() in page.read_text()


def test_json_has_the_tree(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = profiled(capfd, GUEST, "--callgraph", "--json", "-")
    assert code == 0
    calls = json.loads(out)["calls"]
    assert calls["lost"] == 0
    nodes = calls["nodes"]
    assert sum(node["instructions"] for node in nodes) == TOTAL == nodes[0]["total"]
    assert nodes[0]["parent"] is None
    assert all(node["parent"] < number for number, node in enumerate(nodes[1:], 1))


@pytest.mark.parametrize("option", FILES)
def test_a_file_that_cannot_be_written_is_refused_before_the_run(
    capfd: pytest.CaptureFixture[str], option: str
) -> None:
    code, out, err = profiled(capfd, GUEST, option, "/nowhere/file")
    assert code == 2
    assert out == ""
    assert "Cannot write" in err
    assert "Traceback" not in err


def test_two_files_of_one_name_and_an_unknown_function_are_refused(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one = str(tmp_path / "one")
    code, _, err = profiled(capfd, GUEST, "--flamegraph", one, "--collapsed", one)
    assert code == 2
    assert "files of their own" in err
    code, _, err = profiled(capfd, GUEST, "--calls", "mian")
    assert code == 2
    assert "--calls expects a function" in err
    assert "Did you mean 'main'" in err


def test_a_guest_without_symbols_has_addresses(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(bytes.fromhex("ef008000" + "6f000000" + "67800000"))  # jal ra, 8; j 0; ret
    words = ("--isa", "riscv64", "--machine", "bare", "--base", "0x80000000", "--max-insns", "50")
    code, _, _ = profiled(capfd, str(raw), *words, "--collapsed", str(tmp_path / "stacks"))
    assert code == 124
    assert (tmp_path / "stacks").read_text() == "0x80000000 49\n0x80000000;0x80000008 1\n"
