"""What a guest wrote to its serial line, as lines of styled text.

Colours are kept; of what moves the cursor only that is obeyed which stays within the last line (carriage return,
backspace, erase in line). Everything else, and every character that could disturb the screen, is dropped.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from typing import Final

from rich.ansi import AnsiDecoder
from rich.style import Style
from rich.text import Text

# A control sequence (ECMA-48 5.4), a string up to its terminator (5.6), another escape, a control character, text.
_TOKEN: Final = re.compile(
    r"\x1b\[([0-?]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]"
    r"|([\x00-\x1f\x7f-\x9f])|([^\x00-\x1f\x7f-\x9f]+)"
)
_OPEN: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]{0,4096}\x1b?|[ -/]*)?$")
LONGEST: Final = 4096  # characters of a line


class Scrollback:
    """The last `limit` lines; `first` counts those that are gone. `version` changes with every change."""

    def __init__(self, limit: int = 10_000) -> None:
        self.lines: deque[Text] = deque([Text()], limit)
        self.first = 0
        self.version = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._style = Style.null()
        self._column = 0
        self._colours = AnsiDecoder()

    def feed(self, data: bytes) -> None:
        text = self._rest + self._decoder.decode(data)
        open_ = _OPEN.search(text)
        self._rest = text[open_.start() :] if open_ is not None and len(text) - open_.start() < 8192 else ""
        text = text[: len(text) - len(self._rest)]
        self.version += 1
        for match in _TOKEN.finditer(text):
            parameters, final, control, plain = match.groups()
            if plain is not None:
                self._put(plain)
            elif control is not None:
                self._control(control)
            elif final is not None:
                self._sequence(parameters, final)

    def note(self, text: str) -> None:
        """A line of ours among the guest's."""
        if self._column:
            self._feed_line()
        self.lines[-1].append(text, "dim italic")
        self._feed_line()
        self.version += 1

    def _feed_line(self) -> None:
        if len(self.lines) == self.lines.maxlen:
            self.first += 1
        self.lines.append(Text())
        self._column = 0

    def _put(self, text: str) -> None:
        line = self.lines[-1]
        while len(text) + self._column > LONGEST:
            room = max(LONGEST - self._column, 0)
            self._write(self.lines[-1], text[:room])
            text = text[room:]
            self._feed_line()
            line = self.lines[-1]
        self._write(line, text)

    def _write(self, line: Text, text: str) -> None:
        at, end = self._column, self._column + len(text)
        if at >= len(line):
            line.append(" " * (at - len(line)))
            line.append(text, self._style)
        else:
            self.lines[-1] = Text.assemble(line[:at], Text(text, self._style), line[end:])
        self._column = end

    def _control(self, control: str) -> None:
        match control:
            case "\n":
                self._feed_line()
            case "\r":
                self._column = 0
            case "\b":
                self._column = max(self._column - 1, 0)
            case "\t":
                self._put(" " * (8 - self._column % 8))

    def _sequence(self, parameters: str, final: str) -> None:
        line = self.lines[-1]
        number = int(parameters) if parameters.isdigit() and len(parameters) < 5 else None
        match final:
            case "m":
                self._colours.style = self._style
                list(self._colours.decode(f"\x1b[{parameters}m"))
                self._style = self._colours.style
            case "K" if number in (None, 0):
                self.lines[-1] = line[: self._column]
            case "K":
                self.lines[-1] = Text(" " * self._column) + line[self._column :] if number == 1 else Text()
            case "P":
                self.lines[-1] = line[: self._column] + line[self._column + (number or 1) :]
            case "C":
                self._column = min(self._column + (number or 1), LONGEST)
            case "D":
                self._column = max(self._column - (number or 1), 0)
            case "G":
                self._column = min((number or 1) - 1, LONGEST)
            case "J" if number in (None, 0):
                self.lines[-1] = line[: self._column]
            case "H" | "J":  # a new screen: what was there scrolls away
                if len(line):
                    self._feed_line()
