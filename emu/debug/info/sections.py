"""The debugging sections of an ELF file: looked at in place, decompressed once.

Nothing is read before it is asked for. A file on disk is mapped; a compressed section (gABI, "Section Compression";
the older .zdebug_ names are not supported) is decompressed into the cache directory, and mapped from there, so the
next start does not do it again.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile

from isa import cache

_COMPRESSED: Final = 0x800  # SHF_COMPRESSED
_NOBITS: Final = "SHT_NOBITS"
_CACHED_FROM: Final = 1 << 20  # bytes; less is decompressed faster than a file is found
_KEPT: Final = 12  # files of decompressed sections, the newest
_LARGEST: Final = 1 << 33  # bytes that a section may claim to be: a damaged header allocates nothing


class Section:
    """Bytes [start, start + size) of a buffer, counted from 0."""

    __slots__ = ("_buffer", "_start", "size", "view")

    def __init__(self, buffer: bytes | mmap.mmap = b"", start: int = 0, size: int | None = None) -> None:
        whole = memoryview(buffer)
        end = len(whole) if size is None else min(start + size, len(whole))
        self._buffer, self._start = buffer, min(start, end)
        self.view = whole[self._start : end]
        self.size = len(self.view)

    def find(self, wanted: bytes, start: int = 0, end: int | None = None) -> int:
        """The first offset of `wanted` in [start, end), -1 where there is none."""
        last = self.size if end is None else min(end, self.size)
        found = self._buffer.find(wanted, self._start + start, self._start + last)
        return found - self._start if found >= 0 else -1

    def all(self, wanted: bytes, start: int = 0, end: int | None = None) -> Iterator[int]:
        """Every offset of `wanted` in [start, end), in order; overlapping ones too."""
        found = self.find(wanted, start, end)
        while found >= 0:
            yield found
            found = self.find(wanted, found + 1, end)

    def text(self, offset: int) -> bytes:
        """The bytes from `offset` up to a zero; empty where there is none."""
        if not 0 <= offset < self.size:
            return b""
        end = self.find(b"\0", offset)
        return bytes(self.view[offset:end]) if end >= 0 else b""


class Sections:
    """The sections of one ELF file, by name. `troubles` says in sentences what could not be had."""

    def __init__(self, path: Path | None, data: bytes | None, troubles: list[str]) -> None:
        self.troubles = troubles
        self.big_endian, self.address_size, self.machine = False, 8, 0
        self._rows: dict[str, tuple[int, int, int]] = {}  # name: offset, size, flags
        self._open: dict[str, Section] = {}
        self._buffer: bytes | mmap.mmap = b""
        self._path = path
        self._stamp = ""
        try:
            self._buffer = data if data is not None else self._mapped(path)
            self._read()
        except Exception as error:  # the ELF reader raises anything at all on damaged bytes
            troubles.append(f"The file's section table cannot be read ({type(error).__name__}: {error}).")

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    @property
    def order(self) -> str:
        """Of bytes, as `struct` writes it."""
        return ">" if self.big_endian else "<"

    def section(self, name: str) -> Section:
        """That section; an empty one where the file has none or it is damaged."""
        found = self._open.get(name)
        if found is None:
            try:
                found = self._load(name)
            except Exception as error:
                self.troubles.append(f"Section {name} cannot be read ({error}).")
                found = Section()
            self._open[name] = found
        return found

    def _mapped(self, path: Path | None) -> bytes | mmap.mmap:
        if path is None:
            return b""
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            self._stamp = f"{state.st_size}:{state.st_mtime_ns}"
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if state.st_size else b""

    def _read(self) -> None:
        buffer = self._buffer
        if not len(buffer):
            return
        file = ELFFile(buffer if isinstance(buffer, mmap.mmap) else io.BytesIO(buffer))
        self.big_endian = not file.little_endian
        self.address_size = file.elfclass // 8
        self.machine = struct.unpack_from(self.order + "H", buffer, 18)[0]
        for row in file.iter_sections():
            if row["sh_type"] != _NOBITS and row.name not in self._rows:
                self._rows[row.name] = (row["sh_offset"], row["sh_size"], row["sh_flags"])

    def _load(self, name: str) -> Section:
        row = self._rows.get(name)
        if row is None:
            return Section()
        offset, size, flags = row
        if offset + size > len(self._buffer):
            self.troubles.append(f"Section {name} ends after the file: {offset + size:#x}.")
        stored = Section(self._buffer, offset, size)
        return self._decompressed(name, stored) if flags & _COMPRESSED else stored

    def _decompressed(self, name: str, stored: Section) -> Section:
        form = struct.Struct(self.order + ("IIQQ" if self.address_size == 8 else "III"))
        fields = form.unpack_from(stored.view, 0)
        kind, size = fields[0], fields[2] if self.address_size == 8 else fields[1]
        if size > _LARGEST:
            raise ValueError(f"it says it is {size} bytes long")
        kept = self.kept(name, size) if size >= _CACHED_FROM else None
        if kept is not None and kept.exists() and kept.stat().st_size == size:
            with kept.open("rb") as file:
                return Section(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        packed = stored.view[form.size :]
        if kind == 1:  # ELFCOMPRESS_ZLIB
            unpacker = zlib.decompressobj()
            content = unpacker.decompress(packed, size + 1)
            if len(content) != size or not unpacker.eof:
                raise ValueError(f"it says that {size} bytes are compressed in it, which is not so")
        elif kind == 2:  # ELFCOMPRESS_ZSTD
            content = _zstd(bytes(packed), size)
        else:
            raise ValueError(f"compression {kind} is not known")
        if kept is not None and store(kept, content):
            del content
            with kept.open("rb") as file:
                return Section(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return Section(content)

    def kept(self, name: str, size: int) -> Path | None:
        """The file of the cache for `name` (a section decompressed, an index): by build-id where the file has one, else
        by path, size and time; None where it has no path either."""
        build = self.build_id()
        if not build and not self._stamp:
            return None
        key = f"{build or self._path}\0{'' if build else self._stamp}\0{name}\0{size}"
        return cache.base() / "debug" / hashlib.blake2b(key.encode(), digest_size=12).hexdigest()

    def build_id(self) -> str:
        """In hex, as `file` prints it; empty where the linker made none."""
        if ".note.gnu.build-id" not in self._rows:
            return ""
        note = self.section(".note.gnu.build-id").view
        if len(note) < 12:
            return ""
        name, size, _ = struct.unpack_from(self.order + "III", note)
        start = 12 + (name + 3 & ~3)
        return bytes(note[start : start + size]).hex()


def _zstd(packed: bytes, size: int) -> bytes:
    try:
        zstd = import_module("compression.zstd")  # Python 3.14 has it
    except ImportError:
        try:
            zstandard = import_module("zstandard")
        except ImportError:
            raise ValueError(
                "it is compressed with zstd, which needs Python 3.14 or `pip install zstandard`; "
                "or run objcopy --decompress-debug-sections"
            ) from None
        return bytes(zstandard.ZstdDecompressor().decompress(packed, max_output_size=size))
    return bytes(zstd.decompress(packed))


def store(path: Path, content: bytes) -> bool:
    """Whether the file is there now. Written beside and moved, so nobody sees half of it."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        beside.replace(path)
        others = sorted(path.parent.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in others[_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        return False
    return True
