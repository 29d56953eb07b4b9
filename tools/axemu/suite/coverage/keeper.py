"""The folder of a run's coverage: files of each case as it ends, and at the end the sum of all.

tests/CASE.info   an LCOV tracefile of each case
tests/CASE.json   the functions that it executed (record.py)
all.info, all.xml the sum, as LCOV and as Cobertura
html/             pages for a browser
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from axemu.cov import cobertura, lcov, pages
from axemu.cov.coverage import Coverage
from axemu.cov.summary import table
from axemu.errors import InputUnreadable
from axemu.suite.case import Case
from axemu.suite.coverage.measurement import CaseCoverage
from axemu.suite.coverage.record import Record, manifest_digest, stem

WHAT = "write the coverage"


class Keeper:
    """`cases` by their names. Writing does not raise before `finish`: the suite goes on."""

    def __init__(self, folder: Path, cases: Mapping[str, Case]) -> None:
        self._folder, self._cases = folder, cases
        self.whole = Coverage()
        self.bare = 0
        """Cases that have no debugging information."""
        self._error: tuple[Path, OSError] | None = None
        try:
            (folder / "tests").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputUnreadable.of(folder, error, WHAT) from error

    def keep(self, name: str, found: CaseCoverage) -> None:
        self.whole.add(found.coverage)
        self.bare += not found.coverage.files
        path = self._folder / "tests" / stem(name)
        record = Record(name, manifest_digest(self._cases[name]), found.touched)
        self._write(path.with_name(path.name + ".json"), record.written())
        if found.coverage.files:
            text = lcov.written(found.coverage, test=name)
            self._write(path.with_name(path.name + ".info"), text.encode())

    def finish(self, *, seconds: int) -> list[str]:
        """Write the sum, and give it as lines; `seconds`: when it was made, since 1970. Raises InputUnreadable for what
        could not be written."""
        if self.whole.files:
            self._write(self._folder / "all.info", lcov.written(self.whole).encode())
            self._write(self._folder / "all.xml", cobertura.written(self.whole, seconds=seconds))
            pages.write(self.whole, self._folder / "html")
        if self._error is not None:
            path, error = self._error
            raise InputUnreadable.of(path, error, WHAT) from error
        lines = [*table(self.whole)] if self.whole.files else []
        if self.bare:
            cases = f"{self.bare:,} case{' has' if self.bare == 1 else 's have'}"
            lines.append(
                f"{cases} no debugging information (build with -g): their functions alone are recorded"
            )
        return [*lines, f"coverage: {self._folder}"]

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.write_bytes(data)
        except OSError as error:
            self._error = self._error or (path, error)
