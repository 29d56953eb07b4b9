"""`axemu doctor`: does everything that axemu stands on work here, and what is missing?"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from axemu import version
from axemu.screens import print_json, standard_output, table

PARTS = (
    "unicorn",
    "capstone",
    "numba",
    "llvmlite",
    "numpy",
    "rich",
    "typer",
    "pyelftools",
    "fdt",
    "intelhex",
)
UNICORN = "2.1.4"  # the version whose behaviour the engine is written for
SMALLEST_PYTHON = (3, 11)

OPTIONAL_PROGRAMS = (
    ("qemu-system-riscv64", "to compare a guest with QEMU", "apt install qemu-system-misc"),
    ("gdb-multiarch", "to debug guests of every ISA", "apt install gdb-multiarch"),
    ("tmux", "to try the console in a terminal of its own", "apt install tmux"),
    ("dtc", "to read device trees", "apt install device-tree-compiler"),
)
OPTIONAL_MODULES = (("ziglang", "to build guests from source", "pip install ziglang==0.17.1"),)

PROBE_LIMIT = 300.0  # seconds; compiling takes under a minute on a slow machine


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: ok, missing (optional, not needed) or failed (axemu does not work without it)."""

    name: str
    status: str
    detail: str
    remedy: str = ""


def doctor(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check this installation: versions, native code, optional parts. Exit code 1 if something needed fails.

    [dim]axemu doctor[/]
    """
    findings = list(examine())
    sound = all(finding.status != "failed" for finding in findings)
    if json:
        print_json({"sound": sound, "findings": [asdict(finding) for finding in findings]})
    else:
        show(findings, sound)
    raise typer.Exit(0 if sound else 1)


def examine() -> Iterator[Finding]:
    """All checks, the cheap ones first."""
    yield _python()
    yield Finding("axemu", "ok", f"{version()} in {Path(__file__).resolve().parent}")
    yield from (_part(name) for name in PARTS)
    yield from _instruction_sets()
    yield _cache()
    yield _native()
    yield from (_program(*row) for row in OPTIONAL_PROGRAMS)
    yield from (_module(*row) for row in OPTIONAL_MODULES)


def show(findings: list[Finding], sound: bool) -> None:
    screen = standard_output()
    colors = {"ok": "green", "missing": "yellow", "failed": "red"}
    rows = table("", "", "")
    rows.show_header = False
    for finding in findings:
        detail = escape(finding.detail + (f"; {finding.remedy}" if finding.remedy else ""))
        rows.add_row(f"[{colors[finding.status]}]{finding.status}[/]", escape(finding.name), detail)
    screen.print(rows)
    verdict = "[green]axemu works here.[/]" if sound else "[red]axemu does not work here: see what failed.[/]"
    screen.print(verdict)


def _python() -> Finding:
    detail = (
        f"{platform.python_version()} ({platform.python_implementation()}) on {platform.platform(terse=True)}"
    )
    good = sys.version_info >= SMALLEST_PYTHON
    return Finding(
        "python", "ok" if good else "failed", detail, "" if good else "install Python 3.11 or newer"
    )


def _part(name: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "failed", "not installed", f"pip install {name}")
    if name == "unicorn" and version != UNICORN:
        return Finding(name, "failed", f"{version}, expected {UNICORN}", f"pip install unicorn=={UNICORN}")
    return Finding(name, "ok", version)


def _instruction_sets() -> Iterator[Finding]:
    from isa import registry  # noqa: PLC0415
    from isa.errors import BrokenPlugin  # noqa: PLC0415

    for name, entry in registry.plugins().items():
        try:
            yield Finding(f"isa {name}", "ok", registry.load(entry).summary)
        except BrokenPlugin as error:
            yield Finding(f"isa {name}", "failed", str(error))


def _cache() -> Finding:
    from isa import cache  # noqa: PLC0415

    folder = cache.directory()
    if folder is not None:
        return Finding("code cache", "ok", str(folder))
    remedy = "set XDG_CACHE_HOME to a folder that can be written, or every start compiles anew"
    return Finding("code cache", "missing", f"{cache.base()} cannot be written", remedy)


def _native() -> Finding:
    """The engine loads, the native hooks compile, a guest runs: in a process of its own, which may crash."""
    command = [sys.executable, "-c", "from axemu.probe import main; main()"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Finding(
            "native code", "failed", f"no answer in {PROBE_LIMIT:.0f} s", "AXEMU_DEBUG=1 axemu run GUEST"
        )
    if done.returncode == 0:
        return Finding("native code", "ok", done.stdout.strip())
    if done.returncode < 0:
        detail = f"the process died of {signal.Signals(-done.returncode).name}"
    else:
        detail = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return Finding("native code", "failed", detail, "pip install --force-reinstall axemu")


def _program(name: str, purpose: str, remedy: str) -> Finding:
    found = shutil.which(name)
    return Finding(name, "ok", found) if found else Finding(name, "missing", f"optional, {purpose}", remedy)


def _module(name: str, purpose: str, remedy: str) -> Finding:
    if importlib.util.find_spec(name) is None:
        return Finding(name, "missing", f"optional, {purpose}", remedy)
    return Finding(name, "ok", importlib.metadata.version(name))
