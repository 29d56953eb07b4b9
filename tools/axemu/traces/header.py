"""What a trace says of itself."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axemu
from axemu.traces.options import TraceRequest
from emu.symbols import SymbolKind
from emu.trace.recorder import Recorder
from emu.trace.rows import SCHEMA, Kind

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.symbols import SymbolTable


def guest_of(machine: Machine) -> dict[str, str | None]:
    """Name, digest and build id of the guest's first file."""
    path = machine.files[0] if machine.files else None
    if path is None:
        return {"file": None, "sha256": None, "build_id": None}
    digest: str | None = None
    with suppress(OSError):  # it is gone since it was loaded
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"file": path.name, "sha256": digest, "build_id": build_id(path)}


def build_id(path: Path) -> str | None:
    """The note NT_GNU_BUILD_ID of an ELF file, in hex."""
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - not for --help
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415
    from elftools.elf.sections import NoteSection  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            for section in ELFFile(file).iter_sections():
                if isinstance(section, NoteSection):
                    for note in section.iter_notes():
                        if note["n_type"] == "NT_GNU_BUILD_ID":
                            return str(note["n_desc"])
    except (OSError, ELFError, UnicodeDecodeError, ValueError):
        return None
    return None


def header(
    machine: Machine, request: TraceRequest, recorder: Recorder, symbols: SymbolTable, *, expanded: bool
) -> dict[str, Any]:
    """What is known before anything is recorded."""
    followed = recorder.described.registers
    lanes = () if followed is None else followed.lanes
    return {
        "schema": SCHEMA,
        "version": axemu.version(),
        "isa": machine.isa.name,
        "machine": machine.board.name,
        "guest": guest_of(machine),
        "options": dict(request.options),
        "record": sorted(request.record),
        "rows": "block" if recorder.by_block and not expanded else "insn",
        "time": "instructions",
        "filters": request.filters(),
        "symbols": [
            [each.name, each.address, each.size] for each in symbols if each.kind is not SymbolKind.ABSOLUTE
        ],
        "kinds": [kind.text for kind in Kind],
        "registers": [{"name": lane.name, "bits": lane.bits, "lane": lane.lane} for lane in lanes],
        "unfollowed": [] if followed is None else list(followed.unfollowed),
        "devices": [
            [name, base, size]
            for base, size, device in machine.windows
            for name, each in machine.devices.items()
            if each is device
        ],
    }
