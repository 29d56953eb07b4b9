"""Compressed files: recognised by their first bytes and refused, with the command that unpacks them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from emu.errors import LoadError


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


def refuse(path: Path, compression: Compression) -> NoReturn:
    """Raises LoadError. What is loaded must be as it lies in memory; unpacking is a boot loader's work."""
    unpacked = path.stem if path.suffix else "Image"
    raise LoadError(
        path,
        "a program or kernel as it lies in memory",
        f"a file compressed by {compression.name}",
        f"Unpack it first: {compression.unpack} {path} > {unpacked}",
    )
