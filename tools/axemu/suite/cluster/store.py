"""Files by their content, on a worker's machine: <cache>/suite-files/<sha256>/data, and names/<name> for it.

A name leads to the data (loaders look at it), and stands in texts that the guest's loader writes. Several processes
share the folder: files are filled beside it and renamed when their hash was checked.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from isa.cache import base

CHUNK: Final = 8 << 20  # bytes sent at once
LIMIT: Final = 8 << 30  # bytes of the folder, above which what nobody used for a day goes
DAY: Final = 86400.0  # seconds
HASH: Final = re.compile(r"[0-9a-f]{64}")


def sha256(path: Path) -> str:
    """In hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Store:
    """The files in `folder`. What this process has checked is checked again only when it has changed on disk."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = base() / "suite-files" if folder is None else folder
        self._checked: dict[str, tuple[int, int]] = {}

    def absent(self, hashes: Iterable[str]) -> tuple[str, ...]:
        """Those that are not here. A file that is not what its hash says is removed, and so is not here."""
        return tuple(each for each in hashes if not self._present(each))

    def _present(self, hash: str) -> bool:
        data = self._data(hash)
        try:
            seen = data.stat()
            mark = (seen.st_mtime_ns, seen.st_size)
            if self._checked.get(hash) == mark:
                return True
            if sha256(data) == hash:
                self._checked[hash] = mark
                return True
        except OSError:
            return False
        data.unlink(missing_ok=True)
        return False

    def keep(self, hash: str, sender: str, offset: int, piece: bytes, size: int) -> None:
        """Take a piece of a file; with the last one it is checked, and here. Raises OSError, ValueError for a file that
        is not what its hash says."""
        place = self._data(hash).parent
        place.mkdir(parents=True, exist_ok=True)
        part = place / f"{_plain(sender)}.part"
        with part.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(piece)
        if offset + len(piece) < size:
            return
        got = sha256(part)
        if got != hash:
            part.unlink(missing_ok=True)
            raise ValueError(f"expected a file of SHA-256 {hash[:16]}, got {got[:16]}: it changed on its way")
        part.replace(self._data(hash))
        self._tidy()

    def path(self, hash: str, name: str) -> Path:
        """The file under a name of its own."""
        names = self._data(hash).parent / "names"
        link = names / _plain(name)
        if not link.is_symlink():
            names.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                link.symlink_to(Path("..") / "data")
        with suppress(OSError):
            os.utime(link.parent.parent)
        return link

    def _data(self, hash: str) -> Path:
        if HASH.fullmatch(hash) is None:
            raise ValueError(f"expected a SHA-256 in hex, got {hash!r}")
        return self.folder / hash / "data"

    def _tidy(self) -> None:
        """Have at most LIMIT bytes, the oldest use first out; what was used within a day stays."""
        with suppress(OSError):
            places = [(each.stat().st_mtime, each) for each in self.folder.iterdir()]
            sizes = {each: sum(file.stat().st_size for file in each.glob("[!n]*")) for _, each in places}
            total = sum(sizes.values())
            for used, each in sorted(places):
                if total <= LIMIT or used > time.time() - DAY:
                    return
                shutil.rmtree(each, ignore_errors=True)
                total -= sizes[each]


def _plain(name: str) -> str:
    """A name that stays inside its folder."""
    return re.sub(r"[^\w.,=+-]+", "-", name).lstrip(".")[-120:] or "file"
