"""An assembler for RV32GC and RV64GC in the GNU assembler's syntax, computed from the rows of
`instructions.py`.

Two passes: the first gives every line its size and every label its address, the second encodes. It takes the
instructions of IMAFDC, Zicsr, Zifencei and the privileged ones; the pseudo-instructions of `pseudo.py` (`li`
of any constant; `la`, `call`, `tail` pc-relative); labels, also ``1:`` with ``1b`` and ``1f``; expressions
with %hi and %lo; CSRs by name or number; and the directives in `_DATA`, `_size` and `_place`. Limits: one
section, no macros, no relaxation; an instruction is compressed only where it is written ``c.``; comments are
``#`` and ``//``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from isa.errors import AssemblyError, nearest
from isa.riscv.expressions import ExpressionError, UnknownSymbol, evaluate
from isa.riscv.instructions import Encoding, encodings
from isa.riscv.operands import Fault, Scope, Symbols, operand_bits
from isa.riscv.pseudo import PSEUDO, load_immediate

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
_ORDERING = {"": 0, ".rl": 1, ".aq": 2, ".aqrl": 3}
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_LABEL = re.compile(r"\s*([A-Za-z_.$][\w.$]*|[0-9]+)\s*:")


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
    address: int
    symbols: Symbols
    pieces: list[_Piece] = field(default_factory=list)


def assemble32(text: str, address: int) -> bytes:
    return _assemble(text, address, 32)


def assemble64(text: str, address: int) -> bytes:
    return _assemble(text, address, 64)


def _assemble(text: str, address: int, bits: int) -> bytes:
    program = _Program(address, Symbols(bits))
    code = bytearray()
    here = address
    for number, source in enumerate(text.splitlines(), 1):
        for statement in _statements(source):
            try:
                here = _place(program, statement, number, source, here)
            except (Fault, ExpressionError) as fault:
                raise _error(bits, number, source, fault) from None
    for piece in program.pieces:
        try:
            code += _emit(program, piece)
        except (Fault, ExpressionError) as fault:
            raise _error(bits, piece.line, piece.source, fault) from None
    return bytes(code)


def _error(bits: int, line: int, source: str, fault: Fault | ExpressionError) -> AssemblyError:
    text, message = (fault.text, fault.message) if isinstance(fault, Fault) else ("", str(fault))
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
            program.symbols.numbered.append((label, here))
        elif label in program.symbols.named:
            raise Fault(f"label {label!r} is already at 0x{program.symbols.named[label]:x}", label)
        else:
            program.symbols.named[label] = here
        statement = statement[match.end() :]
    words = statement.split(None, 1)
    if not words:
        return here
    name, operands = words[0].lower(), _split(words[1] if len(words) > 1 else "")
    scope = Scope(program.symbols, here)
    if name in _IGNORED:
        return here
    if name in (".equ", ".set"):
        if len(operands) != 2:
            raise Fault(f"{name} takes a name and a value", words[0])
        program.symbols.named[operands[0]] = evaluate(operands[1], scope)
        return here
    for one, parts in _expand(program, name, operands, scope):
        size = _size(program, one, parts, Scope(program.symbols, here))
        if here + size - program.address > LIMIT:
            raise Fault(f"the output grows past {LIMIT >> 20} MiB", words[0])
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
    program: _Program, name: str, operands: tuple[str, ...], scope: Scope
) -> list[tuple[str, tuple[str, ...]]]:
    """A pseudo-instruction as the instructions that it stands for; anything else as itself."""
    if name == "li" and len(operands) == 2:
        lines = load_immediate(operands[0], _constant(program, operands[1], scope), program.symbols.bits)
    else:
        row = encodings(program.symbols.bits).get(name)
        if row is not None and len(operands) in _counts(row):
            return [(name, operands)]
        templates = PSEUDO.get((name, len(operands)))
        if templates is None:
            return [(name, operands)]
        lines = tuple(template.format(*operands) for template in templates)
    return [(one, _split(rest)) for one, _, rest in (line.partition(" ") for line in lines)]


def _constant(program: _Program, text: str, scope: Scope) -> int:
    try:
        value = evaluate(text, scope)
    except UnknownSymbol as unknown:
        hint = "li needs a value that is known at its line (for an address use la)"
        raise Fault(f"{unknown}; {hint}", unknown.symbol) from None
    bits = program.symbols.bits
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise Fault(f"{value:#x} does not fit in {bits} bits", text)
    return value - (1 << bits) if value >> bits - 1 > 0 else value


def _counts(row: Encoding) -> range:
    """How many operands may be written: the rounding mode may be left out, aq and rl are in the name."""
    parts = [part for part in row.operands.split(",") if part and part != "aqrl"]
    return range(len(parts) - ("rm" in parts), len(parts) + 1)


def _size(program: _Program, name: str, operands: tuple[str, ...], scope: Scope) -> int:
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
            return -scope.address % step if step else 0
    if name.startswith("."):
        raise Fault(f"riscv{program.symbols.bits} assembly has no directive {name}", name)
    return _row(program, name).size


def _small(operands: tuple[str, ...], index: int, scope: Scope, limit: int) -> int:
    if len(operands) <= index:
        raise Fault("a number is missing")
    value = evaluate(operands[index], scope)
    if not 0 <= value <= limit:
        raise Fault(f"{value} is out of range, expected 0 to {limit}", operands[index])
    return value


def _text(name: str, operands: tuple[str, ...]) -> bytes:
    data = b""
    for operand in operands:
        match = _STRING.fullmatch(operand)
        if match is None:
            raise Fault(f'{name} takes strings in "quotes"', operand)
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
    scope = Scope(program.symbols, piece.address)
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
        raise Fault(f"{piece.name} takes {wanted}; found {len(piece.operands)} operands", piece.name)
    word = row.word | _ordering(program, piece.name) << 25
    operands = iter(piece.operands)
    for kind in row.operands.split(",") if row.operands else ():
        if kind == "aqrl":
            continue
        text = next(operands, None)
        word |= operand_bits(row, kind, "dyn" if text is None else text, scope)
    return word.to_bytes(row.size, "little")


def _row(program: _Program, name: str) -> Encoding:
    known = encodings(program.symbols.bits)
    base = re.sub(r"\.(?:aq|rl|aqrl)$", "", name)
    row = known.get(name) or known.get(base)
    if row is None or (row.name == base != name and "aqrl" not in row.operands):
        other = encodings(96 - program.symbols.bits)
        hint = ", ".join(nearest(name, [*known, *(pseudo for pseudo, _ in PSEUDO)]))
        why = (
            f"is in riscv{96 - program.symbols.bits} only"
            if name in other
            else f"is unknown (near: {hint or 'nothing'})"
        )
        if any(pseudo == name for pseudo, _ in PSEUDO):
            why = "is written with another number of operands"
        raise Fault(f"the instruction {name!r} {why}", name)
    return row


def _ordering(program: _Program, name: str) -> int:
    return _ORDERING[name.removeprefix(_row(program, name).name)]


def _datum(operand: str, size: int, scope: Scope) -> bytes:
    value = evaluate(operand, scope)
    if not -(1 << 8 * size - 1) <= value < 1 << 8 * size:
        raise Fault(f"{value:#x} does not fit in {size} bytes", operand)
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")
