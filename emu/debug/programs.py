"""What is known of a machine's programs: the DWARF of its files, and call stacks by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emu.debug.info import DebugInfo, DebugInfos
from emu.debug.memory import GuestMemory
from emu.debug.stack import CallFrames, backtrace

if TYPE_CHECKING:
    from emu.debug.debugger import Debugger
    from emu.debug.sources import SymbolSource
    from emu.debug.stack import Frame
    from emu.machine import Machine

_ELF = b"\x7fELF"


def elf_files(machine: Machine) -> list[Path]:
    """The ELF files that the machine is loaded with: kernel, firmware, others."""
    found = []
    for path in machine.files:
        try:
            with path.open("rb") as file:
                if file.read(4) == _ELF:
                    found.append(path)
        except OSError:
            continue  # it is gone since it was loaded
    return found


def infos_of(machine: Machine) -> DebugInfos:
    return DebugInfos([DebugInfo(path) for path in elf_files(machine)])


def unwinders_of(machine: Machine) -> list[CallFrames]:
    return [CallFrames(path) for path in elf_files(machine)]


def add_source(debugger: Debugger, source: SymbolSource) -> None:
    """Its names, and of an ELF file its DWARF and call frames, at the addresses that it was loaded at."""
    debugger.add_symbols(source.table)
    if source.is_elf:
        debugger.info.add(DebugInfo(source.path, base=source.base))
        debugger.unwinders.append(CallFrames(source.path, source.base))


def frames_of(debugger: Debugger, limit: int, vcpu: int | None = None) -> list[Frame]:
    """The call stack of `vcpu`, of the selected one where it is None."""
    number = debugger.vcpu if vcpu is None else vcpu
    scope, memory = debugger.scope(number), GuestMemory(debugger.machine, number)
    frames, _ = backtrace(
        debugger.machine.isa,
        scope.register,
        memory.read,
        debugger.symbols,
        debugger.unwinders,
        limit,
        memory.is_code,
    )
    return frames
