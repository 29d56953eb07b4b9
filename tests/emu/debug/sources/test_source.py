"""Names from files: ELF executables at their link addresses and moved, symbol maps, and errors that say what to do."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from emu.debug.sources import read_symbols
from emu.errors import ConfigError, LoadError
from emu.symbols import SymbolKind

GUESTS = Path(__file__).resolve().parents[4] / "guests"
MAP = """\
0000000000000000 A fixed_percpu_data
ffffffff80000000 T _start
ffffffff80001000 t helper
ffffffff80001040 W weak
ffffffff80002000 D state
ffffffff80003000 T _etext
"""


def written(folder: Path, content: str | bytes, name: str = "System.map") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("isa", ["riscv64", "arm", "mips", "ppc64", "x86_64"])
def test_an_executable_is_found_at_its_link_addresses_and_moved(isa: str) -> None:
    path = GUESTS / isa / "hello" / "hello.elf"
    linked, moved = read_symbols(str(path)), read_symbols(f"{path}@0x10000")
    assert (linked.path, linked.base, linked.is_elf) == (path, 0, True)
    assert (moved.path, moved.base, moved.is_elf) == (path, 0x10000, True)
    main, other = linked.table.find("main"), moved.table.find("main")
    assert main is not None
    assert other is not None
    assert (other.address - main.address, other.size) == (0x10000, main.size)
    assert moved.table.name(main.address + 0x10000) == "main"
    assert linked.table.line(main.address) == moved.table.line(main.address + 0x10000)
    assert len(linked.table) == len(moved.table) > 3


def test_a_move_down_wraps_at_the_width_of_the_file() -> None:
    path = GUESTS / "arm" / "hello" / "hello.elf"
    linked = read_symbols(str(path)).table.address("main")
    moved = read_symbols(f"{path}@{(1 << 32) - 0x1000:#x}").table.address("main")
    assert linked is not None
    assert moved == linked - 0x1000


def test_a_map_gives_kinds_and_stretches(tmp_path: Path) -> None:
    source = read_symbols(str(written(tmp_path, MAP)))
    assert not source.is_elf
    assert source.table.name(0xFFFFFFFF80001004) == "helper+0x4"
    assert source.table.name(0xFFFFFFFF80001050) == "weak+0x10"
    assert source.table.name(0) is None, "an absolute symbol names no address"
    found = {symbol.name: (symbol.kind, symbol.exported) for symbol in source.table}
    assert found == {
        "fixed_percpu_data": (SymbolKind.ABSOLUTE, True),
        "_start": (SymbolKind.FUNCTION, True),
        "helper": (SymbolKind.FUNCTION, False),
        "weak": (SymbolKind.FUNCTION, True),
        "state": (SymbolKind.OBJECT, True),
        "_etext": (SymbolKind.FUNCTION, True),
    }


def test_a_map_is_moved_by_its_base_but_its_numbers_are_not(tmp_path: Path) -> None:
    path = written(tmp_path, MAP)
    table = read_symbols(f"{path}@0x200000").table
    assert table.address("_start") == 0xFFFFFFFF80200000
    assert table.address("fixed_percpu_data") == 0


def test_forms_of_nm_and_of_proc_kallsyms_are_read_too(tmp_path: Path) -> None:
    rows = "\n".join(
        [
            "                 U printf",
            "                 w __gmon_start__",
            "0000000000001139 000000000000000b T main",
            "ffffffffc0001000 t virtblk_probe\t[virtio_blk]",
            "00002000 d $d",
            "00003000 B bss\r",
            "",
        ]
    )
    table = read_symbols(str(written(tmp_path, rows))).table
    assert [(symbol.name, symbol.address, symbol.size) for symbol in table] == [
        ("main", 0x1139, 11),
        ("bss", 0x3000, 0),
        ("virtblk_probe", 0xFFFFFFFFC0001000, 0),
    ]


def test_a_map_of_200_000_symbols_is_read_fast(tmp_path: Path) -> None:
    rows = "".join(f"{0xFFFFFFFF80000000 + 48 * n:016x} t some_function_{n}\n" for n in range(200_000))
    path = written(tmp_path, rows)
    begin = time.process_time()
    table = read_symbols(str(path)).table
    assert time.process_time() - begin < 2.5, "0.8 s on a host that does nothing else"
    assert len(table) == 200_000


def test_an_at_sign_in_the_name_of_a_file_is_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, MAP, "System.map@6.12")
    assert read_symbols(str(path)).base == 0
    assert read_symbols(f"{path}@4096").base == 4096


@pytest.mark.parametrize("base", ["here", "", "-1", "0x10000000000000000"])
def test_a_base_that_is_none_is_refused(tmp_path: Path, base: str) -> None:
    path = written(tmp_path, MAP)
    with pytest.raises(ConfigError, match=r"BASE below 2\*\*64"):
        read_symbols(f"{path}@{base}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"MZ\x90\0nothing that is known", "begins with 4d 5a 90"),
        (gzip.compress(MAP.encode()), "gzip -dc"),
        (MAP + "what is this\n", "in line 7"),
        (f"{0:016x} T _start\n{0:016x} T main\n", "kptr_restrict"),
        (b"\x7fELF\2\1\1", "ELF header of 64 bytes"),
    ],
)
def test_other_files_are_refused_with_what_to_do(tmp_path: Path, content: str | bytes, words: str) -> None:
    path = written(tmp_path, content, "file")
    with pytest.raises(LoadError, match=words) as caught:
        read_symbols(str(path))
    assert str(path) in str(caught.value)


def test_files_that_are_not_there_or_not_linked_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file"):
        read_symbols(str(tmp_path / "missing"))
    with pytest.raises(LoadError, match="a file that can be read"):
        read_symbols(str(tmp_path))
    data = bytearray((GUESTS / "riscv64" / "hello" / "hello.elf").read_bytes())
    data[16] = 1  # ET_REL
    with pytest.raises(LoadError, match="relocatable"):
        read_symbols(str(written(tmp_path, bytes(data), "module.ko")))
    data[16] = 2  # ET_EXEC again, but cut off
    with pytest.raises(LoadError, match=r"truncated|damaged"):
        read_symbols(str(written(tmp_path, bytes(data[: len(data) // 2]), "short")))
