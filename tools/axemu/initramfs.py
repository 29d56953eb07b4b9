"""Initial RAM disks for Linux: an archive in cpio's "newc" form, packed by gzip.

The same entries give the same bytes: no time, owner or inode of the host's is in them. Source: Linux,
Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import gzip
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

MAGIC = b"070701"
TRAILER = "TRAILER!!!"
LARGEST = 0xFFFF_FFFF  # bytes of a file: the field has eight hexadecimal digits


@dataclass(frozen=True, slots=True)
class Entry:
    """One member. `path` is relative to the root, without a leading slash; `mode` holds type and permissions;
    `device` is (major, minor) of a device node."""

    path: str
    mode: int
    data: bytes = field(default=b"", repr=False)
    device: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        parts = PurePosixPath(self.path).parts
        assert parts and "/" not in parts and ".." not in parts and self.path == "/".join(parts), self.path
        assert len(self.data) <= LARGEST, self.path


def directory(path: str, permissions: int = 0o755) -> Entry:
    return Entry(path, stat.S_IFDIR | permissions)


def file(path: str, data: bytes, permissions: int = 0o644) -> Entry:
    return Entry(path, stat.S_IFREG | permissions, data)


def program(path: str, data: bytes) -> Entry:
    return file(path, data, 0o755)


def link(path: str, target: str) -> Entry:
    """A symbolic link; `target` is taken as it stands."""
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def character_device(path: str, major: int, minor: int, permissions: int = 0o600) -> Entry:
    return Entry(path, stat.S_IFCHR | permissions, b"", (major, minor))


CONSOLE = character_device("dev/console", 5, 1)
"""What the kernel opens as standard input, output and error of the first process."""


def archive(entries: Iterable[Entry]) -> bytes:
    """The archive. Folders that the entries lie in come before them, made where no entry is one."""
    members = list(_with_folders(entries))
    records = [_record(number, each) for number, each in enumerate(members, start=1)]
    return b"".join([*records, _record(0, Entry(TRAILER, 0))])


def packed(entries: Iterable[Entry]) -> bytes:
    """The archive as `-initrd` takes it."""
    return gzip.compress(archive(entries), mtime=0)


def _with_folders(entries: Iterable[Entry]) -> Iterator[Entry]:
    seen: set[str] = set()
    for entry in entries:
        for parent in reversed(PurePosixPath(entry.path).parents[:-1]):
            if str(parent) not in seen:
                seen.add(str(parent))
                yield directory(str(parent))
        assert entry.path not in seen, f"{entry.path} is there twice"
        seen.add(entry.path)
        yield entry


def _record(number: int, entry: Entry) -> bytes:
    """Header, name and data, each padded to four bytes. `number` is the inode."""
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (number, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, *entry.device, len(name), 0)
    header = MAGIC + b"".join(b"%08X" % each for each in fields)
    return _padded(header + name) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
