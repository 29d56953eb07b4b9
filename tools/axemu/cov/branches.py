"""Conditional branches of a program, and how often each was taken and not taken.

Theory: a block ends behind a branch (and its delay slot). A block that begins just there, right after it, has come by
the branch that was not taken; what else executed the branch has taken it. The engine counts the former
(`emu.engine.fall_hooks`), the latter is the rest of the branch's executions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emu.executions import decodings
from isa.disassembly import Instruction, disassemble
from isa.errors import NoSuchAbility

if TYPE_CHECKING:
    from emu.debug.info import DebugInfo
    from emu.executions import BlockCounts, Executions
    from isa.contract import Isa

_CONDITIONS: Final = "eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
_MIPS: Final = r"b(?:eq|ne|lez|gtz|ltz|gez|eqz|nez|c1[tf])l?"
_PPC: Final = r"b(?:lt|le|eq|ge|gt|nl|ne|ng|so|ns|un|nu|dnz|dz)a?[+-]?"
_X86: Final = r"j(?!mp)\w+|loop\w*"
_MNEMONICS: Final[Mapping[str, str]] = {
    "riscv32": r"(?:c\.)?b(?:eq|ne|lt|ge|gt|le)(?:z|u)?",
    "riscv64": r"(?:c\.)?b(?:eq|ne|lt|ge|gt|le)(?:z|u)?",
    "aarch64": rf"b\.(?:{_CONDITIONS})|cbn?z|tbn?z",
    "arm": rf"b(?:{_CONDITIONS})(?:\.[wn])?|cbn?z",
    "i386": _X86,
    "x86_64": _X86,
    "mips": _MIPS,
    "mipsel": _MIPS,
    "mips64": _MIPS,
    "mips64el": _MIPS,
    "ppc": _PPC,
    "ppc64": _PPC,
    "s390x": r"j(?!g?$|g?nop)\w+|br?ctg?r?|c(?:l?g?)[ri]j\w*",
    "sparc": r"f?b(?![an](?:,|$)|,|$)\w+(?:,\w+)*",
    "sparc64": r"f?b(?![an](?:,|$)|,|$)\w+(?:,\w+)*",
    "m68k": r"(?:b(?:hi|ls|cc|cs|ne|eq|vc|vs|pl|mi|ge|lt|gt|le)|db(?!ra)\w+)(?:\.\w)?",
    "tricore": r"j(?:eq|ne|ge|gez|gtz|lez|lt|ltz|nz|z)(?:\.\w+)*|loop",
}
"""As the disassembler names them."""
_SLOT: Final = ("mips", "sparc")


@dataclass(frozen=True, slots=True)
class Branch:
    """`after`: where the block that it ends ends. swapped: to go on there is to take it (SPARC's annulled slots)."""

    address: int
    after: int
    swapped: bool = False


def branches_in(isa: Isa, code: bytes, start: int, *, marked: bool = False) -> Iterator[Branch]:
    """Those of the code at `start`; marked: it is Thumb code. None where the ISA has no disassembler."""
    wanted = _MNEMONICS.get(isa.name)
    if wanted is None or isa.branch_target is None:
        return
    if marked:
        thumb = (each for each in decodings(isa) if each.capstone and "CS_MODE_THUMB" in each.capstone.modes)
        isa = next(thumb, isa)
    try:
        lines = disassemble(isa, code, start)
    except NoSuchAbility:
        return
    for line in lines:
        if re.fullmatch(wanted, line.mnemonic) and _direct(isa, line):
            yield _branch(isa, line)


def _direct(isa: Isa, line: Instruction) -> bool:
    return isa.branch_target is not None and isa.branch_target(line.code, line.address) is not None


def _branch(isa: Isa, line: Instruction) -> Branch:
    end = line.address + len(line.code)
    if not isa.name.startswith(_SLOT):
        return Branch(line.address, end)
    if ",a" in line.mnemonic:
        return Branch(line.address, end, swapped=True)
    return Branch(line.address, end + len(line.code))


class Falls:
    """How often code was gone on with behind a block."""

    def __init__(self, counts: BlockCounts) -> None:
        self._times: dict[int, int] = {}
        if counts.falls is not None:
            self._times = dict(counts.falls.rows().tolist())

    def of(self, branch: Branch, executions: Executions) -> tuple[int, int]:
        """How often the branch was taken, and not taken."""
        ran = executions.at(branch.address)
        fell = min(self._times.get(branch.after, 0), ran)
        return (fell, ran - fell) if branch.swapped else (ran - fell, fell)


def code_at(info: DebugInfo, address: int, size: int) -> bytes:
    """The code there, as the program's file has it; empty where it has none."""
    linked = address - info.base
    for start, data in _sections(info.path):
        if start <= linked < start + len(data):
            return data[linked - start :][:size]
    return b""


@lru_cache(maxsize=2)
def _sections(path: Path | None) -> list[tuple[int, bytes]]:
    """The (address, bytes) of a file's sections of code."""
    from elftools.elf.constants import SH_FLAGS  # noqa: PLC0415
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    if path is None:
        return []
    with path.open("rb") as file:
        return [
            (each["sh_addr"], each.data())
            for each in ELFFile(file).iter_sections()
            if each["sh_flags"] & SH_FLAGS.SHF_EXECINSTR and each["sh_type"] == "SHT_PROGBITS"
        ]
