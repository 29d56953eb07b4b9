"""The format perfetto: tracks of functions, exits, traps and privilege for each vCPU, and of the console's lines.

A nanosecond of the viewer is an instruction. A slice of a function is one of its calls, with what it called inside; a
trap's handler is inside what it interrupted, and another thread begins with its own calls.

Field numbers: protos/perfetto/trace of Perfetto, trace_packet.proto, track_event.proto and track_descriptor.proto.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from axemu.traces.output import Output
from axemu.traces.protobuf import data, number
from axemu.traces.slices import Slices
from emu.calls.ways import Ways
from emu.trace.calls import Switches
from emu.trace.recorder import Recorder
from emu.trace.rows import Batch, Kind

_PACKET, _TIMESTAMP, _SEQUENCE, _TRACK_EVENT, _DESCRIPTOR = 1, 8, 10, 11, 60
_TYPE, _TRACK, _NAME, _ANNOTATION = 9, 11, 23, 4
_BEGIN, _END, _INSTANT = 1, 2, 3
_UUID, _TRACK_NAME, _PARENT = 1, 2, 5
_NOTE_NAME, _NOTE_TEXT = 10, 6
_TRACKS: Final = ("functions", "exits", "traps", "privilege")
_CONSOLE: Final = 1
_ENOUGH: Final = 1 << 20


class Perfetto:
    """Packets into `output`."""

    def __init__(
        self,
        output: Output,
        recorder: Recorder,
        ways: Ways,
        vcpus: int,
        *,
        ranges: Sequence[tuple[int, int]] = (),
        vcpu: int | None = None,
        program: Callable[[int], str | None] = lambda _: None,
    ) -> None:
        """ranges: of functions that are wanted, where not all are; vcpu: the one that is wanted, None all; program: the
        name of what runs in an address space now."""
        self._output, self._recorder, self._ways = output, recorder, ways
        self._waiting: list[bytes] = []
        self._size = 0
        self._levels: list[bool] = [False] * vcpus
        self._last = 0
        self._slices = Slices(ways, vcpus, ranges, vcpu, self._begin, self._end)
        self._program = program
        self._begins: dict[tuple[int, str], bytes] = {}
        self._ends = [self._packed(self._uuid(each, "functions"), _END) for each in range(vcpus)]
        self._lost = 0
        self._describe(_CONSOLE, "console", None)
        for each in range(vcpus):
            self._describe(self._uuid(each, None), f"vCPU {each}", None)
            for name in _TRACKS:
                self._describe(self._uuid(each, name), name, self._uuid(each, None))

    def write(self, batch: Batch) -> None:
        """Raises OSError."""
        if not len(batch):
            return
        self._last = int(batch.insn[-1])
        wanted = (batch.kind != Kind.INSN) & (batch.kind != Kind.BLOCK)
        for row in batch.take(np.flatnonzero(wanted)).rows():
            self._row(row)
        self._flush_some()

    def follow(self, switches: Switches) -> None:
        """Calls and returns. Raises OSError."""
        self._slices.take(switches)
        self._lost = switches.lost
        self._flush_some()

    def _begin(self, insn: int, vcpu: int, way: int) -> None:
        name, ways = self._ways.names[way], self._ways
        if ways.programs[way]:
            found = self._program(ways.addresses[way])
            name = name if found is None else f"{found} ({ways.addresses[way] & ~1:#x})"
        content = self._begins.get((vcpu, name))
        if content is None:
            track = self._uuid(vcpu, "functions")
            content = self._begins[vcpu, name] = self._packed(track, _BEGIN, name)
        self._packet(number(_TIMESTAMP, insn) + content)

    def _end(self, insn: int, vcpu: int) -> None:
        self._packet(number(_TIMESTAMP, insn) + self._ends[vcpu])

    def _flush_some(self) -> None:
        if self._size > _ENOUGH:
            self.flush()

    def _row(self, row: tuple[int, ...]) -> None:
        insn, vcpu, kind, pc, address, value, size, what = row
        name = self._recorder.described.names.all[what]
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
                self._event(insn, _CONSOLE, _INSTANT, self._recorder.lines[value])

    def flush(self) -> None:
        """Raises OSError."""
        content = b"".join(self._waiting)
        self._waiting, self._size = [], 0
        self._output.keep(len(content))
        self._output.write(content)

    def end(self, summary: dict[str, Any]) -> None:
        end = max(self._last, self._recorder.reached)
        self._slices.close(end)
        for vcpu, open_ in enumerate(self._levels):
            if open_:
                self._event(end, self._uuid(vcpu, "privilege"), _END)
        left = "; ".join(f"{count:,} {reason}" for reason, count in summary["left_out"].items()) or "nothing"
        notes = {"left out": left, **self._incomplete(summary)}
        self._event(end, _CONSOLE, _INSTANT, f"end of the trace: {summary['ended']}", notes)
        self.flush()

    def _incomplete(self, summary: dict[str, Any]) -> dict[str, str]:
        """What the stacks do not show."""
        reasons = []
        if "instructions before the recording began" in summary["left_out"]:
            reasons.append("calls before the recording began")
        deep = max(self._lost, self._slices.lost)
        if deep:
            reasons.append(f"{deep:,} calls that were too deep")
        if self._slices.filtered:
            reasons.append("functions that are not of --only or --vcpu")
        return {"stacks leave out": "; ".join(reasons)} if reasons else {}

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
        self._packet(number(_TIMESTAMP, at) + self._packed(track, kind, name, notes))

    @staticmethod
    def _packed(track: int, kind: int, name: str = "", notes: dict[str, Any] | None = None) -> bytes:
        content = number(_TYPE, kind) + number(_TRACK, track)
        if name:
            content += data(_NAME, name)
        for key, value in (notes or {}).items():
            text = hex(value) if isinstance(value, int) else value
            content += data(_ANNOTATION, data(_NOTE_NAME, key) + data(_NOTE_TEXT, text))
        return data(_TRACK_EVENT, content)

    def _packet(self, content: bytes) -> None:
        packet = data(_PACKET, content + number(_SEQUENCE, 1))
        self._waiting.append(packet)
        self._size += len(packet)
