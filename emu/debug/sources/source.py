"""A file with names for addresses, by its content: ELF or a symbol map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emu.debug.sources.elf import read_elf
from emu.debug.sources.systemmap import looks_like_map, read_map
from emu.errors import ConfigError, LoadError
from emu.loaders import compressed
from emu.loaders.elftables import MAGIC
from emu.symbols import SymbolTable

_EXPECTED: Final = "an ELF executable, or a symbol map with lines such as 'ffffffff80000000 T _start'"
_HINT: Final = (
    "Give the vmlinux or System.map of the same build, or the program with its symbols; "
    "'kallsyms' takes those that a Linux guest has in its memory"
)


@dataclass(frozen=True, slots=True)
class SymbolSource:
    """`table` as the guest sees it: `base` is in its addresses. An ELF file may have DWARF and call frames too."""

    table: SymbolTable
    path: Path
    base: int
    is_elf: bool


def read_symbols(text: str) -> SymbolSource:
    """Read "FILE" or "FILE@BASE": an ELF executable or shared object, or System.map text.

    BASE, in 0x-prefixed hexadecimal or decimal, is added to the file's addresses: where a PIE was loaded, or how far a
    kernel was moved. A file whose own name has an @ is taken as named. Raises ConfigError for a BASE that is none, and
    LoadError for a file that cannot be read or is neither.
    """
    path, base = _parts(text)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise LoadError(path, "a file that can be read", reason.lower(), "Check the path") from error
    if data.startswith(MAGIC):
        return SymbolSource(read_elf(path, data, base), path, base, is_elf=True)
    if looks_like_map(data):
        return SymbolSource(read_map(path, data, base), path, base, is_elf=False)
    raise _neither(path, data)


def _parts(text: str) -> tuple[Path, int]:
    name, at, digits = text.rpartition("@")
    if not at or Path(text).exists():
        return Path(text), 0
    try:
        base = int(digits.strip(), 0)
    except ValueError:
        base = -1
    if not name or not 0 <= base < 1 << 64:
        expected = "FILE or FILE@BASE with a BASE below 2**64, such as vmlinux or program@0x555555554000"
        hint = f"There is no file of that name either; write {name or 'FILE'}@0x... in hexadecimal"
        raise ConfigError("symbols", expected, f"'{text}'", hint)
    return Path(name), base


def _neither(path: Path, data: bytes) -> LoadError:
    packed = compressed.detect(data)
    if packed is not None:
        unpacked = path.with_suffix("").name if path.suffix else f"{path.name}.unpacked"
        hint = f"Unpack it first: {packed.unpack} {path} > {unpacked}"
        return LoadError(path, _EXPECTED, f"a file compressed by {packed.name}", hint)
    if not data:
        return LoadError(path, _EXPECTED, "an empty file", _HINT)
    return LoadError(path, _EXPECTED, f"a file that begins with {data[:8].hex(' ')}", _HINT)
