"""A shared directory, request by request."""

from __future__ import annotations

import os
import pickle
import stat
from errno import (
    EBADF,
    EEXIST,
    EINVAL,
    EISDIR,
    ELOOP,
    EMFILE,
    EMSGSIZE,
    ENAMETOOLONG,
    ENOENT,
    ENOTDIR,
    ENOTEMPTY,
    EOPNOTSUPP,
    EPERM,
    EPROTO,
    EROFS,
    EXDEV,
)

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.errors import LoadError
from emu.share import messages, server
from emu.share.directory import Directory
from emu.share.messages import NO_FID
from emu.share.server import Server

READ, WRITE, BOTH = 0, 1, 2
CREATE, EXCLUSIVE, TRUNCATE, APPEND = 0o100, 0o200, 0o1000, 0o2000
MODE, UID, SIZE, ATIME, MTIME, ATIME_SET, MTIME_SET = 1, 2, 8, 0x10, 0x20, 0x80, 0x100


def fails(refused, errno, call, *values, **more):
    with pytest.raises(refused) as caught:
        call(*values, **more)
    assert caught.value.errno == errno, os.strerror(caught.value.errno)


def setattr_values(valid, mode=0, uid=0, size=0, atime=(0, 0), mtime=(0, 0)):
    return valid, mode, uid, 0, size, *atime, *mtime


# -- the session ------------------------------------------------------------------------------------------------------


def test_the_version_and_the_largest_message_are_agreed_on(client, refused):
    assert client.call("version", 8192, b"9P2000.L") == [8192, b"9P2000.L"]
    assert client.call("version", 1 << 31, b"9P2000.L") == [server.LARGEST_MESSAGE, b"9P2000.L"]
    assert client.call("version", 8192, b"9P2000.u")[1] == b"unknown"
    fails(refused, EMSGSIZE, client.call, "version", 100, b"9P2000.L")


def test_a_new_version_ends_the_session(client, refused):
    client.open(1, b"file")
    client.call("version", 8192, b"9P2000.L")
    for fid in (0, 1):
        fails(refused, EBADF, client.call, "clunk", fid)
    assert not client.server._descriptors


def test_nobody_needs_to_say_who_they_are(client, refused):
    fails(refused, EOPNOTSUPP, client.call, "auth", 5, b"root", b"", 0)


def test_a_walk_names_what_it_passes_and_stops_where_nothing_is(client, refused):
    file, deep = client.walk(1, b"file"), client.walk(2, b"sub", b"deep")
    assert [qid.type for qid in (*file, *deep)] == [0, 0x80, 0x80]
    assert len({qid.path for qid in (*file, *deep)}) == 3
    assert len(client.walk(3, b"sub", b"nothing", b"more")) == 1
    fails(refused, EBADF, client.call, "clunk", 3)
    fails(refused, ENOENT, client.walk, 3, b"nothing")
    assert client.walk(3) == []  # a second fid for the same
    fails(refused, EINVAL, client.walk, 3, b"file")  # it is taken
    fails(refused, EBADF, client.walk, 4, fid=99)


def test_the_way_up_ends_at_the_directory(client):
    (root,) = client.walk(1, b"..")
    assert client.walk(2, b"sub", b"..", b"..", b"..")[1:] == [root] * 3


@pytest.mark.parametrize("name", [b".", b"", b"sub/b", b"/", b"../secret", b"a\0b"])
def test_a_name_is_no_path(client, refused, name):
    with pytest.raises(refused):
        client.walk(1, name)
    for request in (("mkdir", 0, name, 0o755, 0), ("lcreate", 0, name, BOTH, 0o644, 0)):
        with pytest.raises(refused):
            client.call(*request)


def test_a_name_has_at_most_255_bytes_and_a_path_4096(client, refused):
    fails(refused, ENAMETOOLONG, client.call, "mkdir", 0, b"n" * 256, 0o755, 0)
    name, fid = b"n" * 250, 0
    for number in range(1, 30):
        try:
            client.call("mkdir", fid, name, 0o755, 0)
        except refused as error:
            assert error.errno == ENAMETOOLONG
            break
        client.walk(number, name, fid=fid)
        fid = number
    else:
        pytest.fail("a path without end")


