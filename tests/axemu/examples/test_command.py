"""`axemu examples`: the list, an example that needs no network, and what is said where one cannot run."""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from axemu.debian.guests import GUESTS
from axemu.examples.example import Setting
from axemu.examples.table import EXAMPLES

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., subprocess.CompletedProcess[bytes]]


def axemu(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join((str(ROOT), str(ROOT / "tools")))
    return subprocess.run(
        [sys.executable, "-m", "axemu", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths, "NO_COLOR": "1", **environment},
    )


def test_the_list_names_every_example_and_what_would_be_downloaded(tmp_path: Path) -> None:
    done = axemu("examples", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 0
    for example in EXAMPLES:
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(example.name)]
        assert line.rstrip().endswith(f"downloads {', '.join(example.needs)}" if example.needs else "ready")
    rows = json.loads(axemu("examples", "--json", XDG_CACHE_HOME=str(tmp_path)).stdout)
    assert [row["name"] for row in rows] == [example.name for example in EXAMPLES]


def test_every_guest_that_an_example_needs_is_a_row_of_the_table() -> None:
    known = {guest.name for guest in GUESTS}
    assert {need for example in EXAMPLES for need in example.needs} <= known


def test_hello_says_hello_and_shows_its_command() -> None:
    done = axemu("examples", "hello", "--", "-v")
    assert done.returncode == 0
    assert done.stdout == "Hello from riscv64 on bare.\n"
    assert "$ axemu run --isa riscv64 -M bare" in done.stderr
    assert "Exit summary" in done.stderr, "options after -- are for the run"


def test_a_dry_run_prints_the_command_only_and_the_command_runs(tmp_path: Path) -> None:
    done = axemu("examples", "hello", "--dry-run", XDG_CACHE_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    program, *arguments = done.stdout.split()
    assert program == "axemu"
    assert axemu(*arguments).stdout == "Hello from riscv64 on bare.\n"


def test_the_exit_code_of_the_run_is_passed_on() -> None:
    assert axemu("examples", "hello", "--", "--max-insns", "10").returncode == 124


def test_an_unknown_example_is_answered_with_the_nearest() -> None:
    done = axemu("examples", "linux-riscv46")
    assert done.returncode == 2
    assert "linux-riscv64" in done.stderr


def test_a_machine_without_apt_is_told_what_is_missing(tmp_path: Path) -> None:
    done = axemu("examples", "opensbi-uboot", PATH=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 2
    assert "apt-get was not found" in done.stderr


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    cache = tmp_path / "axemu"
    cache.mkdir()
    (cache / "examples").write_text("a file where a folder should be")
    done = axemu("examples", "hello", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 2
    assert f"{cache}/examples" in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize("batch", [True, False])
def test_what_an_example_makes_is_the_same_each_time(batch: bool, tmp_path: Path) -> None:
    """Its files may be anything that xz has packed: they are only named, unpacked and packed."""
    source = tmp_path / "source"
    source.write_bytes(lzma.compress(b"program"))

    class Any(dict):  # type: ignore[type-arg]
        def __missing__(self, key: str) -> Path:
            return source

    for example in EXAMPLES:
        made = []
        for number in range(2):
            folder = tmp_path / f"{example.name}{number}"
            setting = Setting({need: Any() for need in example.needs}, folder, batch, None)
            arguments = [each.replace(str(folder), "") for each in example.arguments(setting)]
            made.append((arguments, {path.name: path.read_bytes() for path in folder.glob("*")}))
        assert made[0] == made[1]
