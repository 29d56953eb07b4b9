"""One case from its manifest to its result, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from axemu.suite import bundle
from axemu.suite.case import Case
from axemu.suite.determinism import verified
from axemu.suite.judgement import judged
from axemu.suite.machines import Machines
from axemu.suite.orders import Executed, Orders, Terms, described
from axemu.suite.result import Result, Verdict
from axemu.suite.trial import Trial, run_trial
from emu.errors import EmuError
from emu.expectation import console_text
from emu.machine import Machine
from isa.errors import IsaError

if TYPE_CHECKING:
    from axemu.suite.coverage.measurement import CaseCoverage, Measurement


def execute(
    case: Case,
    orders: Orders,
    machines: Machines,
    made: Callable[[Machine], None] = lambda machine: None,
    measurement: Measurement | None = None,
) -> Executed:
    """Run the case and judge it; `measurement`: of the machines' counts, of the case's first run. What is wrong with
    the case is a result too (ERROR); only faults of ours are raised."""
    begun, begin = time.time(), time.monotonic()

    measured: list[CaseCoverage] = []

    def ended(machine: Machine) -> None:
        if measurement is not None and not measured:
            measured.append(measurement.of(machine))

    def run(terms: Terms) -> Trial:
        return run_trial(case, terms, machines, made, ended)

    prefix_hash = ""
    try:
        if orders.verify:
            trial, difference = verified(case, orders.terms, run, slicing=orders.slicing)
        else:
            trial, difference = run(orders.terms), None
        prefix_hash = trial.prefix_hash
        result = judged(case, trial)
        if orders.update_golden:
            result = updated(case, trial, result)
        if difference is not None:
            word = Verdict.QUARANTINED if case.guest.quarantine else Verdict.NONDETERMINISTIC
            result = replace(
                result, verdict=word, reason=difference.text, details=(difference.text, *result.details)
            )
    except (EmuError, IsaError) as error:
        result = Result(case.name, Verdict.ERROR, str(error), (str(error),))
    result = described(case, result, orders.terms.seed)
    covered = measured[0] if measured else None
    if covered is not None:
        result = replace(result, coverage=covered.coverage.totals)
    result = replace(result, begun=begun, overhead=max(time.monotonic() - begin - result.seconds, 0.0))
    if orders.bundles is not None and not result.verdict.good:
        result = bundle.kept(case, result, orders.bundles)
    return Executed(result, prefix_hash, covered)


def updated(case: Case, trial: Trial, result: Result) -> Result:
    """Write the golden console where the case has one and the run printed another; then the case passes it."""
    expect = case.guest.expect
    text = console_text(trial.console)
    if expect.console_file is None or expect.console_text == text:
        return result
    expect.console_file.write_text(text, encoding="utf-8")
    guest = replace(case.guest, expect=replace(expect, console_text=text))
    again = judged(replace(case, guest=guest), trial)
    return replace(again, reason=again.reason or f"golden console written: {expect.console_file}")
