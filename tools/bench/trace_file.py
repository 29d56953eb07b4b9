"""A trace as a guest with a loop, calls, a heap, a UART and a timer would leave it, of any length, made in seconds.

Theory: what the guest does repeats, but for values and addresses on its heap. So one lap (64 turns of main's loop) is
laid out row by row, and a row group is laps side by side, with their instruction numbers moved and their values drawn
anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from axemu.traces.columns import PARQUET, SCHEMA
from emu.trace.rows import SCHEMA as VERSION
from emu.trace.rows import Kind

GROUP: Final = 1 << 20
"""Rows in a row group."""
KINDS: Final = tuple(kind.text for kind in Kind)
INSN, REG, READ, WRITE, BRANCH, EXIT, EXCEPTION, INTERRUPT, CONTEXT, CONSOLE, BLOCK = map(int, Kind)
MAIN, STEP, PUT_CHAR, HANDLER = 0x8000_0000, 0x8000_0100, 0x8000_0200, 0x8000_0300
HEAP, HEAP_SIZE, COUNTER, STACK, UART = 0x8010_0000, 0x80_0000, 0x8090_0000, 0x8091_0000, 0x1000_0000
SYMBOLS: Final = (
    ("main", MAIN, 0x40),
    ("step", STEP, 0x40),
    ("put_char", PUT_CHAR, 0x20),
    ("handler", HANDLER, 0x20),
    ("heap", HEAP, HEAP_SIZE),
    ("counter", COUNTER, 8),
    ("stack", STACK, 0x1000),
)
REGISTERS: Final = (
    "zero",
    "ra",
    "sp",
    "gp",
    "tp",
    "t0",
    "t1",
    "t2",
    "s0",
    "s1",
    "a0",
    "a1",
    "a2",
    "a3",
    "a4",
    "a5",
)
NAMES: Final = ("", *REGISTERS, "mmio-write uart", "halt", "machine timer interrupt", "privilege")
TURNS, INNER = 64, 20


@dataclass
class _Lap:
    """The rows of one lap; `on_heap` are accesses whose address is drawn, `drawn` rows whose value is."""

    rows: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    on_heap: list[int] = field(default_factory=list)
    drawn: list[int] = field(default_factory=list)
    count: int = 0

    def insn(self, pc: int, *, register: str = "", branch: int = 0) -> int:
        """An instruction, its result and where it branches to; the address behind it."""
        self.add(INSN, pc, value=0x0000_0013, size=4)
        self.rows[-1] = (self.count, *self.rows[-1][1:])
        if register:
            number = REGISTERS.index(register)
            self.add(REG, pc, address=number, size=8, what=NAMES.index(register), drawn=True)
        if branch:
            self.add(BRANCH, pc, address=branch)
        self.count += 1
        return branch or pc + 4

    def access(self, kind: int, pc: int, address: int, size: int = 8, *, heap: bool = False) -> None:
        """An access of the instruction that comes next."""
        self.add(kind, pc, address=address, size=size, drawn=True)
        if heap:
            self.on_heap.append(len(self.rows) - 1)

    def add(
        self,
        kind: int,
        pc: int,
        *,
        address: int = 0,
        value: int = 0,
        size: int = 0,
        what: int = 0,
        drawn: bool = False,
    ) -> None:
        if drawn:
            self.drawn.append(len(self.rows))
        self.rows.append((self.count, kind, pc, address, value, size, what))


def _lap() -> _Lap:
    lap = _Lap()
    for turn in range(TURNS):
        pc = lap.insn(MAIN, register="a0")
        lap.access(READ, pc, COUNTER)
        pc = lap.insn(pc, register="a5")
        lap.access(WRITE, pc, COUNTER)
        pc = lap.insn(pc)
        back = pc + 4
        _step(lap, lap.insn(pc, register="ra", branch=STEP), back)
        if turn % 16 == 0:
            _put_char(lap, lap.insn(back, register="ra", branch=PUT_CHAR), back + 4)
        if turn == TURNS - 1:
            _interrupt(lap, MAIN + 0x20)
        lap.insn(MAIN + 0x20, branch=MAIN)
    return lap


def _step(lap: _Lap, pc: int, back: int) -> None:
    lap.access(WRITE, pc, STACK + 0xFF8)
    start = lap.insn(pc)
    for turn in range(INNER):
        lap.access(READ, start, HEAP, heap=True)
        pc = lap.insn(start, register="a1")
        pc = lap.insn(pc, register="a2")
        pc = lap.insn(pc, register="a3")
        lap.access(WRITE, pc, HEAP, heap=True)
        pc = lap.insn(pc)
        pc = lap.insn(pc, branch=start if turn < INNER - 1 else 0)
    lap.access(READ, pc, STACK + 0xFF8)
    lap.insn(lap.insn(pc, register="ra"), branch=back)


def _put_char(lap: _Lap, pc: int, back: int) -> None:
    lap.add(EXIT, pc, address=UART, value=0x2E, size=1, what=NAMES.index("mmio-write uart"))
    lap.insn(lap.insn(pc), branch=back)


def _interrupt(lap: _Lap, pc: int) -> None:
    lap.add(INTERRUPT, pc, address=7, size=3, what=NAMES.index("machine timer interrupt"))
    lap.add(CONTEXT, pc, address=0, value=3, what=NAMES.index("privilege"))
    lap.insn(lap.insn(HANDLER, register="t0"), branch=pc)


def batches(rows: int, group: int = GROUP) -> Iterator[pa.RecordBatch]:
    """`rows` rows of the trace, at most `group` at a time; the same ones every time."""
    lap, draw = _lap(), np.random.default_rng(1)
    laps = max(group // len(lap.rows), 1)
    size = len(lap.rows)
    columns = [np.tile(np.array(column, np.uint64), laps) for column in zip(*lap.rows, strict=True)]
    insn, kind, pc, address, value, width, what = columns
    starts = np.arange(laps) * size
    insn += np.repeat(np.arange(laps, dtype=np.uint64) * np.uint64(lap.count), size)
    heap = (starts[:, None] + np.array(lap.on_heap)).ravel()
    drawn = (starts[:, None] + np.array(lap.drawn)).ravel()
    small = [array.astype(np.uint8) for array in (np.zeros_like(kind), kind)]
    sizes = [array.astype(np.uint16) for array in (width, what)]
    while rows > 0:
        address[heap] = HEAP + 8 * draw.integers(0, HEAP_SIZE // 8, len(heap))
        value[drawn] = draw.integers(0, 1 << 20, len(drawn))
        whole = [insn, *small, pc, address, value, *sizes]
        yield pa.RecordBatch.from_arrays([pa.array(column) for column in whole], schema=SCHEMA).slice(0, rows)
        insn = insn + np.uint64(lap.count * laps)
        rows -= laps * size


def metadata(rows: int) -> dict[str, Any]:
    """What the file says of itself."""
    return {
        "schema": VERSION,
        "version": "0.1.0",
        "isa": "riscv64",
        "machine": "bare",
        "guest": {"file": None, "sha256": None, "build_id": None},
        "options": [],
        "record": ["insns", "regs", "mem", "branches", "exits", "interrupts", "context"],
        "rows": "insn",
        "filters": {},
        "left_out": {},
        "complete": True,
        "ended": "made up",
        "instructions": rows // 2,
        "rows_count": rows,
        "symbols": SYMBOLS,
        "kinds": KINDS,
        "names": NAMES,
        "registers": [{"name": name, "bits": 64, "lane": 0} for name in REGISTERS],
        "devices": [["uart", UART, 0x100]],
        "console": [],
    }


def make(path: Path, rows: int, group: int = GROUP) -> None:
    """Write a Parquet file of `rows` rows."""
    with pq.ParquetWriter(path, SCHEMA, **PARQUET) as writer:
        for batch in batches(rows, group):
            writer.write_batch(batch, row_group_size=group)
        writer.add_key_value_metadata({"axemu": json.dumps(metadata(rows))})
