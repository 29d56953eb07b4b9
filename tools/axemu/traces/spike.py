"""The format spike: lines as Spike writes them with --log-commits, for RISC-V.

A line names every register that its instruction writes, also where the value stays the same: which one that is stands
in the instruction [unprivileged specification, "Instruction Set Listings"]; its value is known from what has changed
since the begin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from axemu.traces.lines import Grouping, Row, Step, Words
from emu.trace.rows import Batch, Kind
from isa.riscv.registers import CSRS, FLOAT_NAMES, GENERAL_NAMES

_X: Final = {name: number for number, name in enumerate(GENERAL_NAMES)}
_F: Final = {name: number for number, name in enumerate(FLOAT_NAMES)}
_C: Final = {row.name: row.number for row in CSRS}
_CSR_NAMES: Final = {row.number: row.name for row in CSRS}
_LOAD, _LOAD_FP, _MISC_MEM, _STORE, _STORE_FP, _BRANCH, _SYSTEM, _OP_FP = (
    0x03,
    0x07,
    0x0F,
    0x23,
    0x27,
    0x63,
    0x73,
    0x53,
)
_FUSED: Final = (0x43, 0x47, 0x4B, 0x4F)
_TO_GENERAL: Final = (0x50, 0x51, 0x60, 0x61, 0x70, 0x71)
"""funct7 of OP-FP instructions whose destination is an integer register: compare, convert, move and classify."""


def destination(code: int, bits: int) -> tuple[str, int] | None:
    """("x" or "f", number) of the register that an instruction writes, None where it writes none."""
    if code & 3 != 3:
        return _compressed(code & 0xFFFF, bits)
    opcode, rd, funct3, funct7 = code & 0x7F, code >> 7 & 31, code >> 12 & 7, code >> 25
    if opcode in (_STORE, _STORE_FP, _BRANCH, _MISC_MEM) or (opcode == _SYSTEM and funct3 in (0, 4)):
        return None
    if opcode in (_LOAD_FP, *_FUSED) or (opcode == _OP_FP and funct7 not in _TO_GENERAL):
        return "f", rd
    return ("x", rd) if rd else None


def _compressed(code: int, bits: int) -> tuple[str, int] | None:
    quadrant, funct3 = code & 3, code >> 13
    rd, short, short_rd = code >> 7 & 31, 8 + (code >> 2 & 7), 8 + (code >> 7 & 7)
    found: tuple[str, int] | None = None
    match quadrant, funct3:
        case (0, 0 | 2):
            found = "x", short
        case (0, 3):
            found = ("x" if bits == 64 else "f"), short
        case (0, 1):
            found = "f", short
        case (1, 0 | 2 | 3):
            found = "x", rd
        case (1, 1):
            found = ("x", rd) if bits == 64 else ("x", 1)
        case (1, 4):
            found = "x", short_rd
        case (2, 0 | 2):
            found = "x", rd
        case (2, 1):
            found = "f", rd
        case (2, 3):
            found = ("x" if bits == 64 else "f"), rd
        case (2, 4):
            source = code >> 2 & 31
            if source:
                found = "x", rd
            elif code >> 12 & 1 and rd:
                found = "x", 1  # c.jalr
    return None if found is None or found == ("x", 0) else found


def written_csr(code: int) -> int | None:
    """The number of the CSR that an instruction writes."""
    if code & 0x7F != _SYSTEM or code >> 12 & 3 == 0:
        return None
    sets_bits_of_none = code >> 12 & 3 != 1 and code >> 15 & 31 == 0
    return None if sets_bits_of_none else code >> 20


class Spike:
    """Lines into `put`. registers: their values by name where the trace begins; level: of privilege."""

    def __init__(
        self,
        put: Callable[[str], None],
        words: Words,
        bits: int,
        registers: Mapping[str, int],
        level: int,
        privilege: int,
    ) -> None:
        self._put, self._words, self._bits = put, words, bits
        self._values = dict(registers)
        self._level, self._privilege = level, privilege
        self._grouping = Grouping()

    def write(self, batch: Batch) -> None:
        self._put("".join(self._lines(self._grouping.steps(batch))))

    def flush(self) -> None:
        """The last instruction is complete."""
        self._put("".join(self._lines(self._grouping.rest())))

    def end(self, summary: dict[str, Any]) -> None:
        """Spike's log has nothing but commits."""

    def _lines(self, steps: Iterator[Step | Row] | Iterator[Step]) -> Iterator[str]:
        for step in steps:
            if not isinstance(step, Step):
                if step[2] == Kind.CONTEXT and step[7] == self._privilege:
                    self._level = step[5]
            elif step.row is None:
                self._note(step)
            else:
                yield self._line(step, step.row)

    def _note(self, step: Step) -> list[str]:
        changed = []
        for _, _, kind, _, address, value, _, _ in step.parts:
            if kind == Kind.REG:
                name = self._words.register(address)
                self._values[name] = value
                changed.append(name)
        return changed

    def _hex(self, value: int, bits: int) -> str:
        return f"0x{value & (1 << bits) - 1:0{bits // 4}x}"

    def _line(self, step: Step, row: Row) -> str:
        _, vcpu, _, pc, _, code, size, _ = row
        changed = self._note(step)
        line = f"core{vcpu:4}: {self._level} {self._hex(pc, self._bits)} ({self._hex(code, 8 * size)})"
        for _, text in sorted(self._writes(code, changed)):
            line += text
        for _, _, kind, _, address, value, width, _ in step.parts:
            if kind == Kind.READ:
                line += f" mem {self._hex(address, self._bits)}"
            elif kind == Kind.WRITE:
                line += f" mem {self._hex(address, self._bits)} {self._hex(value, 8 * width)}"
        return line + "\n"

    def _writes(self, code: int, changed: list[str]) -> Iterator[tuple[int, str]]:
        """(order, text) of each register that was written."""
        written = destination(code, self._bits)
        if written is not None:
            prefix, number = written
            names = GENERAL_NAMES if prefix == "x" else FLOAT_NAMES
            bits = self._bits if prefix == "x" else 64
            value = self._hex(self._values.get(names[number], 0), bits)
            yield number << 4 | (prefix == "f"), f" {prefix}{number:<2} {value}"
        csrs = {_C[name] for name in changed if name in _C}
        own = written_csr(code)
        if own is not None:
            csrs.add(own)
        for csr in csrs:
            name = _CSR_NAMES.get(csr, "unknown")
            yield csr << 4 | 4, f" c{csr}_{name} {self._hex(self._values.get(name, 0), self._bits)}"
