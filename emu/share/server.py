"""Answers 9P2000.L requests over one directory.

Every request is finished when its answer is returned, so there is nothing to flush and nothing in flight. A fid is a
path, and a descriptor of the host's once it is open; a saved state holds paths and flags, and a file that was open is
opened again when it is next used.

What comes from the host is seen by the guest: contents, names, inode numbers, times, free space. Names are listed in
order, which a host's file system does not do by itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from errno import EBADF, EINVAL, EIO, EMFILE, EMSGSIZE, ENOTDIR, EOPNOTSUPP, EPROTO, EROFS
from struct import Struct
from typing import Any, Final

from emu.share import messages
from emu.share.directory import Directory, Names, below, checked_name, reachable, refused
from emu.share.messages import Malformed, Qid

VERSION: Final = b"9P2000.L"
LARGEST_MESSAGE: Final = 512 << 10
SMALLEST_MESSAGE: Final = 4096
FID_LIMIT: Final = 1 << 16
OPEN_LIMIT: Final = 256
"""Files open at a time: the host gives a process some thousand descriptors at most."""
MAGIC: Final = 0x0102_1997  # statfs type of 9p
BASIC: Final = 0x7FF  # what getattr fills in: up to the number of blocks
MODE, UID, GID, SIZE, ATIME, MTIME, ATIME_SET, MTIME_SET = 1, 2, 4, 8, 0x10, 0x20, 0x80, 0x100  # of setattr
REMOVE_FOLDER: Final = 0x200  # of unlinkat
UNLOCKED: Final = 2  # of getlock
FOLDER, LINK, FILE = 0x80, 0x02, 0x00  # types of a Qid
SECOND: Final = 10**9
_ENTRY: Final = Struct(
    "<QBH"
)  # of readdir, between a Qid and a name: offset of the next one, type, the name's length
_READ_HEADER: Final = messages.HEADER.size + 4

# open flags as the protocol numbers them, and the host's
_FLAGS: Final = (
    (0o200, os.O_EXCL),
    (0o1000, os.O_TRUNC),
    (0o2000, os.O_APPEND),
    (0o10000, os.O_DSYNC),
    (0o200000, os.O_DIRECTORY),
    (0o4000000, os.O_SYNC),
)
_ACCESS: Final = 3
_ONCE: Final = os.O_TRUNC | os.O_EXCL  # not when a file is opened again


@dataclass(slots=True)
class Fid:
    """flags: as the host opened it, None where it is not open."""

    names: Names
    flags: int | None = None


@dataclass(slots=True)
class ServerState:
    largest: int = LARGEST_MESSAGE  # message that was agreed on
    fids: dict[int, Fid] = field(default_factory=dict)


class Server:
    """One client's. `reply` never raises on what a client sends."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._room = LARGEST_MESSAGE  # for the answer that is being made
        self._s = ServerState()
        self._descriptors: dict[int, int] = {}  # of fids that are open
        self._listings: dict[int, list[bytes]] = {}  # of folders that are being read
        self._answers: dict[str, Callable[..., tuple[Any, ...]]] = {
            row.name: getattr(self, f"_{row.name}") for row in messages.REQUESTS
        }

    @property
    def state(self) -> ServerState:
        return deepcopy(self._s)

    def load(self, state: ServerState) -> None:
        self._close_all()
        self._s = deepcopy(state)

    def reset(self) -> None:
        """The client is gone."""
        self._close_all()
        self._s = ServerState()

    def close(self) -> None:
        self.reset()
        self._directory.close()

    def reply(self, message: bytes, room: int = LARGEST_MESSAGE) -> bytes:
        """The answer, of at most `room` bytes; empty where not even a refusal finds room."""
        self._room = min(room, self._s.largest)
        tag = messages.tag_of(message)
        try:
            row, tag, values = messages.decode(message)
            found = messages.answer(row, tag, self._answers[row.name](*values))
            if len(found) > room:
                raise refused(EMSGSIZE)
        except Malformed:
            found = messages.refusal(tag, EPROTO)
        except OSError as error:
            found = messages.refusal(tag, error.errno or EIO)
        except (OverflowError, ValueError):  # a number or a name that the host has no place for
            found = messages.refusal(tag, EINVAL)
        return found if len(found) <= room else b""

    # -- the session --------------------------------------------------------------------------------------------------

    def _version(self, largest: int, version: bytes) -> tuple[int, bytes]:
        self.reset()
        if largest < SMALLEST_MESSAGE:
            raise refused(EMSGSIZE)
        self._s.largest = min(largest, LARGEST_MESSAGE)
        return self._s.largest, VERSION if version == VERSION else b"unknown"

    def _auth(self, fid: int, user: bytes, tree: bytes, number: int) -> tuple[Qid]:
        raise refused(EOPNOTSUPP)

    def _attach(self, fid: int, afid: int, user: bytes, tree: bytes, number: int) -> tuple[Qid]:
        qid = self._qid(())
        self._add(fid, ())
        return (qid,)

    def _flush(self, tag: int) -> tuple[()]:
        return ()

    def _walk(self, fid: int, new: int, names: tuple[bytes, ...]) -> tuple[list[Qid]]:
        start = self._fid(fid)
        if new == fid and start.flags is not None:
            raise refused(EINVAL)
        at, qids = start.names, list[Qid]()
        for name in names:
            try:
                at = at[:-1] if name == b".." else below(at, name)
                qids.append(self._qid(at))
            except OSError:
                if not qids:
                    raise
                return (qids,)  # as far as it went; there is no new fid
        if new == fid:
            start.names = at
        else:
            self._add(new, at)
        return (qids,)

    def _clunk(self, fid: int) -> tuple[()]:
        self._fid(fid)
        self._drop(fid)
        return ()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _getattr(self, fid: int, mask: int) -> tuple[Any, ...]:
        found = self._status(fid)
        times = (divmod(ns, SECOND) for ns in (found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns))
        return (
            mask & BASIC,
            self._qid_of(found),
            found.st_mode,
            found.st_uid,
            found.st_gid,
            found.st_nlink,
            found.st_rdev,
            found.st_size,
            found.st_blksize,
            found.st_blocks,
            *(max(part, 0) for time in times for part in time),
            *(0, 0, 0, 0),  # born, generation, version of the data
        )

    def _readlink(self, fid: int) -> tuple[bytes]:
        return (self._directory.read_link(self._fid(fid).names),)

    def _statfs(self, fid: int) -> tuple[int, ...]:
        self._fid(fid)
        found = self._directory.file_system()
        blocks = (found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree)
        return MAGIC, found.f_frsize, *blocks, 0, found.f_namemax

    def _lopen(self, fid: int, flags: int) -> tuple[Qid, int]:
        its = self._fid(fid)
        if its.flags is not None:
            raise refused(EINVAL)
        host = _host_flags(flags) & ~os.O_EXCL
        self._keep(fid, self._opened(lambda: self._directory.open(its.names, host)), host)
        return self._qid_of(os.fstat(self._descriptors[fid])), 0

    def _read(self, fid: int, offset: int, count: int) -> tuple[bytes]:
        fd = self._descriptor(fid)
        return (os.pread(fd, min(count, self._most), offset),)

    def _readdir(self, fid: int, offset: int, count: int) -> tuple[bytes]:
        """An entry's offset is its number among `.`, `..` and the names in order."""
        names = self._fid(fid).names
        if not stat.S_ISDIR(os.fstat(self._descriptor(fid)).st_mode):
            raise refused(ENOTDIR)
        if offset == 0 or fid not in self._listings:
            self._listings[fid] = [b".", b"..", *self._directory.names(names)]
        listing, most, entries, size = self._listings[fid], min(count, self._most), list[bytes](), 0
        for number in range(offset, len(listing)):
            name = listing[number]
            try:
                qid = self._qid(_step(names, name))
            except OSError:  # gone since, or nothing that a guest can reach
                continue
            entry = qid.packed + _ENTRY.pack(number + 1, _TYPES[qid.type], len(name)) + name
            size += len(entry)
            if size > most:
                if not entries:
                    raise refused(EINVAL)
                break
            entries.append(entry)
        return (b"".join(entries),)

    def _lock(
        self, fid: int, type: int, flags: int, start: int, size: int, process: int, client: bytes
    ) -> tuple[int]:
        """The guest's own kernel keeps its processes' locks from each other; there is no other client."""
        self._fid(fid)
        return (0,)

    def _getlock(
        self, fid: int, type: int, start: int, size: int, process: int, client: bytes
    ) -> tuple[Any, ...]:
        self._fid(fid)
        return UNLOCKED, start, size, process, client

    def _xattrwalk(self, fid: int, new: int, name: bytes) -> tuple[int]:
        raise refused(EOPNOTSUPP)

    # -- writing ------------------------------------------------------------------------------------------------------

    def _lcreate(self, fid: int, name: bytes, flags: int, mode: int, gid: int) -> tuple[Qid, int]:
        its = self._fid(fid)
        if its.flags is not None:
            raise refused(EINVAL)
        names, host = below(its.names, name), _host_flags(flags)
        fd = self._opened(lambda: self._directory.create(names, host, mode))
        its.names = names
        self._keep(fid, fd, host)
        return self._qid_of(os.fstat(fd)), 0

    def _write(self, fid: int, offset: int, data: bytes) -> tuple[int]:
        if self._directory.read_only:
            raise refused(EROFS)
        return (os.pwrite(self._descriptor(fid), data, offset),)

    def _fsync(self, fid: int, data_only: int) -> tuple[()]:
        (os.fdatasync if data_only else os.fsync)(self._descriptor(fid))
        return ()

    def _mkdir(self, fid: int, name: bytes, mode: int, gid: int) -> tuple[Qid]:
        names = below(self._fid(fid).names, name)
        self._directory.make_folder(names, mode)
        return (self._qid(names),)

    def _symlink(self, fid: int, name: bytes, target: bytes, gid: int) -> tuple[Qid]:
        names = below(self._fid(fid).names, name)
        self._directory.make_symbolic_link(names, target)
        return (self._qid(names),)

    def _mknod(self, fid: int, name: bytes, mode: int, major: int, minor: int, gid: int) -> tuple[Qid]:
        """Regular files only."""
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise refused(EOPNOTSUPP)
        names = below(self._fid(fid).names, name)
        os.close(self._directory.create(names, os.O_WRONLY | os.O_EXCL, mode))
        return (self._qid(names),)

    def _xattrcreate(self, fid: int, name: bytes, size: int, flags: int) -> tuple[()]:
        raise refused(EOPNOTSUPP)

    def _link(self, folder: int, fid: int, name: bytes) -> tuple[()]:
        self._directory.link(self._fid(fid).names, below(self._fid(folder).names, name))
        return ()

    def _rename(self, fid: int, folder: int, name: bytes) -> tuple[()]:
        return self._move(self._fid(fid).names, below(self._fid(folder).names, name))

    def _renameat(self, folder: int, name: bytes, new_folder: int, new_name: bytes) -> tuple[()]:
        old = below(self._fid(folder).names, name)
        return self._move(old, below(self._fid(new_folder).names, new_name))

    def _move(self, old: Names, new: Names) -> tuple[()]:
        """Fids of what was moved, and of what lies in it, go with it."""
        self._directory.rename(old, new)
        for each in self._s.fids.values():
            if each.names[: len(old)] == old:
                each.names = new + each.names[len(old) :]
        return ()

    def _unlinkat(self, folder: int, name: bytes, flags: int) -> tuple[()]:
        names = below(self._fid(folder).names, name)
        self._directory.remove(names, folder=bool(flags & REMOVE_FOLDER))
        return ()

    def _remove(self, fid: int) -> tuple[()]:
        """The fid is gone afterwards, whether the file is or not."""
        names = self._fid(fid).names
        self._drop(fid)
        folder = stat.S_ISDIR(self._directory.status(names).st_mode)
        self._directory.remove(names, folder=folder)
        return ()

    def _setattr(
        self, fid: int, valid: int, mode: int, uid: int, gid: int, size: int, *times: int
    ) -> tuple[()]:
        names, found, files = self._fid(fid).names, self._status(fid), self._directory
        if files.read_only:
            raise refused(EROFS)
        if valid & MODE:
            files.set_mode(names, mode)
        if valid & (UID | GID):
            files.set_owner(names, uid if valid & UID else -1, gid if valid & GID else -1)
        if valid & SIZE:
            self._set_size(fid, size)
        if valid & (ATIME | MTIME):
            accessed: int | None = found.st_atime_ns
            modified: int | None = found.st_mtime_ns
            if valid & ATIME:
                accessed = times[0] * SECOND + times[1] if valid & ATIME_SET else None
            if valid & MTIME:
                modified = times[2] * SECOND + times[3] if valid & MTIME_SET else None
            files.set_times(names, accessed, modified)
        return ()

    def _set_size(self, fid: int, size: int) -> None:
        flags = self._s.fids[fid].flags
        if flags is not None and flags & _ACCESS:
            os.ftruncate(self._descriptor(fid), size)
        else:
            self._directory.set_size(self._s.fids[fid].names, size)

    # -- fids ---------------------------------------------------------------------------------------------------------

    @property
    def _most(self) -> int:
        """Bytes of data that an answer may have."""
        return max(self._room - _READ_HEADER, 0)

    def _fid(self, number: int) -> Fid:
        found = self._s.fids.get(number)
        if found is None:
            raise refused(EBADF)
        return found

    def _add(self, number: int, names: Names) -> None:
        if number in self._s.fids or number == messages.NO_FID:
            raise refused(EINVAL)
        if len(self._s.fids) >= FID_LIMIT:
            raise refused(EMFILE)
        self._s.fids[number] = Fid(names)

    def _drop(self, number: int) -> None:
        del self._s.fids[number]
        self._listings.pop(number, None)
        fd = self._descriptors.pop(number, None)
        if fd is not None:
            os.close(fd)

    def _close_all(self) -> None:
        for fd in self._descriptors.values():
            os.close(fd)
        self._descriptors.clear()
        self._listings.clear()

    def _opened(self, opening: Callable[[], int]) -> int:
        if len(self._descriptors) >= OPEN_LIMIT:
            raise refused(EMFILE)
        return opening()

    def _keep(self, number: int, fd: int, flags: int) -> None:
        self._descriptors[number] = fd
        self._s.fids[number].flags = flags & ~_ONCE

    def _descriptor(self, number: int) -> int:
        """Of an open fid; opened again where it was open in a state that was loaded."""
        its = self._fid(number)
        if its.flags is None:
            raise refused(EBADF)
        if number not in self._descriptors:
            flags = its.flags
            self._descriptors[number] = self._opened(lambda: self._directory.open(its.names, flags))
        return self._descriptors[number]

    def _status(self, number: int) -> os.stat_result:
        """Of an open fid's file, also when its name is gone."""
        if number in self._descriptors:
            return reachable(os.fstat(self._descriptors[number]))
        return self._directory.status(self._fid(number).names)

    def _qid(self, names: Names) -> Qid:
        return self._qid_of(self._directory.status(names))

    def _qid_of(self, found: os.stat_result) -> Qid:
        """Files of other file systems, mounted inside the directory, have the upper bits of their own."""
        kind = FOLDER if stat.S_ISDIR(found.st_mode) else LINK if stat.S_ISLNK(found.st_mode) else FILE
        other = (found.st_dev - self._directory.device) & 0xFFFF
        version = (found.st_mtime_ns ^ found.st_size << 8) & 0xFFFF_FFFF
        return Qid(kind, version, found.st_ino ^ other << 48)


_TYPES: Final = {FOLDER: stat.S_IFDIR >> 12, LINK: stat.S_IFLNK >> 12, FILE: stat.S_IFREG >> 12}  # readdir(3)


def _step(names: Names, name: bytes) -> Names:
    match name:
        case b".":
            return names
        case b"..":
            return names[:-1]
    return (*names, checked_name(name))


def _host_flags(flags: int) -> int:
    if flags & _ACCESS == _ACCESS:
        raise refused(EINVAL)
    return flags & _ACCESS | _joined(host for bit, host in _FLAGS if flags & bit)


def _joined(flags: Iterable[int]) -> int:
    result = 0
    for each in flags:
        result |= each
    return result
