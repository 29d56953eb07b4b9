"""Compressed and split debugging information, and source files that are missing or newer than the program."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import zlib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from emu.debug.info import DebugInfo, Source
from emu.symbols import SourceLine

PROGRAM = """\
struct pair { int first, second; } pair = { 1, 2 };
int work(int a) { return a + pair.first; }
void _start(void) { work(2); for (;;) ; }
"""


def built(folder: Path, *options: str) -> Path:
    pytest.importorskip("ziglang", reason="the compiler is missing: pip install '.[test]'")
    (folder / "prog.c").write_text(PROGRAM)
    line = ["-target", "riscv64-freestanding-none", "-fno-sanitize=all", "-O0", "-g", *options]
    line += ["-nostdlib", "-static", "-o", "prog.elf", "prog.c"]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *line], cwd=folder, check=True)
    return folder / "prog.elf"


def answers(info: DebugInfo) -> tuple[object, ...]:
    (work,) = info.functions("work")
    pair = info.type("struct pair")
    return (
        work.low,
        info.line(info.body(work)).line,
        [each.name for each in info.variables(info.body(work))],
        pair.declare() if pair is not None else None,
        info.globals("pair")[0].fixed,
    )


def compressed(path: Path, kind: int, size: int | None = None) -> bytes:
    """The file with its .debug_ sections compressed in that way, each at the end of the file."""
    data = bytearray(path.read_bytes())
    with path.open("rb") as file:
        elf = ELFFile(file)
        table, width = elf["e_shoff"], elf["e_shentsize"]
        rows = [
            (number, row) for number, row in enumerate(elf.iter_sections()) if row.name.startswith(".debug_")
        ]
        for number, row in rows:
            content = row.data()
            packed = {1: zlib.compress, 2: zstd}.get(kind, bytes)(content)
            held = struct.pack("<IIQQ", kind, 0, len(content) if size is None else size, 1) + packed
            header = table + number * width
            struct.pack_into("<Q", data, header + 8, row["sh_flags"] | 0x800)
            struct.pack_into("<QQ", data, header + 24, len(data), len(held))
            data += held
    return bytes(data)


def zstd(content: bytes) -> bytes:
    """A frame of raw blocks, which needs no compressor (RFC 8878, 3.1.1)."""
    frame = struct.pack("<IBQ", 0xFD2FB528, 0xE0, len(content))
    pieces = [content[start : start + 0x10000] for start in range(0, len(content), 0x10000)] or [b""]
    for number, piece in enumerate(pieces):
        frame += (len(piece) << 3 | (number == len(pieces) - 1)).to_bytes(3, "little") + piece
    return frame


def test_the_linker_s_compressed_sections_answer_the_same(tmp_path: Path) -> None:
    plain = DebugInfo(built(tmp_path))
    objcopy = shutil.which("llvm-objcopy") or shutil.which("objcopy")
    if objcopy is None:
        pytest.skip("objcopy is missing")
    packed = tmp_path / "packed.elf"
    line = [objcopy, "--compress-debug-sections=zlib", str(plain.path), str(packed)]
    if subprocess.run(line, check=False, capture_output=True).returncode:
        pytest.skip("objcopy does not know the machine")
    assert answers(DebugInfo(packed)) == answers(plain)


def test_sections_of_zlib_answer_the_same(tmp_path: Path) -> None:
    plain = DebugInfo(built(tmp_path))
    info = DebugInfo(None, compressed(plain.path, 1))
    assert answers(info) == answers(plain)
    assert not info.troubles


def test_sections_of_zstd_answer_the_same_or_say_what_they_need(tmp_path: Path) -> None:
    plain = DebugInfo(built(tmp_path))
    info = DebugInfo(None, compressed(plain.path, 2))
    if find_spec("zstandard") is not None or sys.version_info >= (3, 14):
        assert answers(info) == answers(plain)
        return
    assert info.functions("work") == []
    assert any("pip install zstandard" in each and "objcopy" in each for each in info.troubles)


@pytest.mark.parametrize(("kind", "size"), [(7, None), (1, 1 << 60), (1, 3)])
def test_a_compression_that_is_wrong_is_a_trouble_or_gives_less(
    tmp_path: Path, kind: int, size: int | None
) -> None:
    info = DebugInfo(None, compressed(built(tmp_path), kind, size))
    assert info.functions("nosuch") == []
    assert info.type("struct pair") is None
    assert info.line(0x10000) is None
    assert info.troubles


def test_a_large_section_is_decompressed_once(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AXEMU_CACHE", str(tmp_path / "cache"))
    sections = import_module("emu.debug.info.sections")
    monkeypatch.setattr(sections, "_CACHED_FROM", 16)
    monkeypatch.setattr(sections.cache, "base", lambda: tmp_path / "cache")
    path = tmp_path / "packed.elf"
    path.write_bytes(compressed(built(tmp_path), 1))
    first = answers(DebugInfo(path))
    assert list((tmp_path / "cache" / "debug").iterdir())

    def broken(*given: object) -> object:
        raise AssertionError("it was decompressed again")

    monkeypatch.setattr(sections.zlib, "decompressobj", broken)
    again = DebugInfo(path)
    assert answers(again) == first
    assert not again.troubles


def test_split_information_gives_lines_and_says_what_it_lacks(tmp_path: Path) -> None:
    try:
        path = built(tmp_path, "-gsplit-dwarf", "-c", "-o", "prog.o")
    except subprocess.CalledProcessError:
        pytest.skip("the compiler does not split")
    path = tmp_path / "prog.o" if not path.exists() else path
    info = DebugInfo(path)
    if b".dwo" not in path.read_bytes():
        pytest.skip("the compiler did not split")
    assert info.type("struct pair") is None
    info.line(0)
    assert any("-gsplit-dwarf" in each for each in info.troubles)


def test_a_source_that_is_not_here_says_what_to_do(tmp_path: Path) -> None:
    text = Source([tmp_path]).lines(SourceLine("gone.c", 3, "/nowhere"), 1, 5)
    assert text.path is None
    assert text.lines == ()
    assert text.note.startswith("/nowhere/gone.c is not here: name a directory")


def test_a_source_is_found_beside_the_program_and_by_substitution(tmp_path: Path) -> None:
    path = built(tmp_path)
    line = SourceLine("src/prog.c", 2, "/elsewhere")
    assert Source.of(path).path(line) == tmp_path / "prog.c"
    assert Source(substitutions=[("/elsewhere/src", str(tmp_path))]).path(line) == tmp_path / "prog.c"
    assert Source(substitutions=[("/else", str(tmp_path))]).path(line) is None
    shown = Source.of(path).lines(line, 2, 3)
    assert [number for number, _ in shown.lines] == [2, 3]
    assert shown.lines[0][1].startswith("int work")
    assert not shown.note


def test_a_source_newer_than_the_program_is_noted(tmp_path: Path) -> None:
    path = built(tmp_path)
    line = SourceLine("prog.c", 2, str(tmp_path))
    later = path.stat().st_mtime + 10
    os.utime(tmp_path / "prog.c", (later, later))
    shown = Source.of(path).lines(line, 1, 2)
    assert len(shown.lines) == 2
    assert shown.note == f"{tmp_path / 'prog.c'} is newer than the program."


def test_a_source_that_is_too_short_or_no_text_is_noted(tmp_path: Path) -> None:
    (tmp_path / "prog.c").write_bytes(b"\xff\xfe one line\r\n")
    source = Source([tmp_path])
    line = SourceLine("prog.c", 9, "")
    assert "has 1 lines" in source.lines(line, 8, 10).note
    assert source.lines(line, -3, 1).lines == ((1, "\ufffd\ufffd one line"),)
    (tmp_path / "dir.c").mkdir()
    assert source.lines(SourceLine("dir.c", 1, ""), 1, 1).path is None
