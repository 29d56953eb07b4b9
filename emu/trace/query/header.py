"""A trace file as it is found: its format, and what it says of itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from emu.errors import LoadError
from emu.trace.rows import OLDER, SCHEMA, TYPES, Kind

KEY: Final = b"axemu"
BLOCKS_KEY: Final = b"axemu-blocks"
KINDS: Final = tuple(kind.text for kind in Kind)
COLUMNS: Final = tuple(TYPES)
_EXPECTED: Final = "a trace that axemu recorded"
_RECORD: Final = "Record one with: axemu trace --plain GUEST --record all -o FILE.parquet"
_PARQUET, _ARROW = b"PAR1", b"ARROW1"
_STREAM: Final = b"\xff\xff\xff\xff"


class Format(Enum):
    PARQUET = "Parquet"
    ARROW = "Arrow"


@dataclass(frozen=True, slots=True)
class Lane:
    """One 64-bit part of a register; `lane` counts from the least significant."""

    name: str
    bits: int
    lane: int


@dataclass(frozen=True)
class Header:
    """The metadata, as the file has it; see docs/trace-queries.md for its fields."""

    path: Path
    format: Format
    fields: Mapping[str, Any]
    blocks: bytes = b""

    @property
    def isa(self) -> str:
        return str(self.fields["isa"])

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(map(str, self.fields["names"]))

    @cached_property
    def registers(self) -> tuple[Lane, ...]:
        return tuple(
            Lane(str(each["name"]), int(each["bits"]), int(each["lane"])) for each in self.fields["registers"]
        )

    @property
    def record(self) -> tuple[str, ...]:
        """What was asked to be recorded."""
        return tuple(map(str, self.fields["record"]))

    @property
    def by_block(self) -> bool:
        """Instructions are rows of kind block, not insn."""
        return bool(self.fields["rows"] == "block")

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(str(name) for name, *_ in self.fields["devices"])

    @property
    def left_out(self) -> Mapping[str, int]:
        found: Mapping[str, int] = self.fields["left_out"]
        return found

    @property
    def options(self) -> str:
        """Those that it was recorded with."""
        given = self.fields.get("options") or {}
        if isinstance(given, Mapping):
            return " ".join(f"{name}={value}" for name, value in given.items())
        return " ".join(map(str, given))

    @property
    def words(self) -> tuple[str, ...]:
        """The values of the options that it was recorded with."""
        given = self.fields.get("options") or {}
        values = given.values() if isinstance(given, Mapping) else given
        found: list[str] = []
        for value in values:
            found += map(str, value) if isinstance(value, list) else [str(value)]
        return tuple(found)

    @property
    def guest(self) -> Mapping[str, str | None]:
        found: Mapping[str, str | None] = self.fields["guest"]
        return found


def read_header(path: Path) -> Header:
    """Raises LoadError for what is no trace, is cut off, or has another version's schema."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
            size = file.seek(0, 2)
            file.seek(max(size - 8, 0))
            tail = file.read()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise LoadError(path, _EXPECTED, reason, "Check the path") from error
    if head.startswith(_PARQUET):
        found = _of_parquet(path, complete=size > 12 and tail.endswith(_PARQUET))
    elif head.startswith(_ARROW):
        found = _of_arrow(path, complete=size > 16 and tail.endswith(_ARROW))
    else:
        raise _no_trace(path, head)
    return _checked(found)


def _of_parquet(path: Path, *, complete: bool) -> Header:
    if not complete:
        raise _cut_off(path)
    try:
        whole = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    return _header(path, Format.PARQUET, whole.metadata or {}, whole.schema.to_arrow_schema())


