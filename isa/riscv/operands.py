"""Operands of RISC-V assembly: symbols as a line sees them, and the bits that an operand's text becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from isa.errors import nearest
from isa.riscv.expressions import UnknownSymbol, evaluate
from isa.riscv.instructions import IMMEDIATES, REGISTERS, Encoding
from isa.riscv.registers import CSRS, FLOAT_NAMES, GENERAL_NAMES

_ROUNDING = {"rne": 0, "rtz": 1, "rdn": 2, "rup": 3, "rmm": 4, "dyn": 7}
_FENCE = {"i": 8, "o": 4, "r": 2, "w": 1}
_BASED = re.compile(r"(.*)\(\s*([\w.']+)\s*\)\s*$", re.DOTALL)

_X: dict[str, int] = (
    {name: n for n, name in enumerate(GENERAL_NAMES)} | {f"x{n}": n for n in range(32)} | {"fp": 8}
)
_F: dict[str, int] = {name: n for n, name in enumerate(FLOAT_NAMES)} | {f"f{n}": n for n in range(32)}
_CSR: dict[str, int] = {name: row.number for row in CSRS for name in (row.name, *row.aliases)}


class Fault(Exception):
    """What is wrong with an operand (`text` is where the column comes from)."""

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.message, self.text = message, text


@dataclass(slots=True)
class Symbols:
    """What the first pass finds: labels and .equ names, and numeric labels in order of address."""

    bits: int
    named: dict[str, int] = field(default_factory=dict)
    numbered: list[tuple[str, int]] = field(default_factory=list)


class Scope(Mapping[str, int]):
    """Symbols as one line sees them: `.` is its address, 1b and 1f the nearest numeric labels around it."""

    def __init__(self, symbols: Symbols, address: int) -> None:
        self._symbols, self.address = symbols, address

    def distance(self, target: int) -> int:
        """Bytes from this line to `target`, the short way around the address space."""
        bits = self._symbols.bits
        ahead = target - self.address & (1 << bits) - 1
        return ahead - (1 << bits) if ahead >> bits - 1 else ahead

    def __getitem__(self, name: str) -> int:
        if name == ".":
            return self.address
        if name[0].isdigit():
            found = [at for label, at in self._symbols.numbered if label == name[:-1]]
            before = [at for at in found if at <= self.address]
            after = [at for at in found if at > self.address]
            if name[-1] == "b" and before:
                return before[-1]
            if name[-1] == "f" and after:
                return after[0]
            raise KeyError(name)
        return self._symbols.named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._symbols.named)

    def __len__(self) -> int:
        return len(self._symbols.named)


def operand_bits(row: Encoding, kind: str, text: str, scope: Scope) -> int:
    """The bits of one operand."""
    if "(" in kind:
        offset, base = kind.rstrip(")").split("(")
        match = _BASED.match(text)
        if match is None:
            raise Fault(f"expected {'offset' if offset else ''}(register), found {text!r}", text)
        bits = operand_bits(row, base, match.group(2), scope)
        written = match.group(1).strip()
        if offset:
            return bits | (operand_bits(row, offset, written, scope) if written else 0)
        if written and evaluate(written, scope) != 0:
            raise Fault(f"{row.name} takes no offset", text)
        return bits
    if kind in REGISTERS:
        return _register(row, kind, text)
    match kind:
        case "sp":
            if _X.get(text) != 2:
                raise Fault(f"{row.name} works on sp only, found {text!r}", text)
            return 0
        case "rm":
            if text not in _ROUNDING:
                raise Fault(f"{text!r} is no rounding mode ({', '.join(_ROUNDING)})", text)
            return _ROUNDING[text] << 12
        case "pred" | "succ":
            if not text or set(text) - set(_FENCE):
                raise Fault(f"expected letters of iorw, found {text!r}", text)
            return sum(_FENCE[letter] for letter in set(text)) << (24 if kind == "pred" else 20)
        case "csr":
            if text in _CSR:
                return _CSR[text] << 20
    return _immediate(kind, text, scope)


def _register(row: Encoding, kind: str, text: str) -> int:
    at, file, short = REGISTERS[kind]
    names = _X if file == "x" else _F
    number = names.get(text)
    if number is None:
        what = "an integer register" if file == "x" else "a floating-point register"
        near = ", ".join(nearest(text, names))
        raise Fault(f"expected {what}, found {text!r}{f' (near: {near})' if near else ''}", text)
    if short and not 8 <= number < 16:
        raise Fault(f"{row.name} reaches registers 8 to 15 only, found {text!r}", text)
    if kind in row.nonzero and number == 0:
        raise Fault(f"{row.name} does not take {text!r}", text)
    return (number & 7 if short else number) << at


def _immediate(kind: str, text: str, scope: Scope) -> int:
    layout = IMMEDIATES[kind]
    try:
        value = evaluate(text, scope)
    except UnknownSymbol as unknown:
        if kind == "csr":
            near = ", ".join(nearest(text, _CSR))
            raise Fault(f"no CSR is named {text!r}{f' (near: {near})' if near else ''}", text) from None
        raise unknown
    shown = f"{value:#x} ({value})"
    if layout.relative:
        value = scope.distance(value)
        shown = f"a target {value:+#x} bytes away"
    if kind == "cupper" and value >= 0xFFFE0:
        value -= 0x100000
    lowest, highest = layout.range
    if not lowest <= value <= highest:
        raise Fault(f"{shown} is out of reach, expected {lowest} to {highest}", text)
    if value % layout.step:
        raise Fault(f"{shown} is not a multiple of {layout.step}", text)
    if layout.nonzero and value == 0:
        raise Fault("zero is not allowed here", text)
    return layout.encode(value)
