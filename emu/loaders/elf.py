"""ELF: segments to load, the entry, the symbols (System V ABI, chapters 4 and 5).

The file may be damaged or hostile: every offset and size is checked before it is followed, and nothing is
allocated that the file does not hold. What memory the segments may lie in is for the machine to say
(`placement`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from emu.errors import LoadError
from emu.loaders import userspace
from emu.loaders.dwarf import DwarfLines
from emu.loaders.elfsymbols import symbols
from emu.loaders.elftables import ElfTables, well_formed
from emu.loaders.image import Image, Permission, Segment
from emu.loaders.machines import isa_of, machine_name, machines_of
from emu.loaders.placement import Claim, check_apart, quantity
from emu.symbols import SymbolTable

_NOT_EXECUTABLE = {
    "ET_REL": ("a relocatable object file", "Link it first: ld -T SCRIPT -o PROGRAM FILE.o"),
    "ET_CORE": ("a core dump", "Give the program itself"),
}


def load(path: Path, data: bytes, isa: str | None = None) -> Image:
    """The ELF file `data`. Raises LoadError: damaged, for another ISA than `isa`, or no system program."""
    with well_formed(path):
        return _load(path, data, isa)


def _load(path: Path, data: bytes, asked: str | None) -> Image:
    file = ElfTables.read(path, data)
    isa = _isa(file, asked)
    check_executable(file)
    segments = tuple(_segments(file))
    if reason := userspace.reason(file):
        raise LoadError(
            path,
            "a program that needs no operating system",
            reason,
            "Build it with -ffreestanding -nostdlib -static, and link it into the machine's memory",
        )
    has_lines = any(file.section_name(section) == ".debug_line" for section in file.sections)
    lines = (DwarfLines(data).line,) if has_lines else ()
    return Image(
        path,
        f"ELF {file.bits}-bit {file.endianness}",
        isa,
        _entry(file),
        segments,
        SymbolTable(symbols(file), lines),
    )


def _isa(file: ElfTables, asked: str | None) -> str:
    number = int.from_bytes(file.data[18:20], "big" if file.big_endian else "little")
    found = isa_of(number, file.bits, file.big_endian, file.header["e_flags"])
    here = f"{file.bits}-bit {file.endianness} {machine_name(number)}"
    if found is None:
        hint = "`axemu isa list` names the ISAs there are"
        raise LoadError(file.path, "an ELF file for an ISA that axemu knows", f"one for {here}", hint)
    if asked is not None and found != asked:
        look = machines_of(asked)
        raise LoadError(
            file.path,
            f"a program for {asked}" + (f" ({look})" if look else ""),
            f"one for {found} ({here})",
            f"Run it with --isa {found}, or build it for {asked}",
        )
    return found


def check_executable(file: ElfTables) -> None:
    """Raises LoadError where it is not linked to the end: an object file, a kernel module, a core dump."""
    kind = file.header["e_type"]
    if kind in ("ET_EXEC", "ET_DYN"):
        return
    actual, hint = _NOT_EXECUTABLE.get(kind, (f"ELF type {kind}", "Link it as an executable"))
    raise LoadError(file.path, "an executable ELF file", actual, hint)


def _segments(file: ElfTables) -> Iterator[Segment]:
    claims = []
    for number, program in enumerate(file.programs):
        if program["p_type"] != "PT_LOAD" or not program["p_memsz"]:
            continue
        address, held, size = program["p_paddr"], program["p_filesz"], program["p_memsz"]
        if held > size:
            expected = f"segment {number} to hold no more than its {quantity(size)} of memory"
            raise LoadError(
                file.path, expected, f"{quantity(held)} in the file", "The program header is damaged"
            )
        if address + size > 1 << file.bits:
            expected = f"segment {number} inside the {file.bits}-bit address space"
            raise LoadError(
                file.path, expected, f"{quantity(size)} at {address:#x}", "Its addresses wrap around"
            )
        claims.append(Claim(f"segment {number}", file.path, address, size))
        content = file.part(f"segment {number}", program["p_offset"], held)
        yield Segment(address, content, size - held, Permission(program["p_flags"] & 7))
    if not claims:
        expected = "an ELF file with segments to load"
        raise LoadError(
            file.path, expected, "no PT_LOAD segment that is not empty", "Link it as an executable"
        )
    check_apart(claims)


def _entry(file: ElfTables) -> int:
    """e_entry is a virtual address; the guest starts untranslated, at the physical one of the same byte."""
    entry: int = file.header["e_entry"]
    for program in file.programs:
        if program["p_type"] == "PT_LOAD" and 0 <= entry - program["p_vaddr"] < program["p_memsz"]:
            return entry - int(program["p_vaddr"]) + int(program["p_paddr"])
    return entry
