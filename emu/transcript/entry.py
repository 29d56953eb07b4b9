"""The file: a head, then one line an access or a change of an interrupt line, in the order in which they happened.

    axemu transcript 1
    isa riscv64, machine virt
    # guest ns, device, offset/bytes, what, value, then what it means
             204 uart0        +0x005/1  read  0x60        LSR (TEMT THRE)
             205 uart0        +0x000/1  write 0x48        THR ('H')
             310 uart0                  irq   1

What follows the value is for people; everything before it is read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from emu.errors import EmuError

MAGIC: Final = "axemu transcript"
VERSION: Final = 1
_HEAD: Final = re.compile(r"^isa (\S+), machine (\S+)$")
_LINE: Final = re.compile(
    r"^\s*(?P<time>\d+) (?P<device>\S+)\s+(?:\+0x(?P<offset>[0-9a-f]+)/(?P<width>[1248])\s+(?P<access>read|write)\s+"
    r"0x(?P<value>[0-9a-f]+)|irq\s+(?P<level>[01]))(?:\s.*)?$"
)


class BadTranscript(EmuError):
    """A file that is no transcript, or not one for this use. `line` counts from 1, 0 for the whole file."""

    def __init__(self, name: str, line: int, expected: str, got: str) -> None:
        where = f"{name}, line {line}" if line else name
        super().__init__(f"{where}: expected {expected}, got {got}.")


class Kind(Enum):
    READ = "read"
    WRITE = "write"
    IRQ = "irq"  # the device set its interrupt line


@dataclass(frozen=True, slots=True)
class Entry:
    """`offset` within the device and `width` are in bytes; `value` is what was read or written, or the line's level.
    `time` is in ns of guest time. `text` names the register and its fields."""

    time: int
    device: str
    kind: Kind
    value: int
    offset: int = 0
    width: int = 0
    text: str = ""

    @property
    def said(self) -> tuple[str, Kind, int, int, int]:
        """All but the time and the text: what makes two entries the same."""
        return self.device, self.kind, self.offset, self.width, self.value

    def __str__(self) -> str:
        if self.kind is Kind.IRQ:
            return f"{self.device} irq {self.value}"
        name = self.text.partition(" ")[0] or f"+{self.offset:#x}"
        return f"{self.device} {self.kind.value} {name} ({self.width} bytes) {self.value:#x}"

    def line(self) -> str:
        if self.kind is Kind.IRQ:
            return f"{self.time:>16} {self.device:<12} {'':9} irq   {self.value}"
        place = f"+{self.offset:#05x}/{self.width}"
        value = f"{self.value:#0{2 * self.width + 2}x}"
        return f"{self.time:>16} {self.device:<12} {place:<9} {self.kind.value:<5} {value:<18} {self.text}".rstrip()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole one. `name` is the file's, for messages; `lines[i]` is the line in the file of `entries[i]`."""

    isa: str
    machine: str
    entries: tuple[Entry, ...]
    name: str = "transcript"
    lines: tuple[int, ...] = ()

    @property
    def devices(self) -> tuple[str, ...]:
        """Each once, in the order in which they appear."""
        return tuple(dict.fromkeys(entry.device for entry in self.entries))

    @staticmethod
    def head(isa: str, machine: str) -> Iterator[str]:
        yield f"{MAGIC} {VERSION}"
        yield f"isa {isa}, machine {machine}"
        yield "# guest ns, device, offset/bytes, what, value, then what it means"

    @classmethod
    def parse(cls, lines: Iterable[str], name: str) -> Transcript:
        """Raises BadTranscript with the line and what was expected there."""
        numbered = enumerate((line.rstrip("\n") for line in lines), 1)
        first = next(numbered, (1, ""))[1]
        if first != f"{MAGIC} {VERSION}":
            raise BadTranscript(name, 1, f"'{MAGIC} {VERSION}'", repr(first[:60]))
        second = next(numbered, (2, ""))[1]
        head = _HEAD.match(second)
        if head is None:
            raise BadTranscript(name, 2, "'isa NAME, machine NAME'", repr(second[:60]))
        entries, places = [], []
        for number, line in numbered:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            entries.append(_entry(line, number, name))
            places.append(number)
        return cls(head[1], head[2], tuple(entries), name, tuple(places))


def _entry(line: str, number: int, name: str) -> Entry:
    found = _LINE.match(line)
    if found is None:
        raise BadTranscript(
            name,
            number,
            "'NS DEVICE +0xOFFSET/BYTES read|write 0xVALUE' or 'NS DEVICE irq 0|1'",
            repr(line[:80]),
        )
    time, device = int(found["time"]), found["device"]
    if found["level"] is not None:
        return Entry(time, device, Kind.IRQ, int(found["level"]))
    width, value = int(found["width"]), int(found["value"], 16)
    if value >> 8 * width:
        raise BadTranscript(name, number, f"a value of {width} bytes", f"{value:#x}")
    text = line[found.end("value") :].strip()
    return Entry(time, device, Kind(found["access"]), value, int(found["offset"], 16), width, text)