def test_fids_and_open_files_are_bounded(client, refused, monkeypatch):
    monkeypatch.setattr(server, "OPEN_LIMIT", 2)
    client.open(1, b"file")
    client.open(2, b"file")
    client.walk(3, b"file")
    fails(refused, EMFILE, client.call, "lopen", 3, READ)
    client.call("clunk", 1)
    client.call("lopen", 3, READ)
    monkeypatch.setattr(server, "FID_LIMIT", 3)
    fails(refused, EMFILE, client.walk, 4)


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_read_in_pieces(client, refused):
    fid = client.open(1, b"file")
    assert client.call("read", fid, 0, 4) == b"0123"
    assert client.call("read", fid, 8, 100) == b"89"
    assert client.call("read", fid, 100, 100) == b""
    fails(refused, EINVAL, client.call, "lopen", fid, READ)
    fails(refused, EBADF, client.call, "write", fid, 0, b"no")
    fails(refused, EINVAL, client.call, "read", fid, (1 << 64) - 1, 1)


def test_a_read_fits_the_answers_room(client, folder):
    (folder / "large").write_bytes(bytes(100_000))
    fid = client.open(1, b"large")
    assert len(client.call("read", fid, 0, 1 << 30)) == 65536 - 11
    client.room = 5000
    assert len(client.call("read", fid, 0, 1 << 30)) == 5000 - 11


def test_a_file_is_made_written_and_read_back(client, folder, refused):
    client.walk(1)
    client.call("lcreate", 1, b"new", BOTH | CREATE | EXCLUSIVE, 0o640, 0)
    assert client.call("write", 1, 3, b"data") == 4
    assert client.call("read", 1, 0, 100) == b"\0\0\0data"
    client.call("fsync", 1, 0)
    client.call("fsync", 1, 1)
    assert (folder / "new").read_bytes() == b"\0\0\0data"
    client.walk(2)
    fails(refused, EEXIST, client.call, "lcreate", 2, b"new", BOTH | CREATE | EXCLUSIVE, 0o640, 0)
    client.call("clunk", 1)
    fid = client.open(1, b"new", flags=WRITE | TRUNCATE)
    assert (folder / "new").read_bytes() == b""
    fails(refused, EINVAL, client.call, "lopen", 2, 3)
    client.call("clunk", fid)


def test_what_is_appended_goes_to_the_end(client, folder):
    fid = client.open(1, b"file", flags=WRITE | APPEND)
    client.call("write", fid, 0, b"!")
    assert (folder / "file").read_bytes() == b"0123456789!"


def test_attributes_are_the_hosts(client, folder):
    client.walk(1, b"file")
    valid, qid, mode, uid, gid, links, _, size, _, _, *times = client.call("getattr", 1, 0x3FFF)
    host = (folder / "file").stat()
    assert (valid, mode, uid, gid) == (0x7FF, host.st_mode, host.st_uid, host.st_gid)
    assert (links, size, qid.path) == (1, 10, host.st_ino)
    assert times[2] * 10**9 + times[3] == host.st_mtime_ns


def test_another_content_is_another_version(client, folder):
    (before,) = client.walk(1, b"file")
    (folder / "file").write_bytes(b"more than before")
    (after,) = client.walk(2, b"file")
    assert before.path == after.path and before.version != after.version


def test_mode_size_and_times_are_set(client, folder):
    client.walk(1, b"file")
    client.call("setattr", 1, *setattr_values(MODE | SIZE, mode=0o100600, size=3))
    client.call("setattr", 1, *setattr_values(ATIME | MTIME | ATIME_SET | MTIME_SET, 0, 0, 0, (5, 6), (7, 8)))
    host = (folder / "file").stat()
    assert (host.st_mode, host.st_size) == (stat.S_IFREG | 0o600, 3)
    assert (host.st_atime_ns, host.st_mtime_ns) == (5_000_000_006, 7_000_000_008)
    client.call("setattr", 1, *setattr_values(MTIME))
    host = (folder / "file").stat()
    assert host.st_atime_ns == 5_000_000_006 and host.st_mtime > 1e9


def test_no_file_becomes_its_owners_by_running_it(client, folder):
    client.walk(1, b"file")
    client.call("setattr", 1, *setattr_values(MODE, mode=0o6755))
    client.walk(2)
    client.call("lcreate", 2, b"new", WRITE, 0o6755, 0)
    for name in ("file", "new"):
        assert not (folder / name).stat().st_mode & (stat.S_ISUID | stat.S_ISGID)


def test_an_owner_that_the_host_does_not_allow_is_no_error(client, monkeypatch):
    def chown(*values, **more):
        raise PermissionError(EPERM, "no")

    monkeypatch.setattr(os, "chown", chown)
    client.walk(1, b"file")
    client.call("setattr", 1, *setattr_values(UID, uid=12345))


