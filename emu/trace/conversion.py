"""The compiled `convert`, with what it works on."""

from __future__ import annotations

import ctypes
from typing import Final

import numpy as np

from emu.trace.code import Blocks
from emu.trace.compiled.records import CONVERT, OUTPUTS
from emu.trace.registers import Contexts, Followed
from emu.trace.rows import TYPES, Batch, Column, Names
from emu.trace.tracing import Taken
from isa import objects

RESOLVED: Final = 1 << 63
"""From here on, an entry's cell is a block's number plus 1."""
_SLACK: Final = 1 << 12
_ODD: Final = 1 << 10


class Output:
    """Columns that are filled up to `room` rows, again and again: fresh memory costs more than the rows."""

    def __init__(self, room: int) -> None:
        self._room = room
        self.used = self.odd_used = 0
        self.columns: Final = {name: np.empty(room + _SLACK, kind) for name, kind in TYPES.items()}
        self.odd: Final = np.zeros((_ODD, 2), np.int64)

    @property
    def room(self) -> int:
        return self._room + _SLACK

    @property
    def is_full(self) -> bool:
        return self.used >= self._room

    def taken(self) -> tuple[Batch, Column]:
        """The rows, until there are others, and (row, instructions) of those blocks that have to be looked up."""
        batch = Batch(*(column[: self.used] for column in self.columns.values()))
        odd = self.odd[: self.odd_used].copy()
        self.used = self.odd_used = 0
        return batch, odd


class Conversion:
    def __init__(
        self, blocks: Blocks, names: Names, followed: Followed | None, contexts: Contexts | None
    ) -> None:
        self._blocks = blocks
        self._convert = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_size_t)(
            objects.functions("emu.trace.compiled.convert")["convert"]
        )
        self._record = np.zeros(1, CONVERT)
        self._address = int(self._record.ctypes.data)
        self._kept: list[Column] = []
        self._now: list[Column] = []
        if followed is not None:
            lanes = [names.number(lane.name) for lane in followed.lanes]
            tables = (*followed.tables, np.array(lanes, np.uint16))
            self._kept += tables
            self.set(layers=followed.layers, words=len(followed.watched.masks))
            for name, table in zip(("lanes", "shifts", "masks", "bytes", "lane_names"), tables, strict=True):
                self.set(**{name: table.ctypes.data})
        rows = () if contexts is None else contexts.names
        for place, column in (
            ("context_shifts", np.array([shift for _, shift, _ in rows], np.uint64)),
            ("context_masks", np.array([mask for *_, mask in rows], np.uint64)),
            ("context_names", np.array([names.number(name) for name, *_ in rows], np.uint16)),
        ):
            self._kept.append(column)
            self.set(**{place: column.ctypes.data})

    def set(self, **words: int) -> None:
        for name, value in words.items():
            self._record[0][name] = value

    def begin(self, taken: Taken, traps: Column) -> None:
        """Convert these entries next; traps: numbers of instructions that a trap came before, ascending."""
        stretches = taken.stretches
        room_for_place = np.append(traps, np.uint64(0)).astype(np.uint64)
        self._now = [
            np.array([each.first for each in stretches], np.int64),
            np.array([each.base for each in stretches], np.uint64),
            np.array([each.left for each in stretches], np.uint64),
            room_for_place,
        ]
        firsts, bases, lefts, places = (int(column.ctypes.data) for column in self._now)
        self.set(
            entries=taken.entries.ctypes.data,
            count=len(taken.entries),
            firsts=firsts,
            bases=bases,
            lefts=lefts,
            stretches=len(stretches),
            first_cell=taken.first_cell,
            traps=places,
            traps_count=len(traps),
            final=0,
            end=0,
            done=0,
            **self._blocks.addresses(),
        )

    def run(self, output: Output) -> bool:
        """Fill columns; whether they are full and there is more."""
        self.set(**{f"out_{name}": output.columns[name].ctypes.data for name in OUTPUTS})
        self.set(made=output.used, room=output.room, odd=output.odd.ctypes.data, odd_room=_ODD)
        self.set(odd_made=output.odd_used)
        more: bool = self._convert(self._address) != 0
        output.used, output.odd_used = int(self._record[0]["made"]), int(self._record[0]["odd_made"])
        if more:
            self.set(**self._blocks.addresses())
        return more

    @property
    def done(self) -> int:
        """Entries that were converted."""
        return int(self._record[0]["done"])

    @property
    def unseen(self) -> int:
        return int(self._record[0]["unseen"])

    @property
    def passed(self) -> int:
        """Instructions that are outside of the ranges that are looked at."""
        return int(self._record[0]["passed"])

    def reached(self, taken: Taken) -> int:
        """The number of the first instruction that is not converted yet."""
        done = self.done
        if done == len(taken.entries):
            return int(self._record[0]["end"])
        base = max((each for each in taken.stretches if each.first <= done), key=lambda each: each.first).base
        return int(taken.entries["b"][done]) + base
