"""What is no trace, or not a whole one; and programs beside it that are not what was recorded."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.trace_file import INSN, WRITE
from emu.debug.sources import read_symbols
from emu.errors import LoadError
from emu.trace.query import Trace
from tests.axemu.conftest import ROOT

PROGRAM = ROOT / "guests" / "riscv64" / "debuggee" / "debuggee.elf"


def refused(path: Path) -> str:
    with pytest.raises(LoadError) as caught, Trace(path) as trace:
        trace.ask("summary").rows()
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"\x7fELF\x02\x01\x01", "an ELF program"),
        (b'{"insn": 0}\n', "got JSON"),
        (b"\x28\xb5\x2f\xfd....", "compressed by zstd"),
        (b"hello world", "begins with 68 65 6c 6c 6f"),
        (b"PAR1", "its end is missing"),
        (b"PAR1" + bytes(40) + b"PAR1", "a damaged one"),
        (b"ARROW1\0\0", "its end is missing"),
        (b"ARROW1" + bytes(40) + b"ARROW1", "a damaged one"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "run.parquet"
    path.write_bytes(content)
    assert message in refused(path)


def test_no_file(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "nowhere.parquet")
    assert "is a directory" in refused(tmp_path)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_file_that_is_cut_off(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    data = request.getfixturevalue(kind).read_bytes()
    path = tmp_path / f"run.{kind}"
    path.write_bytes(data[: len(data) // 2])
    assert "the beginning of one: its end is missing" in refused(path)


def test_damage_inside_is_found_by_the_question(tmp_path: Path, parquet: Path) -> None:
    data = bytearray(parquet.read_bytes())
    data[5_000:9_000] = bytes(4_000)
    path = tmp_path / "run.parquet"
    path.write_bytes(data)
    with Trace(path) as trace, pytest.raises(LoadError, match="a damaged one"):
        trace.ask("who wrote counter").rows()


def test_other_parquet_files(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    assert "it has no metadata 'axemu'" in refused(path)
    for text, message in (
        ("{", "a damaged one"),
        ("[]", "metadata that are list"),
        (
            json.dumps({"schema": "axemu-trace-9", "version": "9.1"}),
            "got schema 'axemu-trace-9', written by axemu 9.1",
        ),
        (json.dumps({"schema": "axemu-trace-1"}), "without insn, vcpu"),
    ):
        pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({"axemu": text}), path)
        assert message in refused(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kinds": ["insn"]}, "expected the kinds insn, reg"),
        ({"names": None}, "'names'"),
        ({"registers": [{"nom": "a0"}]}, "a damaged one"),
    ],
)
def test_metadata_without_what_is_needed(
    written: Callable[..., Path], changes: dict[str, Any], message: str
) -> None:
    assert message in refused(written([], **changes))


def test_a_name_with_a_pattern_in_it_is_that_file(written: Callable[..., Path], tmp_path: Path) -> None:
    for other in ("run1.parquet", "axbx.parquet"):
        written([(1, 0, INSN, 0, 0, 0, 4, 0)], name=other)
    for name in ("run[1].parquet", "a*b?.parquet", "it's.parquet"):
        with Trace(written([(7, 0, INSN, 0, 0, 0, 4, 0)], name=name)) as trace:
            assert trace.sql("SELECT insn FROM insns").fetchall() == [(7,)]


def test_an_empty_trace_answers(written: Callable[..., Path]) -> None:
    with Trace(written([])) as trace:
        for question in (
            "who wrote counter",
            "who last wrote counter",
            "when was main executed",
            "calls of main",
            "history of a0",
            "value of a0 at 5",
            "value of counter at 5",
            "what happened at 5",
            "exits",
            "summary",
        ):
            assert trace.ask(question).rows() == []


def recorded(written: Callable[..., Path], guest: dict[str, str | None], **changes: Any) -> Path:
    """A write to `done` by `main` of PROGRAM."""
    table = read_symbols(str(PROGRAM)).table
    main = table.address("main")
    assert main is not None
    symbols = [[each.name, each.address, each.size] for each in table]
    return written([(0, 0, WRITE, main, main + 0x1000, 1, 4, 0)], guest=guest, symbols=symbols, **changes)


def test_lines_are_of_the_program_that_is_named(written: Callable[..., Path]) -> None:
    path = recorded(written, {"file": None, "sha256": None, "build_id": None})
    with Trace(path, (str(PROGRAM),)) as trace:
        assert trace.warnings == ()
        (row,) = trace.ask("who wrote 0..0xffffffff").table().to_pylist()
        assert row["symbol"] == "main"
        assert row["line"].startswith("debuggee.c:")
        line = row["line"]
        assert trace.ask(f"when was {line} executed from 0 to 5").facts["count"] == 0
        assert trace.sql(f"SELECT line_of({row['pc']})").fetchall() == [(line,)]


def test_the_program_is_found_again(
    written: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha256(PROGRAM.read_bytes()).hexdigest()
    monkeypatch.chdir(tmp_path)
    guest = {"file": PROGRAM.name, "sha256": digest, "build_id": None}
    with Trace(recorded(written, guest, options=[str(PROGRAM.parent)])) as trace:
        assert trace.names.has_lines
    path = recorded(written, guest)
    with Trace(path) as trace:
        assert not trace.names.has_lines
        assert "--symbols" in trace.warnings[0]
    shutil.copy(PROGRAM, tmp_path / PROGRAM.name)
    with Trace(path) as trace:
        assert trace.names.has_lines
        assert trace.warnings == ()
    with (tmp_path / PROGRAM.name).open("ab") as file:
        file.write(b"changed")
    with Trace(path) as trace:
        assert not trace.names.has_lines


def test_another_build_is_warned_of(written: Callable[..., Path]) -> None:
    path = recorded(written, {"file": "debuggee.elf", "sha256": "0" * 64, "build_id": None})
    with Trace(path, (str(PROGRAM),)) as trace:
        (warning,) = trace.warnings
        assert "is not the file that was recorded: its SHA-256 is" in warning


def test_a_program_with_other_names_is_none_of_the_guests(written: Callable[..., Path]) -> None:
    path = written(
        [], guest={"file": "other", "sha256": "0" * 64, "build_id": "ab"}, symbols=[["sys_open", 5, 1]]
    )
    with Trace(path, (str(PROGRAM),)) as trace:
        assert trace.warnings == ()


def test_expressions_of_c_know_types(written: Callable[..., Path]) -> None:
    path = recorded(written, {"file": None, "sha256": None, "build_id": None})
    with Trace(path, (str(PROGRAM),)) as trace:
        size = trace.names.table.find("main")
        assert size is not None
        assert trace.names.memory("*(int *)0x80001000").size == 4
        assert trace.names.memory("(char *)main + 4").address == size.address + 4


def test_addresses_of_the_kernel_are_translated(written: Callable[..., Path]) -> None:
    path = written(
        [(0, 0, WRITE, 0xFFFFFFFF80000000, 0x80201000, 1, 8, 0)],
        symbols=[["jiffies", 0xFFFFFFFF80001000, 8]],
        translations=[[0xFFFFFFFF80000000, 0x80200000, 0x200000]],
    )
    with Trace(path) as trace:
        assert trace.ask("who wrote jiffies").facts["count"] == 1
