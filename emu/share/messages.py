"""9P2000.L messages: what is in each, as rows, and bytes from and to values.

A message is size[4] type[1] tag[2] and its fields, all little-endian; an answer's type is its request's plus one. A
field is one letter:

| letter | on the wire                           | here                     |
| ------ | ------------------------------------- | ------------------------ |
| b h w d | 1, 2, 4, 8 bytes                     | int                      |
| s      | length[2] and as many bytes           | bytes                    |
| S      | count[2] and as many s                | tuple of bytes           |
| D      | count[4] and as many bytes            | bytes                    |
| q      | type[1] version[4] path[8]            | Qid                      |
| Q      | count[2] and as many q                | tuple of Qid             |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct, error
from types import MappingProxyType
from typing import Any, Final

HEADER: Final = Struct("<IBH")
QID: Final = Struct("<BIQ")
ERROR: Final = 7  # Rlerror
NO_TAG: Final = 0xFFFF
NO_FID: Final = 0xFFFF_FFFF
WALK_LIMIT: Final = 16
"""Names in one walk."""


class Malformed(Exception):
    """Bytes that are no message of this protocol."""


@dataclass(frozen=True, slots=True)
class Qid:
    """What the server knows a file by: two files differ in `path`, two contents of one mostly in `version`."""

    type: int
    version: int
    path: int

    @property
    def packed(self) -> bytes:
        return QID.pack(self.type, self.version, self.path)


@dataclass(frozen=True, slots=True)
class Request:
    """A row: the number of the request, its name, its fields, and those of the answer."""

    number: int
    name: str
    fields: str
    answer: str


REQUESTS: Final = (
    Request(8, "statfs", "w", "wwddddddw"),  # fid - type bsize blocks bfree bavail files ffree fsid namelen
    Request(12, "lopen", "ww", "qw"),  # fid flags - qid iounit
    Request(14, "lcreate", "wswww", "qw"),  # fid name flags mode gid - qid iounit
    Request(16, "symlink", "wssw", "q"),  # dfid name target gid - qid
    Request(18, "mknod", "wswwww", "q"),  # dfid name mode major minor gid - qid
    Request(20, "rename", "wws", ""),  # fid dfid name
    Request(22, "readlink", "w", "s"),  # fid - target
    Request(
        24, "getattr", "wd", "dqwww" + "d" * 15
    ),  # fid mask - valid qid mode uid gid nlink ... data_version
    Request(26, "setattr", "wwwwwddddd", ""),  # fid valid mode uid gid size atime(sec ns) mtime(sec ns)
    Request(30, "xattrwalk", "wws", "d"),  # fid newfid name - size
    Request(32, "xattrcreate", "wsdw", ""),  # fid name size flags
    Request(40, "readdir", "wdw", "D"),  # fid offset count - data
    Request(50, "fsync", "ww", ""),  # fid datasync
    Request(52, "lock", "wbwddws", "b"),  # fid type flags start length proc_id client_id - status
    Request(54, "getlock", "wbddws", "bddws"),  # fid type start length proc_id client_id - the same
    Request(70, "link", "wws", ""),  # dfid fid name
    Request(72, "mkdir", "wsww", "q"),  # dfid name mode gid - qid
    Request(74, "renameat", "wsws", ""),  # olddirfid oldname newdirfid newname
    Request(76, "unlinkat", "wsw", ""),  # dirfid name flags
    Request(100, "version", "ws", "ws"),  # msize version - msize version
    Request(102, "auth", "wssw", "q"),  # afid uname aname n_uname - aqid
    Request(104, "attach", "wwssw", "q"),  # fid afid uname aname n_uname - qid
    Request(108, "flush", "h", ""),  # oldtag
    Request(110, "walk", "wwS", "Q"),  # fid newfid names - qids
    Request(116, "read", "wdw", "D"),  # fid offset count - data
    Request(118, "write", "wdD", "w"),  # fid offset data - count
    Request(120, "clunk", "w", ""),  # fid
    Request(122, "remove", "w", ""),  # fid
)
BY_NUMBER: Final = MappingProxyType({row.number: row for row in REQUESTS})

_INTEGERS: Final = MappingProxyType(
    {"b": Struct("<B"), "h": Struct("<H"), "w": Struct("<I"), "d": Struct("<Q")}
)


def decode(message: bytes) -> tuple[Request, int, list[Any]]:
    """The row of a request, its tag and its fields' values. Raises Malformed, also for bytes that are left over."""
    if len(message) < HEADER.size:
        raise Malformed("shorter than a header")
    size, number, tag = HEADER.unpack_from(message)
    row = BY_NUMBER.get(number)
    if row is None:
        raise Malformed(f"no request has number {number}")
    if size != len(message):
        raise Malformed(f"{len(message)} bytes that say they are {size}")
    reader = _Reader(message, HEADER.size)
    values = [reader.take(letter) for letter in row.fields]
    if reader.at != size:
        raise Malformed(f"{size - reader.at} bytes too many")
    return row, tag, values


def tag_of(message: bytes) -> int:
    """The tag of something that may be no message."""
    return HEADER.unpack_from(message)[2] if len(message) >= HEADER.size else NO_TAG


def encode(number: int, tag: int, fields: str, values: Sequence[Any]) -> bytes:
    body = b"".join(_WRITERS[letter](value) for letter, value in zip(fields, values, strict=True))
    return HEADER.pack(HEADER.size + len(body), number, tag) + body


def answer(row: Request, tag: int, values: Sequence[Any]) -> bytes:
    return encode(row.number + 1, tag, row.answer, values)


def refusal(tag: int, errno: int) -> bytes:
    return encode(ERROR, tag, "w", (errno,))


class _Reader:
    def __init__(self, message: bytes, at: int) -> None:
        self._message, self.at = message, at

    def take(self, letter: str) -> Any:  # noqa: ANN401 - what the letter says
        match letter:
            case "s":
                return self._bytes(self.take("h"))
            case "S":
                count = self.take("h")
                if count > WALK_LIMIT:
                    raise Malformed(f"{count} names, more than {WALK_LIMIT}")
                return tuple(self.take("s") for _ in range(count))
            case "D":
                return self._bytes(self.take("w"))
        shape = _INTEGERS[letter]
        try:
            (value,) = shape.unpack_from(self._message, self.at)
        except error:
            raise Malformed("it ends within a field") from None
        self.at += shape.size
        return value

    def _bytes(self, count: int) -> bytes:
        piece = self._message[self.at : self.at + count]
        if len(piece) < count:
            raise Malformed("it ends within a field")
        self.at += count
        return piece


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(2, "little") + value


def _names(values: Sequence[bytes]) -> bytes:
    return len(values).to_bytes(2, "little") + b"".join(map(_string, values))


def _qids(values: Sequence[Qid]) -> bytes:
    return len(values).to_bytes(2, "little") + b"".join(each.packed for each in values)


def _data(value: bytes) -> bytes:
    return len(value).to_bytes(4, "little") + value


_WRITERS: Final[dict[str, Callable[[Any], bytes]]] = {
    **{letter: shape.pack for letter, shape in _INTEGERS.items()},
    "s": _string,
    "S": _names,
    "D": _data,
    "q": lambda qid: qid.packed,
    "Q": _qids,
}
