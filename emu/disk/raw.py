"""A disk that is a file of the host, or a block device, byte for byte.

The file's size when it is opened is the disk's, rounded up to whole sectors: what the last one lacks reads as zeros.
A file that is cut shorter meanwhile fails where it is gone; one that grows stays as it was.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from emu.disk import locks
from emu.disk.disk import SECTOR
from emu.errors import LoadError

KEEP_SIZE, PUNCH_HOLE = 1, 2  # linux/falloc.h
_VIEWS: Final = 1024  # that the host takes in one call (IOV_MAX)
_ZEROS: Final = bytes(1 << 20)
_fallocate: Final = getattr(ctypes.CDLL(None), "fallocate", None)


def descriptor(path: Path, *, writable: bool) -> int:
    """The file, opened and locked against other machines. LoadError."""
    expected = "a disk image to read and write" if writable else "a disk image to read"
    try:
        kind = os.stat(path).st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISBLK(kind)):
            actual = "a folder" if stat.S_ISDIR(kind) else "neither a file nor a block device"
            raise LoadError(path, expected, actual, "Check file= of -drive")
        fd = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
    except OSError as error:
        hint = "Check file= of -drive"
        if writable and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ETXTBSY):
            hint = "Add readonly=on, or snapshot=on to keep what the guest writes in memory"
        raise LoadError(path, expected, str(error.strerror), hint) from error
    try:
        locks.lock(fd, path, writable=writable)
    except BaseException:
        os.close(fd)
        raise
    return fd


class RawDisk:
    """Raises LoadError for a file that cannot be a disk. unmap: what the guest discards is given back to the host."""

    lasting: Final = True
    state: Final = None

    def __init__(self, path: Path, *, read_only: bool, unmap: bool = False, sync: bool = True) -> None:
        self.path, self.read_only = path, read_only
        self._unmap, self._sync = unmap, sync
        # The file object closes the descriptor, and so the lock, also where the machine around it cannot be built.
        self._file = os.fdopen(descriptor(path, writable=not read_only), "rb", buffering=0)
        self._fd = self._file.fileno()
        self._bytes = os.lseek(self._fd, 0, os.SEEK_END)
        self.size = -(-self._bytes // SECTOR) * SECTOR
        if not self.size:
            self.close()
            raise LoadError(path, "a disk image", "an empty file", f"Make one: truncate -s 64M {path}")

    def load(self, state: Any) -> None:  # noqa: ANN401
        """The content is the file's."""

    def close(self) -> None:
        self._file.close()

    def read(self, offset: int, views: Sequence[memoryview]) -> None:
        for part in _parts(views):
            offset = self._move(os.preadv, offset, part)

    def write(self, offset: int, views: Sequence[memoryview]) -> None:
        for part in _parts(views):
            offset = self._move(os.pwritev, offset, part)
        self._bytes = max(self._bytes, min(offset, self.size))

    def _move(self, call: Any, offset: int, views: list[memoryview]) -> int:  # noqa: ANN401
        """Have all of `views` moved; the offset behind them. The host may move less than it is asked to."""
        while views:
            done = call(self._fd, views, offset)
            if not done:
                self._missing(offset, views)
                return offset
            offset += done
            while views and done >= len(views[0]):
                done -= len(views.pop(0))
            if done:
                views[0] = views[0][done:]
        return offset

    def _missing(self, offset: int, views: list[memoryview]) -> None:
        """The file ends here: that is right for the last sector of one that was never a multiple of it."""
        if offset != self._bytes or sum(map(len, views)) >= SECTOR:
            raise OSError(errno.EIO, f"{self.path} has become shorter")
        for view in views:
            view[:] = _ZEROS[: len(view)]

    def zero(self, offset: int, size: int) -> None:
        if self._give_back(offset, size):
            return
        while size:
            length = min(size, len(_ZEROS))
            self.write(offset, [memoryview(_ZEROS)[:length]])
            offset, size = offset + length, size - length

    def discard(self, offset: int, size: int) -> None:
        if self._unmap:
            self._give_back(offset, size)

    def _give_back(self, offset: int, size: int) -> bool:
        """Make a hole, which reads as zeros; whether the host can."""
        if _fallocate is None or offset + size > self._bytes:
            return False
        span = (ctypes.c_int64(offset), ctypes.c_int64(size))
        return bool(_fallocate(ctypes.c_int(self._fd), ctypes.c_int(KEEP_SIZE | PUNCH_HOLE), *span) == 0)

    def flush(self) -> None:
        if self._sync:
            os.fdatasync(self._fd)


def _parts(views: Sequence[memoryview]) -> Iterator[list[memoryview]]:
    """The views, as many at a time as the host takes."""
    rest = iter(views)
    while part := list(islice(rest, _VIEWS)):
        yield part
