"""Results as a table for a person, as Markdown for the docs, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from conformance.cases import Case, Result, Verdict
from conformance.reasons import Reason


@dataclass(frozen=True, slots=True)
class Row:
    """One group of tests in one environment. qemu_passed is None where QEMU did not run."""

    name: str
    total: int
    passed: int
    qemu_passed: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run. `theirs` (QEMU's results) is empty where QEMU was not asked."""

    ours: Mapping[str, Result]
    theirs: Mapping[str, Result]
    reason_for: Callable[[Case], Reason | None]

    @property
    def rows(self) -> list[Row]:
        rows = []
        for name in sorted({result.case.row for result in self.ours.values()}):
            members = [each for each in self.ours.values() if each.case.row == name]
            passed = sum(each.passed for each in members)
            beside = [self.theirs[each.case.name].passed for each in members if each.case.name in self.theirs]
            rows.append(Row(name, len(members), passed, sum(beside) if beside else None))
        return rows

    @property
    def failures(self) -> list[tuple[Result, Reason | None]]:
        """Every test that did not pass, and the known reason."""
        ordered = sorted(self.ours.values(), key=lambda each: each.case.name)
        return [(each, self.reason_for(each.case)) for each in ordered if not each.passed]

    @property
    def unexpected(self) -> list[str]:
        """A sentence for every failure without a known reason, and for every pass that has one."""
        found = [f"{each.case.name}: {describe(each)}" for each, reason in self.failures if reason is None]
        for each in self.ours.values():
            reason = self.reason_for(each.case)
            if each.passed and reason is not None:
                found.append(f"{each.case.name}: passes, remove its reason ({reason.pattern}: {reason.text})")
        return found


def describe(result: Result) -> str:
    """How a test ended, in a few words."""
    match result.verdict:
        case Verdict.FAIL:
            return f"test {result.number} failed" + (f" ({result.text})" if result.text else "")
        case Verdict.PASS:
            return "pass"
        case _:
            return f"{result.verdict.value}: {result.text}"


def show(report: Report, console: Console) -> None:
    """Print the table, the failures with their reasons, and what nobody expected."""
    table = Table(title="riscv-tests")
    for column in ("group", "tests", "axemu", "QEMU"):
        table.add_column(column, justify="left" if column == "group" else "right")
    for row in report.rows:
        qemu = "-" if row.qemu_passed is None else str(row.qemu_passed)
        style = "" if row.passed == row.total else "yellow"
        table.add_row(row.name, str(row.total), str(row.passed), qemu, style=style)
    total = sum(row.total for row in report.rows)
    beside = str(sum(each.passed for each in report.theirs.values())) if report.theirs else "-"
    table.add_section()
    table.add_row("all", str(total), str(sum(row.passed for row in report.rows)), beside)
    console.print(table)
    if report.failures:
        why = Table(title="Failures and why", show_lines=False)
        for column in ("test", "what happened", "QEMU", "whose", "why"):
            why.add_column(column, overflow="fold")
        for result, reason in report.failures:
            whose, text = (reason.whose.value, reason.text) if reason else ("unknown", "-")
            why.add_row(result.case.name, describe(result), beside_text(report, result), whose, text)
        console.print(why)
    for sentence in report.unexpected:
        console.print(f"unexpected: {sentence}", style="red", markup=False)


def beside_text(report: Report, result: Result) -> str:
    theirs = report.theirs.get(result.case.name)
    return describe(theirs) if theirs else "-"


def markdown(report: Report) -> Iterable[str]:
    """The lines of the two tables of docs/conformance.md."""
    yield "| group | tests | axemu | QEMU |"
    yield "| --- | ---: | ---: | ---: |"
    for row in report.rows:
        qemu = "-" if row.qemu_passed is None else row.qemu_passed
        yield f"| {row.name} | {row.total} | {row.passed} | {qemu} |"
    total, passed = len(report.ours), sum(each.passed for each in report.ours.values())
    beside = sum(each.passed for each in report.theirs.values()) if report.theirs else "-"
    yield f"| **all** | **{total}** | **{passed}** | **{beside}** |"
    yield ""
    yield "| test | what happened | QEMU | whose | why |"
    yield "| --- | --- | --- | --- | --- |"
    for result, reason in report.failures:
        whose, text = (reason.whose.value, reason.text) if reason else ("unknown", "")
        theirs = beside_text(report, result)
        yield f"| {result.case.name} | {describe(result)} | {theirs} | {whose} | {text} |"


def values(results: Sequence[Result]) -> list[dict[str, object]]:
    """Plain values, one dict a result."""
    return [
        {
            "name": each.case.name,
            "verdict": each.verdict.value,
            "number": each.number,
            "text": each.text,
            "seconds": round(each.seconds, 4),
            "instructions": each.instructions,
        }
        for each in sorted(results, key=lambda each: each.case.name)
    ]