def _of_arrow(path: Path, *, complete: bool) -> Header:
    """The last batch of the file has the whole metadata: they are not known before."""
    if not complete:
        raise _cut_off(path)
    try:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            found = dict(reader.schema.metadata or {})
            if reader.num_record_batches:
                last = reader.get_batch_with_custom_metadata(reader.num_record_batches - 1)
                found |= dict(last.custom_metadata or {})
            return _header(path, Format.ARROW, found, reader.schema)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _header(path: Path, form: Format, found: Mapping[bytes, bytes], schema: pa.Schema) -> Header:
    text = found.get(KEY)
    if text is None:
        actual = f"a {form.value} file of something else: it has no metadata '{KEY.decode()}'"
        raise LoadError(path, _EXPECTED, actual, _RECORD)
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise _damaged(path, error) from error
    if not isinstance(fields, dict):
        raise LoadError(path, _EXPECTED, f"metadata that are {type(fields).__name__}, not an object", _RECORD)
    if fields.get("schema") not in (SCHEMA, OLDER):
        actual = (
            f"schema {fields.get('schema')!r}, written by axemu {fields.get('version', 'of unknown version')}"
        )
        raise LoadError(
            path, f"a trace of schema {SCHEMA!r}", actual, "Query it with that version, or record it again"
        )
    missing = [name for name in COLUMNS if name not in schema.names]
    if missing:
        raise LoadError(
            path, f"the columns {', '.join(COLUMNS)}", f"a file without {', '.join(missing)}", _RECORD
        )
    return Header(path, form, fields, _blocks(path, found.get(BLOCKS_KEY, b"")))


def _blocks(path: Path, found: bytes) -> bytes:
    """The Arrow IPC stream of the table of blocks; older files have it as it is."""
    if found.startswith(_STREAM):
        return found
    try:
        return base64.b64decode(found, validate=True)
    except ValueError as error:
        raise _damaged(path, error) from error


def _checked(header: Header) -> Header:
    """Raises LoadError where the metadata lack what questions need."""
    fields = header.fields
    kinds: dict[str, type | tuple[type, ...]] = {
        "isa": str,
        "record": list,
        "rows": str,
        "left_out": dict,
        "guest": dict,
        "symbols": list,
        "kinds": list,
        "names": list,
        "registers": list,
        "devices": list,
        "console": list,
    }
    for name, kind in kinds.items():
        if not isinstance(fields.get(name), kind):
            what = "none" if name not in fields else f"a {type(fields[name]).__name__}"
            raise LoadError(header.path, f"metadata with a {kind} {name!r}", what, "Record the trace again")
    if tuple(fields["kinds"]) != KINDS:
        raise LoadError(
            header.path,
            f"the kinds {', '.join(KINDS)}",
            ", ".join(map(str, fields["kinds"])),
            "Record it again",
        )
    try:
        _ = header.names, header.registers, header.devices
    except (TypeError, ValueError, KeyError) as error:
        raise _damaged(header.path, error) from error
    return header


def _cut_off(path: Path) -> LoadError:
    actual = "the beginning of one: its end is missing"
    return LoadError(
        path, "a whole trace", actual, "The run was killed, the disk full, or the copy not finished"
    )


def _damaged(path: Path, error: Exception) -> LoadError:
    reason = " ".join(str(error).split())[:200]
    return LoadError(path, "a whole trace", f"a damaged one ({reason})", "Copy or record it again")


def _no_trace(path: Path, head: bytes) -> LoadError:
    if not head:
        actual = "an empty file"
    elif head.startswith(b"\x7fELF"):
        actual = "an ELF program"
    elif head[:1] in b"{[":
        return LoadError(path, f"{_EXPECTED} as Parquet or Arrow", "JSON", _RECORD)
    elif head.startswith(b"\x28\xb5\x2f\xfd"):
        return LoadError(path, f"{_EXPECTED} as Parquet or Arrow", "a file compressed by zstd", _RECORD)
    else:
        actual = f"a file that begins with {head.hex(' ')}"
    return LoadError(path, f"{_EXPECTED} as Parquet or Arrow", actual, _RECORD)
