from __future__ import annotations

import random
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.errors import LoadError
from emu.loaders import elf
from emu.loaders.image import Image, Permission
from emu.loaders.machines import MACHINES
from emu.symbols import SymbolKind

PATH = Path("guest.elf")


def refusal(data: bytes, isa: str | None = None) -> LoadError:
    with pytest.raises(LoadError) as caught:
        elf.load(PATH, data, isa)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("guest.elf: expected ")
    return caught.value


def test_every_machine_class_and_byte_order_names_its_isa(make_elf: Any) -> None:
    for machine in MACHINES:
        for (bits, big), isa in machine.isas.items():
            image = elf.load(PATH, make_elf(machine=machine.number, bits=bits, big=big))
            assert (image.isa, image.entry) == (isa, 0x8000_0000)
            assert image.segments[0].data == b"\x13\0\0\0"


def test_mips_files_with_64_bit_registers_in_32_bit_clothes_are_mips64(make_elf: Any) -> None:
    assert elf.load(PATH, make_elf(machine=8, bits=32, big=True, flags=0x20)).isa == "mips64"
    assert elf.load(PATH, make_elf(machine=8, bits=32, big=True)).isa == "mips"


def test_segments_go_to_physical_addresses_with_their_zeros_and_permissions(
    make_elf: Any, parts: Any
) -> None:
    data = make_elf(
        (
            parts.Program(vaddr=0xFFFF_FFFF_8000_0000, paddr=0x8020_0000, data=b"abcd", flags=5),
            parts.Program(vaddr=0xFFFF_FFFF_8000_1000, paddr=0x8020_1000, data=b"xy", memory=0x100, flags=6),
            parts.Program(vaddr=0x1000, data=b"", memory=0),
            parts.Program(kind=6, vaddr=0x40, data=b"zzzz"),
        ),
        entry=0xFFFF_FFFF_8000_0002,
    )
    image = elf.load(PATH, data)
    assert [(each.address, each.data, each.zeros) for each in image.segments] == [
        (0x8020_0000, b"abcd", 0),
        (0x8020_1000, b"xy", 0xFE),
    ]
    assert image.segments[0].permissions == Permission.R | Permission.X
    assert str(image.segments[1]) == "0x80201000..0x802010ff rw- 2 bytes and 254 of zero"
    assert image.entry == 0x8020_0002
    assert image.end == 0x8020_1100


def test_symbols_are_functions_objects_and_labels_with_sizes(make_elf: Any, parts: Any) -> None:
    names = (
        parts.Name("_start", 0x8000_0000, 8),
        parts.Name("table", 0x8000_0008, 4, kind=1, binding=0),
        parts.Name("loop", 0x8000_0002, kind=0, binding=0),
        parts.Name("stack_size", 0x400, kind=0, section=0xFFF1),
        parts.Name("$x", 0x8000_0000, kind=0),
        parts.Name(".Lhidden", 0x8000_0004, kind=0),
        parts.Name("elsewhere", 0, section=0),
        parts.Name("file.c", 0, kind=4, section=0xFFF1),
    )
    for bits, big, machine in ((64, False, 243), (32, False, 243), (32, True, 8), (64, True, 22)):
        data = make_elf((parts.Program(memory=0x20),), names=names, bits=bits, big=big, machine=machine)
        table = elf.load(PATH, data).symbols
        assert [each.name for each in table] == ["stack_size", "_start", "loop", "table"]
        assert table.find("table").kind is SymbolKind.OBJECT
        assert not table.find("table").exported
        assert table.find("stack_size").kind is SymbolKind.ABSOLUTE
        assert table.name(0x8000_0001) == "_start+0x1"
        assert table.name(0x8000_0003) == "loop+0x1"
        assert table.name(0x8000_000A) == "table+0x2"
        assert table.name(0x8000_001F) is None
        assert table.name(0x401) is None


def test_a_file_without_section_headers_loads_without_symbols(make_elf: Any) -> None:
    image = elf.load(PATH, make_elf(sections=False))
    assert len(image.symbols) == 0
    assert image.segments


