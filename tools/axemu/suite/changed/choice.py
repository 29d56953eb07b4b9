"""Which cases run after a program has changed, and why each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from axemu.errors import InputUnreadable, UsageError
from axemu.suite.case import Case
from axemu.suite.changed.code import Code, changed, isa_of
from axemu.suite.coverage.measurement import Touched, digest
from axemu.suite.coverage.record import Record, manifest_digest, read
from emu.errors import EmuError
from isa.registry import find

NAMED: Final = 5  # functions in one sentence


@dataclass(frozen=True, slots=True)
class Choice:
    """`chosen` cases with their reasons; `left` is the number of the others."""

    chosen: tuple[tuple[Case, str], ...]
    left: int
    functions: frozenset[str]  # that are not the same in both files
    known: bool  # whether any record is of the old or the new file

    def lines(self) -> Iterator[str]:
        """What a person is told."""
        total = len(self.chosen) + self.left
        what = f": {_names(self.functions)}" if self.functions else ""
        count = len(self.functions)
        yield f"{count:,} function{'' if count == 1 else 's'} changed{what}"
        yield f"{len(self.chosen):,} of {total:,} cases run"
        for case, why in self.chosen:
            yield f"  {case.name}: {why}"
        if self.chosen and not self.known:
            yield "No record is of either file: run the suite once with --cov, with the old one."


def choose(cases: Sequence[Case], folder: Path, old: Path, new: Path) -> Choice:
    """Of `cases`, with the records in `folder`. Raises UsageError, InputUnreadable for files that cannot be compared."""
    programs = {_digest(old), _digest(new)}
    functions = _changed(old, new)
    chosen: list[tuple[Case, str]] = []
    known = False
    for case in cases:
        record = read(folder, case)
        known = known or (record is not None and any(each.digest in programs for each in record.touched))
        why = _why(case, record, programs, functions)
        if why:
            chosen.append((case, why))
    return Choice(tuple(chosen), len(cases) - len(chosen), functions, known)


def _why(case: Case, record: Record | None, programs: set[str], functions: frozenset[str]) -> str:
    """Why the case must run, "" where it need not."""
    if record is None:
        return "nothing is known of what it executes"
    if record.manifest != manifest_digest(case):
        return "its manifest has changed"
    reasons = (_of_program(each, programs, functions) for each in record.touched)
    return next((each for each in reasons if each), "")


def _of_program(touched: Touched, programs: set[str], functions: frozenset[str]) -> str:
    now = _current(touched.path)
    if touched.digest not in programs:
        if now == touched.digest:
            return ""
        if now in programs:
            return f"what it executes was measured with another build of {touched.path}"
        return f"{touched.path} is another file than when it was measured"
    if now not in programs:
        return f"{touched.path} is neither of the two files"
    executed = functions.intersection(touched.functions)
    if executed:
        return f"it executed {_names(executed)}"
    if touched.nameless and functions:
        return "it executed code that no symbol names"
    return ""


def _names(functions: frozenset[str]) -> str:
    first = sorted(functions)[:NAMED]
    more = len(functions) - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more else "")


@cache
def _current(path: str) -> str:
    try:
        return digest(Path(path))
    except OSError:
        return ""


def _digest(path: Path) -> str:
    try:
        return digest(path)
    except OSError as error:
        raise InputUnreadable.of(path, error, "compare the programs") from error


def _changed(old: Path, new: Path) -> frozenset[str]:
    isas = []
    for path in (old, new):
        with path.open("rb") as file:
            isa = None
            if file.read(4) == b"\x7fELF":
                try:
                    isa = isa_of(path)
                except EmuError as error:
                    raise UsageError(
                        "--select-changed OLD NEW expects two ELF files.", f"'{path}': {error}"
                    ) from error
        if isa is None:
            raise UsageError("--select-changed OLD NEW expects two ELF files.", f"'{path}' is none.")
        isas.append(isa)
    if isas[0] != isas[1]:
        raise UsageError(
            "--select-changed expects two builds of one program.",
            f"'{old}' is for {isas[0]}, '{new}' for {isas[1]}.",
        )
    before, after = (Code(path, find(isas[0])) for path in (old, new))
    if not before.functions.keys() & after.functions.keys():
        raise UsageError(
            "--select-changed expects two builds of one program, with symbols.",
            f"'{old}' and '{new}' have no function in common ({len(before.functions):,} and "
            f"{len(after.functions):,} are named).",
        )
    return changed(before, after)
