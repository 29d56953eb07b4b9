"""The header and the two tables of an ELF file, checked against the file's size (gABI, chapter 4 and 5)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, Self

from elftools.common.utils import struct_parse
from elftools.construct import Construct
from elftools.elf.structs import ELFStructs

from emu.errors import LoadError, span

MAGIC = b"\x7fELF"

_KINDS: Final = 64  # of files whose forms are kept

_HEADER_SIZE = {32: 52, 64: 64}
_PROGRAM_SIZE = {32: 32, 64: 56}
_SECTION_SIZE = {32: 40, 64: 64}


@contextmanager
def well_formed(path: Path) -> Iterator[None]:
    """What goes wrong inside is a LoadError: the ELF reader raises anything at all on damaged bytes."""
    try:
        yield
    except LoadError:
        raise
    except Exception as error:
        actual = f"damaged tables ({type(error).__name__}: {error})"
        raise LoadError(path, "a well-formed ELF file", actual, "Copy or build it again") from error


class Record(Protocol):
    """What elftools makes of a header or a table's entry: its fields by the names of the ABI."""

    def __getitem__(self, name: str, /) -> Any: ...  # noqa: ANN401 (int, str, or a record again)


@dataclass(frozen=True, slots=True)
class ElfTables:
    """`bits` is the file's class."""

    path: Path
    data: bytes
    bits: int
    big_endian: bool
    header: Record
    programs: tuple[Record, ...]
    sections: tuple[Record, ...]

    @classmethod
    def read(cls, path: Path, data: bytes) -> Self:
        """Raises LoadError where the file is no ELF, or too short for its header or its tables."""
        bits, big_endian = _identity(path, data)
        stream = io.BytesIO(data)
        header: Record = struct_parse(_header_form(bits, big_endian).Elf_Ehdr, stream, 0)
        forms = _forms(bits, big_endian, header["e_machine"], header["e_ident"]["EI_OSABI"])
        bare = cls(path, data, bits, big_endian, header, (), ())
        if header["e_phnum"]:
            _entry_size(path, "program header", header["e_phentsize"], _PROGRAM_SIZE[bits])
        count = header["e_phnum"]
        programs = bare.records("program headers", forms.Elf_Phdr, header["e_phoff"], count, stream)
        if not header["e_shoff"]:
            return cls(path, data, bits, big_endian, header, programs, ())
        _entry_size(path, "section header", header["e_shentsize"], _SECTION_SIZE[bits])
        count = header["e_shnum"]
        if not count:  # more sections than the field can say: the first one's size is their number
            first = bare.records("section headers", forms.Elf_Shdr, header["e_shoff"], 1, stream)[0]
            count = first["sh_size"]
        sections = bare.records("section headers", forms.Elf_Shdr, header["e_shoff"], count, stream)
        return cls(path, data, bits, big_endian, header, programs, sections)

    @property
    def order(self) -> str:
        """The byte order as `struct` writes it."""
        return ">" if self.big_endian else "<"

    @property
    def endianness(self) -> str:
        return "big-endian" if self.big_endian else "little-endian"

    def part(self, what: str, offset: int, size: int) -> bytes:
        """`size` bytes at `offset`. Raises LoadError where the file ends before."""
        if offset + size > len(self.data):
            raise LoadError(
                self.path,
                f"a whole ELF file, with its {what} at file offset {span(offset, size)}",
                f"only {len(self.data):,} bytes",
                "It is truncated or damaged: copy or build it again",
            )
        return self.data[offset : offset + size]

    def records(
        self, what: str, form: Construct, offset: int, count: int, stream: io.BytesIO
    ) -> tuple[Record, ...]:
        """`count` entries of a table at file offset `offset`. Raises LoadError where the file ends before."""
        size = form.sizeof()
        self.part(what, offset, count * size)
        return tuple(struct_parse(form, stream, offset + index * size) for index in range(count))

    def section_name(self, section: Record) -> str:
        """The name of one of `sections`, empty where the file has none for it."""
        index = self.header["e_shstrndx"]
        if not index < len(self.sections):
            return ""
        start = self.sections[index]["sh_offset"] + section["sh_name"]
        end = self.data.find(b"\0", start)
        return self.data[start:end].decode("utf-8", "replace") if end >= 0 else ""


def _identity(path: Path, data: bytes) -> tuple[int, bool]:
    """(class in bits, big-endian) from e_ident."""
    if data[:4] != MAGIC:
        expected = "an ELF file (it begins with 7f 45 4c 46)"
        raise LoadError(path, expected, f"a file that begins with {data[:4].hex(' ')}")
    ident = data[4:6].ljust(2, b"\0")
    bits, big_endian = {1: 32, 2: 64}.get(ident[0]), {1: False, 2: True}.get(ident[1])
    if bits is None or big_endian is None:
        expected = "ELF class 1 (32-bit) or 2 (64-bit) and data encoding 1 (little-endian) or 2 (big-endian)"
        raise LoadError(path, expected, f"class {ident[0]}, encoding {ident[1]}", "The header is damaged")
    if len(data) < _HEADER_SIZE[bits]:
        expected = f"an ELF header of {_HEADER_SIZE[bits]} bytes"
        raise LoadError(path, expected, f"{len(data)} bytes", "It is truncated: copy or build it again")
    return bits, big_endian


@lru_cache
def _header_form(bits: int, big_endian: bool) -> ELFStructs:
    forms = ELFStructs(little_endian=not big_endian, elfclass=bits)
    forms.create_basic_structs()
    return forms


@lru_cache(_KINDS)
def _forms(bits: int, big_endian: bool, machine: str | int, abi: str | int) -> ELFStructs:
    """How elftools reads the tables of such a file. An ELFFile makes this anew for each file: 1.3 ms, half of reading a
    small one."""
    forms = ELFStructs(little_endian=not big_endian, elfclass=bits)
    forms.create_basic_structs()
    forms.create_advanced_structs(e_machine=machine, e_ident_osabi=abi)
    return forms


def _entry_size(path: Path, what: str, size: int, wanted: int) -> None:
    if size != wanted:
        raise LoadError(path, f"{what}s of {wanted} bytes each", f"{size} bytes", "The ELF header is damaged")
