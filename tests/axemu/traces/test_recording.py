"""`axemu trace --plain` as a person uses it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.parquet
import pytest
from elftools.elf.elffile import ELFFile

from axemu import cli
from axemu.traces.output import Output
from tests.axemu.conftest import ROOT

HELLO, TRAPS, SPIN = (str(ROOT / "guests" / "riscv64" / name) for name in ("hello", "traps", "spin"))
INSTRUCTIONS = 352  # of hello


def trace(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.dispatch(["trace", "--plain", *words])
    out, err = capfd.readouterr()
    return code, out, err


def test_text_has_a_line_for_each_instruction(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = trace(capfd, HELLO, "-o", "-", "--record", "insns,regs,mem")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) == INSTRUCTIONS + 1
    assert "csrr a0, mhartid" in lines[0]
    assert "<_start>" in lines[0]
    assert lines[-1].startswith("# 352 instructions; left out: nothing; ")
    assert any("store 8 0x80002008=0x8000001a" in line for line in lines)
    assert "hello from riscv64" in err


def test_spike_names_what_each_instruction_writes(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = trace(capfd, HELLO, "-o", "-", "--format", "spike")
    lines = out.splitlines()
    assert (code, len(lines)) == (0, INSTRUCTIONS)
    assert lines[0] == "core   0: 3 0x0000000080000000 (0xf1402573) x10 0x0000000000000000"
    assert lines[13] == "core   0: 3 0x000000008000006a (0x34031073) c832_mscratch 0x0000000080009810"
    assert any(line.endswith(" mem 0x0000000080002008 0x000000008000001a") for line in lines)


def test_jsonl_is_one_object_a_line(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = tmp_path / "a.jsonl"
    assert trace(capfd, HELLO, "-o", str(place), "--record", "all")[0] == 0
    rows = [json.loads(line) for line in place.read_text().splitlines()]
    assert rows[0]["schema"] == "axemu-trace-2"
    assert rows[-1]["complete"] is True
    assert sum(row["kind"] == "insn" for row in rows) == INSTRUCTIONS
    assert {"kind": "console", "text": "hello from riscv64 on bare"}.items() <= next(
        row for row in rows if row["kind"] == "console"
    ).items()


def test_parquet_is_read_by_duckdb(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = tmp_path / "a.parquet"
    assert trace(capfd, HELLO, "-o", str(place))[0] == 0
    total = duckdb.sql(f"select sum(value) from '{place}' where kind = 10").fetchall()
    assert total == [(INSTRUCTIONS,)]
    metadata = pyarrow.parquet.read_metadata(place).metadata
    about = json.loads(metadata[b"axemu"])
    assert (about["rows"], about["instructions"], about["left_out"]) == ("block", INSTRUCTIONS, {})
    blocks = pyarrow.ipc.open_stream(base64.b64decode(metadata[b"axemu-blocks"])).read_all().to_pylist()
    assert blocks[0] == {
        "pc": 0x8000_0000,
        "size": 4,
        "count": 1,
        "offsets": [0],
        "code": b"\x73\x25\x40\xf1",
    }


def test_hooks_of_a_user_run_beside_it(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    hooks = tmp_path / "few.py"
    hooks.write_text(
        "from emu.hook import Block, counter, on_block\n"
        "ran = counter('blocks that ran')\n"
        "@on_block\n"
        "def count(ctx: Block) -> None:\n"
        "    ran.add(1)\n"
        "    if ran.value == 50:\n"
        "        ctx.stop('enough', 7)\n"
    )
    hooked, alone = tmp_path / "hooked.parquet", tmp_path / "alone.parquet"
    words = (HELLO, "--record", "insns,regs,mem,exits", "-o")
    code, out, _ = trace(capfd, *words, str(hooked), "--hook", str(hooks))
    assert code == 7
    assert "blocks that ran: 50" in out
    found = pyarrow.parquet.read_table(hooked)
    about = json.loads(pyarrow.parquet.read_metadata(hooked).metadata[b"axemu"])
    assert 50 < about["instructions"] < INSTRUCTIONS
    assert trace(capfd, *words, str(alone))[0] == 0
    assert pyarrow.parquet.read_table(alone)[: len(found)].equals(found)
    code, out, err = trace(capfd, *words, "-", "--hook", str(hooks))
    assert "blocks that ran" not in out
    assert "blocks that ran: 50" in err


def test_an_arrow_file_ends_with_its_metadata(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = tmp_path / "a.arrow"
    assert trace(capfd, TRAPS, "-o", str(place), "--record", "all")[0] == 0
    file = pyarrow.ipc.open_file(place)
    _, metadata = file.get_batch_with_custom_metadata(file.num_record_batches - 1)
    about = json.loads(metadata[b"axemu"])
    assert file.read_all().num_rows == about["rows_count"]
    assert about["complete"]


def test_the_header_has_the_options_of_the_command(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = str(tmp_path / "a.parquet")
    assert trace(capfd, HELLO, "-o", place, "--from", "10", "--only", "main", "--smp=1")[0] == 0
    about = json.loads(pyarrow.parquet.read_metadata(place).metadata[b"axemu"])
    assert about["options"] == {
        "guest": HELLO,
        "smp": "1",
        "output": place,
        "only": ["main"],
        "from": 10,
    }
    assert about["translations"] == []


def test_zstd(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.txt", tmp_path / "a.txt.zst"
    for place in (plain, packed):
        assert trace(capfd, TRAPS, "-o", str(place))[0] == 0
    assert packed.stat().st_size < plain.stat().st_size / 4
    with pyarrow.CompressedInputStream(str(packed), "zstd") as stream:
        assert stream.read() == plain.read_bytes()


@pytest.mark.parametrize(
    ("words", "count", "said"),
    [
        (("--from", "100", "--to", "120"), 20, "100 instructions before the recording began"),
        (("--to", "50"), 50, "302 instructions after the recording had ended"),
        (("--only", "exit"), 5, "347 instructions by --only"),
        (("--only", "0x80000000..0x80000010"), 4, "348 instructions by --only"),
        (("--start-at", "main", "--stop-at", "exit"), None, "instructions before the recording began"),
        (("--level", "user"), 0, "352 instructions by --level"),
        (("--vcpu", "0"), INSTRUCTIONS, "left out: nothing"),
    ],
)
def test_a_trace_says_what_it_leaves_out(
    capfd: pytest.CaptureFixture[str], words: tuple[str, ...], count: int | None, said: str
) -> None:
    code, out, err = trace(capfd, HELLO, "-o", "-", "--record", "insns", *words)
    assert code == 0
    assert "hello: pass" in err
    lines = out.splitlines()
    assert said in lines[-1]
    if count is not None:
        assert len(lines) - 1 == count


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((HELLO,), "None is named."),
        ((HELLO, "-o", "a.parquet", "--format", "xml"), "'xml' was given."),
        ((HELLO, "-o", "-", "--record", "everything"), "'everything' was given."),
        ((HELLO, "-o", "-", "--only", "no_such"), "there is no symbol of this name"),
        ((HELLO, "-o", "-", "--level", "boss"), "--level takes one of machine,"),
        ((HELLO, "-o", "-", "--vcpu", "3"), "--vcpu takes 0 to 0."),
        ((HELLO, "-o", "-", "--format", "arrow"), "ends in .parquet or in .arrow"),
        ((HELLO, "-o", "/nowhere/a.txt"), "Cannot write the trace: No such file or directory."),
        ((HELLO, "-o", "-", "--start-at", "no_such"), "take a place in the guest's code"),
    ],
)
def test_what_cannot_be_is_refused(
    capfd: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    code, _, err = trace(capfd, *words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_an_output_that_exists_is_kept(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = tmp_path / "a.txt"
    place.write_text("mine")
    code, _, err = trace(capfd, HELLO, "-o", str(place))
    assert (code, place.read_text()) == (2, "mine")
    assert "--force" in err
    assert trace(capfd, HELLO, "-o", str(place), "--force")[0] == 0
    assert place.read_text().startswith("         0 0 ")


def test_a_count_ends_the_guest(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = trace(capfd, SPIN, "-o", "-", "--from", "100", "--count", "20", "--record", "insns")
    assert code == 0
    lines = out.splitlines()
    assert [int(line.split()[0]) for line in lines[:-1]] == list(range(100, 120))
    assert lines[-1].endswith("before the recording began; as many instructions as asked for")
    assert "recorded as many instructions as asked for" in err
    code, out, err = trace(capfd, HELLO, "-o", "-", "--count", "400", "--record", "insns")
    assert (code, len(out.splitlines())) == (0, INSTRUCTIONS + 1)
    assert "hello: pass" in err


def test_there_is_no_file_before_the_recording_begins(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place, old = tmp_path / "a.txt", tmp_path / "b.txt"
    old.write_text("mine")
    made = Output(str(place), force=False)
    assert not place.exists()
    made.begin()
    made.close()
    assert place.exists()
    for each in (tmp_path / "c.txt", old):
        code, _, err = trace(capfd, HELLO, "-o", str(each), "--force", "--from", "1000000")
        assert "nothing is recorded: the guest ended at instruction 352" in err
        assert code == 0
    assert not (tmp_path / "c.txt").exists()
    assert old.read_text() == "mine"


def test_a_full_disk_ends_the_recording_and_not_the_guest(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = trace(capfd, TRAPS, "-o", "/dev/full", "--force", "--format", "text")
    assert code == 2
    assert "ok jumps drop bit 0" in out
    assert "No space left on device" in err
    assert "traps: pass" in err


def test_where_room_runs_out_a_parquet_file_is_whole(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno  # noqa: PLC0415
    import os  # noqa: PLC0415

    from axemu.traces import columns  # noqa: PLC0415
    from emu.trace import recorder  # noqa: PLC0415

    monkeypatch.setattr(columns, "GROUP", 1 << 12)
    monkeypatch.setattr(recorder, "ROOM", 1 << 12)

    def allocate(fd: int, offset: int, size: int) -> None:
        if size > (1 << 20) + 500_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", allocate)
    place = tmp_path / "a.parquet"
    code, out, err = trace(capfd, TRAPS, "-o", str(place), "--record", "all")
    assert code == 2
    assert "ok jumps drop bit 0" in out
    assert "No space left on device" in err
    about = json.loads(pyarrow.parquet.read_metadata(place).metadata[b"axemu"])
    assert about["complete"] is False
    assert about["left_out"]["instructions after the file was full"] > 0
    rows = duckdb.sql(f"select count(*) from '{place}'").fetchall()
    assert rows[0][0] == about["rows_count"] > 0


def test_a_pipe_that_is_closed_ends_the_recording_and_not_the_guest() -> None:
    command = [sys.executable, "-m", "axemu", "trace", "--plain", TRAPS, "-o", "-", "--record", "all"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait() == 2
    assert "traps: pass" in said
    assert "Broken pipe" in said
    assert "Traceback" not in said


def test_perfetto_has_a_track_for_each_kind(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = tmp_path / "a.pftrace"
    assert trace(capfd, TRAPS, "-o", str(place))[0] == 0
    data = place.read_bytes()
    names = [b"vCPU 0", b"functions", b"exits", b"traps", b"privilege", b"console", b"mmio-write uart"]
    assert all(name in data for name in names)
    at, packets = 0, 0
    while at < len(data):  # field 1 of bytes, again and again
        assert data[at] == 0x0A
        at, size, shift = at + 1, 0, 0
        while True:
            size |= (data[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not data[at - 1] & 0x80:
                break
        at += size
        packets += 1
    assert at == len(data)
    assert packets > 1000


def test_a_number_with_a_name_is_no_function(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    program, place = tmp_path / "hello.elf", tmp_path / "a.parquet"
    data = bytearray(Path(HELLO, "hello.elf").read_bytes())
    with Path(HELLO, "hello.elf").open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        number = next(n for n, each in enumerate(table.iter_symbols()) if each.name == "print")
        at = table["sh_offset"] + number * table["sh_entsize"]
    data[at + 6 : at + 8] = (0xFFF1).to_bytes(2, "little")  # st_shndx: SHN_ABS
    program.write_bytes(data)
    assert trace(capfd, str(program), "--machine", "bare", "-o", str(place))[0] == 0
    about = json.loads(pyarrow.parquet.read_metadata(place).metadata[b"axemu"])
    names = {name for name, *_ in about["symbols"]}
    assert "print" not in names
    assert "exit" in names
    code, _, err = trace(capfd, str(program), "--machine", "bare", "-o", "-", "--only", "print")
    assert code == 2
    assert "Traceback" not in err
    assert "--only takes" in err