@pytest.mark.parametrize(
    "values",
    [
        setattr_values(SIZE, size=(1 << 64) - 1),
        setattr_values(MTIME | MTIME_SET, mtime=((1 << 64) - 1, (1 << 64) - 1)),
    ],
)
def test_numbers_that_no_file_can_have_are_refused(client, refused, values):
    client.walk(1, b"file")
    with pytest.raises(refused):
        client.call("setattr", 1, *values)


def test_a_file_that_is_open_is_there_though_its_name_is_gone(client):
    fid = client.open(1, b"file", flags=BOTH)
    client.call("unlinkat", 0, b"file", 0)
    client.call("setattr", fid, *setattr_values(SIZE, size=4))
    assert client.call("getattr", fid, 0x7FF)[7] == 4
    assert client.call("read", fid, 0, 100) == b"0123"


# -- folders ----------------------------------------------------------------------------------------------------------


def test_a_folder_lists_in_the_names_order_whatever_the_room(client, folder):
    expected = sorted(f"{number * 7919 % 1000:03}".encode() for number in range(300))
    for name in expected:
        (folder / "sub" / "deep" / name.decode()).touch()
    for number, count in enumerate((100_000, 4096, 64), start=1):
        fid = client.open(number, b"sub", b"deep")
        assert client.names(fid, count) == [b".", b"..", *expected]
    fails_with = client.server.reply(messages.encode(40, 1, "wdw", (1, 0, 5)))
    assert int.from_bytes(fails_with[7:], "little") == EINVAL


def test_a_listing_names_the_type_and_the_way_up(client, folder):
    (folder / "sub" / "link").symlink_to("b")
    fid = client.open(1, b"sub")
    data = client.call("readdir", fid, 0, 4096)
    types, sub, root = {}, folder / "sub", folder
    while data:
        path, kind, length = int.from_bytes(data[5:13], "little"), data[21], data[22]
        types[data[24 : 24 + length]] = (kind, path)
        data = data[24 + length :]
    assert types == {
        b".": (4, sub.stat().st_ino),
        b"..": (4, root.stat().st_ino),
        b"b": (8, (sub / "b").stat().st_ino),
        b"deep": (4, (sub / "deep").stat().st_ino),
        b"link": (10, (sub / "link").lstat().st_ino),
    }


def test_only_what_is_open_lists_and_only_folders(client, refused):
    client.walk(1, b"sub")
    fails(refused, EBADF, client.call, "readdir", 1, 0, 4096)
    fails(refused, ENOTDIR, client.call, "readdir", client.open(2, b"file"), 0, 4096)
    fails(refused, EISDIR, client.call, "read", client.open(3, b"sub"), 0, 10)


def test_folders_and_files_are_made_and_removed(client, folder, refused):
    client.call("mkdir", 0, b"d", 0o700, 0)
    client.call("mknod", 0, b"f", stat.S_IFREG | 0o600, 0, 0, 0)
    assert (folder / "d").is_dir() and (folder / "f").is_file()
    fails(refused, EISDIR, client.call, "unlinkat", 0, b"d", 0)
    fails(refused, ENOTDIR, client.call, "unlinkat", 0, b"f", 0x200)
    fails(refused, ENOTEMPTY, client.call, "unlinkat", 0, b"sub", 0x200)
    client.call("unlinkat", 0, b"d", 0x200)
    client.walk(1, b"f")
    client.call("remove", 1)
    fails(refused, EBADF, client.call, "clunk", 1)
    assert not (folder / "d").exists() and not (folder / "f").exists()
    client.walk(1, b"file")
    (folder / "file").unlink()
    fails(refused, ENOENT, client.call, "remove", 1)
    fails(refused, EBADF, client.call, "clunk", 1)


def test_what_moves_keeps_its_fids(client, folder):
    client.walk(1, b"sub", b"b")
    client.walk(2, b"file")
    client.walk(3, b"sub")
    client.call("renameat", 0, b"sub", 0, b"moved")
    client.call("rename", 2, 3, b"renamed")
    assert (folder / "moved" / "renamed").read_bytes() == b"0123456789"
    for fid in (1, 2):
        client.call("lopen", fid, READ)
    assert client.call("read", 1, 0, 10) == b"b"


def test_the_directory_itself_stays(client, refused):
    client.walk(1)
    fails(refused, EXDEV, client.call, "rename", 1, 0, b"elsewhere")
    with pytest.raises(refused):
        client.call("remove", 1)
    fails(refused, EINVAL, client.call, "unlinkat", 0, b"..", 0x200)


