"""Reports that are one file, made when the run is over."""

from __future__ import annotations

from pathlib import Path

from axemu.files import write_whole
from axemu.suite.result import Ended, Result, Run


class AtEnd:
    """A Watcher that writes the file at the end. `name` is the report's in an error text."""

    name = ""

    def __init__(self, path: Path) -> None:
        self.path = path

    def content(self, ended: Ended) -> bytes:
        """The whole file."""
        raise NotImplementedError

    def begin(self, run: Run) -> None:
        pass

    def started(self, worker: str, case: str) -> None:
        pass

    def finished(self, result: Result) -> None:
        pass

    def end(self, ended: Ended) -> None:
        write_whole(self.path, self.content(ended), f"write the {self.name} report")
