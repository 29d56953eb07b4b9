"""What is wrong with a user's hooks, with the place in their file."""

from __future__ import annotations

from pathlib import Path

from emu.errors import EmuError


class HookError(EmuError):
    """`line` is None where the whole file is meant."""

    def __init__(self, path: Path, line: int | None, text: str) -> None:
        super().__init__(path, line, text)
        self.path, self.line, self.text = path, line, text

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line is not None else str(self.path)
        return f"{place}: {self.text}"