def test_links_are_made_and_read_and_never_followed(client, folder, refused):
    client.call("symlink", 0, b"link", b"/etc/passwd", 0)
    client.walk(1, b"link")
    assert client.call("readlink", 1) == b"/etc/passwd"
    assert stat.S_ISLNK(client.call("getattr", 1, 0x7FF)[2])
    fails(refused, ELOOP, client.call, "lopen", 1, READ)
    fails(refused, EOPNOTSUPP, client.call, "setattr", 1, *setattr_values(MODE, mode=0))
    with pytest.raises(refused):
        client.call("setattr", 1, *setattr_values(SIZE, size=0))
    client.walk(2, b"file")
    client.call("link", 0, 2, b"second")
    assert (folder / "second").stat().st_nlink == 2


def test_locks_and_attributes_that_nobody_else_has(client, refused):
    client.walk(1, b"file")
    assert client.call("lock", 1, 1, 0, 0, 0, 1, b"guest") == 0
    assert client.call("getlock", 1, 1, 5, 6, 7, b"guest") == [2, 5, 6, 7, b"guest"]
    fails(refused, EOPNOTSUPP, client.call, "xattrwalk", 1, 2, b"security.selinux")
    fails(refused, EOPNOTSUPP, client.call, "xattrcreate", 1, b"user.a", 3, 0)
    assert client.call("flush", 3) == []


def test_free_space_is_the_hosts(client, folder):
    kind, size, blocks, *_ = client.call("statfs", 0)
    assert (kind, size * blocks) == (0x01021997, os.statvfs(folder).f_frsize * os.statvfs(folder).f_blocks)


# -- confinement ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["..", "../secret", "/", "/etc", "sub"])
def test_no_link_leads_anywhere(client, folder, refused, target):
    (folder / "way").symlink_to(target)
    client.walk(1, b"way")
    for name in (b"secret", b"passwd", b"b", b".."):
        try:
            client.walk(2, name, fid=1)
        except refused as error:
            assert error.errno in (ENOTDIR, ELOOP)
        else:
            assert name == b".."  # from the link's own folder, which is the directory
            assert client.call("getattr", 2, 0x7FF)[1].path == folder.stat().st_ino
    for request in (
        ("mkdir", 1, b"d", 0o755, 0),
        ("symlink", 1, b"s", b"x", 0),
        ("unlinkat", 1, b"secret", 0),
    ):
        with pytest.raises(refused):
            client.call(*request)
    assert (folder.parent / "secret").read_text() == "secret"


def test_a_folder_that_becomes_a_link_leads_nowhere(client, folder, refused):
    client.walk(1, b"sub", b"deep")
    (folder / "sub").rename(folder / "was")
    (folder / "sub").symlink_to(folder.parent)
    fails(refused, ENOTDIR, client.call, "getattr", 1, 0x7FF)
    fails(refused, ENOTDIR, client.call, "lcreate", 1, b"new", WRITE, 0o644, 0)


def test_pipes_and_devices_are_out_of_reach(client, folder, refused):
    os.mkfifo(folder / "sub" / "pipe")
    assert len(client.walk(1, b"sub", b"pipe")) == 1
    client.walk(2, b"sub")
    fails(refused, EPERM, client.walk, 3, b"pipe", fid=2)
    assert client.names(client.open(4, b"sub")) == [b".", b"..", b"b", b"deep"]
    fails(refused, EPERM, client.call, "unlinkat", 2, b"pipe", 0)
    fails(refused, EPERM, client.call, "renameat", 2, b"pipe", 2, b"other")
    for kind in (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK):
        fails(refused, EOPNOTSUPP, client.call, "mknod", 0, b"n", kind | 0o600, 1, 3, 0)
    with pytest.raises(refused):
        client.call("lcreate", 2, b"pipe", WRITE, 0o600, 0)


def test_read_only_is_read_only(client_of, folder, refused):
    client = client_of(folder, read_only=True)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    client.walk(1, b"file")
    client.walk(2)
    client.walk(3, b"sub")
    for request in (
        ("lopen", 1, WRITE), ("lopen", 1, READ | TRUNCATE), ("lcreate", 2, b"new", READ, 0o644, 0),
        ("mkdir", 0, b"d", 0o755, 0), ("symlink", 0, b"s", b"t", 0), ("link", 0, 1, b"l"),
        ("mknod", 0, b"f", stat.S_IFREG, 0, 0, 0), ("unlinkat", 0, b"file", 0), ("renameat", 0, b"file", 0, b"x"),
        ("rename", 1, 0, b"x"), ("setattr", 1, *setattr_values(MODE, mode=0)),
        ("setattr", 1, *setattr_values(SIZE)), ("setattr", 1, *setattr_values(MTIME)), ("remove", 3),
    ):  # fmt: skip
        fails(refused, EROFS, client.call, *request)
    client.call("lopen", 1, READ)
    fails(refused, EROFS, client.call, "write", 1, 0, b"no")
    assert client.call("read", 1, 0, 4) == b"0123"
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_what_is_no_directory_is_not_shared(folder):
    for path, reason in ((folder / "file", "Not a directory"), (folder / "none", "No such file")):
        with pytest.raises(LoadError, match=reason):
            Directory(path)