def test_a_compilers_file_has_its_entry_and_symbols(compiled: Path) -> None:
    image = elf.load(compiled, compiled.read_bytes(), "riscv64")
    assert image.symbols.name(image.entry or 0) == "_start"
    assert {symbol.name for symbol in image.symbols} == {"_start", "twice", "counter"}
    assert any("entry" in line and "_start" in line for line in image.description)


@pytest.mark.parametrize("debug", ["-g", "-gdwarf-4"])
def test_an_address_has_its_source_line_and_the_line_its_text(
    compile_guest: Callable[[str], Path], debug: str
) -> None:
    path = compile_guest(debug)
    symbols = elf.load(path, path.read_bytes()).symbols
    twice = symbols.find("twice")
    assert twice is not None
    lines = [symbols.line(twice.address + offset) for offset in range(0, twice.size, 2)]
    assert {found.line for found in lines if found is not None} == {2, 3}
    assert None not in lines
    found = lines[0]
    assert found is not None
    assert str(found).endswith("guest.c:2")
    assert (Path(found.directory) / found.file).read_text().splitlines()[1].startswith("static int twice")
    assert symbols.line(0) is None
    assert symbols.line(twice.address + 0x10000) is None


def test_a_file_for_another_isa_is_refused_with_both_names(make_elf: Any) -> None:
    text = str(refusal(make_elf(machine=183), "riscv64"))
    assert "riscv64" in text
    assert "aarch64" in text
    assert "--isa aarch64" in text
    assert "64-bit little-endian RISC-V" in text


def test_the_wrong_class_of_the_right_machine_is_refused(make_elf: Any) -> None:
    text = str(refusal(make_elf(bits=32), "riscv64"))
    assert "riscv32" in text
    assert "32-bit" in text


def test_machines_that_the_engine_lacks_are_refused_by_name(make_elf: Any) -> None:
    assert "big-endian AArch64" in str(refusal(make_elf(machine=183, big=True)))
    assert "machine number 9999" in str(refusal(make_elf(machine=9999)))


@pytest.mark.parametrize(("kind", "words"), [(1, "relocatable object"), (4, "core dump"), (0, "ET_NONE")])
def test_what_cannot_be_executed_is_refused(make_elf: Any, kind: int, words: str) -> None:
    assert words in str(refusal(make_elf(kind=kind)))


def test_a_file_that_is_no_elf_is_refused() -> None:
    assert "7f 45 4c 46" in str(refusal(b"hello, world"))


def test_a_damaged_class_is_refused(make_elf: Any) -> None:
    data = bytearray(make_elf())
    data[4] = 7
    assert "class 7" in str(refusal(bytes(data)))


def test_truncation_is_named_with_the_part_that_is_missing(make_elf: Any, parts: Any) -> None:
    whole = make_elf((parts.Program(data=bytes(1000)),))
    assert "header of 64 bytes" in str(refusal(whole[:40]))
    assert "program headers" in str(refusal(whole[:70]))
    assert "section headers" in str(refusal(whole[:-10]))
    headless = make_elf((parts.Program(data=bytes(1000)),), sections=False)
    assert "segment 0" in str(refusal(headless[:600]))


def test_every_truncation_of_a_real_file_is_refused_or_loads(compiled: Path) -> None:
    data = compiled.read_bytes()
    for size in range(0, len(data), 37):
        refusal(data[:size])


def test_overlapping_segments_are_refused_with_both_named(make_elf: Any, parts: Any) -> None:
    data = make_elf((parts.Program(memory=0x100), parts.Program(vaddr=0x8000_00FF)))
    text = str(refusal(data))
    assert "segment 0" in text
    assert "segment 1" in text
    touching = make_elf((parts.Program(memory=0x100), parts.Program(vaddr=0x8000_0100)))
    assert len(elf.load(PATH, touching).segments) == 2


def test_more_content_than_memory_is_refused(make_elf: Any, parts: Any) -> None:
    assert "segment 0" in str(refusal(make_elf((parts.Program(memory=2),))))


def test_a_segment_that_wraps_around_the_address_space_is_refused(make_elf: Any, parts: Any) -> None:
    assert "wrap around" in str(refusal(make_elf((parts.Program(vaddr=(1 << 64) - 2),))))
    assert "wrap around" in str(refusal(make_elf((parts.Program(vaddr=0xFFFF_FFFE),), bits=32)))


