"""What an example is: a row that knows which guests it needs and how `axemu run` starts it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """What an example is started with.

    files: of each guest that it needs, paths by file name. folder: where it puts what it makes. batch: nobody
    types; the guest does its work and powers off. terminal: (columns, rows) of the one that it is shown on,
    None where there is none.
    """

    files: Mapping[str, Mapping[str, Path]]
    folder: Path
    batch: bool
    terminal: os.terminal_size | None

    def put(self, name: str, data: bytes) -> Path:
        """Write a file of ours, whole or not at all; others may run the same example now. Returns its path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as scratch:
            scratch.write(data)
        os.replace(scratch.name, path)
        return path


@dataclass(frozen=True, slots=True)
class Example:
    """One row. `needs` are rows of `axemu.debian.guests`; `arguments` are those of `axemu run`."""

    name: str
    summary: str
    needs: tuple[str, ...]
    arguments: Callable[[Setting], list[str]]
