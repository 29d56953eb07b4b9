"""Text into an output, compressed where that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from axemu.traces.output import Output
from emu.trace.rows import Batch

if TYPE_CHECKING:
    from axemu.traces.writers import Writer

_ENOUGH: Final = 1 << 18


class TextFile:
    """`put` gathers text; it is written when there is enough of it."""

    def __init__(self, output: Output, *, compressed: bool) -> None:
        self._output = output
        self._waiting: list[str] = []
        self._size = 0
        self._compress: Callable[[bytes], bytes] | None = None
        if compressed:
            import pyarrow  # noqa: PLC0415 - seldom asked for

            codec = pyarrow.Codec("zstd", 3)
            self._compress = lambda data: codec.compress(data, asbytes=True)

    def put(self, text: str) -> None:
        """Raises OSError."""
        self._waiting.append(text)
        self._size += len(text)
        if self._size >= _ENOUGH:
            self.flush()

    def flush(self) -> None:
        data = "".join(self._waiting).encode()
        self._waiting, self._size = [], 0
        if not data:
            return
        if self._compress is not None:
            data = self._compress(data)  # a frame of its own: frames may follow each other
        self._output.keep(len(data))
        self._output.write(data)

    def close(self) -> None:
        self.flush()
        self._output.flush()

    def used_by(self, writer: Writer) -> Writer:
        """That writer, whose end is this file's."""
        return _Closing(self, writer)


class _Closing:
    def __init__(self, file: TextFile, writer: Writer) -> None:
        self._file, self._writer = file, writer

    def write(self, batch: Batch) -> None:
        self._writer.write(batch)

    def flush(self) -> None:
        self._writer.flush()
        self._file.flush()

    def end(self, summary: dict[str, Any]) -> None:
        self._writer.end(summary)
        self._file.close()
