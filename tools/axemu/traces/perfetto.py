"""The format perfetto: tracks of functions, exits, traps and privilege for each vCPU, and of the console's lines.

A nanosecond of the viewer is an instruction. Functions are nested as calls are: one that begins at its first
instruction is called, one that goes on has been returned to.

Field numbers: protos/perfetto/trace of Perfetto, trace_packet.proto, track_event.proto and track_descriptor.proto.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from axemu.traces.output import Output
from axemu.traces.protobuf import data, number
from emu.trace.recorder import Described
from emu.trace.rows import Batch, Column, Kind

if TYPE_CHECKING:
    from emu.symbols import SymbolTable

_PACKET, _TIMESTAMP, _SEQUENCE, _TRACK_EVENT, _DESCRIPTOR = 1, 8, 10, 11, 60
_TYPE, _TRACK, _NAME, _ANNOTATION = 9, 11, 23, 4
_BEGIN, _END, _INSTANT = 1, 2, 3
_UUID, _TRACK_NAME, _PARENT = 1, 2, 5
_NOTE_NAME, _NOTE_TEXT = 10, 6
DEPTH: Final = 128
"""Calls that are kept open."""
_TRACKS: Final = ("functions", "exits", "traps", "privilege")
_CONSOLE: Final = 1
_ENOUGH: Final = 1 << 20


class Perfetto:
    """Packets into `output`."""

    def __init__(
        self, output: Output, described: Described, symbols: SymbolTable, lines: Sequence[str], vcpus: int
    ) -> None:
        self._output, self._described, self._lines = output, described, lines
        self._waiting: list[bytes] = []
        self._size = 0
        found = sorted({(each.address, each.name) for each in symbols if each.size})
        self._starts = np.array([address for address, _ in found] or [0], np.uint64)
        self._names = [name for _, name in found] or [""]
        self._stacks: list[list[int]] = [[] for _ in range(vcpus)]
        self._levels: list[bool] = [False] * vcpus
        self._last = 0
        self._describe(_CONSOLE, "console", None)
        for vcpu in range(vcpus):
            self._describe(self._uuid(vcpu, None), f"vCPU {vcpu}", None)
            for name in _TRACKS:
                self._describe(self._uuid(vcpu, name), name, self._uuid(vcpu, None))

    def write(self, batch: Batch) -> None:
        """Raises OSError."""
        if not len(batch):
            return
        code = (batch.kind == Kind.INSN) | (batch.kind == Kind.BLOCK)
        symbols = np.searchsorted(self._starts, batch.pc, side="right") - 1
        wanted = ~code
        for vcpu in range(len(self._stacks)):
            mine = np.flatnonzero(code & (batch.vcpu == vcpu))
            wanted[mine] |= self._turns(batch.pc[mine], symbols[mine], vcpu)
        self._last = int(batch.insn[-1])
        places = np.flatnonzero(wanted)
        rows = zip(batch.take(places).rows(), symbols[places].tolist(), strict=True)
        for row, symbol in rows:
            self._row(row, symbol)
        if self._size > _ENOUGH:
            self.flush()

    def _turns(self, pcs: Column, symbols: Column, vcpu: int) -> Column:
        """Where another function goes on, or one begins."""
        stack = self._stacks[vcpu]
        before = np.concatenate([[stack[-1] if stack else -2], symbols[:-1]]) if len(symbols) else symbols
        entered = (symbols >= 0) & (self._starts[np.maximum(symbols, 0)] == pcs)
        turns: Column = (symbols != before) | entered
        return turns

    def _row(self, row: tuple[int, ...], symbol: int) -> None:
        insn, vcpu, kind, pc, address, value, size, what = row
        if kind in (Kind.INSN, Kind.BLOCK):
            self._function(insn, vcpu, pc, symbol)
            return
        name = self._described.names.all[what]
        match kind:
            case Kind.EXIT:
                notes = {"pc": pc, "address": address, "value": value, "width": size}
                self._event(insn, self._uuid(vcpu, "exits"), _INSTANT, name, notes)
            case Kind.EXCEPTION | Kind.INTERRUPT:
                notes = {"pc": pc, "value": value, "level": size}
                self._event(insn, self._uuid(vcpu, "traps"), _INSTANT, f"{Kind(kind).text}: {name}", notes)
            case Kind.CONTEXT:
                if name == "privilege":
                    if self._levels[vcpu]:
                        self._event(insn, self._uuid(vcpu, "privilege"), _END)
                    self._levels[vcpu] = True
                    self._event(insn, self._uuid(vcpu, "privilege"), _BEGIN, f"level {value:#x}")
                else:
                    notes = {"from": address, "to": value}
                    self._event(insn, self._uuid(vcpu, "privilege"), _INSTANT, name, notes)
            case Kind.CONSOLE:
                self._event(insn, _CONSOLE, _INSTANT, self._lines[value])

    def _function(self, insn: int, vcpu: int, pc: int, symbol: int) -> None:
        stack, track = self._stacks[vcpu], self._uuid(vcpu, "functions")
        called = symbol >= 0 and int(self._starts[symbol]) == pc
        if not called and symbol in stack:
            while stack[-1] != symbol:
                stack.pop()
                self._event(insn, track, _END)
            return
        if not called and stack:
            stack.pop()
            self._event(insn, track, _END)
        if len(stack) < DEPTH:
            stack.append(symbol)
            self._event(insn, track, _BEGIN, self._names[symbol] if symbol >= 0 else "?")

    def flush(self) -> None:
        """Raises OSError."""
        content = b"".join(self._waiting)
        self._waiting, self._size = [], 0
        self._output.keep(len(content))
        self._output.write(content)

    def end(self, summary: dict[str, Any]) -> None:
        for vcpu, stack in enumerate(self._stacks):
            for _ in stack:
                self._event(self._last, self._uuid(vcpu, "functions"), _END)
            if self._levels[vcpu]:
                self._event(self._last, self._uuid(vcpu, "privilege"), _END)
        left = "; ".join(f"{count:,} {reason}" for reason, count in summary["left_out"].items()) or "nothing"
        self._event(
            self._last, _CONSOLE, _INSTANT, f"end of the trace: {summary['ended']}", {"left out": left}
        )
        self.flush()

    # -- packets ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _uuid(vcpu: int, name: str | None) -> int:
        return 0x100 + 16 * vcpu + (0 if name is None else 1 + _TRACKS.index(name))

    def _describe(self, uuid: int, name: str, parent: int | None) -> None:
        content = number(_UUID, uuid) + data(_TRACK_NAME, name)
        if parent is not None:
            content += number(_PARENT, parent)
        self._packet(data(_DESCRIPTOR, content))

    def _event(
        self, at: int, track: int, kind: int, name: str = "", notes: dict[str, Any] | None = None
    ) -> None:
        content = number(_TYPE, kind) + number(_TRACK, track)
        if name:
            content += data(_NAME, name)
        for key, value in (notes or {}).items():
            text = hex(value) if isinstance(value, int) else value
            content += data(_ANNOTATION, data(_NOTE_NAME, key) + data(_NOTE_TEXT, text))
        self._packet(number(_TIMESTAMP, at) + data(_TRACK_EVENT, content))

    def _packet(self, content: bytes) -> None:
        packet = data(_PACKET, content + number(_SEQUENCE, 1))
        self._waiting.append(packet)
        self._size += len(packet)
