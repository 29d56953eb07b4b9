"""Source files: the compiler's paths, the client's, and the code of their lines."""

from __future__ import annotations

from os.path import basename, join
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from emu.debug.info import DebugInfo, DebugInfos, Source

if TYPE_CHECKING:
    from axemu.dap.framing import Message
    from emu.symbols import SourceLine


class Places:
    """`substitutions` are (from, to) of path beginnings, `directories` are searched for sources. `first_line` and
    `first_column` are what the client counts from, `uris`: its paths are file: URIs."""

    def __init__(self) -> None:
        self.substitutions: list[tuple[str, str]] = []
        self.directories: list[Path] = []
        self.first_line = self.first_column = 1
        self.uris = False
        self._finders: dict[DebugInfo, Source] = {}
        self._known: dict[tuple[DebugInfo, str, str], Path | None] = {}
        self._missing: dict[tuple[DebugInfo, str, str], tuple[int, DebugInfo, SourceLine]] = {}

    def forget(self) -> None:
        """Another guest, other files."""
        self._finders.clear()
        self._known.clear()
        self._missing.clear()

    # -- lines and paths as the client has them -----------------------------------------------------------------------

    def shown_line(self, line: int) -> int:
        return line - 1 + self.first_line

    def line(self, shown: int) -> int:
        return shown + 1 - self.first_line

    def shown_path(self, path: Path) -> str:
        return path.as_uri() if self.uris and path.is_absolute() else str(path)

    def path(self, shown: str) -> str:
        return unquote(urlsplit(shown).path) if shown.startswith("file:") else shown

    # -- from code to files -------------------------------------------------------------------------------------------

    def finder(self, info: DebugInfo) -> Source:
        if info not in self._finders:
            found = Source.of(info.path)
            if info.path is not None:
                found.directories = [*self.directories, *info.path.resolve().parents]
            found.substitutions = list(self.substitutions)
            self._finders[info] = found
        return self._finders[info]

    def file(self, info: DebugInfo, line: SourceLine) -> Path | None:
        """The file that is here, None where no directory has it."""
        key = (info, line.directory, line.file)
        if key not in self._known:
            found = self.finder(info).path(line)
            self._known[key] = None if found is None else found.resolve()
        return self._known[key]

    def source(self, info: DebugInfo, line: SourceLine) -> Message:
        """The protocol's Source."""
        found = self.file(info, line)
        if found is not None:
            return {"name": found.name, "path": self.shown_path(found)}
        missing = info, line.directory, line.file
        number = self._missing.setdefault(missing, (len(self._missing) + 1, info, line))[0]
        return {
            "name": basename(line.file),
            "path": join(line.directory, line.file),
            "sourceReference": number,
            "origin": "not found",
            "presentationHint": "deemphasize",
        }

    def reason(self, reference: int) -> str:
        """Why a file is not here; empty for a reference that none has."""
        for number, info, line in self._missing.values():
            if number == reference:
                return self.finder(info).lines(line, 1, 1).note
        return ""

    # -- from files to code -------------------------------------------------------------------------------------------

    def code(self, infos: DebugInfos, path: str, line: int) -> tuple[DebugInfo, list[int]] | None:
        """Where to break for a line of the client's file, and the program that has it; None where no code is."""
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
        endings = ["/".join(parts[start:]) for start in range(len(parts))]
        for info in infos:
            for ending in endings:
                found = [each for each in info.addresses(ending, line) if self._is_of(info, each, path)]
                if found:
                    return info, found
        return None

    def _is_of(self, info: DebugInfo, address: int, path: str) -> bool:
        """Whether the code is of the client's file, as far as the files that are here tell."""
        line = info.line(address)
        here = None if line is None else self.file(info, line)
        if here is None:
            return True
        try:
            return here.samefile(path)
        except OSError:
            return True  # the client's file is elsewhere
