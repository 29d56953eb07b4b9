"""What the functions of an ELF file do, in words that do not depend on where anything lies.

Theory: a linker moves functions and data, and rewrites every address that is written into code. So code is compared as
text: each instruction by its name and operands, with each address in it replaced by what lies there: a symbol and the
distance from it, and of data what it holds. Addresses that take two instructions (auipc and addi, lui, adrp, movw and
movt) are put together first. What this cannot see through makes two functions different that are the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from hashlib import sha256
from pathlib import Path
from typing import Final

from axemu.suite.changed.constants import Constants
from axemu.suite.changed.places import Places
from emu.executions import decodings
from emu.loaders import open_image
from emu.symbols import Symbol, SymbolKind
from isa.contract import Isa
from isa.disassembly import Instruction, disassemble
from isa.errors import NoSuchAbility

NUMBER: Final = re.compile(r"(?<![\w$.])-?(?:0x[0-9a-f]+|\d+)\b")
SMALL: Final = 0x1000  # a number below it is an address only where a branch goes there


class Code:
    """Of one ELF file. `functions`: for each name the digests of the code that has it, in order."""

    def __init__(self, path: Path, isa: Isa) -> None:
        self._isa = isa
        image = open_image(path)
        self._places = Places(path, image.symbols, isa)
        named: dict[str, list[str]] = defaultdict(list)
        for symbol in image.symbols:
            if symbol.kind in (SymbolKind.FUNCTION, SymbolKind.LABEL) and self._places.is_code(
                symbol.address
            ):
                text = "\n".join(self._text(symbol))
                named[symbol.name].append(sha256(text.encode()).hexdigest())
        self.functions = {name: tuple(sorted(found)) for name, found in named.items()}

    def _text(self, symbol: Symbol) -> list[str]:
        start, code = self._places.code_of(symbol)
        isa = self._decoding(symbol)
        try:
            lines = disassemble(isa, code, start)
        except NoSuchAbility:
            return [code.hex()]
        constants = Constants(isa, self._places, start)
        found, pool = [], self._pool(isa, lines)
        for line in lines:
            if line.address in pool:
                value = int.from_bytes(line.code[:4], "big" if isa.endian == "big" else "little")
                found.append(f"word {self._number(value, line, branch=False)}")
                continue
            found += constants.before(line)
            operands = constants.seen_through(line)
            found.append(f"{line.mnemonic} {self._operands(isa, line, operands)}")
        return [*found, *constants.left()]

    def _decoding(self, symbol: Symbol) -> Isa:
        """Thumb code has a mark in its symbol's address."""
        if self._isa.name != "arm" or not symbol.address & 1:
            return self._isa
        thumb = (
            each for each in decodings(self._isa) if each.capstone and "CS_MODE_THUMB" in each.capstone.modes
        )
        return next(thumb, self._isa)

    def _operands(self, isa: Isa, line: Instruction, operands: str) -> str:
        target = isa.branch_target(line.code, line.address) if isa.branch_target is not None else None
        around = line.address + len(line.code)

        def relative(found: re.Match[str]) -> str:
            value = around + int(found[2], 0) * (-1 if found[1] == "-" else 1)
            return f"[{self._places.told(value) or value}]"

        operands = re.sub(r"\[rip ([+-]) (0x[0-9a-f]+|\d+)\]", relative, operands)
        return NUMBER.sub(
            lambda found: self._number(int(found[0], 0), line, branch=int(found[0], 0) == target), operands
        )

    def _number(self, value: int, line: Instruction, *, branch: bool) -> str:
        if not branch and value < SMALL:
            return str(value)
        return self._places.told(value) or str(value)

    def _pool(self, isa: Isa, lines: list[Instruction]) -> set[int]:
        """Addresses of constants that code of ARM loads from beside itself."""
        if isa.name != "arm":
            return set()
        ahead = 4 if isa is not self._isa else 8
        found = set()
        for line in lines:
            near = re.search(r"\[pc, #(-?(?:0x)?[0-9a-f]+)\]", line.operands)
            if near and line.mnemonic.startswith("ldr"):
                found.add((line.address + ahead & ~3) + int(near[1], 0))
        return found


def changed(old: Code, new: Code) -> frozenset[str]:
    """Names of the functions that are not the same in both, or not in both."""
    names = old.functions.keys() | new.functions.keys()
    return frozenset(each for each in names if old.functions.get(each) != new.functions.get(each))


def isa_of(path: Path) -> str | None:
    """The ISA that an ELF file is for. Raises EmuError for what is none."""
    return open_image(path).isa
