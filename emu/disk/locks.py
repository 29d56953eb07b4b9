"""Locks on disk images, the same that QEMU takes, so that the two see each other.

Each permission has a byte of the file; a process holds a shared lock on byte USED + p where it uses permission p, and on
byte REFUSED + p where it lets nobody else use it. Source: QEMU, block/file-posix.c and docs on image locking.
"""

from __future__ import annotations

import errno
import fcntl
import struct
from pathlib import Path
from typing import Final

from emu.errors import LoadError

USED, REFUSED = 100, 200
READ, WRITE = 0, 1  # permissions
_FLOCK: Final = struct.Struct("hhqqi4x")  # struct flock: type, whence, start, length, pid
_WHOLE_FILE: Final = 0  # SEEK_SET


def lock(fd: int, path: Path, *, writable: bool) -> None:
    """Use an image for reading, and writing; let nobody else write it. The lock goes with the descriptor, and with the
    process. LoadError where somebody else has it; nothing where the file's host knows no such locks."""
    uses = (READ, WRITE) if writable else (READ,)
    if not hasattr(fcntl, "F_OFD_SETLK"):
        return
    try:
        for byte in (*(USED + each for each in uses), REFUSED + WRITE):
            _apply(fd, fcntl.F_OFD_SETLK, fcntl.F_RDLCK, byte)
        taken = any(_held(fd, byte) for byte in (*(REFUSED + each for each in uses), USED + WRITE))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            taken = True
        elif error.errno in (errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            return
        else:
            raise LoadError(path, "a disk image that can be locked", str(error.strerror)) from error
    if taken:
        expected = "a disk image that nobody else " + ("uses" if writable else "writes")
        hint = "End the other machine (axemu or QEMU), or give this one a copy"
        raise LoadError(path, expected, "one in use by another process or drive", hint)


def _held(fd: int, byte: int) -> bool:
    """Whether somebody else has this byte."""
    kind, *_ = _FLOCK.unpack(_apply(fd, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, byte))
    return bool(kind != fcntl.F_UNLCK)


def _apply(fd: int, command: int, kind: int, byte: int) -> bytes:
    return fcntl.fcntl(fd, command, _FLOCK.pack(kind, _WHOLE_FILE, byte, 1, 0))
