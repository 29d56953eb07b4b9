"""Whatever a guest executes, the process that runs it goes on, and the run ends within its budget.

Each batch of programs runs in a process of its own (`random_code`). A few programs of each instruction set run always,
thousands on all its CPU models with `-m long`:

    pytest -m long tests/isa/test_random_code.py            AXEMU_RANDOM_SECONDS says how long for each, 300
    python -m tests.isa.random_code ISA MODEL NUMBER 1      one program, by what a failure says
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import isa
from tests.isa.random_shapes import SHAPES

ROOT = Path(__file__).resolve().parents[2]
SECONDS = float(os.environ.get("AXEMU_RANDOM_SECONDS", "300"))
BATCH = 50
STALL = 180.0
"""Seconds of host time for one batch: most pass in two, after the first, which compiles."""


def failure(name: str, model: str, first: int, count: int) -> str:
    """Run programs `first` and on; what went wrong, or ''."""
    command = [sys.executable, "-m", "tests.isa.random_code", name, model, str(first), str(count)]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, errors = run.communicate(timeout=STALL)
        end = f"exit code {run.returncode}" if run.returncode >= 0 else f"signal {-run.returncode}"
    except subprocess.TimeoutExpired:
        run.kill()
        output, errors = run.communicate()
        end = "hung"
    lines = output.split("\n")
    if run.returncode == 0 and lines[-2:] == ["ok", ""] and not errors:
        return ""
    numbers = [line for line in lines if line.isdigit()]
    wrong = "".join(line for line in lines if line.startswith("wrong"))
    return f"{name} {model} {numbers[-1] if numbers else first}: {end}. {wrong} {errors[-2000:]}"


def rounds(name: str) -> Iterator[tuple[str, int]]:
    """A CPU model and the first number of a batch; every model as often as the others, the first one twice as often."""
    models = [model.name for model in isa.find(name).engine.cpu_models]
    first = random.SystemRandom().randrange(1 << 40)
    while True:
        for model in (models[0], *models):
            yield model, first
            first += BATCH


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_few_random_programs_end(name: str) -> None:
    wrong = failure(name, "", 0, 8)
    assert not wrong


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 2 * STALL)
@pytest.mark.parametrize("name", sorted(SHAPES))
def test_random_programs_end(name: str) -> None:
    end = time.monotonic() + SECONDS
    wrong, count = [], 0
    for model, first in rounds(name):
        if time.monotonic() > end:
            break
        wrong.append(failure(name, model, first, BATCH))
        count += BATCH
    wrong = [each for each in wrong if each]
    print(f"{name}: {count} programs")
    assert not wrong, "\n".join(wrong)


def test_every_instruction_set_has_a_shape() -> None:
    assert set(SHAPES) >= {each for each in isa.names() if isa.find(each).native is not None}
