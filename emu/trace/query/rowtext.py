"""What a row says, in words."""

from __future__ import annotations

from emu.trace.query.functions import disassembled
from emu.trace.query.names import Names
from emu.trace.query.views import (
    BLOCK,
    BRANCH,
    CONSOLE,
    CONTEXT,
    EXCEPTION,
    EXIT,
    INSN,
    INTERRUPT,
    READ,
    REG,
    WRITE,
)


def row_text(names: Names, kind: int, pc: int, address: int, value: int, size: int, what: int) -> str:
    """Of one row of the file."""
    header = names.header
    name = header.names[what] if what < len(header.names) else f"name {what}"
    match kind:
        case _ if kind == INSN:
            return disassembled(names, pc, size, value, address)
        case _ if kind == REG:
            lanes = header.registers
            register = lanes[address].name if address < len(lanes) else name
            part = f"[{lanes[address].lane}]" if address < len(lanes) and lanes[address].lane else ""
            return f"{register}{part} = {value:#x}"
        case _ if kind in (READ, WRITE):
            done, sign = ("reads", "->") if kind == READ else ("writes", "<-")
            return (
                f"{done} {size} byte{'' if size == 1 else 's'} at {_place(names, address)} {sign} {value:#x}"
            )
        case _ if kind == BRANCH:
            return f"to {_place(names, address)}"
        case _ if kind == EXIT:
            return f"{name} {address:#x}: {value:#x}" if size else f"{name} {address:#x}" if address else name
        case _ if kind in (EXCEPTION, INTERRUPT):
            return f"{name} (cause {address}), value {value:#x}, taken at level {size}"
        case _ if kind == CONTEXT:
            return f"{name}: {address:#x} -> {value:#x}"
        case _ if kind == CONSOLE:
            lines = header.fields["console"]
            return repr(lines[value]) if value < len(lines) else f"line {value}"
        case _ if kind == BLOCK:
            return f"{value} instructions"
        case _:
            return f"kind {kind}"


def _place(names: Names, address: int) -> str:
    symbol = names.symbol(address)
    return f"{address:#x}" if symbol is None else f"{address:#x} <{symbol}>"
