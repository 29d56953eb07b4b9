"""A disk image in QEMU's qcow2 format, read by dissect.hypervisor (an optional extra: axemu[qcow2])."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from emu.disk.disk import SECTOR
from emu.disk.raw import descriptor
from emu.errors import ConfigError, LoadError

MAGIC: Final = b"QFI\xfb"
LARGEST: Final = 1 << 56  # bytes of content
_HEADER: Final = struct.Struct(">4sIQIIQIIQ")
"""Magic, version, backing file's name (offset, size), cluster bits, size, encryption, entries and offset of the first
table [QEMU, docs/interop/qcow2.txt]."""
_PIECE: Final = 1 << 20


def is_qcow2(path: Path) -> bool:
    """Whether the file begins as one. False where it cannot be read: opening it tells why."""
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:
        return False


class Qcow2Disk:
    """Raises LoadError for a file that is no such image, ConfigError where the reader is not installed."""

    read_only: Final = True
    lasting: Final = False
    state: Final = None

    def __init__(self, path: Path) -> None:
        self.path = path
        reader = _reader()
        self._file = os.fdopen(descriptor(path, writable=False), "rb")
        try:
            self.size = _checked_size(
                path, self._file.read(_HEADER.size), os.fstat(self._file.fileno()).st_size
            )
            self._image = reader(path)
            self._stream = self._image.open()
        except LoadError:
            self._file.close()
            raise
        except Exception as error:  # a damaged image fails in any way
            self._file.close()
            actual = str(error) or type(error).__name__
            raise LoadError(
                path, "a qcow2 image", actual, f"Look at it with: qemu-img check {path}"
            ) from error

    def load(self, state: Any) -> None:  # noqa: ANN401
        """The content is the file's."""

    def close(self) -> None:
        self._file.close()
        for each in (self._image.fh, self._image.backing_file):
            if each is not None:
                each.close()

    def read(self, offset: int, views: Sequence[memoryview]) -> None:
        try:
            self._stream.seek(offset)
            for view in views:
                for at in range(0, len(view), _PIECE):
                    piece = view[at : at + _PIECE]
                    data = self._stream.read(len(piece))
                    piece[:] = data.ljust(len(piece), b"\0")
        except Exception as error:  # likewise
            raise OSError(errno.EIO, f"{self.path} is damaged: {error}") from error

    def write(self, offset: int, views: Sequence[memoryview]) -> None:
        raise OSError(errno.EROFS, f"{self.path} is only read")

    def zero(self, offset: int, size: int) -> None:
        self.write(offset, ())

    def discard(self, offset: int, size: int) -> None:
        """Nothing is given back."""

    def flush(self) -> None:
        """Nothing was written."""


def _reader() -> Any:  # noqa: ANN401
    try:
        from dissect.hypervisor.disk.qcow2 import QCow2  # noqa: PLC0415 - an optional extra
    except ImportError:
        hint = "Install axemu[qcow2], or convert the image: qemu-img convert -O raw IMAGE IMAGE.raw"
        raise ConfigError(
            "-drive format=qcow2", "its reader, dissect.hypervisor", "none installed", hint
        ) from None
    return QCow2


def _checked_size(path: Path, header: bytes, length: int) -> int:
    """The disk's size, of a header whose numbers fit the file."""
    expected = "a qcow2 image"
    if len(header) < _HEADER.size or not header.startswith(MAGIC):
        raise LoadError(path, expected, "another format", "Say which with format=raw")
    _, version, _, _, bits, size, encryption, entries, table = _HEADER.unpack(header)
    for wrong, actual in (
        (version not in (2, 3), f"version {version}"),
        (not 9 <= bits <= 21, f"clusters of 2^{bits} bytes"),
        (not 0 < size <= LARGEST, f"a size of {size} bytes"),
        (encryption != 0, "an encrypted one"),
        (table + 8 * entries > length, f"one that is cut off at {length} bytes"),
    ):
        if wrong:
            raise LoadError(path, expected, actual, f"Look at it with: qemu-img check {path}")
    return int(-(-size // SECTOR) * SECTOR)
