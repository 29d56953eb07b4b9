"""A profile as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from axemu.profile.functions import FunctionCount, LineCount

if TYPE_CHECKING:
    from emu.debug.info import Source
    from emu.executions import Executions
    from emu.symbols import SourceLine

SCHEMA: Final = "axemu-profile-1"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "-"


def head(executions: Executions) -> str:
    text = f"{executions.total:,} instructions, at {len(executions.addresses):,} addresses"
    if executions.unplaced:
        text += (
            f"; {executions.unplaced:,} of them were of code that is not in memory any more: "
            "each block's are at its first address"
        )
    return text


def function_table(functions: Sequence[FunctionCount], total: int, limit: int) -> Iterator[str]:
    yield f"{'instructions':>16} {'share':>8} {'entries':>13}  function"
    for each in functions[:limit]:
        entries = "-" if each.entries is None else f"{each.entries:,}"
        yield f"{each.instructions:>16,} {share(each.instructions, total):>8} {entries:>13}  {each.name}"
    yield from _rest([each.instructions for each in functions[limit:]], total, "functions")


def line_table(lines: Sequence[LineCount], source: Source, total: int, limit: int) -> Iterator[str]:
    yield f"{'instructions':>16} {'share':>8}  line"
    for each in lines[:limit]:
        place = "(no line)" if each.line is None else str(each.line)
        text = "" if each.line is None else _text(source, each.line)
        row = f"{each.instructions:>16,} {share(each.instructions, total):>8}  {place:<28}  {text}"
        yield row.rstrip()
    yield from _rest([each.instructions for each in lines[limit:]], total, "lines")


def _rest(counts: Sequence[int], total: int, what: str) -> Iterator[str]:
    if counts:
        yield f"{sum(counts):>16,} {share(sum(counts), total):>8}  in {len(counts):,} more {what} (--top shows more)"


def _text(source: Source, line: SourceLine) -> str:
    found = source.lines(line, line.line, line.line).lines
    return found[0][1].strip() if found else ""


def as_json(
    executions: Executions, functions: Sequence[FunctionCount], lines: Sequence[LineCount]
) -> dict[str, Any]:
    """What docs/profile.md describes."""
    return {
        "schema": SCHEMA,
        "instructions": executions.total,
        "unplaced": executions.unplaced,
        "functions": [
            {
                "name": each.symbol.name if each.symbol is not None else None,
                "address": f"{each.symbol.address:#x}" if each.symbol is not None else None,
                "instructions": each.instructions,
                "entries": each.entries,
            }
            for each in functions
        ],
        "lines": [
            {
                "file": each.line.file if each.line is not None else None,
                "directory": each.line.directory if each.line is not None else None,
                "line": each.line.line if each.line is not None else None,
                "instructions": each.instructions,
            }
            for each in lines
        ],
        "addresses": [
            [f"{address:#x}", times]
            for address, times in zip(executions.addresses.tolist(), executions.times.tolist(), strict=True)
        ],
    }
