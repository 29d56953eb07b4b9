"""An assembler and linker for TriCore: text in, one ELF image out. Instructions are the rows of `instructions`.

A source is lines of `label:`, `.directive arguments`, and `name operand, operand`; a semicolon begins a comment.
Operands: d0, a0, e0, `#` or a plain constant, [a15]#4, [a15+]#4, [+a15]#4, a label with an offset, hi:label and
lo:label (halves that `movh` and `addi` put together). Sections keep apart what is linked only if it is used.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from instructions import BY_NAME, Operand, Row

EM_TRICORE, PAGE = 44, 4096
_MEMORY = re.compile(r"\[(\+?)(a\d+)(\+?)\]\s*#?(.*)")
_REGISTER = re.compile(r"([dae])(\d+)$")
_WORD = re.compile(r"[\w.$]+")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", '"': '"', "\\": "\\"}
_DATA = {".byte": 1, ".half": 2, ".short": 2, ".word": 4, ".long": 4, ".dword": 8, ".quad": 8}
_ORDER = (".text.start", ".text", ".rodata", ".data", ".bss")


class AssemblyError(Exception):
    """A line that cannot be assembled: source, line, why."""


@dataclass
class Section:
    """What is linked together. `patches` are (offset, kind, symbol, addend, row and operand) to be resolved."""

    name: str
    source: int
    data: bytearray = field(default_factory=bytearray)
    alignment: int = 2
    patches: list[Patch] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    address: int = 0


@dataclass(frozen=True)
class Patch:
    offset: int
    symbol: str
    addend: int
    half: str  # "", "hi" or "lo"
    operand: Operand | None  # None: data of `size` bytes
    size: int


def integer(text: str) -> int | None:
    """A constant, or None where the text is not one."""
    try:
        return int(text.strip().removeprefix("#").strip(), 0)
    except ValueError:
        return None


def insert(word: int, operand: Operand, value: int) -> int:
    """The word with an operand's bits set. Raises AssemblyError where the value does not fit."""
    bits = operand.bits
    signed = operand.kind in "soirb"
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    if not low <= value < high:
        raise AssemblyError(f"{value:#x} does not fit into {bits} {'signed' if signed else 'unsigned'} bits")
    for at, count in operand.places:
        word |= (value & (1 << count) - 1) << at
        value >>= count
    return word


