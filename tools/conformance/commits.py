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
PMP_ADDRESSES, PMP_BITS = range(0x3B0, 0x3F0), 54
MEDELEG: Final = 0x302
STATUS: Final = frozenset((0x100, 0x300, 0x310))
WIDTHS: Final = 0xF << 32
"""Of mstatus: UXL and SXL."""
PREVIOUS: Final = 0xA0
"""Of mstatus: MPIE and SPIE."""
AGAIN: Final = "flags raised that were set: Spike writes fflags again"
COPY: Final = "copies of such values: moved, stored, loaded"
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
    result, comparer = Comparison(), _Comparer()
    for at, (their, our) in enumerate(zip(theirs, ours, strict=False)):
        names = comparer.names(their, our)
        if names is None:
            result.difference = _context(theirs, ours, at)
            return result
        result.named.update(names)
        result.lines += 1
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


class _Comparer:
    """Knows what has come before: fflags, and pairs of values (Spike's, ours) that differ for a reason with a name."""

    def __init__(self) -> None:
        self._flags = 0
        self._pairs: set[tuple[int, int]] = set()

    def names(self, their: Commit, our: Commit) -> set[str] | None:
        """The names of the differences of two lines; None where one has no name."""
        found: set[str] = set()
        if their.text != our.text:
            if (their.level, their.pc, their.code) != (our.level, our.pc, our.code):
                return None
            if their.memory != our.memory:
                if not self._copied(their.memory, our.memory):
                    return None
                found.add(COPY)
            for register in their.registers.keys() | our.registers.keys():
                values = their.registers.get(register), our.registers.get(register)
                name = "" if values[0] == values[1] else self._name(their.code, register, *values)
                if name is None:
                    return None
                found |= {name} if name else set()
        self._flags = their.registers.get("c1_fflags", self._flags)
        return found

    def _copied(self, their: tuple[str, ...], our: tuple[str, ...]) -> bool:
        """Whether two stores go to one place, and the values are a pair that is known."""
        if len(their) != len(our):
            return False
        for one, other in zip(their, our, strict=True):
            here, there = one.split(), other.split()
            if here == there:
                continue
            if len(here) != len(there) or here[0] != there[0]:
                return False
            if (int(here[1], 16), int(there[1], 16)) not in self._pairs:
                return False
        return True

    def _name(self, code: int, register: str, their: int | None, our: int | None) -> str | None:
        if their is None or our is None:
            again = register == "c1_fflags" and our is None and their == self._flags
            if register == "c777_mvip" and our is None:
                return "mip: Spike writes mvip, which this CPU does not have, with it"
            return AGAIN if again else None
        pair = their, our
        name = COPY if pair in self._pairs and register[0] != "c" else _reason(code, register, *pair)
        if name is not None:
            self._pairs.add(pair)
        return name


def _reason(code: int, register: str, their: int, our: int) -> str | None:
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
    if shown == MEDELEG and their ^ our == 1:
        return "medeleg: a misaligned fetch cannot be delegated on Spike, which has C"
    if (
        shown in PMP_ADDRESSES
        and (their ^ our) >> PMP_BITS << PMP_BITS == their ^ our
        and their >> PMP_BITS == 0
    ):
        return "pmpaddr: the engine keeps bits 54 to 63"
    if register[0] == "f" and (their ^ our) == BOX and our >> 32 == 0 and code & 3 == 3:
        return "a result of single precision is not NaN-boxed in the engine"
    return None
