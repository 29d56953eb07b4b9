"""Coverage as a table for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os.path import relpath

from axemu.cov.coverage import Coverage, FileCoverage


def table(coverage: Coverage) -> Iterator[str]:
    """A row for each file, and one for all."""
    files = coverage.ordered()
    branches = any(each.branches for _, each in files)
    more = f" {'branches':>13} {'':>7}" if branches else ""
    yield f"{'lines':>15} {'':>7} {'functions':>12} {'':>7}{more}  file"
    for path, each in files:
        yield _row([each], short(path), branches=branches)
    name = f"in {len(files):,} file{'s' if len(files) != 1 else ''}"
    yield _row([each for _, each in files], name, branches=branches)


def _row(files: Sequence[FileCoverage], name: str, *, branches: bool) -> str:
    cells = [
        _cell(sum(each.lines_hit for each in files), sum(len(each.lines) for each in files), 15),
        _cell(sum(each.functions_hit for each in files), sum(len(each.functions) for each in files), 12),
    ]
    if branches:
        cells.append(_cell(sum(each.ways_hit for each in files), sum(each.ways for each in files), 13))
    return f"{' '.join(cells)}  {name}"


def _cell(part: int, whole: int, width: int) -> str:
    return f"{f'{part:,}/{whole:,}':>{width}} {percent(part, whole):>7}"


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


def short(path: str) -> str:
    """`path` from the current directory, where it is inside."""
    near = relpath(path) if path.startswith("/") else path
    return path if near.startswith("..") else near
