"""A program on Spike and on axemu, each writing its commit log."""

from __future__ import annotations

import subprocess
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from axemu import cli
from conformance.cases import Case
from conformance.commits import Comparison, compare, program
from conformance.reasons import Reason, Whose, reason_for
from conformance.stub import write
from emu.loaders.elf import load

BASE: Final = 0x8000_0000
RAM: Final = 16 << 20
ISA: Final = "imafdc_zicntr_zihpm_zicclsm_svadu"
MODELS: Final = {"riscv32": "sifive-u34", "riscv64": "sifive-u54"}
"""The default CPUs, by name: extensions are added to a model."""
BEYOND: Final = 1000
"""Instructions on axemu more than Spike's log has lines."""
SECONDS: Final = 120
REASONS: Final = (
    Reason(
        "rv*ud-v-recoding",
        Whose.ENGINE,
        "a result of single precision that is not NaN-boxed is stored as a double, and its upper bytes read singly",
    ),
    Reason(
        "rv64mi-p-pmpaddr",
        Whose.ENGINE,
        "bits 54 to 63 of pmpaddr are kept, and must be 0 [priv 3.7.1]: the test computes with them",
    ),
    Reason(
        "rv*-ma_fetch",
        Whose.TEST,
        "C can be turned off in Spike's misa, and not in the engine's: the test looks and goes another way",
    ),
    Reason(
        "rv*ua-*-lrsc",
        Whose.TEST,
        "Spike gives up a reservation after every 5,000 instructions: an sc fails there, and the test tries again",
    ),
)
"""Why a program differs that passes on both."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One program; `trouble` where there was nothing to compare."""

    case: Case
    comparison: Comparison
    trouble: str = ""

    @property
    def equal(self) -> bool:
        return self.comparison.equal and not self.trouble

    @property
    def reason(self) -> str:
        """Why it differs, where that is known."""
        found = reason_for(self.case) or reason_for(self.case, REASONS)
        return "" if found is None or self.trouble else found.text


def run(case: Case, spike: Path, folder: Path) -> Compared:
    """Run it on both, one after the other; the logs are files in `folder`."""
    theirs, ours = folder / "spike.log", folder / "axemu.spike"
    image = load(case.path, case.path.read_bytes())
    last = image.symbols.address("tohost")
    if image.entry is None or last is None:
        return Compared(case, Comparison(), "it has no entry or no symbol tohost")
    said = _spike(case, spike, theirs)
    with theirs.open() as lines:
        their = program(lines, image.entry, last)
    if not their:
        return Compared(case, Comparison(), f"Spike executed nothing of it: {said}")
    said = _axemu(case, ours, len(their) + BEYOND)
    if not ours.exists():
        return Compared(case, Comparison(), f"axemu wrote no trace: {said}")
    with ours.open() as lines:
        our = program(lines, image.entry, last)
    return Compared(case, compare(their, our))


def _spike(case: Case, spike: Path, log: Path) -> str:
    """What it said. It ends when the program does."""
    isa = f"rv{case.isa[-2:]}{ISA}" + (f"_{case.extension}" if case.extension else "")
    command = [str(spike), f"--isa={isa}", "-p1", f"-m{BASE:#x}:{RAM:#x}", "--log-commits"]
    copy = log.with_name(case.name)
    write(case.path, copy)
    command += [f"--log={log}", str(copy)]
    log.write_text("")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"it did not end within {SECONDS} s"
    return (done.stderr or done.stdout).strip()


def _axemu(case: Case, log: Path, instructions: int) -> str:
    """What `axemu trace` said."""
    words = ["trace", "--plain", str(case.path), "--isa", case.isa, "-machine", "virt", "-bios", "none"]
    words += ["-m", "16M", "--max-insns", str(instructions), "--format", "spike", "-o", str(log), "--force"]
    if case.extension:
        words += ["-cpu", f"{MODELS[case.isa]},{case.extension}=on"]
    log.unlink(missing_ok=True)
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        cli.dispatch(words)
    return said.getvalue().strip()


def table(results: list[Compared]) -> list[str]:
    """Markdown: a row a group, then each class of named differences with its count."""
    groups: dict[str, list[Compared]] = {}
    for each in results:
        groups.setdefault(each.case.row, []).append(each)
    lines = [
        "| group | programs | lines compared | equal | different, known why | different |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, rows in (*groups.items(), ("**all**", results)):
        total, equal = sum(each.comparison.lines for each in rows), sum(each.equal for each in rows)
        known = sum(bool(each.reason) for each in rows if not each.equal)
        other = len(rows) - equal - known
        lines.append(f"| {name} | {len(rows)} | {total:,} | {equal} | {known} | {other} |")
    named: Counter[str] = Counter()
    for each in results:
        named.update(each.comparison.named)
    lines += ["", "| named difference | lines |", "| --- | ---: |"]
    lines += [f"| {name} | {count:,} |" for name, count in named.most_common()]
    return lines
