"""`axemu stat` as people and scripts call it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from axemu import cli
from axemu.stat.document import load
from axemu.stat.tables import everything, short, spark, time
from axemu.stat.tables import histogram as drawn
from emu.statistics.summary import ExitCount, ExitKey, Spread, Summary, TrapCount, TrapKey

GUESTS = Path(__file__).resolve().parents[3] / "guests" / "riscv64"
HELLO = str(GUESTS / "hello")


def spread(*values: int) -> Spread:
    whole = Spread()
    for value in values:
        one = Spread(1, value, value, value)
        one.histogram[value.bit_length()] = 1
        whole.add(one)
    return whole


def sample() -> Summary:
    """Names as long as they come, and numbers too."""
    exits = {
        ExitKey(
            "mmio-write", "virtio-console7", "QUEUE_DRIVER_LOW", "a_function_with_a_very_long_name"
        ): ExitCount(12_345_678, spread(1, 3, 1 << 40), Spread()),
        ExitKey("hypercall", "firmware", "DBCN console_write_byte", "__sbi_ecall"): ExitCount(
            2, spread(1000, 2000), spread(1500, 9_000_000)
        ),
    }
    traps = {
        TrapKey("interrupt", "supervisor external interrupt"): TrapCount(
            3, spread(10, 20, 30), spread(0, 400)
        ),
        TrapKey("interrupt", "supervisor software interrupt"): TrapCount(1, spread(7), Spread()),
        TrapKey("trap", "store/AMO page fault"): TrapCount(2, spread(1, 2), Spread()),
    }
    return Summary(exits, traps, 1 << 41, 1 << 42)


def text_of(summary: Summary, width: int, rows: int | None = None) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(everything(summary, console, rows))
    return console.export_text()


def counted(tmp_path: Path, guest: str, name: str) -> tuple[Path, dict[str, Any]]:
    path = tmp_path / name
    assert cli.dispatch(["stat", guest, "--json", str(path)]) == 0
    found: dict[str, Any] = json.loads(path.read_text())
    return path, found


def test_a_guest_is_run_and_counted(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path, found = counted(tmp_path, HELLO, "hello.json")
    output = capfd.readouterr().out
    assert "hello from riscv64 on bare" in output
    assert "VM exits 55 in 352 instructions" in output
    assert "uart DATA" in output
    assert "\x1b" not in output
    assert (found["kind"], found["schema"]) == ("axemu stat", 1)
    assert (
        found["exit_count"]
        == sum(row["count"] for row in found["exits"])
        == sum(count for name, count in found["run"]["exits"].items() if name != "traps")
    )
    assert found["run"]["passed"] is True
    row = next(row for row in found["exits"] if row["register"] == "DATA")
    assert {"reason", "device", "symbol", "share", "host_ns"} < set(row)
    assert sum(row["instructions_between"]["log2"]) == row["count"] == 27
    assert load(path).summary.exit_count == 55


def test_json_on_standard_output_is_alone_there(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.dispatch(["stat", HELLO, "--json", "-"]) == 0
    captured = capfd.readouterr()
    assert json.loads(captured.out)["exit_count"] == 55
    assert "hello from riscv64" in captured.err
    assert "uart DATA" in captured.err


def test_the_exit_code_is_that_of_run(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.dispatch(["stat", str(GUESTS / "must-fail")]) == cli.dispatch(
        ["run", str(GUESTS / "must-fail")]
    )
    assert cli.dispatch(["stat", HELLO, "--max-insns", "100"]) == 124
    assert "VM exits" in capfd.readouterr().out


def test_two_runs_are_compared(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    old, _ = counted(tmp_path, HELLO, "old.json")
    new, _ = counted(tmp_path, str(GUESTS / "mmio-forms"), "new.json")
    capfd.readouterr()
    assert cli.dispatch(["stat", "diff", str(old), str(new)]) == 0
    output = capfd.readouterr().out
    assert "VM exits 55 →" in output
    assert all(len(line) <= 80 for line in output.splitlines())
    assert cli.dispatch(["stat", "diff", str(old), str(new), "--json", "-"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["kind"] == "axemu stat diff"
    assert all(row["old"]["count"] != row["new"]["count"] for row in found["exits"])
    assert cli.dispatch(["stat", "diff", str(old), str(old)]) == 0
    assert "Every count is the same." in capfd.readouterr().out


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\x00 no text", "it is no JSON"),
        (b"[1, 2]", "another JSON document"),
        (b'{"kind": "axemu stat", "schema": 99}', "its schema is 99, and this version reads 1"),
        (b'{"kind": "axemu stat", "schema": 1, "exits": 3}', "missing or wrong"),
        (b'{"kind": "axemu stat", "schema": 1, "exits": [{"reason": 7}], "traps": []}', "missing or wrong"),
    ],
)
def test_a_file_that_is_no_statistics_is_refused(
    content: bytes, reason: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    assert cli.dispatch(["stat", "diff", str(path), str(path)]) == 2
    said = capfd.readouterr().err.replace("\n", " ")
    assert reason in said
    assert "Expected a file that `axemu stat GUEST --json FILE` has written" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diff", "/nowhere/old.json", "/nowhere/new.json"], "Cannot read the statistics"),
        (["diff", "one.json"], "compares two files"),
        (["diff"], "compares two files"),
        ([HELLO, "another"], "one too many"),
        ([HELLO, "--rows", "few"], "--rows expects a whole number"),
        ([HELLO, "--top"], "--top needs a terminal"),
        ([HELLO, "--svg", "/nowhere/picture.svg"], "Cannot write"),
        ([HELLO, "--json", "/nowhere/result.json"], "Cannot write"),
        (["/nowhere/guest.elf"], "/nowhere/guest.elf"),
        ([], "Nothing to run"),
    ],
)
def test_bad_input_is_refused_before_the_guest_runs(
    arguments: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.dispatch(["stat", *arguments]) == 2
    captured = capfd.readouterr()
    assert said in captured.err.replace("\n", " ")
    assert "hello" not in captured.out


@pytest.mark.parametrize("width", [80, 120, 170])
def test_tables_fit_the_terminal(width: int) -> None:
    text = text_of(sample(), width)
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    assert "12,345,678" in text
    assert "unknown" in text  # of the interrupt whose raise nobody saw
    assert "mmio-write" in text


def test_rows_that_are_not_shown_are_added_up() -> None:
    text = text_of(sample(), 100, rows=1)
    assert "1 more" in text
    assert "2 more" in text


def test_the_picture_is_written(tmp_path: Path) -> None:
    path = tmp_path / "stat.svg"
    assert cli.dispatch(["stat", HELLO, "--svg", str(path)]) == 0
    assert path.read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (3.5, "3.5"),
        (9999, "9999"),
        (12_345, "12.3k"),
        (999_999, "1M"),
        (4_566_000, "4.57M"),
        (2e12, "2T"),
    ],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert short(value) == shown


def test_times_have_a_unit() -> None:
    assert [time(each) for each in (0, 999, 1500, 2_000_000, 3e9)] == ["0ns", "999ns", "1.5us", "2ms", "3s"]


def test_a_small_histogram_has_a_character_for_each_power_of_two() -> None:
    assert spark([8, 0, 1, 0]) == "█ ▁"
    assert spark([]) == ""


def test_a_histogram_leaves_out_what_is_empty() -> None:
    lines = drawn("between", spread(0, 1, 1, 1000), short, "#").plain.splitlines()
    assert lines[0] == "between"
    assert [line.split()[-1] for line in lines[1:]] == ["1", "2", "...", "1"]
    assert lines[2].count("#") == 2 * lines[1].count("#") == 40
