"""Why an ELF file is a program for an operating system, and so nothing that a bare machine can run."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from emu.loaders.elftables import ElfTables, Record

_ABI_TAG, _LINUX = 1, 0  # NT_GNU_ABI_TAG and its operating system word (Linux Standard Base, "ABI note tag")
_NEEDED, _SONAME = 1, 14  # DT_NEEDED, DT_SONAME


def reason(file: ElfTables) -> str:
    """One clause, empty where nothing says so (static programs without notes: their addresses do)."""
    for program in file.programs:
        match program["p_type"]:
            case "PT_INTERP":
                name = _content(file, program)[:256].rstrip(b"\0").decode("ascii", "replace")
                return f"a user-space program, linked for the dynamic loader {name}"
            case "PT_NOTE":
                found = _from_notes(file, _content(file, program))
            case "PT_DYNAMIC":
                found = _from_dynamic(file, _content(file, program))
            case _:
                found = ""
        if found:
            return found
    return ""


def _content(file: ElfTables, program: Record) -> bytes:
    return file.part(f"{program['p_type']} segment", program["p_offset"], program["p_filesz"])


def _from_notes(file: ElfTables, data: bytes) -> str:
    for owner, kind, words in _notes(file.order, data):
        if owner == b"GNU" and kind == _ABI_TAG and words[:1] == (_LINUX,):
            return "a Linux user-space program: its ABI tag names the kernel that it needs"
        if owner == b"Go":
            return "a Go program for an operating system"
    return ""


def _notes(order: str, data: bytes) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    """(owner, type, first words) of each note (gABI, chapter 5, "Note Section")."""
    offset = 0
    while offset + 12 <= len(data):
        owner_size, size, kind = struct.unpack_from(f"{order}III", data, offset)
        owner = data[offset + 12 : offset + 12 + owner_size]
        body = offset + 12 + (owner_size + 3 & ~3)
        if body + size > len(data):
            return
        yield owner.rstrip(b"\0"), kind, struct.unpack_from(f"{order}{min(size, 16) // 4}I", data, body)
        offset = body + (size + 3 & ~3)


def _from_dynamic(file: ElfTables, data: bytes) -> str:
    form = struct.Struct(file.order + ("QQ" if file.bits == 64 else "II"))
    for tag, _ in form.iter_unpack(data[: len(data) - len(data) % form.size]):
        if tag == 0:
            break
        if tag == _NEEDED:
            return "a user-space program that needs shared libraries"
        if tag == _SONAME:
            return "a shared library"
    return ""
