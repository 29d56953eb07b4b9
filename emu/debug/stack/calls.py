"""Calls, recognised by the addresses that they return to."""

from __future__ import annotations

import re

from emu.debug.stack.caller import Call, Context
from emu.debug.stack.symbolic import number
from isa.contract import Isa
from isa.disassembly import disassemble

_AUIPC = re.compile(r"^\w+, (-?\w+)$")
_JALR = re.compile(r"^ra, \w+, (-?\w+)$")
_NONE = Call(False)


def call_before(context: Context, address: int) -> Call:
    """The call that returns to `address` (which may have the mark of T32)."""
    if address not in context.calls:
        context.calls[address] = _find(context, address)
    return context.calls[address]


def _find(context: Context, address: int) -> Call:
    plain = context.plain(address)
    if plain % context.layout.align or not context.is_code(plain - 1):
        return _NONE
    isa = context.decoding[context.isa.name == "arm" and bool(address & 1)]
    if isa.capstone is None:
        return _NONE
    for size in context.layout.call_sizes:
        code = context.reading.bytes(plain - size, size) if plain >= size else None
        if code is None:
            continue
        lines = disassemble(isa, code, plain - size, limit=1)
        length = 4 if context.layout.delay_slot else size
        if not lines or not lines[0].decoded or len(lines[0].code) != length:
            continue
        if lines[0].mnemonic in context.layout.calls:
            target = isa.branch_target(lines[0].code, plain - size) if isa.branch_target is not None else None
            if target is None and lines[0].mnemonic == "jalr":
                target = _far(context, isa, plain - size, lines[0].operands)
            if target is None:
                target = number(lines[0].operands.removesuffix(".l"))
            return Call(True, target)
    return _NONE


def _far(context: Context, isa: Isa, address: int, operands: str) -> int | None:
    """Where RISC-V's AUIPC and JALR lead."""
    code = context.reading.bytes(address - 4, 4)
    second = _JALR.match(operands)
    lines = disassemble(isa, code, address - 4, limit=1) if code is not None else []
    if second is None or not lines or lines[0].mnemonic != "auipc":
        return None
    first = _AUIPC.match(lines[0].operands)
    if first is None:
        return None
    high = int(first[1], 0)
    high = high - (1 << 20) if high >> 19 else high
    return (address - 4 + (high << 12) + int(second[1], 0)) & context.reading.mask
