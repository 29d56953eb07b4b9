"""From what a run left to a verdict with its reason: a free function of (case, trial), testable without a machine."""

from __future__ import annotations

from dataclasses import replace

from axemu.suite.case import Case
from axemu.suite.console_formats import READERS
from axemu.suite.result import CONSOLE_KEPT, Result, Verdict
from axemu.suite.signature import compared
from axemu.suite.trial import Trial
from emu.expectation import Evidence, Expectation, SubResult, console_text
from emu.outcome import Ending, Outcome


def judged(case: Case, trial: Trial) -> Result:
    """The case's result. Raises LoadError for a reference that cannot be read."""
    guest = case.guest
    checks, problem = _reported(case, trial)
    outcome, expect = _as_said(guest.protocol, trial.outcome, guest.expect)
    evidence = Evidence(
        outcome, trial.console, trial.instructions, trial.exits, trial.state_differences, checks
    )
    missed = list(expect.missed(evidence))
    if problem:
        missed.insert(0, problem)
    if trial.signature is not None:
        reference = guest.reference or guest.elf.with_suffix(".reference_output")
        missed.extend(compared(trial.signature, reference))
    if trial.cut:
        missed.insert(0, f"ended at once: {trial.cut}")
    where = (
        replace(trial.where, line=str(trial.symbols.line(trial.where.pc) or "")) if missed else trial.where
    )
    verdict, reason = _verdict(case, trial, missed)
    return Result(
        case.name,
        verdict,
        reason,
        tuple(missed),
        exits=dict(trial.exits),
        seconds=trial.seconds,
        instructions=trial.instructions,
        guest_ns=trial.guest_ns,
        ending=trial.outcome.ending.name.lower(),
        exit_code=outcome.code if outcome.ending is Ending.POWERED_OFF else None,
        console=trial.console[-CONSOLE_KEPT:],
        console_bytes=len(trial.console),
        where=where,
        subresults=checks,
        state_hash=trial.hash,
    )


def _reported(case: Case, trial: Trial) -> tuple[tuple[SubResult, ...], str]:
    """What the guest's console says, where its protocol is one of lines."""
    reader = READERS.get(case.guest.protocol)
    if reader is None:
        return (), ""
    checks = reader(console_text(trial.console))
    return checks.results, checks.problem


def _as_said(protocol: str, outcome: Outcome, expect: Expectation) -> tuple[Outcome, Expectation]:
    """The exit code in the protocol's words. QEMU's isa-debug-exit makes status (value << 1) | 1 of what is written."""
    if protocol == "isa-debug-exit" and outcome.ending is Ending.POWERED_OFF:
        return replace(outcome, code=outcome.code << 1 | 1), replace(expect, exit_code=expect.exit_code or 1)
    return outcome, expect


def _verdict(case: Case, trial: Trial, missed: list[str]) -> tuple[Verdict, str]:
    guest = case.guest
    if guest.expect.xfail:
        if missed:
            return Verdict.XFAIL, guest.expect.xfail_reason or missed[0]
        why = f" ({guest.expect.xfail_reason})" if guest.expect.xfail_reason else ""
        return Verdict.XPASS, f"passes, and was expected to fail{why}"
    if not missed:
        return Verdict.PASS, ""
    verdict, reason = Verdict.FAIL, missed[0]
    ending = trial.outcome.ending
    if ending in (Ending.BUDGET, Ending.TIMEOUT) and guest.expect.ending is not ending:
        verdict = Verdict.TIMEOUT
        limit = (
            f"its budget of {trial.instructions:,} instructions is used up"
            if ending is Ending.BUDGET
            else f"{trial.seconds:.1f} s of host time are over after {trial.instructions:,} instructions"
        )
        at = f"{trial.where.pc:#x}" + (f" ({trial.where.symbol})" if trial.where.symbol else "")
        reason = f"{limit}, at pc {at}"
    if guest.quarantine:
        return Verdict.QUARANTINED, f"{guest.quarantine}: {reason}"
    return verdict, reason
