"""Files of results: written whole under their name or not at all, and asked for early whether they can be."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from axemu.errors import InputUnreadable


def check_writable(path: Path, purpose: str = "write the file") -> None:
    """Try what `write_whole` and `open` will need, and leave nothing behind. Raises InputUnreadable.

    Called before a run: nobody wants to learn after an hour that a folder is missing.
    """
    try:
        if _written_in_place(path):
            if path.is_dir():
                raise IsADirectoryError(21, "Is a directory")
            if not os.access(path, os.W_OK):
                raise PermissionError(13, "Permission denied")
            return
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")
        trial = _beside(path)
        os.close(_create(trial))
        trial.unlink()
    except OSError as error:
        raise _refusal(path, error, purpose) from error


def write_whole(path: Path, data: bytes, purpose: str = "write the file") -> None:
    """`data` under `path`: a reader sees the file of before or all of the new one. Raises InputUnreadable.

    A device or a pipe is written directly, a link to a file stays a link.
    """
    try:
        if _written_in_place(path):
            path.write_bytes(data)
            return
        target = path.resolve()
        temporary = _beside(target)
        descriptor = _create(temporary)
        try:
            with open(descriptor, "wb") as stream:
                with suppress(OSError):  # no file yet, or one of somebody else
                    os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))
                stream.write(data)
                stream.flush()
                os.fsync(descriptor)  # some file systems say only here that they are full
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise _refusal(path, error, purpose) from error


def _written_in_place(path: Path) -> bool:
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _beside(path: Path) -> Path:
    path = path.resolve()
    return path.with_name(f".{path.name[:100]}.{os.getpid()}.tmp")


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)


def _refusal(path: Path, error: OSError, purpose: str) -> InputUnreadable:
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return InputUnreadable(
            f"Cannot {purpose}: there is no folder '{path.parent}'.",
            f"The file is '{path}'.",
            f"Make the folder: mkdir -p {path.parent}",
        )
    return InputUnreadable.of(path, error, purpose)
