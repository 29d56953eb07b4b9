"""Device tree blobs that users bring: checked to the last token, and given boot arguments as QEMU gives them.

Format: Devicetree Specification 0.4, chapter 5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NoReturn, TypeAlias

import fdt

from emu.errors import LoadError

Span: TypeAlias = tuple[int, int]  # first address or offset, first one after it

_MAGIC = 0xD00DFEED
_HEADER = struct.Struct(">10I")
LARGEST = 2 << 20  # bytes; Linux maps no more
_DEEPEST = 64  # levels of nodes; real trees have fewer than ten


class _Token(IntEnum):
    BEGIN_NODE = 1
    END_NODE = 2
    PROPERTY = 3
    NOP = 4
    END = 9


@dataclass(frozen=True, slots=True)
class _Blob:
    """The header's fields, in its order after the magic number."""

    path: Path
    total: int
    structure: int
    strings: int
    reservations: int
    version: int
    last_compatible: int
    boot_cpu: int
    strings_size: int
    structure_size: int


def check(path: Path, data: bytes) -> bytes:
    """The device tree blob in `data`, without what follows it. LoadError where it is none, or damaged."""
    if data[:4] != _MAGIC.to_bytes(4, "big"):
        begins = f"a file that begins with {data[:4].hex(' ') or 'nothing'}"
        hint = "Compile a source file (.dts) with: dtc -I dts -O dtb -o FILE.dtb FILE.dts"
        raise LoadError(path, "a device tree blob (it begins with d0 0d fe ed)", begins, hint)
    if len(data) < _HEADER.size:
        _damaged(path, f"a header of {_HEADER.size} bytes", f"{len(data)} bytes")
    blob = _Blob(path, *_HEADER.unpack_from(data)[1:])
    if blob.version < 16 or blob.last_compatible > 17:
        _damaged(path, "version 17 (or 16)", f"version {blob.version}, read as {blob.last_compatible}")
    if not _HEADER.size - 4 <= blob.total <= len(data):
        _damaged(path, f"{blob.total:,} bytes as its header says", f"{len(data):,} bytes in the file")
    if blob.total > LARGEST:
        expected, actual = f"at most {LARGEST:,} bytes", f"{blob.total:,} bytes"
        raise LoadError(path, f"a device tree blob of {expected}, the most that kernels map", actual)
    data = data[: blob.total]
    for _ in _tokens(blob, data):
        pass
    return data


def patch(path: Path, data: bytes, bootargs: str = "", initrd: Span | None = None) -> bytes:
    """A checked device tree with these in its /chosen; without either it is returned as it is."""
    if not bootargs and initrd is None:
        return data
    try:
        fdt.FDT().entries.clear()  # the reader keeps the reservations of all trees in one list
        tree = fdt.parse_dtb(_without_nops(path, data))
        tree.entries = list(tree.entries)
        chosen = tree.get_node("/chosen", create=True)
        choose(chosen, bootargs, initrd)
        return bytes(tree.to_dtb(version=17))
    except Exception as error:  # the reader raises anything at all on names and values that it does not like
        actual = f"one that cannot be changed ({type(error).__name__}: {error})"
        hint = "Put bootargs and the initrd's addresses into it, and leave out -append and -initrd"
        raise LoadError(path, "a device tree to put boot arguments into", actual, hint) from error


def choose(chosen: fdt.Node, bootargs: str, initrd: Span | None) -> None:
    """Put boot arguments and the initial RAM disk's addresses into a /chosen node."""
    if bootargs:
        chosen.set_property("bootargs", bootargs.encode("utf-8", "surrogateescape") + b"\0")
    if initrd is not None:
        for key, address in zip(("linux,initrd-start", "linux,initrd-end"), initrd, strict=True):
            chosen.set_property(key, cells(address) if address >> 32 else address)


def cells(*numbers: int) -> list[int]:
    """Each number as two cells, the higher half first."""
    return [word for number in numbers for word in (number >> 32, number & 0xFFFF_FFFF)]


def _damaged(path: Path, expected: str, actual: str) -> NoReturn:
    hint = "It is damaged: compile or copy it again"
    raise LoadError(path, f"a device tree blob with {expected}", actual, hint)


def _tokens(blob: _Blob, data: bytes) -> Iterator[Span]:
    """The offsets of each token of a blob whose structure is sound; LoadError at the first fault."""
    path = blob.path
    strings = data[blob.strings : blob.strings + blob.strings_size]
    if len(strings) != blob.strings_size:
        _damaged(path, f"strings at {blob.strings:#x}, {blob.strings_size:#x} bytes", f"{len(data):#x} bytes")
    _reservations(blob, data)
    at, depth, nodes = blob.structure, 0, 0
    while True:
        token = _word(blob, data, at)
        start, at = at, at + 4
        match token:
            case _Token.BEGIN_NODE if depth < _DEEPEST and not (depth == 0 and nodes):
                end = data.find(b"\0", at)
                if end < 0 or not data[at:end].isascii() or (end == at and depth):
                    _damaged(path, f"a node's name at {at:#x}", "none")
                at, depth, nodes = end + 4 & ~3, depth + 1, nodes + 1
            case _Token.END_NODE if depth:
                depth -= 1
            case _Token.PROPERTY if depth:
                size, name = _word(blob, data, at), _word(blob, data, at + 4)
                if name >= len(strings) or strings.find(b"\0", name) < 0:
                    _damaged(path, f"a name for the property at {start:#x}", f"string offset {name:#x}")
                if at + 8 + size > len(data):
                    _damaged(path, f"{size:,} bytes of a property at {start:#x}", "the end of the file")
                at = at + 8 + size + 3 & ~3
            case _Token.NOP:
                pass
            case _Token.END if depth == 0 and nodes:
                yield start, at
                return
            case _:
                _damaged(path, f"a well-formed structure at {start:#x}", f"token {token} at depth {depth}")
        yield start, at


def _word(blob: _Blob, data: bytes, at: int) -> int:
    if at % 4 or at + 4 > len(data):
        _damaged(blob.path, f"a word at {at:#x}", f"{len(data):#x} bytes in all")
    return int.from_bytes(data[at : at + 4], "big")


def _reservations(blob: _Blob, data: bytes) -> None:
    """The memory reservations end with a pair of zeros inside the blob."""
    at = blob.reservations
    while any(data[at : at + 16].ljust(16, b"\1")):
        at += 16
        if at + 16 > len(data):
            _damaged(blob.path, "a list of memory reservations that ends", "the end of the file")


def _without_nops(path: Path, data: bytes) -> bytes:
    """The same tree in a blob without NOP tokens, which the reader does not know."""
    blob = _Blob(path, *_HEADER.unpack_from(data)[1:])
    spans = list(_tokens(blob, data))
    nop = _Token.NOP.to_bytes(4, "big")
    kept = b"".join(data[start:end] for start, end in spans if data[start : start + 4] != nop)
    gone = spans[-1][1] - spans[0][0] - len(kept)
    return data[: blob.structure] + kept + bytes(gone) + data[spans[-1][1] :]
