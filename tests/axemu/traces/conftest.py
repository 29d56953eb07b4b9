"""Small traces, as the recorder would write them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.trace_file import SCHEMA, make, metadata

Row = Sequence[int]


@pytest.fixture(scope="session")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40,000 rows in several row groups."""
    path = tmp_path_factory.mktemp("trace") / "run.parquet"
    make(path, 40_000, group=16_000)
    return path


@pytest.fixture(scope="session")
def arrow(parquet: Path) -> Path:
    """The same rows."""
    table = pq.read_table(parquet)
    path = parquet.with_suffix(".arrow")
    write_arrow(path, table, json.loads(table.schema.metadata[b"axemu"]))
    return path


def write_arrow(path: Path, table: pa.Table, whole: dict[str, Any], blocks: bytes = b"") -> None:
    """What is known at the end only is in the last batch's metadata."""
    late = ("names", "console", "left_out", "complete", "instructions", "rows_count")
    early = {name: value for name, value in whole.items() if name not in late}
    schema = SCHEMA.with_metadata({"axemu": json.dumps(early)})
    with pa.ipc.new_file(str(path), schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for batch in table.cast(schema).to_batches(max_chunksize=10_000):
            writer.write_batch(batch)
        nothing = pa.RecordBatch.from_arrays([pa.array([], each.type) for each in schema], schema=schema)
        writer.write_batch(nothing, custom_metadata={"axemu": json.dumps(whole), "axemu-blocks": blocks})


def write_parquet(path: Path, rows: Sequence[Row], changes: dict[str, Any], blocks: bytes = b"") -> Path:
    """`rows` in the order of the schema's columns, and what is different in the metadata."""
    known = {"axemu": json.dumps(metadata(len(rows)) | changes), "axemu-blocks": blocks}
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, SCHEMA, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA.with_metadata(known)), path, row_group_size=4)
    return path


def block_table(blocks: Sequence[tuple[int, Sequence[int], bytes]]) -> bytes:
    """(pc, offsets, code) of each as the metadata have them."""
    columns = {
        "pc": pa.array([pc for pc, _, _ in blocks], pa.uint64()),
        "size": pa.array([len(code) for _, _, code in blocks], pa.uint16()),
        "count": pa.array([len(offsets) for _, offsets, _ in blocks], pa.uint16()),
        "offsets": pa.array([offsets for _, offsets, _ in blocks], pa.list_(pa.uint16())),
        "code": pa.array([code for _, _, code in blocks], pa.binary()),
    }
    table = pa.table(columns)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """A Parquet trace of some rows."""

    def write(
        rows: Sequence[Row], blocks: bytes = b"", /, name: str = "some.parquet", **changes: Any
    ) -> Path:
        return write_parquet(tmp_path / name, rows, changes, blocks)

    return write
