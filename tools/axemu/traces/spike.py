"""The format spike: lines as Spike writes them with --log-commits, for RISC-V.

A line names every register that its instruction writes, also where the value stays the same: which one that is stands
in the instruction; its value is known from what has changed since the begin. An address of memory is guest-virtual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from axemu.traces.lines import Grouping, Row, Step, Words
from axemu.traces.riscv import (
    base,
    csr_value,
    destination,
    logged_csrs,
    raises_flags,
    reads_memory,
    uses_floats,
    written_csr,
)
from emu.trace.rows import Batch, Kind
from isa.riscv.registers import CSRS, FLOAT_NAMES, GENERAL_NAMES

_C: Final = {row.name: row.number for row in CSRS}
_CSR_NAMES: Final = {row.number: row.name for row in reversed(CSRS)}
_FS: Final = 0x6000


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
        self._values, self._followed = dict(registers), frozenset(registers)
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
        before = self._general(code >> 15 & 31), base(code, self._bits)
        at = None if before[1] is None else self._general(before[1][0]) + before[1][1]
        status = self._content("mstatus")
        changed = self._note(step)
        if self._content("mstatus") == status and "mstatus" in changed:
            changed.remove("mstatus")
        self._note_unfollowed(code, before[0])
        line = f"core{vcpu:4}: {self._level} {self._hex(pc, self._bits)} ({self._hex(code, 8 * size)})"
        for _, text in sorted(self._writes(code, changed)):
            line += text
        first: int | None = None
        for _, _, kind, _, address, value, width, _ in step.parts:
            if kind not in (Kind.READ, Kind.WRITE) or (kind == Kind.READ and not reads_memory(code)):
                continue
            first = address if first is None else first
            place = address if at is None else at + address - first
            line += f" mem {self._hex(place, self._bits)}"
            if kind == Kind.WRITE:
                line += f" {self._hex(value, 8 * width)}"
        return line + "\n"

    def _general(self, number: int) -> int:
        return self._values.get(GENERAL_NAMES[number], 0) if number else 0

    def _note_unfollowed(self, code: int, source: int) -> None:
        """A CSR that the engine does not show has what is written to it."""
        own = written_csr(code)
        name = _CSR_NAMES.get(own, "") if own is not None else ""
        if name and name not in self._followed:
            rd = code >> 7 & 31
            old = self._general(rd) if rd else self._values.get(name, 0)
            self._values[name] = csr_value(code, source, old)

    def _writes(self, code: int, changed: list[str]) -> Iterator[tuple[int, str]]:
        """(order, text) of each register that was written."""
        written = destination(code, self._bits)
        if written is not None:
            prefix, number = written
            names = GENERAL_NAMES if prefix == "x" else FLOAT_NAMES
            bits = self._bits if prefix == "x" else 64
            value = self._hex(self._values.get(names[number], 0), bits)
            yield number << 4 | (prefix == "f"), f" {prefix}{number:<2} {value}"
        csrs = set(logged_csrs(code, self._bits))
        for name in changed:
            if (name == "mstatus" and uses_floats(code, self._bits)) or (
                name == "fflags" and raises_flags(code)
            ):
                csrs.add(_C[name])
        for csr in csrs:
            name = _CSR_NAMES.get(csr, "unknown")
            yield csr << 4 | 4, f" c{csr}_{name} {self._hex(self._content(name), self._bits)}"

    def _content(self, name: str) -> int:
        """Of a CSR, as it is read: the engine makes up mstatus.SD then."""
        content = self._values.get(name, 0)
        return content | 1 << self._bits - 1 if name == "mstatus" and content & _FS == _FS else content
