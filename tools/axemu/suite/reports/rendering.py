"""rich's text for a stream, and our own writing of it.

Where a pipe's reader has gone, rich redirects standard output and ends the process (`Console.on_broken_pipe`), in the
middle of a run and with an exit code that means something else. Here the text is gathered first, and writing it raises
what it raises. A stream that cannot encode a character gets its escape.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, RenderableType

from axemu.screens import PIPE_WIDTH


class Rendering:
    """Text for `stream`: in colour where it is a terminal and NO_COLOR is not set, in lines that nothing folds."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._gathered = _Gathered(stream.isatty())
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self.console = Console(
            file=self._gathered,
            highlight=False,
            force_terminal=stream.isatty(),
            width=None if stream.isatty() else PIPE_WIDTH,
        )

    def text(self, renderables: Iterable[RenderableType]) -> str:
        for each in renderables:
            self.console.print(each, soft_wrap=True)
        return self._gathered.taken().encode(self.encoding, "backslashreplace").decode(self.encoding)

    def print(self, *renderables: RenderableType) -> None:
        """Write them. Raises OSError, and ValueError where the stream was closed."""
        self.stream.write(self.text(renderables))
        self.stream.flush()


class _Gathered(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def taken(self) -> str:
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text
