"""The numbers of suites: what a case costs beside its guest, and what ten thousand leave in a worker's memory."""

from __future__ import annotations

import gc
from pathlib import Path

from axemu.suite.execution import execute
from axemu.suite.machines import Machines
from axemu.suite.manifest import collect
from axemu.suite.orders import Orders
from axemu.suite.result import Verdict
from axemu.suite.worker import GARBAGE, resident
from bench.guests import ROOT
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from bench.usage import user_time

HELLO = ROOT / "guests" / "riscv64" / "hello"
MANY = 10_000  # cases


def suite_numbers(cases: int) -> tuple[Number, ...]:
    """The rows; `cases` for each."""
    return (
        Number(
            "suite-case",
            "a case of 352 instructions in a warm worker: all but the guest's run",
            "ms",
            (Limit(5.0),),
            (Task(AXEMU, "suites:case", (str(HELLO), str(cases // 10))),),
        ),
        Number(
            "suite-memory",
            f"what {cases:,} such cases leave in a worker's memory",
            "MB",
            (Limit(20.0),),
            (Task(AXEMU, "suites:memory", (str(HELLO), str(cases))),),
            rounds=1,
        ),
    )


def case(folder: Path, count: int) -> float:
    """User CPU milliseconds of a case."""
    return _run(folder, count)[0] / count * 1e3


def memory(folder: Path, count: int) -> float:
    """Megabytes that `count` cases leave."""
    return _run(folder, count)[1] / 1e6


def _run(folder: Path, count: int) -> tuple[float, int]:
    """(user CPU seconds beside the guest's run, growth in bytes) of `count` runs of a case, after some that warm up."""
    gc.freeze()
    gc.set_threshold(GARBAGE)
    (made,) = collect([folder], None, ROOT)
    machines, orders = Machines(), Orders()
    for _ in range(100):
        execute(made, orders, machines)
    before, start, ran = resident(), user_time(), 0.0
    for _ in range(count):
        result = execute(made, orders, machines).result
        assert result.verdict is Verdict.PASS
        ran += result.seconds
    return user_time() - start - ran, resident() - before
