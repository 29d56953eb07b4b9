"""Coverage as pages for a browser: a summary, and a page for each source file. They need nothing else, and the same
coverage makes the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Final

from axemu.cov.coverage import Coverage, FileCoverage
from axemu.cov.summary import percent, short
from axemu.errors import InputUnreadable, UsageError

WHAT: Final = "write the coverage"
_MARK: Final = '<meta name="generator" content="axemu cov">'
_GOOD: Final = 0.9  # of the lines, for green
_HALF: Final = 0.5  # for yellow


def check(folder: Path) -> None:
    """Raises UsageError, InputUnreadable where `folder` is no place for pages: what lies there is somebody else's."""
    try:
        found = list(folder.iterdir()) if folder.exists() else []
        if not found or _is_ours(folder / "index.html"):
            return
    except OSError as error:
        raise InputUnreadable.of(folder, error, WHAT) from error
    raise UsageError(
        "--html expects a folder that is new, empty, or has pages of an earlier report.",
        f"'{folder}' has {len(found):,} other file{'' if len(found) == 1 else 's'}.",
        "Name another folder, or remove it.",
    )


def _is_ours(index: Path) -> bool:
    return index.is_file() and _MARK in index.read_text(encoding="utf-8", errors="replace")


def write(coverage: Coverage, folder: Path) -> None:
    """All pages, in the place of those of an earlier report. Raises InputUnreadable."""
    pages = written(coverage)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.html"):
            path.unlink()
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputUnreadable.of(folder, error, WHAT) from error


def written(coverage: Coverage) -> dict[str, str]:
    """The pages by their names."""
    held = coverage.ordered()
    names = {path: page_name(path) for path, _ in held}
    found = {"index.html": _page("Coverage", _summary(held, names))}
    for path, each in held:
        found[names[path]] = _page(short(path), _file(path, each))
    return found


def page_name(path: str) -> str:
    """Two files of one name are apart."""
    kept = "".join(each if each.isalnum() or each in "._-" else "_" for each in PurePosixPath(path).name)
    return f"{kept}.{sha256(path.encode(errors='replace')).hexdigest()[:8]}.html"


def _page(title: str, body: Iterator[str]) -> str:
    style = files("axemu.cov").joinpath("page.css").read_text(encoding="utf-8")
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        _MARK,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{style}</style></head><body>",
        *body,
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _summary(held: Sequence[tuple[str, FileCoverage]], names: Mapping[str, str]) -> Iterator[str]:
    everything = [each for _, each in held]
    branches = any(each.branches for each in everything)
    yield "<h1>Coverage</h1>"
    more = '<th class="n" colspan="2">branches</th>' if branches else ""
    yield "<table><thead><tr><th>file</th><th></th>"
    yield f'<th class="n" colspan="2">lines</th><th class="n" colspan="2">functions</th>{more}</tr></thead>'
    yield "<tbody>"
    for path, each in held:
        link = f'<a href="{escape(names[path])}">{escape(short(path))}</a>'
        yield _row(link, [each], branches=branches)
    count = len(held)
    yield _row(f"{count:,} file{'' if count == 1 else 's'}", everything, branches=branches, kind="all")
    yield "</tbody></table>"


def _row(name: str, held: Sequence[FileCoverage], *, branches: bool, kind: str = "") -> str:
    hit, total = sum(each.lines_hit for each in held), sum(len(each.lines) for each in held)
    cells = [
        f"<td>{name}</td>",
        f'<td class="{_colour(hit, total)}">{_bar(hit, total)}</td>',
        _cells(hit, total),
    ]
    cells.append(_cells(sum(each.functions_hit for each in held), sum(len(each.functions) for each in held)))
    if branches:
        cells.append(_cells(sum(each.ways_hit for each in held), sum(each.ways for each in held)))
    return f'<tr class="{kind}">{"".join(cells)}</tr>' if kind else f"<tr>{''.join(cells)}</tr>"


def _cells(part: int, whole: int) -> str:
    colour = _colour(part, whole)
    return f'<td class="n">{part:,}/{whole:,}</td><td class="n {colour}">{percent(part, whole)}</td>'


def _colour(part: int, whole: int) -> str:
    if not whole:
        return "none"
    return "good" if part >= _GOOD * whole else "half" if part >= _HALF * whole else "bad"


def _bar(part: int, whole: int) -> str:
    width = 100 * part // whole if whole else 0
    return f'<span class="bar"><i style="width:{width}%"></i></span>'


def _file(path: str, file: FileCoverage) -> Iterator[str]:
    yield f'<p><a href="index.html">all files</a></p><h1>{escape(short(path))}</h1>'
    kinds = [
        ("lines", file.lines_hit, len(file.lines)),
        ("functions", file.functions_hit, len(file.functions)),
    ]
    if file.branches:
        kinds.append(("branches", file.ways_hit, file.ways))
    rows = (f"<tr><th>{kind}</th>{_cells(part, whole)}</tr>" for kind, part, whole in kinds)
    yield f"<table><tbody>{''.join(rows)}</tbody></table>"
    if file.functions:
        yield "<h2>Functions</h2>"
        yield '<table><thead><tr><th>function</th><th class="n">executed</th></tr></thead><tbody>'
        for (line, name), count in sorted(file.functions.items()):
            colour = "good" if count else "bad"
            link = f'<a href="#L{line}">{escape(name)}</a>'
            yield f'<tr><td>{link}</td><td class="n {colour}">{count:,}</td></tr>'
        yield "</tbody></table>"
    yield "<h2>Source</h2>"
    more = ", and of each conditional branch how often it was taken:not taken" if file.branches else ""
    yield f'<p class="note">How often each line was executed{more}.</p>'
    yield from _source(path, file)


def _source(path: str, file: FileCoverage) -> Iterator[str]:
    try:
        texts = Path(path).read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        texts = []
        yield '<p class="note">The file is not here; its lines with code are.</p>'
    branches = file.by_line()
    last = max([*file.lines, *branches, len(texts) - (texts[-1:] == [""])], default=0)
    yield '<table class="source"><tbody>'
    for number in range(1, last + 1):
        count = file.lines.get(number)
        if not texts and count is None and number not in branches:
            continue
        ways = branches.get(number, [])
        text = escape(texts[number - 1].rstrip("\r")) if number <= len(texts) else ""
        shown = "" if count is None else f"{count:,}"
        yield (
            f'<tr id="L{number}"{_kind(count, ways)}><td class="n number">{number}</td><td class="n">{shown}</td>'
            f'<td class="ways">{_ways(ways)}</td><td class="code">{text}</td></tr>'
        )
    yield "</tbody></table>"


def _kind(count: int | None, ways: Sequence[tuple[int, tuple[int, int]]]) -> str:
    if count is None:
        return ""
    one_way = any((taken > 0) != (passed > 0) for _, (taken, passed) in ways)
    return f' class="{"missed" if not count else "some" if one_way else "run"}"'


def _ways(ways: Sequence[tuple[int, tuple[int, int]]]) -> str:
    """Taken and not taken, of each branch of a line."""
    found = []
    for number, (taken, passed) in ways:
        colour = "good" if taken and passed else "half" if taken or passed else "bad"
        title = f"branch {number}: taken {taken:,} times, not taken {passed:,} times"
        found.append(f'<span class="{colour}" title="{title}">{taken:,}:{passed:,}</span>')
    return " ".join(found)
