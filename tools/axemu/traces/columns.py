"""The format arrow: Parquet, or an Arrow IPC file."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from axemu.traces.output import Output
from emu.trace.recorder import Described
from emu.trace.rows import TYPES, Batch

GROUP: Final = 1 << 20
_ROW: Final = 31  # bytes of a row that is not compressed
SCHEMA: Final = pa.schema(
    [pa.field(name, pa.from_numpy_dtype(kind), nullable=False) for name, kind in TYPES.items()]
)
_SPLIT: Final = ("insn", "pc", "address", "value", "size")
PARQUET: Final[dict[str, Any]] = {
    "compression": "lz4",
    "use_dictionary": False,
    "column_encoding": dict.fromkeys(_SPLIT, "BYTE_STREAM_SPLIT"),
    "store_schema": False,
}
"""How a file is encoded; the other columns are plain. Most bytes of a number are those of the number before it: apart,
lz4 has little to do. A row of a block costs 55 ns so, and 90 as differences under zstd, in half the bytes."""


def table_of(batch: Batch) -> pa.Table:
    return pa.Table.from_arrays([pa.array(column) for column in batch.columns()], schema=SCHEMA)


def blocks_of(described: Described) -> bytes:
    """The table of blocks: an Arrow IPC stream in base64, since metadata are texts."""
    blocks = described.blocks
    facts = [blocks.facts(number) for number in range(len(blocks))]
    table = pa.table(
        {
            "pc": pa.array([each[0] for each in facts], pa.uint64()),
            "size": pa.array([min(each[1], 0xFFFF) for each in facts], pa.uint16()),
            "count": pa.array([len(each[2]) for each in facts], pa.uint16()),
            "offsets": pa.array([each[2] for each in facts], pa.list_(pa.uint16())),
            "code": pa.array([each[3] for each in facts], pa.binary()),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return base64.b64encode(sink.getvalue())


class Columns:
    """Rows are written in groups of GROUP, so that a reader can pass over those that it does not need."""

    def __init__(
        self, output: Output, header: dict[str, Any], described: Described, *, parquet_file: bool
    ) -> None:
        self._output, self._header, self._described = output, header, described
        self._waiting: list[Batch] = []
        self._rows = 0
        self._parquet: Any = None
        self._ipc: Any = None
        self._ipc_schema: Any = None
        output.keep(0)
        if parquet_file:
            self._parquet = parquet.ParquetWriter(output.as_file(), SCHEMA, **PARQUET)
        else:
            schema = self._ipc_schema = SCHEMA.with_metadata({"axemu": json.dumps(header)})
            options = pa.ipc.IpcWriteOptions(compression="zstd")
            self._ipc = pa.ipc.new_file(output.as_file(), schema, options=options)

    def write(self, batch: Batch) -> None:
        whole = not self._waiting and len(batch) >= GROUP
        self._waiting.append(batch if whole else batch.copy())
        self._rows += len(batch)
        if self._rows >= GROUP:
            self._put()

    def flush(self) -> None:
        self._put()

    def _put(self) -> None:
        batch, self._waiting, self._rows = Batch.joined(self._waiting), [], 0
        if not len(batch):
            return
        table = table_of(batch)
        self._output.keep(len(batch) * _ROW)
        if self._parquet is not None:
            self._parquet.write_table(table, row_group_size=2 * GROUP)
        else:
            self._ipc.write_table(table.cast(self._ipc_schema), max_chunksize=2 * GROUP)

    def end(self, summary: dict[str, Any]) -> None:
        text = json.dumps({**self._header, **summary})
        blocks = blocks_of(self._described) if self._header["rows"] == "block" else b""
        if self._parquet is not None:
            metadata = {"axemu": text, **({"axemu-blocks": blocks} if blocks else {})}
            self._parquet.add_key_value_metadata(metadata)
            self._parquet.close()
        else:
            schema = self._ipc_schema
            empty = pa.record_batch([pa.array([], field.type) for field in schema], schema=schema)
            self._ipc.write_batch(empty, custom_metadata={"axemu": text, "axemu-blocks": blocks})
            self._ipc.close()
