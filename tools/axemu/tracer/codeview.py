"""A window of disassembled code around an address, with everything that is known of its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from axemu.tracer.model import REFUSALS, CodeLine
from axemu.tracer.sources import SourceFiles
from emu.debug.debugger import Debugger
from emu.debug.points import Breakpoint
from isa.contract import Isa
from isa.disassembly import Instruction, disassemble

WORD: Final = re.compile(r"(?<![A-Za-z0-9_.])[A-Za-z_][A-Za-z0-9_.]*")
JUMPS: Final = re.compile(r"^(?:j|b(?!c[lrs]|it|sw|[fs])|call|cb|tb|loop|jal|bl)", re.I)
LAST_NUMBER: Final = re.compile(r"(?:^|[,\s$#])(0x[0-9a-fA-F]+|\d+)\s*$")
HALFWORD, PAGE = 2, 4096
REACH: Final = 512
"""Bytes that are looked back for the symbol to decode from."""


def code_window(
    debugger: Debugger, center: int, rows: int, sources: SourceFiles, pc: int
) -> tuple[CodeLine, ...]:
    """Some `rows` instructions, a third of them before `center`. Raises NoSuchAbility."""
    isa = decoding(debugger)
    memory = debugger.memory
    earlier = before(debugger, isa, center, rows // 3)
    after = disassemble(
        isa, memory.readable(center, isa.max_instruction_length * rows), center, limit=rows - len(earlier)
    )
    marks: dict[int, str] = {}
    for point in debugger.points:
        if isinstance(point, Breakpoint):
            for address in point.addresses:
                marks[address] = "B" if point.enabled or marks.get(address) == "B" else "b"
    lines: list[CodeLine] = []
    last = None
    for each in (*earlier, *after):
        symbol = debugger.symbols.at(each.address)
        line = debugger.info.line(each.address)
        source = ""
        if line is not None and (line.file, line.line) != last:
            last = (line.file, line.line)
            text = sources.text(debugger.info, each.address, line)
            source = f"{line.file.rpartition('/')[2]}:{line.line}" + (f"  {text.strip()}" if text else "")
        target = _target(isa, each)
        lines.append(
            CodeLine(
                each.address,
                each.code,
                each.mnemonic,
                each.operands,
                label=symbol.name if symbol is not None and symbol.address == each.address else "",
                source=source,
                target=target,
                target_name=(debugger.symbols.name(target) or "") if target is not None else "",
                point=marks.get(each.address, ""),
                current=each.address == pc,
                note=operand_values(debugger, isa, each) if each.address == pc else "",
            )
        )
    return tuple(lines)


def decoding(debugger: Debugger) -> Isa:
    """The descriptor to decode with, by the state of the selected vCPU (Thumb, x86's modes)."""
    isa = debugger.machine.isa
    return isa.decoding(reader(debugger)) if isa.decoding is not None else isa


def reader(debugger: Debugger) -> Callable[[str], int]:
    registers = debugger.registers
    return lambda name: registers[name]


def operand_values(debugger: Debugger, isa: Isa, line: Instruction) -> str:
    """The memory that the instruction would touch, and the registers that it names."""
    parts: list[str] = []
    registers = debugger.registers
    if isa.effective_address is not None and line.decoded:
        for access in isa.effective_address(line.code, reader(debugger)):
            name = debugger.symbols.name(access.address)
            at = f"[{access.address:#x}{f' <{name}>' if name else ''}]"
            data = debugger.memory.readable(access.address, access.size)
            value = int.from_bytes(data, debugger.memory.order)
            known = f" is {value:#x}" if len(data) == access.size else " is not there"
            parts.append(f"{access.kind.value} {at}{known}")
    named: set[str] = set()
    for word in WORD.findall(line.operands):
        try:
            register = isa.register(word)
            value = registers[register.name]
        except REFUSALS:
            continue
        if register.name not in named and len(named) < 4:
            named.add(register.name)
            parts.append(f"{word}={value:#x}")
    return "  ".join(parts)


def _target(isa: Isa, line: Instruction) -> int | None:
    if not line.decoded:
        return None
    if isa.branch_target is not None:
        return isa.branch_target(line.code, line.address)
    if not JUMPS.match(line.mnemonic):
        return None
    found = LAST_NUMBER.search(line.operands)
    return int(found[1], 0) if found else None


def before(debugger: Debugger, isa: Isa, address: int, count: int) -> Sequence[Instruction]:
    """The last instructions before `address`: decoded from its symbol on, or from where decoding comes out at it."""
    if count <= 0:
        return ()
    memory, longest = debugger.memory, isa.max_instruction_length
    symbol = debugger.symbols.at(max(address - 1, 0))
    starts = [symbol.address] if symbol is not None and 0 < address - symbol.address <= REACH else []
    step = isa.max_instruction_length if _fixed(isa) else HALFWORD if isa.name.startswith("riscv") else 1
    low = max(address - min(count * longest, REACH), 0)
    if not memory.readable(low, 1):
        low = min((low // PAGE + 1) * PAGE, address)
    starts += list(range(address - (address - low) // step * step, address, step))[: 4 * longest]
    for start in starts:
        data = memory.readable(start, address - start)
        if len(data) < address - start:
            continue
        lines = disassemble(isa, data, start)
        if (
            lines
            and lines[-1].address + len(lines[-1].code) == address
            and all(each.decoded for each in lines[-2:])
        ):
            return lines[-count:]
    return ()


def _fixed(isa: Isa) -> bool:
    return isa.name in {"aarch64", "mips", "mipsel", "mips64", "mips64el", "ppc", "ppc64", "sparc", "sparc64"}
