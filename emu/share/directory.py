"""A host directory that nothing leads out of.

Files are named by their path from the directory, a tuple of names. Each step is taken from the descriptor of the
folder before it and follows no symbolic link (openat(2), O_NOFOLLOW), so a link, on whatever side it was made, leads
nowhere: a guest reads links and follows them itself. Nothing but regular files, folders and links can be reached.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EOPNOTSUPP, EPERM, EROFS, EXDEV
from pathlib import Path
from typing import Final

from emu.errors import LoadError

NAME_LIMIT: Final = 255
PATH_LIMIT: Final = 4096
PERMISSIONS: Final = 0o1777
"""Mode bits that a guest may set: a guest's set-user-id file would be one of the host's user."""
_FOLDER: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_CREAT | os.O_APPEND

Names = tuple[bytes, ...]


def refused(errno: int) -> OSError:
    return OSError(errno, os.strerror(errno))


class Directory:
    """`path` on the host. Every method raises OSError, with the errno that a guest is told.

    The constructor raises LoadError for what is no directory that can be read.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.read_only = read_only
        try:
            self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            hint = "Name a directory that you may read"
            raise LoadError(path, "a directory to share", str(error.strerror), hint) from error
        self.device = os.fstat(self._root).st_dev

    def close(self) -> None:
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def status(self, names: Names) -> os.stat_result:
        with self._place(names) as (folder, name):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        return reachable(found)

    def open(self, names: Names, flags: int) -> int:
        """A descriptor of a regular file or a folder."""
        if flags & _WRITING:
            self._writable()
        with self._place(names) as (folder, name):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                raise refused(ELOOP)
            reachable(found)
            return _checked(os.open(name, flags & ~os.O_CREAT | _OPEN, dir_fd=folder))

    def create(self, names: Names, flags: int, mode: int) -> int:
        with self._change(names) as (folder, name):
            fd = os.open(name, flags | os.O_CREAT | _OPEN, mode & PERMISSIONS, dir_fd=folder)
            return _checked(fd)

    def names(self, names: Names) -> list[bytes]:
        """What is in a folder, in order, without `.` and `..`."""
        fd = self.open(names, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return sorted(os.fsencode(each) for each in os.listdir(fd))
        finally:
            os.close(fd)

    def read_link(self, names: Names) -> bytes:
        with self._place(names) as (folder, name):
            return os.readlink(name, dir_fd=folder)

    def make_folder(self, names: Names, mode: int) -> None:
        with self._change(names) as (folder, name):
            os.mkdir(name, mode & PERMISSIONS, dir_fd=folder)

    def make_symbolic_link(self, names: Names, target: bytes) -> None:
        if not target or len(target) > PATH_LIMIT or b"\0" in target:
            raise refused(EINVAL)
        with self._change(names) as (folder, name):
            os.symlink(target, name, dir_fd=folder)

    def link(self, names: Names, new: Names) -> None:
        with self._change(names) as (folder, name), self._change(new) as (new_folder, new_name):
            reachable(os.stat(name, dir_fd=folder, follow_symlinks=False))
            os.link(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder, follow_symlinks=False)

    def rename(self, names: Names, new: Names) -> None:
        with self._change(names) as (folder, name), self._change(new) as (new_folder, new_name):
            reachable(os.stat(name, dir_fd=folder, follow_symlinks=False))
            os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder)

    def remove(self, names: Names, *, folder: bool) -> None:
        with self._change(names) as (parent, name):
            reachable(os.stat(name, dir_fd=parent, follow_symlinks=False))
            (os.rmdir if folder else os.unlink)(name, dir_fd=parent)

    def set_mode(self, names: Names, mode: int) -> None:
        """chmod(2) follows a link and has no form that does not, but for one through a descriptor (proc(5))."""
        self._writable()
        with self._place(names) as (folder, name):
            fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            if stat.S_ISLNK(reachable(os.fstat(fd)).st_mode):
                raise refused(EOPNOTSUPP)
            os.chmod(f"/proc/self/fd/{fd}", mode & PERMISSIONS)
        finally:
            os.close(fd)

    def set_owner(self, names: Names, uid: int, gid: int) -> None:
        """As far as the host lets its user: whoever is not root owns what a guest makes, whatever the guest says."""
        self._writable()
        with self._place(names) as (folder, name):
            reachable(os.stat(name, dir_fd=folder, follow_symlinks=False))
            try:
                os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)
            except OSError as error:
                if error.errno not in (EPERM, EINVAL):
                    raise

    def set_times(self, names: Names, accessed: int | None, modified: int | None) -> None:
        """ns since 1970; None: the host's time now."""
        self._writable()
        with self._place(names) as (folder, name):
            if accessed is None or modified is None:
                os.utime(name, dir_fd=folder, follow_symlinks=False)
                now = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns
                accessed = now if accessed is None else accessed
                modified = now if modified is None else modified
            os.utime(name, ns=(accessed, modified), dir_fd=folder, follow_symlinks=False)

    def set_size(self, names: Names, size: int) -> None:
        fd = self.open(names, os.O_WRONLY)
        try:
            os.ftruncate(fd, size)
        finally:
            os.close(fd)

    def file_system(self) -> os.statvfs_result:
        return os.fstatvfs(self._root)

    def _writable(self) -> None:
        if self.read_only:
            raise refused(EROFS)

    @contextmanager
    def _change(self, names: Names) -> Iterator[tuple[int, bytes]]:
        """As `_place`, for what adds, moves or removes a name; the shared directory itself stays."""
        self._writable()
        if not names:
            raise refused(EXDEV)
        with self._place(names) as place:
            yield place

    @contextmanager
    def _place(self, names: Names) -> Iterator[tuple[int, bytes]]:
        """The descriptor of the folder that a name is in, and the name; of the directory itself, its own `.`."""
        if not names:
            yield self._root, b"."
            return
        at = self._root
        try:
            for name in names[:-1]:
                following = os.open(name, _FOLDER, dir_fd=at)
                if at != self._root:
                    os.close(at)
                at = following
            yield at, names[-1]
        finally:
            if at != self._root:
                os.close(at)


def checked_name(name: bytes) -> bytes:
    """A name that a file can have; OSError for what is a path, or a way up."""
    if not name or b"/" in name or b"\0" in name or name in (b".", b".."):
        raise refused(EINVAL if name else ENOENT)
    if len(name) > NAME_LIMIT:
        raise refused(ENAMETOOLONG)
    return name


def below(names: Names, name: bytes) -> Names:
    """The path of what a folder has under that name; OSError where it would be too long."""
    found = (*names, checked_name(name))
    if sum(map(len, found)) + len(found) > PATH_LIMIT:
        raise refused(ENAMETOOLONG)
    return found


def reachable(found: os.stat_result) -> os.stat_result:
    """A regular file, folder or link; OSError for a device, a pipe or a socket of the host's."""
    mode = found.st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        raise refused(EPERM)
    return found


def _checked(fd: int) -> int:
    """What was opened is what may be: another one may have taken the name meanwhile."""
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return fd
    os.close(fd)
    raise refused(ENOTDIR if stat.S_ISLNK(mode) else EPERM)
