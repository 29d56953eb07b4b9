"""What the tests of suites share."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from axemu.suite.case import Case
from axemu.suite.manifest import collect
from axemu.suite.orders import Orders
from axemu.suite.result import Ended, Result, Run
from axemu.suite.runner import Plan, Pool, run
from axemu.suite.watcher import Watcher

collect_ignore = ["failures"]  # designed ones: test_failures.py runs them
GUESTS = Path(__file__).resolve().parents[3] / "guests"


class Heard:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def begin(self, run: Run) -> None:
        self.calls.append("begin")

    def started(self, worker: str, case: str) -> None:
        self.calls.append(f"started {case}")

    def finished(self, result: Result) -> None:
        self.calls.append(f"finished {result.case}")

    def end(self, ended: Ended) -> None:
        self.calls.append("end")


@pytest.fixture
def suite(tmp_path: Path) -> Callable[[str], tuple[Case, ...]]:
    """Cases of a suite.toml with this text; {guests} stands for the folder of riscv64's guests."""

    def cases(text: str) -> tuple[Case, ...]:
        (tmp_path / "suite.toml").write_text(text.replace("{guests}", str(GUESTS / "riscv64")))
        return collect([tmp_path], None, tmp_path)

    return cases


@pytest.fixture
def run_cases() -> Callable[..., Ended]:
    """Run cases in worker processes."""

    def run_them(
        cases: Sequence[Case],
        orders: Orders | None = None,
        *,
        jobs: int = 1,
        watchers: Sequence[Watcher] = (),
        **more: object,
    ) -> Ended:
        header = Run("test", "test", "0", "here", time.time(), 0, len(cases), jobs)
        plan = Plan(header, tuple(cases), orders or Orders(), jobs, **more)  # type: ignore[arg-type]
        return run(plan, Pool(), watchers)

    return run_them
