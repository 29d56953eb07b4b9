"""What the command refuses, and how it says so.

CommandError              shown as one paragraph, exit code 2
  UsageError              an option or value that cannot be taken
  NotInThisVersion        a thing people may expect and that is not here, with what serves instead
  InputUnreadable         a file that cannot be read or written
  OutputClosed            standard output went away while the guest ran
"""

from __future__ import annotations

import os


class CommandError(Exception):
    """Facts of a refusal: what was expected, what came, what to try. Any of them may be empty."""

    def __init__(self, expected: str, came: str = "", attempt: str = "") -> None:
        super().__init__(expected, came, attempt)
        self.expected, self.came, self.attempt = expected, came, attempt

    def __str__(self) -> str:
        return " ".join(part for part in (self.expected, self.came, self.attempt) if part)


class UsageError(CommandError):
    pass


class NotInThisVersion(CommandError):
    pass


class InputUnreadable(CommandError):
    @classmethod
    def of(cls, path: os.PathLike[str] | str, error: OSError, purpose: str) -> InputUnreadable:
        """`purpose` completes "cannot ...": "read the guest", "write the log"."""
        reason = error.strerror or str(error)
        attempt = {
            FileNotFoundError: "Check the path; it is taken from the current directory.",
            PermissionError: "Check the permissions of the file and of its folder.",
            IsADirectoryError: "Name a file inside it.",
        }.get(type(error), "")
        return cls(f"Cannot {purpose}: {reason}.", f"The file is '{os.fspath(path)}'.", attempt)


class OutputClosed(CommandError):
    pass
