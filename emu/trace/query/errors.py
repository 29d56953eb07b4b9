"""What can be wrong with a question to a trace. A file that is no trace is a LoadError.

EmuError
└── QueryError
    ├── BadQuestion   a text that is no question, or one that names what is not there
    ├── NotRecorded   a question about what this trace was not asked to record
    └── BadSql        SQL that DuckDB does not take
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emu.errors import EmuError

TABLES: Final = (
    "trace",
    "insns",
    "regs",
    "mem",
    "reads",
    "writes",
    "branches",
    "exits",
    "exceptions",
    "interrupts",
    "contexts",
    "console",
    "functions",
    "symbols",
)


class QueryError(EmuError):
    """Root of this package's errors."""


@dataclass(eq=False)
class BadQuestion(QueryError):
    """`text` cannot be answered because of `reason`; `attempt` is a sentence that says what to try."""

    text: str
    reason: str
    attempt: str = ""

    def __str__(self) -> str:
        attempt = self.attempt and self.attempt + ("" if self.attempt.endswith("?") else ".")
        return f"{self.text!r}: {self.reason}. {attempt}".rstrip()


@dataclass(eq=False)
class NotRecorded(QueryError):
    """`what` was not recorded; `recorded` was, by the words of the option that asks for it."""

    what: str
    recorded: tuple[str, ...]

    def __str__(self) -> str:
        there = ", ".join(self.recorded) or "nothing"
        return f"This trace has no {self.what}: recorded were {there}. Record again with {self.what} among --record."


@dataclass(eq=False)
class BadSql(QueryError):
    """`message` is DuckDB's."""

    text: str
    message: str
    attempt: str = ""

    @classmethod
    def of(cls, text: str, error: Exception) -> BadSql:
        """From DuckDB's error, without its picture of the place."""
        whole = str(error).strip()
        attempt = ""
        if "Table with name" in whole and "does not exist" in whole:
            attempt = f"Tables are: {', '.join(TABLES)}."
        return cls(text, " ".join(whole.split("\n\n")[0].split()), attempt)

    def __str__(self) -> str:
        return f"SQL: {self.message.rstrip('.')}. {self.attempt}".rstrip()
