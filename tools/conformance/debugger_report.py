"""What debuggers could do, as a table for a person and as Markdown for the docs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from conformance.debuggers import YES


@dataclass(frozen=True, slots=True)
class DebuggerReport:
    """`cells`: instruction set -> task -> YES or what was said instead."""

    debugger: str
    version: str
    tasks: Sequence[str]
    cells: Mapping[str, Mapping[str, str]]

    @property
    def reasons(self) -> list[str]:
        """What was said instead, each once, in the order of the table."""
        found = [cells[task] for cells in self.cells.values() for task in self.tasks if cells[task] != YES]
        return list(dict.fromkeys(found))

    def rows(self) -> Iterable[list[str]]:
        """A row for each instruction set; what is not YES is the number of its reason."""
        reasons = self.reasons
        for isa, cells in self.cells.items():
            texts = (cells[task] for task in self.tasks)
            yield [isa, *(text if text == YES else f"({reasons.index(text) + 1})" for text in texts)]


def show(report: DebuggerReport, console: Console) -> None:
    table = Table(title=report.version)
    for column in ("", *report.tasks):
        table.add_column(column)
    for row in report.rows():
        table.add_row(*row)
    console.print(table)
    for number, reason in enumerate(report.reasons, 1):
        console.print(f"({number}) {reason}", markup=False)


def markdown(report: DebuggerReport) -> Iterable[str]:
    yield f"{report.version}:"
    yield ""
    yield f"| | {' | '.join(report.tasks)} |"
    yield f"| --- |{' --- |' * len(report.tasks)}"
    for row in report.rows():
        yield f"| {' | '.join(row)} |"
    if report.reasons:
        yield ""
    for number, reason in enumerate(report.reasons, 1):
        yield f"({number}) `{reason}`  "
