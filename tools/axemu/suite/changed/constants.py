"""Addresses that code puts together from two instructions, as far as going through it in a straight line shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from axemu.suite.changed.places import Places
from isa.contract import Isa
from isa.disassembly import Instruction

_PAGE: Final = {"lui": 12, "c.lui": 12, "auipc": 12, "adrp": 0, "lis": 16, "movw": 0}
_ADDING: Final = re.compile(r"(?:c\.)?add(?:i|iu|iw|i4spn)?(?:\.w)?|daddiu|addis|jalr")
_SUM: Final = ("addu", "daddu")
_ENTRY: Final = (
    "$t9",
    "r12",
)  # hold the address of the function that was called, by some calling conventions
_BASED: Final = re.compile(r"(-?(?:0x)?[0-9a-f]+)\((\$?\w+)\)|\[(\w+)(?:, #(-?(?:0x)?[0-9a-f]+))?\]")
_POINTERS: Final = {"__global_pointer$": ("gp",), "_gp": ("$gp", "$28")}


class Constants:
    """What registers hold in one function, whose first instruction is at `start`."""

    def __init__(self, isa: Isa, places: Places, start: int) -> None:
        self._places = places
        self._mips = isa.name.startswith("mips")
        self._mask = (1 << isa.bits) - 1
        self._known: dict[str, int] = {}
        self._unused: dict[str, int] = {}
        self._loaded: int | None = None
        if isa.name.startswith(("mips", "ppc64")):
            self._known |= dict.fromkeys(_ENTRY, start)
        for symbol, registers in _POINTERS.items():
            address = places.symbols.address(symbol)
            self._known |= dict.fromkeys(registers, address) if address is not None else {}

    def before(self, line: Instruction) -> list[str]:
        """Upper halves that the instruction overwrites before anybody used them."""
        words = _words(line)
        if not words or line.mnemonic == "movt" or words[0] not in self._unused or words[0] in words[1:]:
            return []
        if _based(line.operands, self._unused) or _two(line, words):
            return []
        return [self._tell(words[0], self._unused.pop(words[0]))]

    def left(self) -> list[str]:
        """Upper halves that nobody has used to the end."""
        return [self._tell(register, value) for register, value in self._unused.items()]

    def seen_through(self, line: Instruction) -> str:
        """The operands of an instruction, with whole addresses in the place of parts."""
        words = _words(line)
        upper = self._upper(line, words)
        if upper is not None:
            self._known[words[0]] = self._unused[words[0]] = upper
            return words[0]
        if line.mnemonic == "movt" and len(words) == 2 and words[0] in self._known:
            value = (self._known[words[0]] & 0xFFFF) | _number(words[1]) << 16
            return self._made(words[0], words[0], value)
        if _ADDING.fullmatch(line.mnemonic) and len(words) in (2, 3) and _is_number(words[-1]):
            base = words[-2]
            if base in self._known:
                shift = 16 if line.mnemonic == "addis" else 0
                return self._made(words[0], base, self._known[base] + (_number(words[-1]) << shift))
        if line.mnemonic in _SUM and len(words) == 3 and {words[1], words[2]} <= self._known.keys():
            self._unused.pop(words[2], None)
            return self._made(words[0], words[1], self._known[words[1]] + self._known[words[2]])
        self._loaded = None
        operands = _BASED.sub(self._replaced, line.operands)
        if words and words[0] not in ("gp", "$gp"):
            self._known.pop(words[0], None)
            if self._loaded is not None and line.mnemonic in ("ld", "lw", "ldr"):
                self._known[words[0]] = self._loaded
        return operands

    def _upper(self, line: Instruction, words: list[str]) -> int | None:
        if line.mnemonic not in _PAGE or len(words) != 2 or not _is_number(words[1]):
            return None
        value = _number(words[1]) << (16 if self._mips else _PAGE[line.mnemonic])
        if line.mnemonic == "auipc":
            value = _signed32(value) + line.address
        elif line.mnemonic != "adrp":
            value = _signed32(value)
        return value & self._mask

    def _made(self, register: str, base: str, value: int) -> str:
        value &= self._mask
        self._unused.pop(base, None)
        self._known[register] = value
        told = self._places.told(value)
        if told is None:
            self._unused[register] = value
        return register if told is None else f"{register}, {told}"

    def _replaced(self, found: re.Match[str]) -> str:
        base = found[2] or found[3]
        if base not in self._known:
            return found[0]
        self._unused.pop(base, None)
        value = self._known[base] + int(found[1] or found[4] or "0", 0) & self._mask
        self._loaded = self._places.pointer(value)
        return f"[{self._places.told(value) or value}]"

    def _tell(self, register: str, value: int) -> str:
        return f"{register} = {self._places.told(value) or value}"


def _words(line: Instruction) -> list[str]:
    return line.operands.split(", ") if line.operands else []


def _two(line: Instruction, words: list[str]) -> bool:
    """Whether it adds to its first operand."""
    return len(words) == 2 and _ADDING.fullmatch(line.mnemonic) is not None


def _based(operands: str, registers: Mapping[str, int]) -> bool:
    return any((each[2] or each[3]) in registers for each in _BASED.finditer(operands))


def _is_number(word: str) -> bool:
    return re.fullmatch(r"#?-?(?:0x[0-9a-f]+|\d+)", word) is not None


def _number(word: str) -> int:
    return int(word.removeprefix("#"), 0)


def _signed32(value: int) -> int:
    return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
