"""The programs of guests/linux under Debian's kernel: every check of every program passes, as it does on QEMU."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SUITE = Path(__file__).resolve().parents[2] / "guests" / "linux"
PROGRAMS = sorted(path.stem for path in (SUITE / "programs").glob("*.c"))
LONGEST = 550  # seconds; only a loaded machine takes that long
pytestmark = [pytest.mark.debian, pytest.mark.timeout(1200)]

ENGINE_LIMITS = {("floating", "a single that is not boxed is no number")}
"""What the engine does otherwise than the manual: (program, check)."""


@dataclass(frozen=True, slots=True)
class Check:
    passed: bool
    text: str


@dataclass(slots=True)
class Subtest:
    """What one program printed."""

    planned: int = 0
    checks: list[Check] = field(default_factory=list)
    verdict: bool | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def failed(self) -> set[str]:
        return {check.text for check in self.checks if not check.passed}


def parse(text: str) -> dict[str, Subtest]:
    """TAP version 14, by program. A remark is any other indented line."""
    found: dict[str, Subtest] = {}
    current = Subtest()
    for line in text.replace("\r", "").splitlines():
        if match := re.fullmatch(r"# Subtest: (\S+)", line):
            current = found.setdefault(match[1], Subtest())
        elif match := re.fullmatch(r"    1\.\.(\d+)", line):
            current.planned = int(match[1])
        elif match := re.fullmatch(r"    (not )?ok \d+ - (.*)", line):
            current.checks.append(Check(match[1] is None, match[2]))
        elif match := re.fullmatch(r"(not )?ok \d+ - (\S+)", line):
            found[match[2]].verdict = match[1] is None
        elif line.startswith("    "):
            current.remarks.append(line.strip())
    return found


def expect_all(console: str, limits: set[tuple[str, str]] | None = None) -> None:
    """Every program made its planned checks, and those that failed are just the ones in `limits`."""
    found = parse(console)
    assert sorted(found) == PROGRAMS, console[-2000:]
    wrong = []
    for name, subtest in found.items():
        known = {text for program, text in limits or () if program == name}
        whole = len(subtest.checks) == subtest.planned > 0
        if subtest.failed != known or not whole or subtest.verdict is not (not known):
            wrong.append((name, subtest.failed, len(subtest.checks), subtest.planned, subtest.remarks))
    assert not wrong


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The initial RAM disk, built; skips where there is no compiler."""
    pytest.importorskip("ziglang", reason="the compiler is missing: pip install '.[test]'")
    spec = importlib.util.spec_from_file_location("guests_linux_build", SUITE / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    output = tmp_path_factory.mktemp("linux-suite") / "initrd.gz"
    module.build(output)
    return output


@pytest.fixture
def kernel(debian_guest: Callable[[str], dict[str, Path]]) -> Path:
    return debian_guest("linux-riscv64")["vmlinux"]


def on_axemu(kernel: Path, disk: Path, *options: str) -> str:
    """The console. The budget is for a guest that hangs."""
    words = "console=ttyS0 quiet loglevel=1 exact=yes"
    command = [
        sys.executable,
        "-m",
        "axemu",
        "run",
        "-kernel",
        str(kernel),
        "-initrd",
        str(disk),
        "-m",
        "512",
    ]
    command += ["-append", words, "--max-insns", "40e9", *options]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST)
    assert run.returncode == 0, run.stderr.decode() + run.stdout.decode()[-3000:]
    return run.stdout.decode()


def test_every_program_passes(kernel: Path, disk: Path) -> None:
    expect_all(on_axemu(kernel, disk), ENGINE_LIMITS)


@pytest.mark.long
@pytest.mark.parametrize("harts", ["2", "4"])
def test_every_program_passes_on_several_harts(kernel: Path, disk: Path, harts: str) -> None:
    expect_all(on_axemu(kernel, disk, "-smp", harts), ENGINE_LIMITS)


@pytest.mark.long
def test_a_program_that_never_waits_skips_no_time(kernel: Path, disk: Path, tmp_path: Path) -> None:
    """Time is skipped only while all harts halt; a storm of faults, cut at any instruction by timers, halts nowhere."""
    result = tmp_path / "result.json"
    line = "console=ttyS0 quiet loglevel=1 exact=yes only=page-reuse"
    on_axemu(kernel, disk, "-append", line, "--json", str(result))
    report = json.loads(result.read_text())
    assert report["guest_ns"] - report["instructions"] < 100_000_000


@pytest.mark.long
@pytest.mark.skipif(
    shutil.which("qemu-system-riscv64") is None, reason="qemu-system-riscv64 is not installed"
)
def test_every_program_passes_on_qemu(kernel: Path, disk: Path, opensbi: dict[str, Path]) -> None:
    machine = ["qemu-system-riscv64", "-M", "virt", "-cpu", "sifive-u54", "-m", "512", "-nographic"]
    guest = ["-bios", str(opensbi["fw_jump.bin"]), "-kernel", str(kernel), "-initrd", str(disk)]
    run = subprocess.run(
        [*machine, *guest, "-append", "console=ttyS0 quiet loglevel=1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=LONGEST,
    )
    assert run.returncode == 0, run.stderr.decode()
    expect_all(run.stdout.decode())


def test_the_readme_tells_of_every_program() -> None:
    readme = (SUITE / "README.md").read_text(encoding="utf-8")
    assert [name for name in PROGRAMS if f"\n| {name} |" not in readme] == []


def test_a_program_that_fails_is_found_failed() -> None:
    text = "# Subtest: code\n    1..2\n    ok 1 - a\n    not ok 2 - b\n    # expected 0\nnot ok 1 - code\n"
    (subtest,) = parse(text.replace("\n", "\r\n")).values()
    assert (subtest.planned, subtest.failed, subtest.verdict) == (2, {"b"}, False)
    with pytest.raises(AssertionError):
        expect_all(text)
