"""Coverage as a table for a person."""

from __future__ import annotations

from collections.abc import Iterator
from os.path import relpath

from axemu.cov.coverage import Coverage


def table(coverage: Coverage) -> Iterator[str]:
    """A row for each file, and one for all."""
    files = coverage.ordered()
    yield f"{'lines':>15} {'':>7} {'functions':>12} {'':>7}  file"
    for path, each in files:
        yield _row(each.lines_hit, len(each.lines), each.functions_hit, len(each.functions), short(path))
    held = [each for _, each in files]
    yield _row(
        sum(each.lines_hit for each in held),
        sum(len(each.lines) for each in held),
        sum(each.functions_hit for each in held),
        sum(len(each.functions) for each in held),
        f"in {len(files):,} file{'s' if len(files) != 1 else ''}",
    )


def _row(lines: int, of_lines: int, functions: int, of_functions: int, name: str) -> str:
    return (
        f"{f'{lines:,}/{of_lines:,}':>15} {_percent(lines, of_lines):>7} "
        f"{f'{functions:,}/{of_functions:,}':>12} {_percent(functions, of_functions):>7}  {name}"
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


def short(path: str) -> str:
    """`path` from the current directory, where it is inside."""
    near = relpath(path) if path.startswith("/") else path
    return path if near.startswith("..") else near
