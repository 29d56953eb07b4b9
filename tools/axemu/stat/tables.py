"""Statistics for a person: tables that fit the terminal, and histograms of powers of two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from emu.statistics.summary import ExitKey, Spread, Summary

WIDE: Final = 116
"""Columns from which on minimum, mean and maximum have columns of their own."""
VERY_WIDE: Final = 160
"""Columns from which on there is room for small histograms too."""
TWO: Final = 134
"""Columns from which on there is room for two histograms side by side."""
MICROSECOND: Final = 10
"""The bucket of host times that small histograms begin with: all shorter ones are in it."""
BAR: Final = 40
NOTES: Final = """between: instructions that the vCPU ran since its row before, of the same table
latency: instructions from an interrupt line's raise to the interrupt's delivery"""
_STEPS: Final = " ▁▂▃▄▅▆▇█"
_PLAIN_STEPS: Final = " .:-=+*#@"


@dataclass(frozen=True, slots=True)
class Form:
    """How much room there is, and what small histograms are drawn with."""

    wide: bool
    sparks: bool
    steps: str = _STEPS

    @property
    def cells(self) -> int:
        """Of one distribution, where the table is wide."""
        return 4 if self.sparks else 3


def short(value: float) -> str:
    """Three significant digits, or four of a whole number: 0, 3.5, 9999, 12.3k, 4.57M."""
    if value < 9999.5 and value == int(value):
        return str(int(value))
    for scale, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * scale:
            return f"{value / scale:.3g}{unit}" if value < 999.5 * scale else f"{value / scale:.0f}{unit}"
    return f"{value:.3g}"


def time(nanoseconds: float) -> str:
    """Three significant digits and a unit."""
    for scale, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if nanoseconds >= 0.9995 * scale:
            number = nanoseconds / scale
            return f"{number:.3g}{unit}" if number < 999.5 else f"{number:.0f}{unit}"
    return f"{nanoseconds:.0f}ns"


def everything(
    summary: Summary, console: Console, rows: int | None, *, histograms: bool = True
) -> RenderableType:
    """Both tables, with at most `rows` rows each, and histograms over all of them."""
    steps = _STEPS if console.encoding.lower().startswith("utf") else _PLAIN_STEPS
    form = Form(console.width >= WIDE, console.width >= VERY_WIDE, steps)
    parts: list[RenderableType] = [_headline(summary)]
    if summary.exits:
        parts.append(exit_table(summary, rows, form))
    if summary.traps:
        parts.append(trap_table(summary, rows, form))
    parts.append(Text(NOTES, "dim"))
    if histograms:
        parts += _histograms(summary, steps[-1], 1 if console.width < TWO else 2)
    return Group(*parts)


def _headline(summary: Summary) -> Text:
    exits, host = summary.exit_count, total(each.host for each in summary.exits.values())
    text = Text(f"VM exits {exits:,}", "bold")
    text.append(f" in {summary.instructions:,} instructions", "not bold")
    if exits:
        text.append(f": one in {short(summary.instructions / exits)}", "not bold")
    text.append(
        f"\n{exits - host.count:,} answered in native code, without a host time of their own", "not bold"
    )
    text.append(f"; {host.count:,} by Python", "not bold")
    if host.count:
        text.append(f", in {time(host.sum)} together", "not bold")
    return text


def exit_table(summary: Summary, rows: int | None, form: Form) -> Table:
    """Exits by reason, device, register and symbol."""
    table = plain_table()
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("reason", no_wrap=True, style="cyan")
    table.add_column("device register", no_wrap=True, overflow="ellipsis", ratio=1, style="green")
    table.add_column("from", no_wrap=True, overflow="ellipsis", ratio=1, style="yellow")
    _spread_columns(table, "between", form)
    if form.wide:
        _spread_columns(table, "host time", form)
    else:
        table.add_column("host\navg", justify="right", no_wrap=True)
    counts = summary.exit_count
    for key, each in islice(summary.exits.items(), rows):
        table.add_row(
            f"{each.count:,}",
            f"{100 * each.count / counts:.1f}%",
            key.reason,
            where(key),
            key.symbol,
            *_spread_cells(each.between, short, form),
            *(_spread_cells(each.host, time, form, MICROSECOND) if form.wide else [_mean(each.host)]),
        )
    _rest(table, [each.count for each in summary.exits.values()], rows, counts)
    return table


def where(key: ExitKey) -> str:
    return " ".join(part for part in (key.device, key.register) if part)


def trap_table(summary: Summary, rows: int | None, form: Form) -> Table:
    """What the guest took itself, by cause."""
    table = plain_table()
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("kind", no_wrap=True, style="cyan")
    table.add_column("cause", no_wrap=True, overflow="ellipsis", ratio=1, style="yellow")
    _spread_columns(table, "between", form)
    _spread_columns(table, "latency", form)
    counts = summary.trap_count
    for key, each in islice(summary.traps.items(), rows):
        if each.latency.count or key.kind != "interrupt":
            latency = _spread_cells(each.latency, short, form)
        else:
            latency = ["", "unknown", "", ""][: form.cells] if form.wide else ["unknown"]
        if not form.wide and 0 < each.latency.count < each.count:
            latency = [f"{latency[0]} of {short(each.latency.count)}"]
        table.add_row(
            f"{each.count:,}",
            f"{100 * each.count / counts:.1f}%",
            key.kind,
            key.cause,
            *_spread_cells(each.between, short, form),
            *latency,
        )
    _rest(table, [each.count for each in summary.traps.values()], rows, counts)
    return table


def plain_table() -> Table:
    """As all tables look."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True, padding=(0, 1, 0, 0), header_style="bold")


