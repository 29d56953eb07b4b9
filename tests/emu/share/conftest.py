"""A client of the file protocol, and a directory to share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emu.share import messages
from emu.share.directory import Directory
from emu.share.messages import NO_FID, QID, Qid
from emu.share.server import LARGEST_MESSAGE, Server

TAG = 7
NUMBERS = {row.name: row for row in messages.REQUESTS}
WIDTHS = {"b": 1, "h": 2, "w": 4, "d": 8}


class Refused(Exception):
    """errno is what the server said."""

    def __init__(self, errno: int) -> None:
        super().__init__(errno)
        self.errno = errno


class Client:
    """Speaks to one server; fid 0 is the directory itself."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.room = LARGEST_MESSAGE
        self.call("version", 65536, b"9P2000.L")
        self.call("attach", 0, NO_FID, b"root", b"", 0)

    def call(self, request: str, *values: Any) -> Any:
        """The answer's fields; one alone as it is."""
        row = NUMBERS[request]
        packed = messages.encode(row.number, TAG, row.fields, values)
        found = fields(self.server.reply(packed, self.room), row)
        return found[0] if len(found) == 1 else found

    def walk(self, new: int, *names: bytes, fid: int = 0) -> list[Qid]:
        return self.call("walk", fid, new, names)

    def open(self, new: int, *names: bytes, flags: int = 0) -> int:
        """The fid `new` of an open file."""
        self.walk(new, *names)
        self.call("lopen", new, flags)
        return new

    def names(self, fid: int, count: int = 4096) -> list[bytes]:
        """What an open folder lists, in the server's order."""
        offset, found = 0, []
        while data := self.call("readdir", fid, offset, count):
            while data:
                offset, _, length = int.from_bytes(data[13:21], "little"), data[21], data[22] | data[23] << 8
                found.append(data[24 : 24 + length])
                data = data[24 + length :]
        return found


def fields(message: bytes, row: messages.Request) -> list[Any]:
    size, number, tag = messages.HEADER.unpack_from(message)
    assert size == len(message) and tag == TAG
    body = message[messages.HEADER.size :]
    if number == messages.ERROR:
        raise Refused(int.from_bytes(body, "little"))
    assert number == row.number + 1
    found: list[Any] = []

    def take(count: int) -> bytes:
        nonlocal body
        piece, body = body[:count], body[count:]
        assert len(piece) == count
        return piece

    for letter in row.answer:
        match letter:
            case "s":
                found.append(take(int.from_bytes(take(2), "little")))
            case "D":
                found.append(take(int.from_bytes(take(4), "little")))
            case "q":
                found.append(Qid(*QID.unpack(take(13))))
            case "Q":
                found.append([Qid(*QID.unpack(take(13))) for _ in range(int.from_bytes(take(2), "little"))])
            case _:
                found.append(int.from_bytes(take(WIDTHS[letter]), "little"))
    assert not body
    return found


@pytest.fixture(scope="session")
def refused() -> type[Refused]:
    return Refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The directory that is shared; beside it lies a file that nobody may reach."""
    (tmp_path / "secret").write_text("secret")
    shared = tmp_path / "shared"
    (shared / "sub" / "deep").mkdir(parents=True)
    (shared / "file").write_bytes(b"0123456789")
    (shared / "sub" / "b").write_bytes(b"b")
    return shared


@pytest.fixture
def client_of() -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def build(path: Path, **options: Any) -> Client:
        made.append(Client(Server(Directory(path, **options))))
        return made[-1]

    yield build
    for each in made:
        each.server.close()


@pytest.fixture
def client(client_of: Callable[..., Client], folder: Path) -> Client:
    return client_of(folder)