class Assembler:
    """Collects sources; `link` makes the image."""

    def __init__(self) -> None:
        self._sections: dict[tuple[str, int], Section] = {}
        self._globals: set[str] = set()
        self._weak: set[str] = set()
        self._constants: dict[str, int] = {}
        self._source = 0
        self._current: Section | None = None

    def _enter(self, name: str) -> None:
        key = (name, self._source)
        self._current = self._sections.setdefault(key, Section(name, self._source))

    @property
    def _here(self) -> Section:
        assert self._current is not None
        return self._current

    def add(self, name: str, text: str) -> None:
        """Assemble one source. Raises AssemblyError."""
        self._source += 1
        self._enter(".text")
        for number, line in enumerate(text.splitlines(), 1):
            try:
                self._line(line)
            except AssemblyError as error:
                raise AssemblyError(f"{name}:{number}: {error}: {line.strip()}") from None

    def _line(self, line: str) -> None:
        line = self._without_comment(line).strip()
        while match := re.match(r"([\w.$]+):\s*", line):
            self._here.labels[self._name(match[1])] = len(self._here.data)
            line = line[match.end() :]
        if not line:
            return
        head, _, rest = line.partition(" ") if "\t" not in line else line.replace("\t", " ", 1).partition(" ")
        if head.startswith("."):
            self._directive(head, rest.strip())
        else:
            self._instruction(head.lower(), [one.strip() for one in rest.split(",") if one.strip()])

    @staticmethod
    def _without_comment(line: str) -> str:
        quoted = False
        for i, character in enumerate(line):
            if character == '"' and line[i - 1] != "\\":
                quoted = not quoted
            if character == ";" and not quoted:
                return line[:i]
        return line

    def _name(self, label: str) -> str:
        """Local labels are of their source."""
        return f"{label}@{self._source}" if label.startswith(".L") else label

    def _directive(self, head: str, rest: str) -> None:
        here = self._here
        if head in (".text", ".data", ".bss", ".rodata"):
            self._enter(head)
        elif head == ".section":
            self._enter(rest.split(",", maxsplit=1)[0].strip())
        elif head in (".globl", ".global"):
            self._globals.add(rest)
        elif head == ".weak":
            self._weak.add(rest)
        elif head == ".set":
            name, value = (one.strip() for one in rest.split(","))
            number = integer(value)
            if number is None:
                raise AssemblyError("a constant was expected")
            self._constants[name] = number
        elif head in _DATA:
            for each in rest.split(","):
                self._value(each.strip(), _DATA[head])
        elif head in (".zero", ".space"):
            here.data += bytes(int(rest.split(",", maxsplit=1)[0], 0))
        elif head in (".asciz", ".string", ".ascii"):
            for text in _STRING.findall(rest):
                here.data += self._characters(text) + (b"" if head == ".ascii" else b"\0")
        elif head in (".p2align", ".balign", ".align"):
            amount = int(rest.split(",", maxsplit=1)[0], 0)
            alignment = amount if head == ".balign" else 1 << amount
            here.alignment = max(here.alignment, alignment)
            here.data += bytes(-len(here.data) % alignment)
        elif head in (".comm", ".lcomm"):
            name, size, *more = (one.strip() for one in rest.split(","))
            self._enter(f".bss.{name}")
            self._directive(".balign", more[0] if more else "4")
            self._here.labels[self._name(name)] = len(self._here.data)
            self._here.data += bytes(int(size, 0))
            self._current = here

    @staticmethod
    def _characters(text: str) -> bytes:
        def escape(match: re.Match[str]) -> str:
            code = match[1]
            return chr(int(code, 8)) if code.isdigit() else _ESCAPES[code]

        return re.sub(r"\\([0-7]{1,3}|.)", escape, text).encode("latin-1")

    def _value(self, text: str, size: int) -> None:
        here = self._here
        number = integer(text)
        if number is None:
            symbol, addend, half = self._symbol(text)
            here.patches.append(Patch(len(here.data), symbol, addend, half, None, size))
            number = 0
        here.data += (number & (1 << 8 * size) - 1).to_bytes(size, "little")

    def _symbol(self, text: str) -> tuple[str, int, str]:
        """(symbol, addend, which half) of `label`, `label+4`, hi:label, lo:label."""
        half = ""
        if text.startswith(("hi:", "lo:")):
            half, text = text[:2], text[3:]
        match = _WORD.match(text)
        if match is None or _REGISTER.match(text):
            raise AssemblyError(f"{text!r} is neither a constant nor a label")
        rest = text[match.end() :].replace(" ", "")
        return self._name(match[0]), int(rest, 0) if rest else 0, half

    def _instruction(self, name: str, operands: list[str]) -> None:
        rows = BY_NAME.get(name)
        if rows is None:
            raise AssemblyError("no such instruction")
        failure: AssemblyError | None = None
        for row in rows:
            if len(row.operands) != len(operands):
                continue
            try:
                word, patches = self._encode(row, operands)
            except AssemblyError as error:
                failure = error
                continue
            here = self._here
            here.patches += patches
            here.data += word.to_bytes(row.size, "little")
            return
        raise failure or AssemblyError("wrong number of operands")

    def _encode(self, row: Row, texts: list[str]) -> tuple[int, list[Patch]]:
        word, patches, at = row.word, [], len(self._here.data)
        for operand, given in zip(row.operands, texts, strict=True):
            text = given
            if operand.kind in "dae":
                match = _REGISTER.match(text)
                if match is None or match[1] != operand.kind:
                    raise AssemblyError(f"{text!r} is no {operand.kind} register")
                word = insert(word, Operand("u", operand.places), int(match[2]))
                continue
            if operand.kind in "oir":
                match = _MEMORY.match(text)
                if (
                    match is None
                    or {("", ""): "o", ("", "+"): "i", ("+", ""): "r"}.get((match[1], match[3]))
                    != operand.kind
                ):
                    raise AssemblyError(f"{text!r} is no such memory operand")
                word |= int(match[2][1:]) << operand.base
                text = match[4] or "0"
            number = integer(text)
            if number is not None and operand.kind not in "bt":
                word = insert(word, operand, number)
            elif number is not None and operand.kind == "t":
                word = insert(word, operand, (number >> 28) << 20 | number >> 1 & 0xFFFFF)
            else:
                symbol, addend, half = self._symbol(text)
                if operand.bits < 15:
                    raise AssemblyError("a label does not fit")
                patches.append(Patch(at, symbol, addend, half, operand, row.size))
        return word, patches

    def link(self, base: int, entry: str) -> bytes:
        """The image: what `entry` needs, from `base` on. Raises AssemblyError."""
        places = self._places()
        used, missing = self._used(places, entry)
        if missing:
            raise AssemblyError(f"{', '.join(sorted(missing))}: not defined")
        ordered = sorted(used, key=lambda one: (self._rank(one), one.source))
        address = base
        for before, section in zip([None, *ordered], ordered, strict=False):
            if before is not None and self._rank(before) < 3 <= self._rank(section):
                address = -(-address // PAGE) * PAGE
            section.address = address = -(-address // section.alignment) * section.alignment
            address += len(section.data)
        symbols = {
            name: section.address + offset for name, (section, offset) in places.items() if section in used
        }
        symbols |= self._constants
        for section in ordered:
            for patch in section.patches:
                self._resolve(section, patch, symbols)
        return image(ordered, symbols, symbols[entry])

    @staticmethod
    def _rank(section: Section) -> int:
        return next(i for i, name in enumerate(_ORDER) if section.name.startswith(name))

    def _places(self) -> dict[str, tuple[Section, int]]:
        """Where each label is."""
        places: dict[str, tuple[Section, int]] = {}
        for section in self._sections.values():
            for label, offset in section.labels.items():
                if label in places and label not in self._weak:
                    raise AssemblyError(f"{label} is defined twice")
                places[label] = (section, offset)
        return places

    def undefined(self, entry: str) -> set[str]:
        """What `entry` needs and no source so far defines."""
        return self._used(self._places(), entry)[1]

    def _used(self, places: dict[str, tuple[Section, int]], entry: str) -> tuple[list[Section], set[str]]:
        """What `entry` reaches, and the labels that it looks for in vain."""
        found: list[Section] = []
        missing: set[str] = set()
        waiting = [places[entry][0]]
        while waiting:
            section = waiting.pop()
            if section in found:
                continue
            found.append(section)
            for patch in section.patches:
                if patch.symbol in places:
                    waiting.append(places[patch.symbol][0])
                elif patch.symbol not in self._constants:
                    missing.add(patch.symbol)
        return found, missing

    @staticmethod
    def _resolve(section: Section, patch: Patch, symbols: dict[str, int]) -> None:
        value = symbols[patch.symbol] + patch.addend
        at, size = patch.offset, patch.size
        if patch.half:
            high = value + 0x8000 >> 16
            value = high & 0xFFFF if patch.half == "hi" else value - (high << 16)
        if patch.operand is None:
            section.data[at : at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
            return
        if patch.operand.kind == "b":
            value = value - (section.address + at) >> 1
        elif patch.operand.kind == "t":
            value = (value >> 28) << 20 | value >> 1 & 0xFFFFF
        word = int.from_bytes(section.data[at : at + size], "little")
        section.data[at : at + size] = insert(word, patch.operand, value).to_bytes(size, "little")


def image(sections: list[Section], symbols: dict[str, int], entry: int) -> bytes:
    """An ELF file of two segments, with its symbols."""
    rank = Assembler._rank
    groups = ([one for one in sections if rank(one) < 3], [one for one in sections if rank(one) >= 3])
    segments, contents, offset = [], [], PAGE
    parts = []
    for flags, group in zip((5, 6), groups, strict=True):
        if not group:
            continue
        start, end = group[0].address, group[-1].address + len(group[-1].data)
        filled = [one for one in group if not one.name.startswith(".bss")]
        size = filled[-1].address + len(filled[-1].data) - start if filled else 0
        data = bytearray(size)
        for one in filled:
            data[one.address - start : one.address - start + len(one.data)] = one.data
        segments.append(struct.pack("<8I", 1, offset, start, start, size, end - start, flags, PAGE))
        contents.append((offset, bytes(data)))
        for name, ranks in ((".text", (0, 1)), (".rodata", (2,)), (".data", (3,))):
            inside = [one for one in filled if rank(one) in ranks]
            if inside:
                first, last = inside[0].address, inside[-1].address + len(inside[-1].data)
                parts.append((name, first, offset + first - start, last - first))
        offset += -(-size // PAGE) * PAGE
    named = sorted((name, value) for name, value in symbols.items() if "@" not in name)
    strings, table = bytearray(b"\0"), bytearray(16)
    for name, value in named:
        table += struct.pack("<IIIBBH", len(strings), value, 0, 0x12, 0, 1)
        strings += name.encode() + b"\0"
    names = b"\0.text\0.rodata\0.data\0.symtab\0.strtab\0.shstrtab\0"
    body, headers = bytearray(), [bytes(40)]
    symbols_at = offset

    def header(
        name: str, kind: int, flags: int, address: int, at: int, size: int, link: int = 0, entry_size: int = 0
    ) -> None:
        headers.append(
            struct.pack(
                "<10I",
                names.index(f"\0{name}\0".encode()) + 1,
                kind,
                flags,
                address,
                at,
                size,
                link,
                1,
                4,
                entry_size,
            )
        )

    for name, first, at, size in parts:
        header(name, 1, {".text": 6, ".rodata": 2, ".data": 3}[name], first, at, size)
    link = len(parts) + 2
    for name, kind, data, other, each in (
        (".symtab", 2, bytes(table), link, 16),
        (".strtab", 3, bytes(strings), 0, 0),
        (".shstrtab", 3, names, 0, 0),
    ):
        header(name, kind, 0, 0, symbols_at + len(body), len(data), other, each)
        body += data + bytes(-len(data) % 4)
    head = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    head += struct.pack(
        "<HHIIIIIHHHHHH",
        2,
        EM_TRICORE,
        1,
        entry,
        52,
        symbols_at + len(body),
        0,
        52,
        32,
        len(segments),
        40,
        len(headers),
        len(headers) - 1,
    )
    file = bytearray(head + b"".join(segments))
    for at, data in contents:
        file += bytes(at - len(file)) + data
    file += bytes(symbols_at - len(file)) + body
    return bytes(file + b"".join(headers))
