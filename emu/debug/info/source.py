"""The text of source files, as far as this host has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from posixpath import basename, join
from typing import Final

from emu.symbols import SourceLine

_LARGEST: Final = 64 << 20  # bytes; no source file is that big


@dataclass(frozen=True, slots=True)
class SourceText:
    """(number, text) of `lines`. `note` says, where it is not empty, what is wrong: the file is missing, unreadable, or
    newer than the program."""

    path: Path | None
    lines: tuple[tuple[int, str], ...]
    note: str = ""


@dataclass
class Source:
    """Finds files by the paths that the compiler wrote down.

    `substitutions` are (from, to): a path that begins with the first is looked for with the second in its place (gdb's
    set substitute-path). `directories` are searched with the whole path, then with ever fewer of its first folders.
    `built` is the program's time of modification, in seconds, None where unknown.
    """

    directories: list[Path] = field(default_factory=list)
    substitutions: list[tuple[str, str]] = field(default_factory=list)
    built: float | None = None
    _texts: dict[Path, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, program: Path | None) -> Source:
        """For that program: its own directory is searched too."""
        if program is None:
            return cls()
        try:
            return cls([program.resolve().parent], built=program.stat().st_mtime)
        except OSError:
            return cls()

    def path(self, line: SourceLine) -> Path | None:
        """The file that holds the line, None where no directory has it."""
        return next((each for each in self._candidates(line) if each.is_file()), None)

    def lines(self, line: SourceLine, first: int, last: int) -> SourceText:
        """Lines `first` to `last` (from 1, both included) of the file that holds `line`."""
        path = self.path(line)
        if path is None:
            wanted = join(line.directory, line.file)
            return SourceText(None, (), f"{wanted} is not here: name a directory that has it, or substitute its path.")
        try:
            texts = self._read(path)
        except OSError as error:
            return SourceText(path, (), f"{path} cannot be read: {error.strerror}.")
        first = max(first, 1)
        shown = tuple((number, texts[number - 1]) for number in range(first, min(last, len(texts)) + 1))
        note = ""
        if first > len(texts):
            note = f"{path} has {len(texts)} lines: it is not what the program was built from."
        elif self.built is not None and path.stat().st_mtime > self.built:
            note = f"{path} is newer than the program."
        return SourceText(path, shown, note)

    def _read(self, path: Path) -> tuple[str, ...]:
        found = self._texts.get(path)
        if found is None:
            with path.open("rb") as file:
                found = tuple(file.read(_LARGEST).decode("utf-8", "replace").splitlines())
            self._texts[path] = found
        return found

    def _candidates(self, line: SourceLine) -> list[Path]:
        whole = join(line.directory, line.file)
        found = []
        for old, new in self.substitutions:
            if whole == old or whole.startswith(old.rstrip("/") + "/"):
                found.append(Path(new + whole[len(old.rstrip("/")) :]))
        found.append(Path(whole))
        parts = [part for part in whole.split("/") if part not in ("", ".")]
        for directory in self.directories:
            found += [directory.joinpath(*parts[start:]) for start in range(len(parts))]
        if not whole.startswith("/"):
            found.append(Path(basename(whole)))
        return found
