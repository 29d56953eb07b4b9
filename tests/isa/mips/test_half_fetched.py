"""An instruction of which the first half only can be fetched is the guest's exception, and no end of the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BUS_ERROR, TLB_LOAD = 6, 2


@pytest.mark.parametrize("model", ["24Kf", "M14Kc"])
@pytest.mark.parametrize("name", ["mips", "mipsel"])
def test_it_is_an_exception_of_the_guest(name: str, model: str) -> None:
    command = [sys.executable, "-m", "tests.isa.mips.half_fetched", name, model]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    beyond = [f"80000180 {BUS_ERROR} -1 0"] * 3
    unmapped = [f"80000180 {TLB_LOAD} fff 5000"] * 3
    assert (run.returncode, run.stdout.splitlines()) == (0, beyond + unmapped), run.stderr[-500:]
