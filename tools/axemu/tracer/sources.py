"""Lines of source files, for panes: a file is found once."""

from __future__ import annotations

from typing import Final

from axemu.tracer.model import SourceView
from emu.debug.info import DebugInfo, DebugInfos, Source
from emu.symbols import SourceLine

AROUND: Final = 60


class SourceFiles:
    """What was read stays; used on the debugger's thread only."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[dict[int, str], str]] = {}
        self._sources: dict[DebugInfo, Source] = {}

    def of(self, info: DebugInfo) -> Source:
        """The finder of one program's files."""
        if info not in self._sources:
            self._sources[info] = Source.of(info.path)
        return self._sources[info]

    def text(self, infos: DebugInfos, address: int, line: SourceLine) -> str:
        """The text of one line, "" where it is not here."""
        return self._file(infos, address, line)[0].get(line.line, "")

    def view(self, infos: DebugInfos, address: int) -> SourceView:
        """The lines around `address`."""
        line = infos.line(address)
        if line is None:
            return SourceView(note="no source line is known for this code (compile the guest with -g)")
        lines, note = self._file(infos, address, line)
        shown = tuple(
            (number, lines[number])
            for number in range(max(line.line - AROUND, 1), line.line + AROUND)
            if number in lines
        )
        return SourceView(str(line), line.line, shown, note)

    def _file(self, infos: DebugInfos, address: int, line: SourceLine) -> tuple[dict[int, str], str]:
        key = (line.directory, line.file)
        if key not in self._known:
            holder = infos.holder(address)
            if holder is None:
                return {}, ""
            found = self.of(holder).lines(line, 1, 1_000_000)
            self._known[key] = (dict(found.lines), found.note)
        return self._known[key]
