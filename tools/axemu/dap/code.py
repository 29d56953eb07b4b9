"""disassemble: exactly as many instructions as are asked for, also before an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from axemu.dap.errors import Refused
from axemu.dap.memory import number_of
from axemu.tracer.codeview import before, decoding
from isa.disassembly import Instruction, disassemble

if TYPE_CHECKING:
    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session
    from emu.debug.debugger import Debugger
    from isa.contract import Isa

MOST: Final = 10_000  # instructions
_FUNCTION: Final = 1 << 16  # bytes of a function that are decoded to come to an address in it
_PIECE: Final = 32  # instructions that are looked for at once where there are no symbols


def disassembled(talk: Session, asked: Fields) -> Message:
    address = number_of(asked.text("memoryReference")) + asked.number("offset", 0)
    first, count = asked.number("instructionOffset", 0), asked.number("instructionCount")
    if not 0 <= count <= MOST or abs(first) > 1_000_000:
        raise Refused(f"Expected from 0 to {MOST:,} instructions.", f"It got {count:,}, from {first:,} on.")
    resolve = asked.flag("resolveSymbols")

    def find(debugger: Debugger) -> list[Message]:
        mask = (1 << debugger.machine.isa.bits) - 1
        return _shown(talk, debugger, listing(debugger, address & mask, first, count), resolve)

    return {"instructions": talk.look(find)}


def listing(debugger: Debugger, address: int, first: int, count: int) -> list[Instruction]:
    """`count` instructions from the `first` before (negative) or after `address` on; what is no memory has no bytes."""
    isa = decoding(debugger)
    found = _backwards(debugger, isa, address, -first)[: max(count, 0)] if first < 0 else []
    skipped = max(first, 0)
    wanted = max(count - len(found), 0)
    if wanted:
        rows = _forwards(debugger, isa, address, skipped + wanted)
        found += rows[skipped : skipped + wanted]
    return found


def _forwards(debugger: Debugger, isa: Isa, address: int, count: int) -> list[Instruction]:
    memory, found = debugger.memory, list[Instruction]()
    data = memory.readable(address, isa.max_instruction_length * count)
    found += disassemble(isa, data, address, limit=count)
    at = address + sum(len(each.code) for each in found)
    step = _step(isa)
    while len(found) < count:
        found.append(_nothing(at))
        at += step
    return found


def _backwards(debugger: Debugger, isa: Isa, address: int, count: int) -> list[Instruction]:
    """The last `count` before `address`."""
    found: list[Instruction] = []
    at = address
    while len(found) < count:
        rows = _function_before(debugger, isa, at) or list(
            before(debugger, isa, at, min(count - len(found), _PIECE))
        )
        if not rows:
            break
        found[:0] = rows
        at = rows[0].address
    step = _step(isa)
    while len(found) < count:
        at -= step
        found.insert(0, _nothing(at))
        if at < 0:
            found[0] = _nothing(0)
    return found[len(found) - count :]


def _function_before(debugger: Debugger, isa: Isa, address: int) -> list[Instruction]:
    """The instructions of the symbol that is before `address`, where decoding it comes out there."""
    symbol = debugger.symbols.at(max(address - 1, 0))
    if symbol is None or not 0 < address - symbol.address <= _FUNCTION:
        return []
    data = debugger.memory.readable(symbol.address, address - symbol.address)
    if len(data) < address - symbol.address:
        return []
    rows = disassemble(isa, data, symbol.address)
    return rows if rows and rows[-1].address + len(rows[-1].code) == address else []


def _step(isa: Isa) -> int:
    """Bytes that stand for an instruction where there is none."""
    return min(isa.max_instruction_length, 4)


def _nothing(address: int) -> Instruction:
    return Instruction(max(address, 0), b"", "no memory", "", decoded=False)


def _shown(talk: Session, debugger: Debugger, rows: list[Instruction], resolve: bool) -> list[Message]:
    shown: list[Message] = []
    file = line_shown = None
    for each in rows:
        body: Message = {"address": f"{each.address:#x}", "instruction": str(each)}
        shown.append(body)
        if not each.code:
            body["presentationHint"] = "invalid"
            continue
        body["instructionBytes"] = each.code.hex(" ")
        name = debugger.symbols.name(each.address)
        if name is not None and (resolve or "+" not in name):
            body["symbol"] = name
        info = debugger.info.holder(each.address)
        line = None if info is None else info.line(each.address)
        if info is None or line is None:
            continue
        if (info, line.directory, line.file) != file:
            file, line_shown = (info, line.directory, line.file), None
            body["location"] = talk.places.source(info, line)
        if line.line != line_shown:
            line_shown = line.line
            body["line"] = talk.places.shown_line(line.line)
    return shown