# -- states and bytes -------------------------------------------------------------------------------------------------


def test_a_loaded_state_goes_on_with_files_that_were_open(client, client_of, folder):
    client.open(1, b"file", flags=BOTH | TRUNCATE)
    client.call("write", 1, 0, b"kept")
    client.open(2, b"sub")
    first = client.call("readdir", 2, 0, 4096)
    state = pickle.loads(pickle.dumps(client.server.state))
    client.call("write", 1, 0, b"more")
    other = client_of(folder)
    other.server.load(state)
    assert other.call("read", 1, 0, 10) == b"more"
    assert other.call("readdir", 2, 0, 4096) == first
    assert client.call("readdir", 2, 3, 4096) == other.call("readdir", 2, 3, 4096) != b""
    client.server.load(state)
    assert client.call("read", 1, 0, 10) == b"more"
    assert client.server.state == other.server.state == state


def test_closing_leaves_no_descriptor_open(folder):
    before = set(os.listdir("/proc/self/fd"))
    made = Server(Directory(folder))
    for fid in (1, 2, 3):
        made.reply(messages.encode(104, 1, "wwssw", (fid, NO_FID, b"", b"", 0)))
        made.reply(messages.encode(12, 1, "ww", (fid, READ)))
    assert len(made._descriptors) == 3
    made.close()
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\7\0\0\0",
        messages.HEADER.pack(7, 255, 1),
        messages.HEADER.pack(8, 120, 1) + b"\0",
        messages.HEADER.pack(99, 120, 1) + bytes(4),
        messages.encode(120, 1, "ww", (0, 0)),
        messages.HEADER.pack(7 + 10, 110, 1) + bytes(8) + (17).to_bytes(2, "little"),
        messages.HEADER.pack(7 + 16, 118, 1) + bytes(12) + (1000).to_bytes(4, "little"),
    ],
)
def test_bytes_that_are_no_message_are_refused(client, message):
    found = client.server.reply(message)
    assert found[4] == messages.ERROR and int.from_bytes(found[7:], "little") == EPROTO


def test_an_answer_without_room_is_a_refusal_or_nothing(client):
    request = messages.encode(24, 1, "wd", (0, 0x7FF))
    assert int.from_bytes(client.server.reply(request, 20)[7:], "little") == EMSGSIZE
    assert client.server.reply(request, 10) == b""


FIELDS = {
    "b": st.integers(0, 255),
    "h": st.integers(0, 0xFFFF),
    "w": st.one_of(
        st.integers(0, 3), st.sampled_from([NO_FID, 0o1000, 0x200, 0x7FF]), st.integers(0, NO_FID)
    ),
    "d": st.one_of(st.integers(0, 64), st.integers(0, (1 << 64) - 1)),
    "s": st.one_of(
        st.sampled_from([b"file", b"sub", b"b", b"deep", b"..", b"link", b"../secret", b"9P2000.L", b"/"]),
        st.binary(max_size=12),
    ),
    "D": st.binary(max_size=40),
}
FIELDS["S"] = st.lists(FIELDS["s"], max_size=5)
REQUESTS = st.sampled_from(messages.REQUESTS).flatmap(
    lambda row: st.tuples(*(FIELDS[letter] for letter in row.fields)).map(
        lambda values: messages.encode(row.number, 5, row.fields, values)
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(st.one_of(REQUESTS, st.binary(max_size=60)), max_size=30), room=st.integers(0, 9000))
def test_whatever_a_client_sends_is_answered_and_stays_inside(client, folder, requests, room):
    client.server.reply(messages.encode(104, 1, "wwssw", (1, NO_FID, b"", b"", 0)))
    for request in requests:
        found = client.server.reply(request, room)
        assert len(found) <= room
        assert not found or int.from_bytes(found[:4], "little") == len(found)
    assert sorted(os.listdir(folder.parent)) == ["secret", "shared"]
    assert (folder.parent / "secret").read_text() == "secret"
