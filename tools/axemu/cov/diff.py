"""Coverage of what has changed since a revision: the lines that `git diff` names, as they are in the working tree."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from axemu.cov.coverage import Coverage
from axemu.cov.summary import short
from axemu.errors import UsageError

_HUNK: Final = re.compile(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_OPTIONS: Final = ("-U0", "--no-color", "--no-ext-diff", "--src-prefix=a/", "--dst-prefix=b/")


@dataclass(frozen=True, slots=True)
class Diff:
    """`lines`: by the path of a file, resolved, those that are not as they were."""

    revision: str
    lines: Mapping[str, frozenset[int]]


def since(revision: str) -> Diff:
    """Of the repository that the current directory is in. Raises UsageError."""
    top = _git("rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(
            "--changed-since expects to be run inside a git repository.", f"'{Path.cwd()}' is in none."
        )
    known = (
        None
        if revision.startswith("-")
        else _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    )
    if known is None:
        raise UsageError(
            "--changed-since expects a revision that git knows: a branch, a tag, a commit.",
            f"Got {revision!r}.",
            "`git log --oneline` lists commits; a shallow clone has few of them.",
        )
    text = _git("-c", "core.quotepath=off", "diff", *_OPTIONS, known.strip(), "--")
    if text is None:
        raise UsageError("--changed-since could not read the changes.", f"git diff {revision} failed.")
    return Diff(revision, dict(_parsed(text, Path(top.rstrip("\n")))))


def _git(*words: str) -> str | None:
    """Its standard output, None where it fails. Raises UsageError where there is no git."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("--changed-since needs git.", "There is none in PATH.") from None
    return done.stdout.decode(errors="surrogateescape") if done.returncode == 0 else None


def _parsed(text: str, top: Path) -> Iterator[tuple[str, frozenset[int]]]:
    for part in re.split(r"(?m)^diff --git ", text)[1:]:
        name = re.search(r'(?m)^\+\+\+ "?b/(.*?)"?\t?$', part)
        if name is None:
            continue  # it is not there any more, or is no text
        lines: set[int] = set()
        for start, count in _HUNK.findall(part):
            lines.update(range(int(start), int(start) + int(count or 1)))
        yield str((top / name[1]).resolve()), frozenset(lines)


@dataclass(frozen=True, slots=True)
class Changed:
    """Of the lines of a diff that have code: those that ran, and those that did not, by file."""

    diff: Diff
    covered: Mapping[str, list[int]]
    uncovered: Mapping[str, list[int]]

    @property
    def percent(self) -> float | None:
        """None where no changed line has code."""
        hit, missed = (sum(map(len, each.values())) for each in (self.covered, self.uncovered))
        return 100 * hit / (hit + missed) if hit + missed else None

    def text(self) -> Iterator[str]:
        hit, missed = (sum(map(len, each.values())) for each in (self.covered, self.uncovered))
        if self.percent is None:
            yield f"changed since {self.diff.revision}: no line with code of this program"
            return
        yield f"changed since {self.diff.revision}: {hit:,} of {hit + missed:,} lines covered, {self.percent:.1f}%"
        for path in sorted(self.covered):
            yield f"  {short(path)}"
            if self.covered[path]:
                yield f"    covered    {_ranges(self.covered[path])}"
            for line, source in zip(self.uncovered[path], _source(path, self.uncovered[path]), strict=True):
                yield f"    uncovered  {line:<6} {source}".rstrip()


def changed(coverage: Coverage, diff: Diff) -> Changed:
    covered: dict[str, list[int]] = {}
    uncovered: dict[str, list[int]] = {}
    for path, lines in diff.lines.items():
        file = coverage.files.get(path)
        held = sorted(lines & file.lines.keys()) if file is not None else []
        if file is not None and held:
            covered[path] = [each for each in held if file.lines[each]]
            uncovered[path] = [each for each in held if not file.lines[each]]
    return Changed(diff, covered, uncovered)


def _ranges(lines: list[int]) -> str:
    found: list[list[int]] = []
    for line in lines:
        if found and found[-1][1] == line - 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _source(path: str, lines: list[int]) -> list[str]:
    try:
        texts = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        texts = []
    return [texts[line - 1].strip() if line <= len(texts) else "" for line in lines]
