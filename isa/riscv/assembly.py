"""An assembler for RV32GC and RV64GC in the syntax of the GNU assembler, computed from the rows of
`instructions.py`.

Two passes: the first gives every line its size and every label its address, the second encodes. It takes the
instructions of IMAFDC, Zicsr, Zifencei and the privileged ones, the pseudo-instructions of `pseudo.py` (`li`
of any constant, `la`, `call`, `tail` pc-relative), labels (also ``1:`` with ``1b`` and ``1f``), expressions
with %hi and %lo, CSRs by name or number, and the directives in `_DATA` and `_statement`. Limits: one section,
no macros, no relaxation; an instruction is compressed only where it is written as ``c.``; comments are ``#``
and ``//``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from isa.errors import AssemblyError, nearest
from isa.riscv.expressions import ExpressionError, UnknownSymbol, evaluate
from isa.riscv.instructions import IMMEDIATES, REGISTERS, Encoding, encodings
from isa.riscv.pseudo import PSEUDO, load_immediate
from isa.riscv.registers import CSRS, FLOAT_NAMES, GENERAL_NAMES

LIMIT = 16 << 20  # bytes of output

_DATA = {
    ".byte": 1,
    ".half": 2,
    ".short": 2,
    ".2byte": 2,
    ".word": 4,
    ".long": 4,
    ".4byte": 4,
    ".dword": 8,
    ".quad": 8,
    ".8byte": 8,
}
_IGNORED = {".globl", ".global", ".text", ".type", ".size", ".option", ".attribute", ".file"}
_NOPS = {2: bytes.fromhex("0100"), 4: bytes.fromhex("13000000")}
_ROUNDING = {"rne": 0, "rtz": 1, "rdn": 2, "rup": 3, "rmm": 4, "dyn": 7}
_ORDERING = {"": 0, ".rl": 1, ".aq": 2, ".aqrl": 3}
_FENCE = {"i": 8, "o": 4, "r": 2, "w": 1}
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_LABEL = re.compile(r"\s*([A-Za-z_.$][\w.$]*|[0-9]+)\s*:")
_BASED = re.compile(r"(.*)\(\s*([\w.']+)\s*\)\s*$", re.DOTALL)

_X: dict[str, int] = (
    {name: n for n, name in enumerate(GENERAL_NAMES)} | {f"x{n}": n for n in range(32)} | {"fp": 8}
)
_F: dict[str, int] = {name: n for n, name in enumerate(FLOAT_NAMES)} | {f"f{n}": n for n in range(32)}
_CSR: dict[str, int] = {name: row.number for row in CSRS for name in (row.name, *row.aliases)}


class _Fault(Exception):
    """What is wrong with an operand (`text` is where the column comes from)."""

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.message, self.text = message, text


@dataclass(slots=True)
class _Piece:
    """One instruction or one run of data, placed."""

    line: int
    source: str
    address: int
    size: int
    name: str
    operands: tuple[str, ...]


@dataclass(slots=True)
class _Program:
    bits: int
    address: int
    symbols: dict[str, int] = field(default_factory=dict)
    numbered: list[tuple[str, int]] = field(default_factory=list)  # numeric labels in order of address
    pieces: list[_Piece] = field(default_factory=list)


class _Scope(Mapping[str, int]):
    """Symbols as one line sees them: `.` is its address, 1b and 1f the nearest numeric labels around it."""

    def __init__(self, program: _Program, address: int) -> None:
        self._program, self._address = program, address

    def distance(self, target: int) -> int:
        """Bytes from this line to `target`, the short way around the address space."""
        bits = self._program.bits
        ahead = target - self._address & (1 << bits) - 1
        return ahead - (1 << bits) if ahead >> bits - 1 else ahead

    def __getitem__(self, name: str) -> int:
        if name == ".":
            return self._address
        if name[0].isdigit():
            found = [at for label, at in self._program.numbered if label == name[:-1]]
            before = [at for at in found if at <= self._address]
            after = [at for at in found if at > self._address]
            if name[-1] == "b" and before:
                return before[-1]
            if name[-1] == "f" and after:
                return after[0]
            raise KeyError(name)
        return self._program.symbols[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._program.symbols)

    def __len__(self) -> int:
        return len(self._program.symbols)


def assemble32(text: str, address: int) -> bytes:
    return _assemble(text, address, 32)


def assemble64(text: str, address: int) -> bytes:
    return _assemble(text, address, 64)


def _assemble(text: str, address: int, bits: int) -> bytes:
    program = _Program(bits, address)
    code = bytearray()
    here = address
    for number, source in enumerate(text.splitlines(), 1):
        for statement in _statements(source):
            try:
                here = _place(program, statement, number, source, here)
            except (_Fault, ExpressionError) as fault:
                raise _error(bits, number, source, fault) from None
    for piece in program.pieces:
        try:
            code += _emit(program, piece)
        except (_Fault, ExpressionError) as fault:
            raise _error(bits, piece.line, piece.source, fault) from None
    return bytes(code)


def _error(bits: int, line: int, source: str, fault: _Fault | ExpressionError) -> AssemblyError:
    text, message = (fault.text, fault.message) if isinstance(fault, _Fault) else ("", str(fault))
    if isinstance(fault, UnknownSymbol):
        text = fault.symbol
    column = source.find(text) + 1 if text else len(source) - len(source.lstrip()) + 1
    return AssemblyError(f"riscv{bits}", line, column, source.strip(), message)


def _statements(source: str) -> list[str]:
    """The statements of one line, without comments; neither is looked for inside a string."""
    found, start, quoted, at = [], 0, False, 0
    while at < len(source):
        letter = source[at]
        if letter == "\\" and quoted:
            at += 1
        elif letter == '"':
            quoted = not quoted
        elif not quoted and (letter == "#" or source.startswith("//", at)):
            break
        elif not quoted and letter == ";":
            found.append(source[start:at])
            start = at + 1
        at += 1
    return [*found, source[start:at]]


def _place(program: _Program, statement: str, line: int, source: str, here: int) -> int:
    """First pass: define labels, add pieces; returns the address after the statement."""
    while match := _LABEL.match(statement):
        label = match.group(1)
        if label.isdigit():
            program.numbered.append((label, here))
        elif label in program.symbols:
            raise _Fault(f"label {label!r} is already at 0x{program.symbols[label]:x}", label)
        else:
            program.symbols[label] = here
        statement = statement[match.end() :]
    words = statement.split(None, 1)
    if not words:
        return here
    name, operands = words[0].lower(), _split(words[1] if len(words) > 1 else "")
    scope = _Scope(program, here)
    if name in _IGNORED:
        return here
    if name in (".equ", ".set"):
        if len(operands) != 2:
            raise _Fault(f"{name} takes a name and a value", words[0])
        program.symbols[operands[0]] = evaluate(operands[1], scope)
        return here
    for one, parts in _expand(program, name, operands, scope):
        size = _size(program, one, parts, _Scope(program, here))
        if here + size - program.address > LIMIT:
            raise _Fault(f"the output grows past {LIMIT >> 20} MiB", words[0])
        program.pieces.append(_Piece(line, source, here, size, one, parts))
        here += size
    return here


def _split(text: str) -> tuple[str, ...]:
    """Operands: commas outside of strings separate."""
    if not text.strip():
        return ()
    parts, start, quoted, at = [], 0, False, 0
    while at < len(text):
        if text[at] == "\\" and quoted:
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == "," and not quoted:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    return (*parts, text[start:].strip())


def _expand(
    program: _Program, name: str, operands: tuple[str, ...], scope: _Scope
) -> list[tuple[str, tuple[str, ...]]]:
    """A pseudo-instruction as the instructions that it stands for; anything else as itself."""
    if name == "li" and len(operands) == 2:
        lines = load_immediate(operands[0], _constant(program, operands[1], scope), program.bits)
    else:
        row = encodings(program.bits).get(name)
        if row is not None and len(operands) in _counts(row):
            return [(name, operands)]
        templates = PSEUDO.get((name, len(operands)))
        if templates is None:
            return [(name, operands)]
        lines = tuple(template.format(*operands) for template in templates)
    return [(one, _split(rest)) for one, _, rest in (line.partition(" ") for line in lines)]


def _constant(program: _Program, text: str, scope: _Scope) -> int:
    try:
        value = evaluate(text, scope)
    except UnknownSymbol as unknown:
        hint = "li needs a value that is known at its line (for an address use la)"
        raise _Fault(f"{unknown}; {hint}", unknown.symbol) from None
    bits = program.bits
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise _Fault(f"{value:#x} does not fit in {bits} bits", text)
    return value - (1 << bits) if value >> bits - 1 > 0 else value


def _counts(row: Encoding) -> range:
    """How many operands may be written: the rounding mode may be left out, aq and rl are in the name."""
    parts = [part for part in row.operands.split(",") if part and part != "aqrl"]
    return range(len(parts) - ("rm" in parts), len(parts) + 1)


def _size(program: _Program, name: str, operands: tuple[str, ...], scope: _Scope) -> int:
    if name in _DATA:
        return _DATA[name] * len(operands)
    match name:
        case ".ascii" | ".asciz" | ".string":
            return len(_text(name, operands))
        case ".zero" | ".space" | ".skip":
            return _small(operands, 0, scope, LIMIT)
        case ".align" | ".p2align" | ".balign":
            step = _small(operands, 0, scope, LIMIT if name == ".balign" else 20)
            step = step if name == ".balign" else 1 << step
            return -scope["."] % step if step else 0
    if name.startswith("."):
        raise _Fault(f"riscv{program.bits} assembly has no directive {name}", name)
    return _row(program, name).size


def _small(operands: tuple[str, ...], index: int, scope: _Scope, limit: int) -> int:
    if len(operands) <= index:
        raise _Fault("a number is missing")
    value = evaluate(operands[index], scope)
    if not 0 <= value <= limit:
        raise _Fault(f"{value} is out of range, expected 0 to {limit}", operands[index])
    return value


def _text(name: str, operands: tuple[str, ...]) -> bytes:
    data = b""
    for operand in operands:
        match = _STRING.fullmatch(operand)
        if match is None:
            raise _Fault(f'{name} takes strings in "quotes"', operand)
        data += re.sub(r"\\(x[0-9a-fA-F]{2}|.)", _unescape, match.group(1)).encode("latin-1", "replace")
        data += b"" if name == ".ascii" else b"\0"
    return data


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if len(code) == 3:
        return chr(int(code[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}.get(code, code)


def _emit(program: _Program, piece: _Piece) -> bytes:
    """Second pass."""
    scope = _Scope(program, piece.address)
    if piece.name in _DATA:
        return b"".join(_datum(operand, _DATA[piece.name], scope) for operand in piece.operands)
    match piece.name:
        case ".ascii" | ".asciz" | ".string":
            return _text(piece.name, piece.operands)
        case ".zero" | ".space" | ".skip":
            fill = _small(piece.operands, 1, scope, 255) if len(piece.operands) > 1 else 0
            return bytes([fill]) * piece.size
        case ".align" | ".p2align" | ".balign":
            odd = piece.size % 4
            head = _NOPS[2] if odd == 2 else bytes(odd)
            return head + _NOPS[4] * (piece.size // 4)
    row = _row(program, piece.name)
    if len(piece.operands) not in _counts(row):
        wanted = row.operands.replace(",", ", ").replace(", aqrl", "") or "no operands"
        raise _Fault(f"{piece.name} takes {wanted}; found {len(piece.operands)} operands", piece.name)
    word = row.word | _ordering(program, piece.name) << 25
    operands = iter(piece.operands)
    for kind in row.operands.split(",") if row.operands else ():
        if kind == "aqrl":
            continue
        text = next(operands, None)
        word |= _operand(row, kind, "dyn" if text is None else text, scope)
    return word.to_bytes(row.size, "little")


def _row(program: _Program, name: str) -> Encoding:
    known = encodings(program.bits)
    base = re.sub(r"\.(?:aq|rl|aqrl)$", "", name)
    row = known.get(name) or known.get(base)
    if row is None or (row.name == base != name and "aqrl" not in row.operands):
        other = encodings(96 - program.bits)
        hint = ", ".join(nearest(name, [*known, *(pseudo for pseudo, _ in PSEUDO)]))
        why = (
            f"is in riscv{96 - program.bits} only"
            if name in other
            else f"is unknown (near: {hint or 'nothing'})"
        )
        if any(pseudo == name for pseudo, _ in PSEUDO):
            why = "is written with another number of operands"
        raise _Fault(f"the instruction {name!r} {why}", name)
    return row


def _ordering(program: _Program, name: str) -> int:
    return _ORDERING[name.removeprefix(_row(program, name).name)]


def _datum(operand: str, size: int, scope: _Scope) -> bytes:
    value = evaluate(operand, scope)
    if not -(1 << 8 * size - 1) <= value < 1 << 8 * size:
        raise _Fault(f"{value:#x} does not fit in {size} bytes", operand)
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _operand(row: Encoding, kind: str, text: str, scope: _Scope) -> int:
    """The bits of one operand."""
    if "(" in kind:
        offset, base = kind.rstrip(")").split("(")
        match = _BASED.match(text)
        if match is None:
            raise _Fault(f"expected {'offset' if offset else ''}(register), found {text!r}", text)
        bits = _operand(row, base, match.group(2), scope)
        written = match.group(1).strip()
        if offset:
            return bits | (_operand(row, offset, written, scope) if written else 0)
        if written and evaluate(written, scope) != 0:
            raise _Fault(f"{row.name} takes no offset", text)
        return bits
    if kind in REGISTERS:
        return _register(row, kind, text)
    match kind:
        case "sp":
            if _X.get(text) != 2:
                raise _Fault(f"{row.name} works on sp only, found {text!r}", text)
            return 0
        case "rm":
            if text not in _ROUNDING:
                raise _Fault(f"{text!r} is no rounding mode ({', '.join(_ROUNDING)})", text)
            return _ROUNDING[text] << 12
        case "pred" | "succ":
            if not text or set(text) - set(_FENCE):
                raise _Fault(f"expected letters of iorw, found {text!r}", text)
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
        raise _Fault(f"expected {what}, found {text!r}{f' (near: {near})' if near else ''}", text)
    if short and not 8 <= number < 16:
        raise _Fault(f"{row.name} reaches registers 8 to 15 only, found {text!r}", text)
    if kind in row.nonzero and number == 0:
        raise _Fault(f"{row.name} does not take {text!r}", text)
    return (number & 7 if short else number) << at


def _immediate(kind: str, text: str, scope: _Scope) -> int:
    layout = IMMEDIATES[kind]
    try:
        value = evaluate(text, scope)
    except UnknownSymbol as unknown:
        if kind == "csr":
            near = ", ".join(nearest(text, _CSR))
            raise _Fault(f"no CSR is named {text!r}{f' (near: {near})' if near else ''}", text) from None
        raise unknown
    shown = f"{value:#x} ({value})"
    if layout.relative:
        value = scope.distance(value)
        shown = f"a target {value:+#x} bytes away"
    if kind == "cupper" and value >= 0xFFFE0:
        value -= 0x100000
    lowest, highest = layout.range
    if not lowest <= value <= highest:
        raise _Fault(f"{shown} is out of reach, expected {lowest} to {highest}", text)
    if value % layout.step:
        raise _Fault(f"{shown} is not a multiple of {layout.step}", text)
    if layout.nonzero and value == 0:
        raise _Fault("zero is not allowed here", text)
    return layout.encode(value)
