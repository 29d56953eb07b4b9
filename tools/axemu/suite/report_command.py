"""`axemu suite report`: the reports of a stored run, and two of them compared."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from axemu.screens import print_json
from axemu.suite.result import Ended
from axemu.suite.watcher import Watcher

# What reads and writes reports is imported where a report is made: `axemu --help` must not pay for it.


def report(
    old: Annotated[
        Path, typer.Argument(metavar="RUN", help="A stored run: what --json FILE of a suite wrote.")
    ],
    new: Annotated[
        Path | None, typer.Argument(metavar="[NEW]", help="A later one, to compare with RUN.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the run as one HTML page.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write it as JUnit XML.")
    ] = None,
    tap: Annotated[Path | None, typer.Option("--tap", metavar="FILE", help="Write it as TAP 14.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="With the end of each failure's console.")
    ] = False,
) -> None:
    """Reports of a stored run; with two, what differs: exit code 1 if there are new failures.

    [dim]axemu suite report run.jsonl --html run.html[/]     the page of a stored run
    [dim]axemu suite report before.jsonl after.jsonl[/]      new failures, fixed, changed budgets

    Files are of the newer run where there are two.
    """
    from axemu.files import check_writable  # noqa: PLC0415
    from axemu.suite.reports import comparison, jsonl  # noqa: PLC0415
    from axemu.suite.reports.compare import compare  # noqa: PLC0415
    from axemu.suite.reports.rendering import Rendering  # noqa: PLC0415

    asked = {
        kind: path for kind, path in (("html", html), ("junit", junit), ("tap", tap)) if path is not None
    }
    for kind, path in asked.items():
        check_writable(path, f"write the --{kind} report")
    first = jsonl.read(old)
    if new is None:
        _show(first, json, verbose)
        _write(first, asked)
        return
    compared = compare(first, jsonl.read(new))
    if json:
        print_json(comparison.as_json(compared))
    else:
        Rendering(sys.stdout).print(*comparison.told(compared))
    _write(compared.new, asked)
    if not compared.good:
        raise typer.Exit(1)


def _show(ended: Ended, json: bool, verbose: bool) -> None:
    from axemu.suite.reports import summary  # noqa: PLC0415
    from axemu.suite.reports.rendering import Rendering  # noqa: PLC0415
    from axemu.suite.reports.verdicts import counts, failures  # noqa: PLC0415

    if not json:
        Rendering(sys.stdout).print(*summary.summary(ended, verbose))
        return
    print_json(
        {
            "kind": "summary",
            **{key: value for key, value in ended.run.as_json().items() if key != "kind"},
            "good": ended.good,
            "interrupted": ended.interrupted,
            "seconds": ended.seconds,
            "counts": {verdict.value: number for verdict, number in counts(ended.results).items()},
            "failures": [
                {
                    "case": each.case,
                    "verdict": each.verdict.value,
                    "reason": each.reason,
                    "replay": each.replay,
                }
                for each in failures(ended.results)
            ],
        }
    )


def _write(ended: Ended, asked: dict[str, Path]) -> None:
    """All of them; what cannot be written is told after the rest was."""
    from axemu.suite.reports.together import Together  # noqa: PLC0415

    Together([_watcher(kind, path) for kind, path in asked.items()]).end(ended)


def _watcher(kind: str, path: Path) -> Watcher:
    from axemu.suite.reports import html, junit, tap  # noqa: PLC0415

    kinds: dict[str, Callable[[Path], Watcher]] = {"html": html.Html, "junit": junit.JUnit, "tap": tap.Tap}
    return kinds[kind](path)
