"""The file that a trace goes to: made when the recording begins, room kept for its end, and given up cleanly where the
disk is full."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, cast

from axemu.errors import InputUnreadable, UsageError
from axemu.traces.options import STANDARD

RESERVE: Final = 1 << 20
"""Bytes that are kept free for the end of a trace, besides what its writer asks for."""
_UNSUPPORTED: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ESPIPE, errno.ENODEV, errno.ENOSYS)


class Output:
    """A binary file object, from `begin` on. Raises OSError where what is asked for has no room."""

    def __init__(self, place: str, *, force: bool) -> None:
        """Raises UsageError for a file that exists, InputUnreadable where it cannot be made."""
        self.place = place
        self._mode = "wb" if force else "xb"
        self._used = 0
        self._kept = 0
        if place == STANDARD:
            self._file: IO[bytes] = sys.stdout.buffer
            self._regular = False
            return
        path = Path(place)
        there = path.exists()
        try:
            self._file = path.open("ab" if force else "xb", buffering=0)
        except FileExistsError:
            raise UsageError(
                "A trace is written into a new file.",
                f"'{place}' exists.",
                "Name another one, or overwrite it with --force.",
            ) from None
        except OSError as error:
            raise InputUnreadable.of(path, error, "write the trace") from error
        self._regular = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        if self._regular:  # it can be made, and is when the recording begins
            self._file.close()
            if not there:
                path.unlink()

    def begin(self) -> None:
        """Make the file. Raises OSError."""
        if self._regular:
            self._file = Path(self.place).open(self._mode, buffering=0)  # noqa: SIM115

    def keep(self, size: int) -> None:
        """Have room for `size` more bytes, and for the end. Raises OSError."""
        wanted = self._used + size + RESERVE
        if not self._regular or wanted <= self._kept:
            return
        try:
            os.posix_fallocate(self._file.fileno(), 0, wanted)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            self._regular = False
            return
        self._kept = wanted

    def write(self, data: Any) -> int:  # noqa: ANN401 - bytes or a buffer
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            done += self._file.write(view[done:]) or 0
        self._used += done
        return done

    def flush(self) -> None:
        self._file.flush()

    def tell(self) -> int:
        return self._used

    closed = False
    mode = "wb"

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Give back the room that was kept."""
        if self.place == STANDARD:
            self._file.flush()
            return
        if self._file.closed:
            return
        with suppress(OSError):
            if self._kept > self._used:
                os.ftruncate(self._file.fileno(), self._used)
        self._file.close()

    def discard(self) -> None:
        """Nothing could be written: leave no file."""
        if self._regular and not self._file.closed:
            self._file.close()
            with suppress(OSError):
                os.unlink(self.place)

    def as_file(self) -> IO[bytes]:
        return cast("IO[bytes]", self)
