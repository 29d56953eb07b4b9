"""The writer of a format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from axemu.traces.options import TraceRequest
from axemu.traces.output import Output
from emu.debug.privilege import privilege_bits
from emu.trace.recorder import Recorder
from emu.trace.rows import Batch
from isa.register import Role

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.symbols import SymbolTable


class Writer(Protocol):
    """`write` and `flush` raise OSError where there is no room; then `end` still makes a whole file of what came
    before."""

    def write(self, batch: Batch) -> None: ...

    def flush(self) -> None:
        """No more rows come."""
        ...

    def end(self, summary: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Setting:
    """What a writer is made from."""

    request: TraceRequest
    machine: Machine
    recorder: Recorder
    symbols: SymbolTable
    header: dict[str, Any]
    ranges: Sequence[tuple[int, int]] = ()
    """What --only names; empty: everything."""
    program: Callable[[int], str | None] = lambda _: None
    """The name of what runs in an address space now."""


def writer_of(setting: Setting, output: Output) -> Writer:
    """Its imports are its own: pyarrow takes a while."""
    request, recorder, machine = setting.request, setting.recorder, setting.machine
    match request.format:
        case "arrow":
            from axemu.traces.columns import Columns  # noqa: PLC0415

            whole = request.output.endswith(".parquet")
            return Columns(output, setting.header, recorder.described, parquet_file=whole)
        case "perfetto":
            from axemu.traces.perfetto import Perfetto  # noqa: PLC0415
            from emu.calls.ways import Ways  # noqa: PLC0415

            ways = Ways(machine.isa, setting.symbols)
            return Perfetto(
                output,
                recorder,
                ways,
                len(machine.vcpus),
                ranges=setting.ranges,
                vcpu=request.vcpu,
                program=setting.program,
            )
    from axemu.traces.lines import Code, Words  # noqa: PLC0415
    from axemu.traces.textfile import TextFile  # noqa: PLC0415

    code, words = Code(machine.isa, setting.symbols), Words(recorder.described)
    file = TextFile(output, compressed=request.compress)
    match request.format:
        case "jsonl":
            from axemu.traces.jsonl import Jsonl  # noqa: PLC0415

            return file.used_by(Jsonl(file.put, setting.header, code, words, recorder.lines))
        case "spike":
            from axemu.traces.spike import Spike  # noqa: PLC0415

            bits = privilege_bits(machine.isa)
            read = machine.vcpus[0].arch.read_register
            names = [
                row.name
                for row in machine.isa.registers
                if row.role in (Role.GENERAL, Role.SP, Role.RA, Role.FP)
            ]
            level = read(bits[0]) & bits[1] if bits is not None else 0
            values = {name: read(name) for name in (*names, *(lane.name for lane in recorder.lanes))}
            privilege = recorder.described.names.number("privilege")
            return file.used_by(Spike(file.put, words, machine.isa.bits, values, level, privilege))
    from axemu.traces.text import Text  # noqa: PLC0415

    return file.used_by(Text(file.put, code, words, recorder.lines))
