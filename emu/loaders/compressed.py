"""Compressed files: recognised by their first bytes, and unpacked where Python's library can.

A boot loader unpacks what it loads; here that is our work. Hostile input is bounded: `LARGEST` bytes come out at most,
and the unpacker gets as much memory as the packers' highest levels ask for.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emu.errors import LoadError
from emu.loaders.placement import quantity

LARGEST = 1 << 30  # bytes that are unpacked
_LZMA_MEMORY = 256 << 20  # bytes; `xz -9` wants 65 MiB
_GZIP_WINDOW = 31  # zlib: the largest window, in gzip's frame


@dataclass(frozen=True, slots=True)
class Compression:
    magic: bytes
    name: str

    @property
    def unpack(self) -> str:
        """The command that unpacks a file named after it to its standard output."""
        return f"{self.name} -dc"


COMPRESSIONS = (
    Compression(b"\x1f\x8b\x08", "gzip"),
    Compression(b"\xfd7zXZ\0", "xz"),
    Compression(b"\x28\xb5\x2f\xfd", "zstd"),
    Compression(b"BZh", "bzip2"),
    Compression(b"\x04\x22\x4d\x18", "lz4"),
    Compression(b"\x02\x21\x4c\x18", "lz4"),  # the older frame, which Linux uses
    Compression(b"\x89LZO\0", "lzop"),
)


def detect(data: bytes) -> Compression | None:
    return next((each for each in COMPRESSIONS if data.startswith(each.magic)), None)


def unpack(path: Path, data: bytes, compression: Compression) -> bytes:
    """What is packed in `data`; bytes after its end do not count. LoadError where it is damaged, or packed by what
    Python's library does not know."""
    unpacker = _unpacker(compression.name)
    if unpacker is None:
        unpacked = path.stem if path.suffix else "Image"
        raise LoadError(
            path,
            "a program or kernel as it lies in memory, or packed by gzip, xz or bzip2",
            f"a file compressed by {compression.name}",
            f"Unpack it first: {compression.unpack} {path} > {unpacked}",
        )
    expected = f"a whole file compressed by {compression.name}"
    try:
        content: bytes = unpacker.decompress(data, LARGEST + 1)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError) as error:
        raise LoadError(path, expected, f"damaged data ({error})", "Copy or pack it again") from error
    if len(content) > LARGEST:
        raise LoadError(path, f"at most {quantity(LARGEST)} when unpacked", "more", "Unpack it yourself")
    if not unpacker.eof:
        actual = f"one that ends after {quantity(len(content))} of its content"
        raise LoadError(path, expected, actual, "It is truncated: copy or pack it again")
    return content


def _unpacker(name: str) -> Any:  # noqa: ANN401  the three agree on `decompress(data, limit)` and `eof`
    match name:
        case "gzip":
            return zlib.decompressobj(_GZIP_WINDOW)
        case "xz":
            return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)
        case "bzip2":
            return bz2.BZ2Decompressor()
        case _:
            return None
