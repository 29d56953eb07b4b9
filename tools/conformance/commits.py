"""Two commit logs, line by line. What two right machines may do differently has a name, and is counted under it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

LINE: Final = re.compile(
    r"core +\d+: (?P<level>\d) (?P<pc>0x[0-9a-f]+) \((?P<code>0x[0-9a-f]+)\)(?P<effects>.*)"
)
PAGE: Final = (1 << 21) - 1
"""Of the tests in virtual memory: addresses are alike within so many bytes."""
CONTEXT: Final = 3
COUNTERS: Final = frozenset(
    (*range(0xC00, 0xC20), *range(0xC80, 0xCA0), *range(0xB00, 0xB20), *range(0xB80, 0xBA0))
)
IDENTITIES: Final = frozenset((0x301, *range(0xF11, 0xF16)))
STATUS: Final = frozenset((0x100, 0x300, 0x310))
WIDTHS: Final = 0xF << 32
"""Of mstatus: UXL and SXL."""
PREVIOUS: Final = 0xA0
"""Of mstatus: MPIE and SPIE."""
BOX: Final = 0xFFFFFFFF << 32


@dataclass(frozen=True, slots=True)
class Commit:
    """A line: `registers` by name (x5, f1, c768_mstatus), `memory` as it is written."""

    text: str
    level: str
    pc: int
    code: int
    registers: dict[str, int]
    memory: tuple[str, ...]


def commit(text: str) -> Commit:
    """Raises ValueError for what is no line of such a log."""
    found = LINE.fullmatch(text.rstrip("\n"))
    if found is None:
        raise ValueError(f"no line of a commit log: {text.rstrip()!r}")
    registers, _, memory = found["effects"].partition(" mem ")
    words = registers.split()
    if len(words) % 2:
        raise ValueError(f"a register without a value: {text.rstrip()!r}")
    values = {name: int(value, 16) for name, value in zip(words[::2], words[1::2], strict=True)}
    accesses = tuple(memory.split(" mem ")) if memory else ()
    return Commit(
        text.rstrip("\n"), found["level"], int(found["pc"], 16), int(found["code"], 16), values, accesses
    )


def program(lines: Iterable[str], entry: int, last: int) -> list[Commit]:
    """From the first line at `entry` to the first odd word stored to `last` (tohost), which is the program's last."""
    found: list[Commit] = []
    for line in lines:
        if not line.startswith("core") or LINE.match(line) is None:
            continue
        each = commit(line)
        if found or each.pc == entry:
            found.append(each)
            if any(_stores(access, last) for access in each.memory):
                break
    return found


def _stores(access: str, address: int) -> bool:
    words = access.split()
    return len(words) == 2 and (int(words[0], 16) ^ address) & PAGE == 0


@dataclass(slots=True)
class Comparison:
    """`lines` were compared; `named`: differences that have a name; difference: the first one that has none."""

    lines: int = 0
    named: Counter[str] = field(default_factory=Counter)
    difference: str = ""

    @property
    def equal(self) -> bool:
        return not self.difference


def compare(theirs: Sequence[Commit], ours: Sequence[Commit]) -> Comparison:
    """Spike's commits with those of axemu."""
    result = Comparison()
    flags = 0
    for at, (their, our) in enumerate(zip(theirs, ours, strict=False)):
        names = _names(their, our, flags)
        if names is None:
            result.difference = _context(theirs, ours, at)
            return result
        result.named.update(names)
        result.lines += 1
        flags = their.registers.get("c1_fflags", flags)
    if len(theirs) != len(ours):
        result.difference = _context(theirs, ours, min(len(theirs), len(ours)))
    return result


def _context(theirs: Sequence[Commit], ours: Sequence[Commit], at: int) -> str:
    lines = []
    for name, commits in (("spike", theirs), ("axemu", ours)):
        for number in range(max(at - CONTEXT, 0), at + CONTEXT + 1):
            text = commits[number].text if number < len(commits) else "(the log has ended)"
            lines.append(f"{'>' if number == at else ' '} {name} {number:6} {text}")
            if number >= len(commits):
                break
    return "\n".join(lines)


def _names(their: Commit, our: Commit, flags: int) -> list[str] | None:
    """The names of the differences of two lines; None where one has no name."""
    if their.text == our.text:
        return []
    if (their.level, their.pc, their.code) != (our.level, our.pc, our.code) or their.memory != our.memory:
        return None
    names = []
    for register in their.registers.keys() | our.registers.keys():
        here, there = our.registers.get(register), their.registers.get(register)
        if here != there:
            name = _name(their.code, register, there, here, flags)
            if name is None:
                return None
            names.append(name)
    return names


def _name(code: int, register: str, their: int | None, our: int | None, flags: int) -> str | None:
    if their is None or our is None:
        again = register == "c1_fflags" and our is None and their == flags
        return "flags raised that were set: Spike writes fflags again" if again else None
    csr = code >> 20 if code & 0x7F == 0x73 and code >> 12 & 3 else None
    shown = int(register[1:].partition("_")[0]) if register[0] == "c" else csr
    if shown in COUNTERS:
        return "counters: cycle, time, instret, events"
    if shown in IDENTITIES:
        return "identities: misa, mvendorid, marchid, mimpid"
    if shown in STATUS and (their ^ our) & ~WIDTHS == 0:
        return "mstatus and sstatus: UXL and SXL read 0 in the engine"
    if shown in STATUS and (their ^ our) & ~(WIDTHS | PREVIOUS) == 0 and our & (their ^ our) == 0:
        return "mstatus and sstatus: mret and sret leave MPIE and SPIE 0 in the engine"
    if register[0] == "f" and (their ^ our) == BOX and our >> 32 == 0 and code & 3 == 3:
        return "a result of single precision is not NaN-boxed in the engine"
    return None
