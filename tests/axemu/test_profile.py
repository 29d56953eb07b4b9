"""`axemu profile`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from axemu import cli

ROOT = Path(__file__).resolve().parents[2]
GUEST = str(ROOT / "guests" / "riscv64" / "debuggee")
TOTAL = 3_633  # instructions of that guest


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def profiled(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.dispatch(["profile", *words])
    out, err = capfd.readouterr()
    return code, out, err


def test_the_functions_come_after_the_console_by_their_instructions(
    capfd: pytest.CaptureFixture[str],
) -> None:
    code, out, err = profiled(capfd, GUEST, "--top", "100")
    assert code == 0
    assert "debuggee: pass" in err
    console, _, table = out.partition(f"{TOTAL:,} instructions")
    assert console == "triangle: total 168\nok total\n"
    rows = [line.split() for line in table.splitlines()[3:]]
    counts = [int(row[0].replace(",", "")) for row in rows]
    assert sum(counts) == TOTAL
    assert counts == sorted(counts, reverse=True)
    assert {row[3]: row[2] for row in rows}["cross"] == "9"


def test_lines_have_their_text(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = profiled(capfd, GUEST, "--lines", "--top", "8")
    assert code == 0
    [row] = [line for line in out.splitlines() if "debuggee.c:26 " in line]
    assert row.split()[0] == "216"
    assert row.endswith("sum += cross(&shape->corners[i], &shape->corners[(i + 1) % 3]);")


def test_a_function_is_shown_with_its_source_and_the_times_of_each_instruction(
    capfd: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = profiled(capfd, GUEST, "--annotate", "main")
    assert code == 0
    rows = [line.split() for line in out.partition("main: ")[2].splitlines()]
    assert any("debuggee.c:41" in row[0] for row in rows)
    executed = [row for row in rows if len(row) > 1 and row[1].startswith("0x")]
    assert executed[0][0] == "1"
    assert "3" in {row[0] for row in executed}


def test_thumb_code_is_decoded_as_such(capfd: pytest.CaptureFixture[str]) -> None:
    guest = str(ROOT / "guests" / "arm" / "thumb-hello")
    code, out, _ = profiled(capfd, guest, "--annotate", "main")
    assert code == 0
    rows = [line.split() for line in out.partition("main: ")[2].splitlines()]
    executed = [row for row in rows if len(row) > 1 and row[1].startswith("0x")]
    assert executed[0][0] == "1"
    assert "push" in executed[0][2]
    _, table, _ = profiled(capfd, guest, "--top", "100")
    assert {row.split()[-1]: row.split()[2] for row in table.splitlines()[3:] if "%" in row}["main"] == "1"


def test_json_has_every_address(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = profiled(capfd, GUEST, "--json", "-")
    assert code == 0
    assert "triangle: total 168" in err
    result = json.loads(out)
    assert result["schema"] == "axemu-profile-1"
    for rows in (result["functions"], result["lines"]):
        assert sum(row["instructions"] for row in rows) == TOTAL
    assert sum(times for _, times in result["addresses"]) == TOTAL == result["run"]["instructions"]


def test_the_profile_goes_to_a_file(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = profiled(capfd, GUEST, "-o", str(tmp_path / "text"), "--json", str(tmp_path / "json"))
    assert code == 0
    assert "instructions" not in out
    assert (tmp_path / "text").read_text().startswith(f"{TOTAL:,} instructions")
    assert json.loads((tmp_path / "json").read_text())["instructions"] == TOTAL


def test_a_guest_that_does_not_end_is_profiled_too(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = profiled(capfd, GUEST, "--max-insns", "100")
    assert code == 124
    assert "\n100 instructions" in f"\n{out}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--annotate", "mian"], "Did you mean 'main'"),
        (["--top", "none"], "--top"),
        (["--output", "/nowhere/file"], "Cannot write the profile"),
        (["--json", "/"], "Cannot write the profile"),
        (["--symbols", "/nowhere"], "/nowhere"),
    ],
)
def test_what_is_refused(capfd: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    code, _, err = profiled(capfd, GUEST, *words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_a_guest_without_symbols(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(bytes.fromhex("13050500") * 4 + bytes.fromhex("370f0110 2320 0f00".replace(" ", "")))
    words = (str(raw), "--isa", "riscv64", "--machine", "bare", "--base", "0x80000000", "--max-insns", "5")
    code, out, _ = profiled(capfd, *words, "--lines")
    assert code == 124
    assert "(no symbol)" in out
    assert "No source lines: the guest has no debugging information (build it with -g)." in out
    code, _, err = profiled(capfd, *words, "--annotate", "main")
    assert code == 2
    assert "no symbols at all" in err
