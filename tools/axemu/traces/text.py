"""The format text: a line for each instruction, with its accesses and the registers that it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from axemu.traces.lines import Code, Grouping, Row, Step, Words
from emu.trace.rows import Batch, Kind

_SIGNS: Final = {Kind.READ: "load", Kind.WRITE: "store"}


class Text:
    """Lines into `put`."""

    def __init__(self, put: Callable[[str], None], code: Code, words: Words, lines: Sequence[str]) -> None:
        self._put, self._code, self._words, self._lines = put, code, words, lines
        self._grouping = Grouping()

    def write(self, batch: Batch) -> None:
        self._put("".join(self._line(step) for step in self._grouping.steps(batch)))

    def flush(self) -> None:
        """The last instruction is complete."""
        self._put("".join(self._line(step) for step in self._grouping.rest()))

    def end(self, summary: dict[str, Any]) -> None:
        left = summary["left_out"]
        said = "; ".join(f"{count:,} {reason}" for reason, count in left.items()) or "nothing"
        self._put(f"# {summary['instructions']:,} instructions; left out: {said}; {summary['ended']}\n")

    def _line(self, step: Step | Row) -> str:
        if not isinstance(step, Step):
            return self._event(step)
        parts = ", ".join(self._parts(step.parts))
        if step.row is None:
            insn, vcpu, _, pc, *_ = step.parts[0]
            return f"{insn:>10} {vcpu} {pc:#018x} trap: {parts}\n"
        insn, vcpu, _, pc, *_ = step.row
        code, text, symbol = self._code.of(step.row)
        line = f"{insn:>10} {vcpu} {pc:#018x} {code.hex():<16} {text:<32}"
        tail = f" <{symbol}>" if symbol else ""
        return f"{line}{tail}{'  ' if parts else ''}{parts}".rstrip() + "\n"

    def _parts(self, parts: list[Row]) -> Iterator[str]:
        for _, _, kind, _, address, value, size, _ in parts:
            if kind == Kind.REG:
                yield f"{self._words.register(address)}={value:#x}"
            else:
                yield f"{_SIGNS[Kind(kind)]} {size} {address:#x}={value:#x}"

    def _event(self, row: Row) -> str:
        insn, vcpu, number, pc, address, value, size, what = row
        kind, name = Kind(number), self._words.what(what)
        match kind:
            case Kind.EXIT:
                said = f"{name} {address:#x} = {value:#x} ({size})"
            case Kind.EXCEPTION | Kind.INTERRUPT:
                said = f"{name}, value {value:#x}, to level {size}"
            case Kind.CONTEXT:
                said = f"{name} {address:#x} -> {value:#x}"
            case Kind.BRANCH:
                said = f"to {address:#x}"
            case Kind.CONSOLE:
                said = self._lines[value]
            case _:
                said = f"{address:#x} {value:#x}"
        return f"{insn:>10} {vcpu} {pc:#018x} {kind.text}: {said}\n"
