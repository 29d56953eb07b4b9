"""drcov, version 2: which blocks ran, for disassemblers that show coverage. A text header, then 8 bytes a block."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from emu.debug.info import DebugInfo
    from emu.executions import Executions, Layouts

_BLOCK: Final = struct.Struct("<IHH")
_LARGEST: Final = 0xFFFF
_SEPARATORS: Final = r", |[\r\n]"  # between the columns of a module, which its path is one of, and after them


@dataclass(frozen=True, slots=True)
class Module:
    """A file that was loaded at [base, end)."""

    path: Path
    base: int
    end: int


def modules_of(infos: Iterable[DebugInfo]) -> list[Module]:
    """The ELF files of `infos`, each where it was loaded: guest-virtual."""
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    found: dict[Module, None] = {}
    for info in infos:
        path = info.path
        if path is None:
            continue
        with path.open("rb") as file:
            loaded = [each for each in ELFFile(file).iter_segments("PT_LOAD") if each["p_memsz"]]
        if loaded:
            base = info.base + min(each["p_vaddr"] for each in loaded)
            end = info.base + max(each["p_vaddr"] + each["p_memsz"] for each in loaded)
            found[Module(path.resolve(), base, end)] = None
    return list(found)


def written(executions: Executions, layouts: Layouts, modules: Sequence[Module]) -> tuple[bytes, int]:
    """The file, and how many blocks are in none of the modules and so not in it."""
    rows = bytearray()
    count = outside = 0
    for pc, size in stretches(executions, layouts):
        held = next((number for number, each in enumerate(modules) if each.base <= pc < each.end), None)
        if held is None:
            outside += 1
            continue
        rows += _BLOCK.pack(pc - modules[held].base & 0xFFFFFFFF, min(size, _LARGEST), held)
        count += 1
    head = [
        "DRCOV VERSION: 2",
        "DRCOV FLAVOR: axemu",
        f"Module Table: version 2, count {len(modules)}",
        "Columns: id, base, end, entry, path",
        *(
            f" {n}, {each.base:#018x}, {each.end:#018x}, {0:#018x}, {re.sub(_SEPARATORS, '_', str(each.path))}"
            for n, each in enumerate(modules)
        ),
        f"BB Table: {count} bbs",
    ]
    return "\n".join(head).encode() + b"\n" + bytes(rows), outside


def stretches(executions: Executions, layouts: Layouts) -> list[tuple[int, int]]:
    """(address, bytes) of what was executed of each block, and of instructions that were executed outside of any."""
    ran = set(executions.addresses.tolist())
    left = set(ran)
    found: dict[tuple[int, int], None] = {}
    for pc, size, count, _ in executions.blocks.tolist():
        offsets = layouts.offsets(pc, size, count)
        if offsets is None:
            found[pc, size] = None
            left.discard(pc)
            continue
        ends = [*offsets[1:], size]
        done = 0
        for offset, end in zip(offsets, ends, strict=True):
            if pc + offset not in ran:
                break
            left.discard(pc + offset)
            done = end
        if done:
            found[pc, done] = None
    for address in left:
        found[address, layouts.length(address)] = None
    return sorted(found)
