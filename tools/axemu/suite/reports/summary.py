"""How a run ends on a screen: every failure with what to do next, then the counts."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from axemu.suite.reports import consoles
from axemu.suite.reports.durations import took
from axemu.suite.reports.verdicts import COLOURS, ORDER, failures
from axemu.suite.result import Ended, Result, Where

SHOWN = 100  # failures told in full; a run of thousands ends in its counts, not in a wall of text
DETAILS = 20  # missed expectations of one case
CONSOLE_LINES = 10  # of a failure's console, in a verbose summary


def summary(ended: Ended, verbose: bool = False) -> Iterator[RenderableType]:
    failed = failures(ended.results)
    if failed:
        yield ""
    for result in failed[:SHOWN]:
        yield from failure(result, verbose)
        yield ""
    if len(failed) > SHOWN:
        yield Text(
            f"... and {len(failed) - SHOWN:,} more that failed; --html and --json have them all\n", "bold"
        )
    yield _counts(ended)
    yield total(ended)


def failure(result: Result, verbose: bool = False) -> Iterator[Text]:
    """Reason, missed expectations, place, bundle, and the command that runs it again."""
    heading = Text(result.verdict.value, COLOURS[result.verdict] + " bold").append("  ")
    yield heading.append(consoles.one_line(result.case), "default bold")
    if result.reason:
        yield Text("  " + consoles.one_line(result.reason))
    for detail in result.details[:DETAILS]:
        yield Text("    " + consoles.clean(detail).replace("\n", "\n    "))
    if len(result.details) > DETAILS:
        yield Text(f"    ... and {len(result.details) - DETAILS} more")
    for sub in result.subresults:
        if not sub.passed and not sub.skipped:
            yield Text(
                f"    check {consoles.one_line(sub.name)} failed  {consoles.one_line(sub.text)}".rstrip()
            )
    if result.where is not None:
        yield Text("  at " + place(result.where), "dim")
    if verbose and result.console:
        kept = consoles.plain(result.console).rstrip("\n").split("\n")[-CONSOLE_LINES:]
        yield Text("  console, its end:", "dim")
        yield Text("\n".join("    | " + each for each in kept))
    if result.bundle:
        yield Text("  bundle: " + consoles.one_line(result.bundle))
    if result.replay:
        yield Text("  replay: " + consoles.one_line(result.replay))


def place(where: Where) -> str:
    """ "pc 0x80000010 memcpy (string.c:12), cpu1" """
    symbol = f" {consoles.one_line(where.symbol)}" if where.symbol else ""
    line = f" ({consoles.one_line(where.line)})" if where.line else ""
    return f"pc {where.pc:#x}{symbol}{line}" + (f", cpu{where.vcpu}" if where.vcpu else "")


def total(ended: Ended) -> Text:
    """The last line: cases, time, and why there are fewer than were asked for."""
    number = len(ended.results)
    text = Text(f"{number:,} case{'' if number == 1 else 's'} in {took(ended.seconds)}", "bold")
    workers = ended.run.workers
    text.append(f", {workers} worker{'' if workers == 1 else 's'}, seed {ended.run.seed}", "not bold")
    if ended.interrupted:
        text.append(f"; ended early: {max(0, ended.run.total - number):,} did not run", "not bold yellow")
    return text


def _counts(ended: Ended) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("verdict")
    for name in ("cases", "host time", "guest instructions"):
        table.add_column(name, justify="right")
    for verdict in ORDER:
        own = [each for each in ended.results if each.verdict is verdict]
        if own:
            table.add_row(
                Text(verdict.value, COLOURS[verdict]),
                f"{len(own):,}",
                took(sum(each.seconds for each in own)),
                f"{sum(each.instructions for each in own):,}",
            )
    return table