def test_ten_gigabytes_of_bss_cost_nothing_to_look_at(make_elf: Any, parts: Any) -> None:
    image = elf.load(PATH, make_elf((parts.Program(memory=10 << 30),)))
    assert image.segments[0].zeros == (10 << 30) - 4
    assert len(image.segments[0].data) == 4


def test_files_without_anything_to_load_are_refused(make_elf: Any, parts: Any) -> None:
    assert "no PT_LOAD" in str(refusal(make_elf(())))
    assert "no PT_LOAD" in str(refusal(make_elf((parts.Program(kind=NOTE_KIND),))))


NOTE_KIND = 4


def note(owner: bytes, kind: int, *words: int) -> bytes:
    data = struct.pack(f"<{len(words)}I", *words)
    return (
        struct.pack("<III", len(owner), len(data), kind) + owner.ljust(-(-len(owner) // 4) * 4, b"\0") + data
    )


def test_programs_for_an_operating_system_are_refused_with_the_reason(make_elf: Any, parts: Any) -> None:
    load, at = parts.Program(), 0x9000_0000
    text = str(
        refusal(make_elf((load, parts.Program(kind=3, vaddr=at, data=b"/lib/ld-linux-riscv64.so.1\0"))))
    )
    assert "dynamic loader /lib/ld-linux-riscv64.so.1" in text
    assert "-ffreestanding" in text
    tag = note(b"other\0", 7, 1, 2) + note(b"GNU\0", 1, 0, 4, 15, 0)
    assert "Linux user-space" in str(refusal(make_elf((load, parts.Program(kind=4, vaddr=at, data=tag)))))
    go = note(b"Go\0\0", 4, 1)
    assert "Go program" in str(refusal(make_elf((load, parts.Program(kind=4, vaddr=at, data=go)))))
    for tag_number, words in ((1, "shared libraries"), (14, "shared library")):
        dynamic = struct.pack("<6Q", 5, 0, tag_number, 1, 0, 0)
        assert words in str(refusal(make_elf((load, parts.Program(kind=2, vaddr=at, data=dynamic)), kind=3)))


def test_a_static_position_independent_firmware_is_no_user_program(make_elf: Any, parts: Any) -> None:
    dynamic = struct.pack("<8Q", 5, 0, 0x6FFFFFFB, 0x08000000, 0, 0, 1, 1)
    build_id = note(b"GNU\0", 3, 1, 2, 3)
    data = make_elf(
        (
            parts.Program(),
            parts.Program(kind=2, vaddr=0x9000_0000, data=dynamic),
            parts.Program(kind=4, vaddr=0x9000_0000, data=build_id),
        ),
        kind=3,
    )
    assert elf.load(PATH, data).isa == "riscv64"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="this Python is no ELF file")
def test_the_python_that_runs_this_is_refused() -> None:
    path = Path(sys.executable).resolve()
    with pytest.raises(LoadError, match="needs no operating system"):
        elf.load(path, path.read_bytes())


def outcome(data: bytes) -> Image | LoadError:
    try:
        return elf.load(PATH, data)
    except LoadError as error:
        assert str(error)
        return error


def test_flipped_bytes_of_a_real_file_give_an_image_or_a_load_error(compiled: Path) -> None:
    whole, chance = compiled.read_bytes(), random.Random(2)
    seen = set()
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            # headers and tables are where damage matters
            place = chance.choice((chance.randrange(64), chance.randrange(400), -1 - chance.randrange(1300)))
            data[place] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        seen.add(type(outcome(bytes(data))))
    assert seen == {Image, LoadError}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=600))
def test_any_bytes_behind_the_magic_give_an_image_or_a_load_error(make_elf: Any, tail: bytes) -> None:
    outcome(b"\x7fELF\x02\x01\x01" + tail)
    outcome(make_elf()[:64] + tail)


def test_lines_of_damaged_debugging_information_are_unknown_not_an_error(compiled: Path) -> None:
    whole, chance = compiled.read_bytes(), random.Random(3)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(20):
            data[chance.randrange(0x200, len(data) - 1400)] = chance.randrange(256)
        image = outcome(bytes(data))
        if isinstance(image, Image) and image.entry is not None:
            image.symbols.line(image.entry)
