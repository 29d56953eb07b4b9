"""What a case needs of the client's file system, by content hash; and sending it where it is not.

Theory: a `Case` names files by path, and a worker has none of these paths. So a case travels as a `Parcel`: itself, and
for each path the hash of what it held when it was sent. The worker replaces the paths by those of its own copies, and
in texts puts the client's paths back. What a machine has once it never gets again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from axemu.suite.case import Case
from axemu.suite.cluster.store import CHUNK, sha256
from axemu.suite.orders import Executed, Orders
from axemu.suite.result import Result
from emu.guest import Guest

KEYS: Final = ("elf", "initrd", "dtb", "disk", "reference")
WORDS: Final = ("none", "default")  # of bios; anything else is a path


@dataclass(frozen=True, slots=True)
class Blob:
    """A file's content: where the client has it, its SHA-256, its size in bytes."""

    path: Path
    hash: str
    size: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a worker gets. blobs: by the client's path."""

    case: Case
    orders: Orders
    blobs: Mapping[Path, Blob]

    @property
    def hashes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.hash for each in self.blobs.values()))


@dataclass(frozen=True, slots=True)
class Missing:
    """A worker's answer where files of the parcel are not there (any more)."""

    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A worker's answer. process: which of all Dask worker processes it was, `remote.PROCESS` there."""

    process: str
    outcome: Executed | Missing


class Unreadable(Exception):
    """A file of the client's. The text names it."""


class Packer:
    """Makes parcels; a file is hashed once, and again when it has changed."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._known: dict[Path, tuple[tuple[int, int], Blob]] = {}

    def parcel(self, case: Case) -> Parcel:
        """Raises Unreadable."""
        guests = (case.guest, *((case.prefix.guest,) if case.prefix is not None else ()))
        return Parcel(
            case, self._orders, {path: self._blob(path) for guest in guests for _, path in paths(guest)}
        )

    def _blob(self, path: Path) -> Blob:
        try:
            seen = path.stat()
            mark = (seen.st_mtime_ns, seen.st_size)
            known = self._known.get(path)
            if known is None or known[0] != mark:
                known = self._known[path] = (mark, Blob(path, sha256(path), seen.st_size))
        except OSError as error:
            raise Unreadable(f"cannot read {path}: {error.strerror or error}") from error
        return known[1]


def pieces(blob: Blob) -> Iterator[tuple[int, bytes]]:
    """(offset, data) of at most CHUNK bytes; one of no bytes for a file that has none. Raises Unreadable."""
    try:
        with blob.path.open("rb") as file:
            offset = 0
            while True:
                data = file.read(CHUNK)
                if data or not offset:
                    yield offset, data
                offset += len(data)
                if not data or offset >= blob.size:
                    return
    except OSError as error:
        raise Unreadable(f"cannot read {blob.path}: {error.strerror or error}") from error


def paths(guest: Guest) -> Iterator[tuple[str, Path]]:
    """The files that a run of this guest opens, by the field that names them."""
    for key in KEYS:
        path = getattr(guest, key)
        if path is not None:
            yield key, path
    if guest.bios not in WORDS:
        yield "bios", Path(guest.bios)


def unpacked(parcel: Parcel, place: Callable[[str, str], Path]) -> tuple[Case, dict[str, str]]:
    """The case with the worker's paths, and for each of these the client's. place: a hash and a name to a path."""
    here = {path: place(blob.hash, path.name) for path, blob in parcel.blobs.items()}

    def moved(guest: Guest) -> Guest:
        fields = {key: here[path] for key, path in paths(guest) if key != "bios"}
        bios = guest.bios if guest.bios in WORDS else str(here[Path(guest.bios)])
        return replace(guest, bios=bios, **fields)  # type: ignore[arg-type]

    case = parcel.case
    prefix = None if case.prefix is None else replace(case.prefix, guest=moved(case.prefix.guest))
    return replace(case, guest=moved(case.guest), prefix=prefix), {
        os.fspath(mine): os.fspath(theirs) for theirs, mine in here.items()
    }


def readdressed(result: Result, texts: Mapping[str, str]) -> Result:
    """The result with the client's paths in what people read."""

    def words(text: str) -> str:
        for mine, theirs in texts.items():
            text = text.replace(mine, theirs)
        return text

    return replace(result, reason=words(result.reason), details=tuple(map(words, result.details)))
