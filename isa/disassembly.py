"""Bytes to text, by Capstone as the descriptor asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from isa.contract import Isa, LibraryTarget
from isa.errors import NoSuchAbility

_DATA = {1: ".byte", 2: ".2byte", 4: ".4byte", 8: ".8byte"}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line. `decoded` is False for bytes that are no instruction: those are shown as data of the right
    length.
    """

    address: int
    code: bytes
    mnemonic: str
    operands: str
    decoded: bool = True

    def __str__(self) -> str:
        return f"{self.mnemonic} {self.operands}".rstrip()


def disassemble(isa: Isa, code: bytes, address: int, *, limit: int | None = None) -> list[Instruction]:
    """Every instruction in `code`, the first at `address`; at most `limit`. Covers the bytes without a gap.

    Raises NoSuchAbility where the ISA has no disassembler.
    """
    if isa.capstone is None:
        reason = dict(isa.missing).get("disassembly", "its descriptor names none")
        raise NoSuchAbility(isa.name, "disassembler", reason)
    engine = _engine(isa.capstone)
    found: list[Instruction] = []
    at = 0
    while at < len(code) and (limit is None or len(found) < limit):
        rest = code[at : at + isa.max_instruction_length]
        line = next(engine.disasm_lite(rest, address + at, 1), None)
        if line is None:
            found.append(_data(isa, rest, address + at))
        else:
            _, size, mnemonic, operands = line
            operands = _absolute(isa, rest[:size], address + at, operands)
            found.append(Instruction(address + at, rest[:size], mnemonic, operands))
        at += len(found[-1].code)
    return found


def _absolute(isa: Isa, code: bytes, address: int, operands: str) -> str:
    """Where Capstone prints a branch's distance, the address that it goes to."""
    target = isa.branch_target(code, address) if isa.branch_target is not None else None
    if target is None:
        return operands
    head, comma, _ = operands.rpartition(", ")
    return f"{head}{comma}0x{target:x}"


def _data(isa: Isa, rest: bytes, address: int) -> Instruction:
    length = isa.instruction_length(rest)
    if length > len(rest) or length not in _DATA:
        length = 1
    code = rest[:length]
    value = int.from_bytes(code, "little" if isa.endian == "little" else "big")
    return Instruction(address, code, _DATA[length], f"0x{value:0{2 * length}x}", decoded=False)


@cache
def _engine(target: LibraryTarget) -> Any:  # noqa: ANN401  Capstone is untyped
    import capstone  # noqa: PLC0415  loaded only when somebody looks at code

    mode = 0
    for name in target.modes:
        mode |= getattr(capstone, name)
    return capstone.Cs(getattr(capstone, target.arch), mode)
