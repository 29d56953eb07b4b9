"""One test on QEMU's `spike` machine, which speaks HTIF: status 0 passes, n says that test n failed."""

from __future__ import annotations

import shutil
import subprocess
import time

from conformance.cases import Case, Result, Verdict

TIMEOUT = 10.0  # seconds


def available(isa: str) -> bool:
    return shutil.which(f"qemu-system-{isa}") is not None


def run_case(case: Case, cpu: str | None = None) -> Result:
    """Run the test; `cpu` is QEMU's name of a model, None its default (every extension that it has)."""
    command = [
        f"qemu-system-{case.isa}",
        "-M",
        "spike",
        "-display",
        "none",
        "-serial",
        "null",
        "-monitor",
        "none",
    ]
    command += ["-bios", "none", "-kernel", str(case.path)] + (["-cpu", cpu] if cpu else [])
    start = time.perf_counter()
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return Result(case, Verdict.TIMEOUT, text=f"no word after {TIMEOUT:.0f} s", seconds=TIMEOUT)
    seconds = time.perf_counter() - start
    if run.returncode < 0:
        return Result(case, Verdict.ERROR, text=f"killed by signal {-run.returncode}", seconds=seconds)
    verdict = Verdict.PASS if run.returncode == 0 else Verdict.FAIL
    return Result(case, verdict, run.returncode or None, run.stderr.strip(), seconds)
