"""Positions as people count them: from the last power-on. A debugger's own counts go on over a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from weakref import WeakKeyDictionary

from axemu.tracer.exitview import ZERO
from axemu.tracer.memory import patches
from emu.debug.debugger import Debugger
from emu.debug.devices import describe
from emu.debug.errors import NotPossible
from emu.debug.exits import ExitRow
from emu.debug.stop import Position, Stop, StopKind

_ORIGINS: Final[WeakKeyDictionary[Debugger, Position]] = WeakKeyDictionary()


def origin(debugger: Debugger) -> Position:
    """Where the guest was last powered on."""
    return _ORIGINS.get(debugger, ZERO)


def restart(debugger: Debugger) -> Stop:
    """The machine as after power-on; its exit table is empty again."""
    stop = debugger.restart()
    debugger.exits.clear()
    patches(debugger).made.clear()
    _ORIGINS[debugger] = debugger.position
    return stop


def since(debugger: Debugger, position: Position) -> Position:
    begin = origin(debugger)
    return Position(position.instruction - begin.instruction, position.exit - begin.exit)


def row_since(debugger: Debugger, row: ExitRow) -> ExitRow:
    begin = origin(debugger)
    return replace(row, number=row.number - begin.exit, instruction=row.instruction - begin.instruction)


def run_to_instruction(debugger: Debugger, number: int) -> Stop:
    """Raises NotPossible for one that has passed."""
    here = since(debugger, debugger.position).instruction
    if number < here:
        raise NotPossible(
            f"instruction {number:,}", f"{here:,} have retired already", "restart, then goto it again"
        )
    return debugger.run_to_instruction(number + origin(debugger).instruction)


def run_to_exit(debugger: Debugger, number: int) -> Stop:
    """Raises NotPossible for one that has passed."""
    here = since(debugger, debugger.position).exit
    if number <= here:
        raise NotPossible(
            f"exit {number:,}", f"{here:,} have been left already", "restart, then goto it again"
        )
    return debugger.run_to_exit(number + origin(debugger).exit)


def stop_text(debugger: Debugger, stop: Stop) -> str:
    """`stop.text`, where that has numbers of positions by those of the run."""
    if stop.kind is not StopKind.POSITION:
        return stop.text
    here = since(debugger, stop.position)
    if stop.exit is None:
        return f"{here.instruction:,} instructions have retired"
    found = describe(debugger.machine, stop.exit, debugger.exits)
    return f"VM exit {here.exit:,}: {type(stop.exit).__name__} {found if found is not None else ''}".rstrip()
