"""What can be told from a RISC-V instruction word without executing it: `instructions.py` read backwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from isa.contract import Access, BranchTarget, EffectiveAddress, MemoryAccess, ReadRegister
from isa.riscv.instructions import IMMEDIATES, REGISTERS, Encoding, encodings

_FIELDS = {"rm": 7 << 12, "pred": 15 << 24, "succ": 15 << 20, "aqrl": 3 << 25, "sp": 0}
_OPERAND = re.compile(r"[\w']+\+?")
_SIZES = {"b": 1, "h": 2, "w": 4, "d": 8}
_ROUNDING = (0, 1, 2, 3, 4, 7)  # 5 and 6 are reserved
_LOAD, _STORE = (Access.LOAD,), (Access.STORE,)


@dataclass(frozen=True, slots=True)
class CsrAccess:
    """A Zicsr instruction. `reads` and `writes` as table 9.1 of the unprivileged specification has them."""

    csr: int
    rd: int
    reads: bool
    writes: bool


@dataclass(frozen=True, slots=True)
class _Match:
    """A row with the bits that are its own; `filled` are masks of operands of which none may be zero."""

    mask: int
    row: Encoding
    filled: tuple[int, ...]


def instruction_length(code: bytes) -> int:
    """Bytes of the first instruction: 2 or 4 by its lowest bits (unprivileged specification, section 1.5).

    The longer formats are in no CPU model and count as 4. Needs at least one byte.
    """
    return 4 if code[0] & 3 == 3 else 2


def decode(word: int, bits: int) -> Encoding | None:
    """The row of an instruction word; None for what RV32GC or RV64GC reserves, and for hints."""
    for match in _matches(bits).get(_key(word), ()):
        if word & match.mask == match.row.word and all(word & mask for mask in match.filled):
            return match.row
    return None


def csr_access(word: int) -> CsrAccess | None:
    """The CSR that an instruction names; None for any other instruction."""
    form = word >> 12 & 7
    if word & 0x7F != 0x73 or form & 3 == 0:
        return None
    rd, source = word >> 7 & 31, word >> 15 & 31
    swaps = form & 3 == 1
    return CsrAccess(word >> 20, rd, reads=not swaps or rd != 0, writes=swaps or source != 0)


def branch_target(bits: int) -> BranchTarget:
    """The ability of the descriptor: where a pc-relative branch or jump goes if it is taken."""

    def target(code: bytes, pc: int) -> int | None:
        word, row = _first(code, bits)
        kind = row.operands.rpartition(",")[2] if row is not None else ""
        if kind not in IMMEDIATES or not IMMEDIATES[kind].relative:
            return None
        return pc + IMMEDIATES[kind].decode(word) & (1 << bits) - 1

    return target


def effective_address(bits: int) -> EffectiveAddress:
    """The ability of the descriptor: which memory an instruction will access, from the registers before it.

    The function that it returns gives () for an instruction that accesses none, and for no instruction.
    """

    def accesses(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
        word, row = _first(code, bits)
        if row is None or "(" not in row.operands or row.name == "jalr":
            return ()
        offset, _, base = row.operands.removesuffix(",aqrl").rstrip(")").rpartition(",")[2].partition("(")
        address = register(_base(base, word)) + (IMMEDIATES[offset].decode(word) if offset else 0)
        size, kinds = _data(row.name.removeprefix("c."))
        return tuple(MemoryAccess(address & (1 << bits) - 1, size, kind) for kind in kinds)

    return accesses


def _first(code: bytes, bits: int) -> tuple[int, Encoding | None]:
    if not code or len(code) < instruction_length(code):
        return 0, None
    word = int.from_bytes(code[: instruction_length(code)], "little")
    return word, decode(word, bits)


def _base(operand: str, word: int) -> str:
    if operand == "sp":
        return "sp"
    at, _, short = REGISTERS[operand]
    return f"x{8 + (word >> at & 7)}" if short else f"x{word >> at & 31}"


def _data(name: str) -> tuple[int, tuple[Access, ...]]:
    """Bytes and kinds of access of a load, a store or an atomic operation, by its name."""
    stem, dot, suffix = name.partition(".")
    if dot:
        kinds = {"lr": _LOAD, "sc": _STORE}.get(stem, _LOAD + _STORE)
        return _SIZES[suffix], kinds
    stem = stem.removeprefix("f")
    return _SIZES[stem[1]], _LOAD if stem[0] == "l" else _STORE


def _key(word: int) -> int:
    """Opcode and funct3: few rows share one."""
    return word & (0x707F if word & 3 == 3 else 0xE003)


@cache
def _matches(bits: int) -> dict[int, tuple[_Match, ...]]:
    """Rows by key, those with more bits of their own first. Where funct3 is an operand, a row has many."""
    found: dict[int, list[_Match]] = {}
    for row in encodings(bits).values():
        width = (1 << 8 * row.size) - 1
        operands = {name: _bits_of(name) for name in _OPERAND.findall(row.operands)}
        mask = width & ~sum(set(operands.values()))
        filled = tuple(
            bits_of
            for name, bits_of in operands.items()
            if name in row.nonzero or (name in IMMEDIATES and IMMEDIATES[name].nonzero)
        )
        forms = _ROUNDING if "rm" in operands else range(8) if row.size == 4 and not mask & 0x7000 else (0,)
        for form in forms:
            found.setdefault(_key(row.word) | form << 12, []).append(_Match(mask, row, filled))
    return {key: tuple(sorted(rows, key=lambda one: -one.mask.bit_count())) for key, rows in found.items()}


def _bits_of(operand: str) -> int:
    """The bits of the word that an operand fills."""
    if operand in REGISTERS:
        at, _, short = REGISTERS[operand]
        return (7 if short else 31) << at
    if operand in IMMEDIATES:
        return sum((1 << width) - 1 << at for at, width, _ in IMMEDIATES[operand].parts)
    return _FIELDS[operand]
