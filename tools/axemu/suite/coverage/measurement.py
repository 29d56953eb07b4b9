"""What one case executed, in the worker that ran it. What has been read of programs is kept for the cases after it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from axemu.cov.branches import Falls
from axemu.cov.coverage import Coverage, Names, Paths, Program, coverage
from emu.debug.info.debuginfo import DebugInfo
from emu.debug.info.source import Source
from emu.debug.memory import GuestMemory
from emu.debug.programs import elf_files
from emu.executions import Executions, Layouts, by_page, executions
from emu.loaders import open_image
from emu.machine import Machine
from emu.symbols import SymbolTable

KEPT: Final = 8  # sets of programs of which a worker keeps what it has read


@dataclass(frozen=True, slots=True)
class Touched:
    """What a case executed of one ELF file: names of symbols. nameless: code too that no symbol names."""

    path: str
    digest: str  # sha256 of the file
    functions: tuple[str, ...]
    nameless: bool = False


@dataclass(frozen=True, slots=True)
class CaseCoverage:
    """`coverage` has no files where no program has debugging information."""

    coverage: Coverage
    touched: tuple[Touched, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """Of one machine's programs."""

    programs: Sequence[Program]
    files: Sequence[tuple[Path, str, SymbolTable]]


class Measurement:
    """Of the cases of this process, one after the other. branches: with the ways of conditional branches."""

    def __init__(self, *, branches: bool = False) -> None:
        self._branches = branches
        self._read: OrderedDict[tuple[object, ...], _Read] = OrderedDict()

    def of(self, machine: Machine) -> CaseCoverage:
        """What ran since `Machine.count_blocks`."""
        layouts = Layouts(machine.isa, by_page(GuestMemory(machine).readable))
        counts = machine.block_counts
        found = executions(counts, layouts)
        read = self._programs(machine)
        touched = tuple(_touched(machine, found, *each) for each in read.files)
        return CaseCoverage(
            coverage(found, read.programs, Falls(counts) if self._branches else None), touched
        )

    def _programs(self, machine: Machine) -> _Read:
        files = elf_files(machine)
        stats = [each.stat() for each in files]
        key = (machine.isa.name, *files, *((each.st_mtime_ns, each.st_size) for each in stats))
        if key in self._read:
            self._read.move_to_end(key)
            return self._read[key]
        names = Names(machine.symbols, machine.isa)
        paths = Paths(Source.of(files[0] if files else None))
        made = _Read(
            [
                Program(info, names, paths, branches=self._branches)
                for each in files
                if (info := DebugInfo(each))
            ],
            [(each, digest(each), open_image(each).symbols) for each in files],
        )
        self._read[key] = made
        while len(self._read) > KEPT:
            self._read.popitem(last=False)
        return made


def digest(path: Path) -> str:
    """sha256 of the file, in hex. Raises OSError."""
    return sha256(path.read_bytes()).hexdigest()


def _touched(machine: Machine, found: Executions, path: Path, content: str, symbols: SymbolTable) -> Touched:
    mark = Names(SymbolTable(), machine.isa).mark
    owners = symbols.covering([each | mark for each in found.addresses.tolist()])
    named = {each.name for each in owners if each is not None}
    return Touched(str(path.resolve()), content, tuple(sorted(named)), None in owners)