def _mean(spread: Spread) -> str:
    return time(spread.mean) if spread.count else "-"


def _spread_columns(table: Table, name: str, form: Form) -> None:
    if not form.wide:
        table.add_column(f"{name}\nmin/avg/max", justify="right", no_wrap=True)
        return
    first, *others = ("min", "avg", "max")
    table.add_column(f"{name}\n{first}", justify="right", no_wrap=True)
    for other in others:
        table.add_column(f"\n{other}", justify="right", no_wrap=True)
    if form.sparks:
        table.add_column("\nlog2", no_wrap=True)


def _spread_cells(spread: Spread, text: Callable[[float], str], form: Form, first: int = 0) -> list[str]:
    if not spread.count:
        return [""] * form.cells if form.wide else ["-"]
    least, mean, most = text(spread.least), text(spread.mean), text(spread.most)
    if not form.wide:
        return [f"{least}/{mean}/{most}"]
    buckets = [sum(spread.histogram[: first + 1]), *spread.histogram[first + 1 :]]
    return [least, mean, most, spark(buckets, form.steps)][: form.cells]


def _rest(table: Table, counts: Sequence[int], rows: int | None, total_count: int) -> None:
    """What is not shown, so that the column adds up."""
    hidden = counts[rows:] if rows is not None else []
    if hidden:
        share = f"{100 * sum(hidden) / total_count:.1f}%"
        table.add_row(f"{sum(hidden):,}", share, f"{len(hidden)} more", style="dim")


def spark(histogram: Sequence[int], steps: str = _STEPS) -> str:
    """One character a power of two, from 0 on."""
    used = max((index for index, each in enumerate(histogram) if each), default=-1) + 1
    most = max(histogram, default=0)
    return "".join(
        steps[-(-each * (len(steps) - 1) // most)] if each else steps[0] for each in histogram[:used]
    )


def total(spreads: Iterable[Spread]) -> Spread:
    whole = Spread()
    for each in spreads:
        whole.add(each)
    return whole


def _histograms(summary: Summary, block: str, columns: int) -> list[RenderableType]:
    exits = summary.exits.values()
    shown = [
        ("instructions between VM exits", total(each.between for each in exits), short),
        ("host time of an exit that Python answers", total(each.host for each in exits), time),
        ("instructions from raise to delivery", total(e.latency for e in summary.traps.values()), short),
    ]
    drawn = [histogram(name, spread, text, block) for name, spread, text in shown if spread.count]
    grid = Table.grid(padding=(0, 4, 0, 0))
    for at in range(0, len(drawn), columns):
        grid.add_row(*drawn[at : at + columns])
        grid.add_row()
    return [Text(), grid]


def histogram(name: str, spread: Spread, text: Callable[[float], str], block: str) -> Text:
    """A bar for each power of two from the least to the greatest that occurs."""
    used = [index for index, each in enumerate(spread.histogram) if each]
    most = max(spread.histogram)
    lines = Text(f"{name}\n", "bold")
    before = used[0]
    for index in used:
        if index > before + 1:
            lines.append(f"{'':>11} ...\n", "not bold dim")
        before, count = index, spread.histogram[index]
        low = 0 if index == 0 else 1 << index - 1
        lines.append(f"{'from ' + text(low):>11} ", "not bold")
        lines.append(f"{block * -(-count * BAR // most):<{BAR}} ", "not bold green")
        lines.append(f"{count:>10,}\n", "not bold")
    return lines
