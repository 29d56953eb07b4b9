"""Whether enough lines were executed: --changed-since and --fail-under."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from axemu.cov.coverage import Coverage
    from axemu.cov.diff import Diff

FAILED = 1


@dataclass
class Judge:
    """`least`: percent of the lines of `diff`, of all lines where it is None."""

    diff: Diff | None
    least: float | None
    _percent: float | None = None

    @classmethod
    def of(cls, revision: str | None, least: float | None) -> Judge:
        """Reads the changes since `revision`. Raises UsageError."""
        from axemu.cov.diff import since  # noqa: PLC0415 - not for --help

        return cls(None if revision is None else since(revision), least)

    @property
    def asked(self) -> bool:
        """Whether lines are of interest at all."""
        return self.diff is not None or self.least is not None

    def text(self, coverage: Coverage) -> Iterator[str]:
        """What was found of the changes; remembers it for `exit_code`."""
        from axemu.cov.diff import changed  # noqa: PLC0415

        if self.diff is not None:
            found = changed(coverage, self.diff)
            self._percent = found.percent
            yield from found.text()
        elif coverage.totals.get("lines"):
            self._percent = 100 * coverage.totals["lines_hit"] / coverage.totals["lines"]

    def exit_code(self) -> int:
        """Says on standard error why it is not 0. Nothing to execute is enough."""
        if self.least is None or self._percent is None or self._percent >= self.least:
            return 0
        what = "of the changed lines" if self.diff is not None else "of the lines"
        sys.stderr.write(
            f"axemu: {self._percent:.1f}% {what} were executed, less than --fail-under {self.least:g}%\n"
        )
        return FAILED
