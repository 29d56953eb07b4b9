"""Worker processes: what kills one costs one case; what hangs is ended; nothing is lost or counted twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from axemu.suite.case import Case
from axemu.suite.orders import Orders, Terms
from axemu.suite.result import Ended, Verdict

from .conftest import Heard

Suite = Callable[[str], tuple[Case, ...]]
RunCases = Callable[..., Ended]
pytestmark = pytest.mark.timeout(300)
SPIN = '[[case]]\nname = "spin"\nelf = "{guests}/spin/spin.elf"\nmachine = "bare"\ntimeout = "60s"\n'
HELLO = '[[case]]\nname = "hello"\nelf = "{guests}/hello/hello.elf"\nmachine = "bare"\n'


def verdicts(ended: Ended) -> dict[str, Verdict]:
    return {result.case: result.verdict for result in ended.results}


def workers() -> list[psutil.Process]:
    servers = [each for each in psutil.Process().children() if "forkserver" in " ".join(each.cmdline())]
    return [each for server in servers for each in server.children()]


def kill_the_worker_of(pause: float) -> threading.Thread:
    """SIGKILL for the worker that has used the most processor time, once one has begun to use some."""

    def kill() -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            time.sleep(pause)
            busy = [each for each in workers() if each.cpu_times().user > 3.0]
            if busy:
                busy[0].send_signal(signal.SIGKILL)
                return

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_killed_worker_costs_one_case_and_says_where_the_guest_was(
    suite: Suite, run_cases: RunCases
) -> None:
    heard = Heard()
    killer = kill_the_worker_of(0.5)
    ended = run_cases(suite(SPIN + HELLO), watchers=[heard])
    killer.join()
    assert verdicts(ended) == {"spin": Verdict.ERROR, "hello": Verdict.PASS}
    spin = ended.results[0]
    assert "SIGKILL" in spin.reason
    assert spin.where is not None
    assert spin.where.symbol.startswith("main")
    assert spin.instructions > 1000
    assert heard.calls == [
        "begin", "started spin", "finished spin", "started hello", "finished hello", "end",
    ]  # fmt: skip


def test_a_guest_that_never_ends_is_a_timeout_with_its_place(suite: Suite, run_cases: RunCases) -> None:
    budget = SPIN + "[case.expect]\nmax_instructions = 3_000_000\n"
    (by_budget,) = run_cases(suite(budget)).results
    assert by_budget.verdict is Verdict.TIMEOUT
    assert by_budget.instructions == 3_000_000
    assert "3,000,000 instructions is used up" in by_budget.reason
    assert "main" in by_budget.reason
    (by_time,) = run_cases(suite(SPIN.replace("60s", "500ms"))).results
    assert by_time.verdict is Verdict.TIMEOUT
    assert "host time are over" in by_time.reason


def test_a_case_that_cannot_be_loaded_is_an_error_and_the_others_run(
    suite: Suite, run_cases: RunCases
) -> None:
    missing = '[[case]]\nname = "no"\nelf = "no.elf"\nisa = "riscv64"\n'
    ended = run_cases(suite(missing + HELLO), jobs=2)
    assert verdicts(ended) == {"no": Verdict.ERROR, "hello": Verdict.PASS}


def test_after_a_failure_there_is_a_bundle_that_repeats_it(
    suite: Suite, run_cases: RunCases, tmp_path: Path
) -> None:
    from axemu.suite.manifest import collect  # noqa: PLC0415

    wrong = HELLO + '[case.expect]\nconsole = ["^goodbye"]\nmax_exits = { native = 3 }\n'
    (result,) = run_cases(suite(wrong), Orders(bundles=tmp_path / "bundles")).results
    assert result.verdict is Verdict.FAIL
    assert "goodbye" in result.reason
    assert any("at most 3 of native" in each for each in result.details)
    assert result.where is not None
    assert "sp" in result.where.registers
    bundle = tmp_path / "bundles" / "hello"
    assert (bundle / "console.txt").read_bytes() == b"hello from riscv64 on bare\n"
    assert f"axemu run {os.path.relpath(bundle)}" in (bundle / "README.txt").read_text()
    (again,) = run_cases(collect([bundle], None, tmp_path)).results
    assert (again.verdict, again.details) == (result.verdict, result.details)


def test_two_runs_that_differ_are_a_verdict_with_the_instruction(suite: Suite, run_cases: RunCases) -> None:
    text = (
        '[[case]]\nname = "clock"\nelf = "{guests}/timer-interrupt/timer-interrupt.elf"\nmachine = "bare"\n'
        'clock = "host"\n'
    )
    (result,) = run_cases(suite(text), Orders(verify=True)).results
    assert result.verdict is Verdict.NONDETERMINISTIC
    assert "two runs differ" in result.reason
    (same,) = run_cases(suite(text.replace('"host"', '"virtual"')), Orders(verify=True, slicing=True)).results
    assert same.verdict is Verdict.PASS


def test_the_verdicts_do_not_depend_on_the_hosts_load(suite: Suite, run_cases: RunCases) -> None:
    cases = suite(HELLO + SPIN + '[case.expect]\nending = "budget"\nmax_instructions = 2_000_000\n')
    quiet = run_cases(cases)
    load = [threading.Thread(target=_burn, daemon=True) for _ in range(4)]
    for each in load:
        each.start()
    loaded = run_cases(cases, jobs=2)
    assert verdicts(loaded) == verdicts(quiet)
    counts = {each.case: (each.instructions, each.console, dict(each.exits)) for each in quiet.results}
    assert {
        each.case: (each.instructions, each.console, dict(each.exits)) for each in loaded.results
    } == counts


def _burn() -> None:
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    subprocess.run(
        [sys.executable, "-c", "import time\nt=time.time()\nwhile time.time()<t+12: pass"], check=False
    )


def test_the_first_failure_can_end_the_run(suite: Suite, run_cases: RunCases) -> None:
    wrong = HELLO.replace('"hello"\n', '"first"\n', 1) + "[case.expect]\nexit_code = 9\n"
    ended = run_cases(suite(wrong + HELLO), stop_after=1)
    assert verdicts(ended) == {"first": Verdict.FAIL}
    assert ended.interrupted


def test_a_failed_case_is_run_again_only_when_asked(suite: Suite, run_cases: RunCases) -> None:
    wrong = HELLO + "[case.expect]\nexit_code = 9\n"
    (result,) = run_cases(suite(wrong), retries=2).results
    assert (result.verdict, result.attempt) == (Verdict.FAIL, 3)


def test_a_limit_on_time_may_come_from_the_run(suite: Suite, run_cases: RunCases) -> None:
    text = SPIN.replace('timeout = "60s"\n', "")
    (result,) = run_cases(suite(text), Orders(Terms(timeout=0.4))).results
    assert result.verdict is Verdict.TIMEOUT
