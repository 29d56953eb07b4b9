"""One function, instruction by instruction, with its source lines and counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from axemu.errors import UsageError
from axemu.profile.texts import share

if TYPE_CHECKING:
    from axemu.profile.session import Counted
    from emu.debug.info import Source
    from emu.symbols import Symbol, SymbolTable
    from isa.disassembly import Instruction


def find(symbols: SymbolTable, name: str, option: str = "--annotate") -> Symbol:
    """Raises UsageError, with the names that are near."""
    symbol = symbols.find(name)
    if symbol is not None:
        return symbol
    near = symbols.nearest_names(name, 3)
    attempt = f"Did you mean {' or '.join(repr(each) for each in near)}?" if near else ""
    if not len(symbols):
        attempt = "The guest has no symbols at all: --symbols FILE gives some."
    raise UsageError(f"{option} expects a function of the guest.", f"It got '{name}'.", attempt)


def annotated(counted: Counted, symbol: Symbol, source: Source) -> Iterator[str]:
    """A line of text for each instruction, and for each source line that begins."""
    from emu.executions import marks  # noqa: PLC0415 - not for --help

    debugger, executions = counted.debugger, counted.executions
    mark = marks(debugger.machine.isa)
    low, high = symbol.address & ~mark, _end(debugger.symbols, symbol) & ~mark
    inside = (executions.addresses >= low) & (executions.addresses < high)
    total = int(executions.times[inside].sum())
    yield f"{symbol.name}: {total:,} instructions, {share(total, executions.total)} of all"
    before = None
    for each in _code(counted, low, high):
        line = debugger.info.line(each.address)
        if line is not None and line != before:
            shown = source.lines(line, line.line, line.line).lines
            yield f"{'':>16}  {line}  {shown[0][1].strip() if shown else ''}".rstrip()
        before = line
        times = executions.at(each.address)
        yield (
            f"{times if times else '-':>16,}  {each.address:#x}:  {each}"
            if times
            else (f"{'-':>16}  {each.address:#x}:  {each}")
        )


def _end(symbols: SymbolTable, symbol: Symbol) -> int:
    """The first address after it."""
    if symbol.size:
        return symbol.address + symbol.size
    after = (each.address for each in symbols if each.address > symbol.address)
    limits = [limit for limit in (min(after, default=None), symbol.bound) if limit is not None]
    return min(limits, default=symbol.address + 64)


def _code(counted: Counted, low: int, high: int) -> list[Instruction]:
    """Decoded in the way that has an instruction at most of the addresses that were executed."""
    from emu.executions import decodings  # noqa: PLC0415
    from isa.disassembly import disassemble  # noqa: PLC0415

    debugger, addresses = counted.debugger, counted.executions.addresses
    code = debugger.memory.readable(low, high - low)
    ran = set(addresses[(addresses >= low) & (addresses < high)].tolist())
    readings = [disassemble(isa, code, low) for isa in decodings(debugger.machine.isa)]
    return max(readings, key=lambda reading: len(ran & {each.address for each in reading}))
