"""Files with names and lines for a trace, and whether they are of the program that was recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emu.errors import LoadError
from emu.trace.query.header import Header

if TYPE_CHECKING:
    from emu.debug.sources import SymbolSource

_ELF: Final = b"\x7fELF"


@dataclass(frozen=True)
class Guest:
    """`warnings` are sentences."""

    sources: tuple[SymbolSource, ...] = ()
    warnings: tuple[str, ...] = ()


def sources_of(header: Header, symbols: Sequence[str]) -> Guest:
    """The files that are named, and the guest's own ELF file where it still lies where it was, unchanged.

    Raises ConfigError and LoadError for files that are named.
    """
    own = _own_file(header)
    if not symbols and own is None:
        return Guest(warnings=_missing(header))
    from emu.debug.sources import read_symbols  # noqa: PLC0415 - it is big, and not always needed

    sources: list[SymbolSource] = []
    warnings: list[str] = []
    for text in symbols:
        source = read_symbols(text)
        if source.is_elf:
            warnings += _differences(header, source)
        sources.append(source)
    if own is not None and own not in [source.path for source in sources]:
        with suppress(LoadError):
            sources.append(read_symbols(str(own)))
    return Guest(tuple(sources), tuple(warnings))


def _missing(header: Header) -> tuple[str, ...]:
    """A warning where there were names of source lines to be had."""
    name, digest = header.guest.get("file"), header.guest.get("sha256")
    if not name or not digest or not header.fields["symbols"]:
        return ()
    return (
        f"{name} is not there any more as it was recorded: no source lines. Name it with --symbols FILE where it is.",
    )


def _own_file(header: Header) -> Path | None:
    name, digest = header.guest.get("file"), header.guest.get("sha256")
    if not name or not digest:
        return None
    given = [Path(word) for word in header.words]
    beside = [header.path.parent / name, header.path.parent / Path(name).name]
    for path in (Path(name), *beside, *given, *(folder / name for folder in given)):
        if _is_elf(path) and _sha256(path) == digest:
            return path
    return None


def _differences(header: Header, source: SymbolSource) -> list[str]:
    """A warning where the ELF file is another build of what was recorded. A program that shares no name with the trace
    is another program of the guest."""
    path, known = source.path, {str(name) for name, *_ in header.fields["symbols"]}
    if known and not any(symbol.name in known for symbol in source.table):
        return []
    build, digest = header.guest.get("build_id"), header.guest.get("sha256")
    own = _build_id(path)
    if build and own:
        if build == own:
            return []
        return [
            f"{path} is not the program that was recorded: its build id is {own}, the recorded one's {build}. "
            "Its names and lines may be wrong."
        ]
    if digest:
        found = _sha256(path)
        if found != digest:
            return [
                f"{path} is not the file that was recorded: its SHA-256 is {found[:16]}..., the recorded one's "
                f"{digest[:16]}.... Its names and lines may be wrong."
            ]
    return []


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == _ELF
    except OSError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _build_id(path: Path) -> str:
    from emu.debug.info.sections import Sections  # noqa: PLC0415 - it is big, and not always needed

    try:
        return Sections(path, b"", []).build_id()
    except Exception:  # a damaged file has none
        return ""
