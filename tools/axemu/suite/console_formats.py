"""Results that a guest prints on its console: TAP, gtest, kvm-unit-tests. Each reader takes the text and gives the
checks in it, and what is wrong with the whole.

TAP: testanything.org, version 14 (subtests are indented by four spaces). gtest: the console output of GoogleTest 1.8 and
later. kvm-unit-tests: lib/report.c of that project.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emu.expectation import SubResult


@dataclass(frozen=True, slots=True)
class Checks:
    """problem: why the console as a whole is no pass, "" where it may be one."""

    results: tuple[SubResult, ...]
    problem: str = ""


_PLAN = re.compile(r"1\.\.(\d+)(?:\s*#\s*(?:skip\S*)\s*(.*))?\s*$", re.IGNORECASE)
_TEST = re.compile(
    r"(not )?ok\b(?:\s+(\d+))?(?:\s+-)?\s*([^#]*?)\s*(?:#\s*(todo|skip)\S*\s*(.*))?$", re.IGNORECASE
)
_BAIL = re.compile(r"Bail out!\s*(.*)", re.IGNORECASE)
_SUBTEST = re.compile(r"\s*# Subtest:\s*(.*)")


def tap(text: str) -> Checks:
    """Top-level and nested test points; a nested one is called `outer/inner`."""
    results: list[SubResult] = []
    plan: int | None = None
    top, nested, name = 0, 0, ""
    waiting: list[int] = []  # places of nested results whose outer test is not named yet
    for line in text.splitlines():
        body = line.lstrip(" ")
        indent = (len(line) - len(body)) // 4
        if found := _SUBTEST.match(line):
            name = found[1]
        elif found := _BAIL.match(body):
            return Checks(tuple(results), f"the guest bailed out: {found[1]}".rstrip(": "))
        elif indent == 0 and (found := _PLAN.match(body)):
            plan = int(found[1])
            if plan == 0:
                return Checks((SubResult(found[2] or "all", True, skipped=True),))
        elif found := _TEST.match(body):
            directive = (found[4] or "").lower()
            label = found[3] or f"test {found[2] or len(results) + 1}"
            result = SubResult(
                label, found[1] is None or directive == "todo", directive == "skip", found[5] or ""
            )
            if indent:
                nested += 1
                waiting.append(len(results))
                results.append(result)
                continue
            top += 1
            for place in waiting:
                inner = results[place]
                results[place] = SubResult(
                    f"{name or label}/{inner.name}", inner.passed, inner.skipped, inner.text
                )
            if not waiting or (not result.passed and all(results[place].passed for place in waiting)):
                results.append(result)
            waiting, name = [], ""
    if not results and plan is None:
        return Checks((), "no TAP on the console: expected a plan (1..N) and lines of ok and not ok")
    if plan is None:
        return Checks(tuple(results), "the TAP on the console has no plan (1..N): it may be cut short")
    if plan != top:
        return Checks(tuple(results), f"TAP: {plan} tests planned, {top} reported")
    return Checks(tuple(results))


_GTEST = re.compile(
    r"\[\s+(OK|FAILED|SKIPPED)\s+\] ([\w/.<>-]+\.[\w/<>-]+)(?:, where .*?)?(?: \(\d+ ms\))?\s*$"
)
_GTEST_RUN = re.compile(
    r"\[==========\] (?:\d+ tests? from \d+ test (?:suites?|cases?) ran\.|Running 0 tests)"
)


def gtest(text: str) -> Checks:
    """One check for each test that ended; the text before a failure is its explanation."""
    results: dict[str, SubResult] = {}
    begun = ""
    lines: list[str] = []
    for line in text.splitlines():
        if started := re.match(r"\[ RUN      \] (\S+)", line):
            begun, lines = started[1], []
        elif found := _GTEST.match(line):
            word, name = found[1], found[2]
            if name not in results:
                explanation = " ".join(part.strip() for part in lines if part.strip())[:500]
                results[name] = SubResult(
                    name, word != "FAILED", word == "SKIPPED", explanation if word != "OK" else ""
                )
            begun = ""
        else:
            lines.append(line)
    if begun:
        return Checks(tuple(results.values()), f"gtest: {begun} began and never ended")
    if _GTEST_RUN.search(text) is None:
        return Checks(tuple(results.values()), "gtest: no closing line ([==========] N tests ... ran.)")
    return Checks(tuple(results.values()))


_KVM = re.compile(r"(PASS|FAIL|XFAIL|XPASS|SKIP): (.*)")
_SUMMARY = re.compile(r"SUMMARY: (\d+) tests?(?:, (\d+) unexpected failures?)?")
_STATUS = re.compile(r"EXIT: STATUS=(\d+)")


def kvm_unit_tests(text: str) -> Checks:
    """One check for each line of a verdict; the status that the guest says is 1 for a pass."""
    results = []
    for found in _KVM.finditer(text):
        word, name = found[1], found[2].strip()
        results.append(SubResult(name, word in ("PASS", "XFAIL", "SKIP"), word == "SKIP"))
    if status := _STATUS.search(text):
        if int(status[1]) >> 1:
            return Checks(tuple(results), f"kvm-unit-tests: exit status {int(status[1]) >> 1}")
        return Checks(tuple(results))
    summary = _SUMMARY.search(text)
    if summary is None and not results:
        return Checks(
            (), "no results of kvm-unit-tests on the console: expected PASS:, FAIL: or SUMMARY: lines"
        )
    return Checks(tuple(results))


READERS: Mapping[str, Callable[[str], Checks]] = {
    "tap": tap,
    "gtest": gtest,
    "kvm-unit-tests": kvm_unit_tests,
}
"""By the protocol's name."""
