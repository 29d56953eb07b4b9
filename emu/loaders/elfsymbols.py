"""The symbols of an ELF file (gABI, chapter 4, "Symbol Table")."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from emu.errors import LoadError
from emu.loaders.elftables import ElfTables
from emu.symbols import Symbol, SymbolKind

_FORMS = {32: "IIIBBH", 64: "IBBHQQ"}
_ABSOLUTE, _RESERVED = 0xFFF1, 0xFF00  # SHN_ABS, SHN_LORESERVE
_KINDS = {
    0: SymbolKind.LABEL,  # STT_NOTYPE
    1: SymbolKind.OBJECT,  # STT_OBJECT
    2: SymbolKind.FUNCTION,  # STT_FUNC
    10: SymbolKind.FUNCTION,  # STT_GNU_IFUNC
    13: SymbolKind.FUNCTION,  # STT_ARM_TFUNC
}


def symbols(file: ElfTables) -> Iterator[Symbol]:
    """Functions, objects and labels; none where the file was stripped."""
    form = struct.Struct(file.order + _FORMS[file.bits])
    for table in file.sections:
        if table["sh_type"] != "SHT_SYMTAB" or not table["sh_size"]:
            continue
        rows = file.part("symbol table", table["sh_offset"], table["sh_size"])
        link = table["sh_link"]
        if not link < len(file.sections):
            actual = f"names in section {link} of {len(file.sections)}"
            raise LoadError(
                file.path, "a symbol table with its names", actual, "The section headers are damaged"
            )
        names = file.sections[link]
        text = file.part("symbol names", names["sh_offset"], names["sh_size"])
        for fields in form.iter_unpack(rows[: len(rows) - len(rows) % form.size]):
            if file.bits == 64:
                name, info, other, section, value, size = fields
            else:
                name, value, size, info, other, section = fields
            kind, label = _KINDS.get(info & 15), _name(text, name)
            if kind is None or not section or not label:  # section 0: defined elsewhere
                continue
            bound = None
            if section == _ABSOLUTE:
                kind = SymbolKind.ABSOLUTE
            elif section < min(len(file.sections), _RESERVED):
                bound = file.sections[section]["sh_addr"] + file.sections[section]["sh_size"]
            entry = 0
            if file.header["e_machine"] == "EM_PPC64" and other >> 5 >= 2:
                entry = 1 << (other >> 5)  # 64-bit ELF V2 ABI, 3.4.1: st_other's three high bits
            yield Symbol(label, value, size, kind, info >> 4 != 0, bound, entry)


def _name(text: bytes, start: int) -> str:
    """Empty for compiler-local labels (.L) and mapping symbols ($a, $d, $x), which tell a person nothing."""
    end = text.find(b"\0", start)
    if not start or end < 0:
        return ""
    label = text[start:end].decode("utf-8", "replace")
    return "" if label.startswith((".L", "$")) else label
