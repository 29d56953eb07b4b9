"""Where a hook is to be called: addresses and symbols, as the guest has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from emu.executions import entry_of, marks
from emu.memory import Permission
from emu.symbols import SymbolKind

if TYPE_CHECKING:
    from emu.hook.declaration import Declared, Place, Within
    from emu.machine import Machine
    from emu.symbols import Symbol

_SYMBOL: Final = re.compile(r"(?P<name>.+?)(?:\+(?P<offset>0x[0-9a-fA-F]+|\d+))?")
_MOST: Final = 1024
"""Addresses of one hook: the engine looks at each for every instruction that it translates."""


class NoPlace(Exception):
    """The text says what was expected, and what is near."""


def code_ranges(machine: Machine, hook: Declared) -> list[tuple[int, int]]:
    """(first, last) guest-virtual addresses; none at all: everywhere. Raises NoPlace."""
    if hook.kind == "insn" and machine.isa.name.startswith("sparc"):
        _check_delay_slots(machine, hook)
    if hook.at:
        if len(hook.at) > _MOST:
            raise NoPlace(f"at= takes {_MOST} addresses at most, and got {len(hook.at)}; take within=")
        return [(address, address) for address in (_code(machine, each) for each in hook.at)]
    return [_range(machine, hook.within)] if hook.within is not None else []


def _check_delay_slots(machine: Machine, hook: Declared) -> None:
    """Called before an instruction in a delay slot, SPARC's engine forgets where to go on. Functions begin in none."""
    for each in hook.at or (0,):
        symbol = machine.symbols.find(each) if isinstance(each, str) else None
        if symbol is None or symbol.kind is not SymbolKind.FUNCTION:
            raise NoPlace(
                "on SPARC, on_insn expects at= with names of functions: it must not be called in a delay slot; on_block "
                "takes any place"
            )


def data_ranges(machine: Machine, within: Within, writable: bool) -> list[tuple[int, int]]:
    """(first, last) guest-physical addresses: of RAM, or of the range in it. Raises NoPlace."""
    regions = [
        each for each in machine.memory.regions if Permission.WRITE in each.permissions or not writable
    ]
    if within is None:
        return [(each.base, each.base + each.size - 1) for each in regions]
    first, last = _range(machine, within)
    if not any(each.base <= first and last < each.base + each.size for each in regions):
        raise NoPlace(
            f"within= expects guest-physical addresses in memory, and {first:#x} to {last:#x} is not; where the guest "
            f"has it at a virtual address, give (physical address, bytes)"
        )
    return [(first, last)]


def _code(machine: Machine, place: Place) -> int:
    if isinstance(place, int):
        return place
    symbol, offset = _symbol(machine, place)
    return (
        entry_of(machine.isa, symbol) + offset
        if not offset
        else (symbol.address & ~marks(machine.isa)) + offset
    )


def _range(machine: Machine, within: Within) -> tuple[int, int]:
    if isinstance(within, tuple):
        place, size = within
        if isinstance(place, int):
            return place, place + size - 1
        symbol, offset = _symbol(machine, place)
        first = (symbol.address & ~marks(machine.isa)) + offset
        return first, first + size - 1
    assert within is not None
    symbol, offset = _symbol(machine, within)
    size = symbol.size or _extent(machine, symbol)
    if size <= offset:
        raise NoPlace(f"within= expects a symbol with a size; {within!r} has none: give ({within!r}, BYTES)")
    first = symbol.address & ~marks(machine.isa)
    return first + offset, first + size - 1


def _extent(machine: Machine, symbol: Symbol) -> int:
    """Bytes up to the next symbol, of one that has no size (an assembler's label)."""
    after = min(
        (each.address for each in machine.symbols if each.address > symbol.address), default=symbol.bound
    )
    ends = [each for each in (after, symbol.bound) if each is not None]
    return min(ends) - symbol.address if ends else 0


def _symbol(machine: Machine, text: str) -> tuple[Symbol, int]:
    found = machine.symbols.find(text)
    if found is not None:
        return found, 0
    match = _SYMBOL.fullmatch(text)
    assert match is not None
    found = machine.symbols.find(match["name"])
    if found is not None:
        return found, int(match["offset"] or "0", 0)
    if not len(machine.symbols):
        raise NoPlace(f"the guest has no symbols, and {text!r} is one: give an address")
    near = machine.symbols.nearest_names(match["name"], 3)
    attempt = f": did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise NoPlace(f"the guest has no symbol {match['name']!r}{attempt}")


def windows(machine: Machine, device: str) -> tuple[int, ...]:
    """Numbers of the windows of a device by name. Raises NoPlace."""
    wanted = machine.devices.get(device)
    if wanted is None:
        names = ", ".join(sorted(machine.devices))
        raise NoPlace(f"the machine has no device {device!r}; it has {names}")
    found = tuple(i for i, (_, _, each) in enumerate(machine.windows) if each is wanted)
    if not found:
        raise NoPlace(
            f"device {device!r} has no registers in memory; compare ctx.reason and ctx.address instead"
        )
    return found
