"""The message-security assist: its query, and no function that ends the process.

[PoP] is z/Architecture Principles of Operation (SA22-7832-12), chapter 7.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("model", ["max", "z890.3", "gen15a"])
def test_every_function_is_not_installed_and_the_query_says_so(model: str) -> None:
    command = [sys.executable, "-m", "tests.isa.s390x.every_function", model]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    lines = run.stdout.splitlines()
    assert (run.returncode, lines[-2:]) == (0, ["klmd 127", "ok"]), run.stderr[-500:]
