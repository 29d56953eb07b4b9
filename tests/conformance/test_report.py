"""A report counts, names reasons, and finds what nobody expected."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from conformance.cases import Case, Result, Verdict
from conformance.reasons import REASONS, Reason, Whose, reason_for
from conformance.report import Report, markdown, show, values

KNOWN = Reason("rv64ui-?-sub", Whose.ENGINE, "subtraction is an option")


def result(name: str, number: int | None = None) -> Result:
    group, environment, test = name.split("-")
    case = Case(Path(name), "riscv64", group, environment, test)
    return Result(case, Verdict.FAIL if number else Verdict.PASS, number)


def report(*results: Result, theirs: tuple[Result, ...] = ()) -> Report:
    def reasons(case: Case) -> Reason | None:
        return reason_for(case, (KNOWN,))

    return Report({r.case.name: r for r in results}, {r.case.name: r for r in theirs}, reasons)


def test_rows_count_by_group_and_environment() -> None:
    rows = report(result("rv64ui-p-add"), result("rv64ui-p-sub", 3), result("rv64ui-v-add")).rows
    assert [(row.name, row.total, row.passed, row.qemu_passed) for row in rows] == [
        ("rv64ui-p", 2, 1, None),
        ("rv64ui-v", 1, 1, None),
    ]


def test_a_failure_with_a_reason_is_expected() -> None:
    found = report(result("rv64ui-p-sub", 3))
    assert found.unexpected == []
    assert [(each.case.name, reason) for each, reason in found.failures] == [("rv64ui-p-sub", KNOWN)]


def test_a_failure_without_a_reason_is_not() -> None:
    assert report(result("rv64ui-p-add", 7)).unexpected == ["rv64ui-p-add: test 7 failed"]


def test_a_pass_in_spite_of_a_reason_is_not() -> None:
    (sentence,) = report(result("rv64ui-v-sub")).unexpected
    assert "passes, remove its reason (rv64ui-?-sub" in sentence


def test_the_tables_show_whose_failure_it_is_and_what_qemu_did() -> None:
    found = report(result("rv64ui-p-sub", 3), theirs=(result("rv64ui-p-sub", 5),))
    text = io.StringIO()
    show(found, Console(file=text, width=200))
    for words in ("test 3 failed", "test 5 failed", "engine", "subtraction is an option"):
        assert words in text.getvalue()
    assert "| rv64ui-p-sub | test 3 failed | test 5 failed | engine | subtraction is an option |" in markdown(
        found
    )


def test_values_are_plain_and_in_order() -> None:
    found = values([result("rv64ui-v-add"), result("rv64ui-p-sub", 3)])
    assert [each["name"] for each in found] == ["rv64ui-p-sub", "rv64ui-v-add"]
    assert found[0]["verdict"] == "fail"
    assert found[0]["number"] == 3


def test_every_known_reason_says_why() -> None:
    assert all(reason.text and reason.pattern for reason in REASONS)
