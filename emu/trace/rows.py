"""The rows of a trace: one for each event, in the order in which they happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Final, TypeAlias

import numpy as np

Column: TypeAlias = np.ndarray[Any, Any]
SCHEMA: Final = "axemu-trace-2"
OLDER: Final = "axemu-trace-1"
"""Its table of blocks is not in base64; what has registers or accesses has a row for each instruction."""


class Kind(IntEnum):
    """What a row is; docs/traces.md says what its columns then hold."""

    INSN = 0
    REG = 1
    READ = 2
    WRITE = 3
    BRANCH = 4
    EXIT = 5
    EXCEPTION = 6
    INTERRUPT = 7
    CONTEXT = 8
    CONSOLE = 9
    BLOCK = 10

    @property
    def text(self) -> str:
        return self.name.lower()


TYPES: Final = {
    "insn": np.uint64,
    "vcpu": np.uint8,
    "kind": np.uint8,
    "pc": np.uint64,
    "address": np.uint64,
    "value": np.uint64,
    "size": np.uint16,
    "what": np.uint16,
}


@dataclass(slots=True)
class Batch:
    """Rows as columns of equal length, of TYPES."""

    insn: Column
    vcpu: Column
    kind: Column
    pc: Column
    address: Column
    value: Column
    size: Column
    what: Column

    def __len__(self) -> int:
        return len(self.insn)

    def kinds(self) -> list[Kind]:
        """The kinds of rows that are among them."""
        return [kind for kind in Kind if (self.kind == kind).any()]

    def instructions(self) -> int:
        """How many they tell of."""
        blocks = self.kind == Kind.BLOCK
        values = self.value if blocks.all() else self.value[blocks]
        return int((self.kind == Kind.INSN).sum()) + int(values.sum())

    def columns(self) -> tuple[Column, ...]:
        return tuple(getattr(self, name) for name in TYPES)

    def take(self, which: Any) -> Batch:  # noqa: ANN401
        """The rows of a mask, of indices or of a slice."""
        return Batch(*(column[which] for column in self.columns()))

    def copy(self) -> Batch:
        return Batch(*(column.copy() for column in self.columns()))

    def inserted(self, at: Column, others: Batch) -> Batch:
        """With other rows before those at these places, which do not fall."""
        pairs = zip(self.columns(), others.columns(), strict=True)
        return Batch(*(np.insert(mine, at, theirs) for mine, theirs in pairs))

    def rows(self) -> Iterator[tuple[int, ...]]:
        """As Python values, in the order of TYPES."""
        return zip(*(column.tolist() for column in self.columns()), strict=True)

    @staticmethod
    def made(count: int, **columns: Any) -> Batch:  # noqa: ANN401
        """`count` rows: columns, or one value for all; what is not given is 0."""
        made = []
        for each in fields(Batch):
            kind, given = TYPES[each.name], columns.get(each.name)
            if given is None:
                made.append(np.zeros(count, kind))
            elif isinstance(given, np.ndarray):
                made.append(given.astype(kind, copy=False))
            else:
                made.append(np.full(count, given, kind))
        return Batch(*made)

    @staticmethod
    def joined(parts: Sequence[Batch]) -> Batch:
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return Batch.made(0)
        return Batch(*(np.concatenate(each) for each in zip(*(one.columns() for one in parts), strict=True)))


class Names:
    """What the column `what` counts."""

    def __init__(self) -> None:
        self._numbers = {"": 0}

    def number(self, name: str) -> int:
        """0 where there are more than the column can hold."""
        found = self._numbers.setdefault(name, len(self._numbers))
        return found if found < 1 << 16 else 0

    @property
    def all(self) -> list[str]:
        return list(self._numbers)[: 1 << 16]
