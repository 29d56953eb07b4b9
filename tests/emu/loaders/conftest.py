"""ELF files made to measure, and one from a real compiler."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest


@dataclass(frozen=True)
class Program:
    """A program header and its content; paddr defaults to vaddr, memory to the content's size."""

    kind: int = 1
    vaddr: int = 0x8000_0000
    data: bytes = b"\x13\0\0\0"
    memory: int | None = None
    paddr: int | None = None
    flags: int = 5
    filesz: int | None = None


@dataclass(frozen=True)
class Name:
    """A symbol; section 1 is .text, which spans the first program."""

    name: str
    value: int
    size: int = 0
    kind: int = 2
    binding: int = 1
    section: int = 1


ElfMaker = Callable[..., bytes]


def build(
    programs: Sequence[Program] = (Program(),),
    *,
    names: Sequence[Name] = (),
    bits: int = 64,
    big: bool = False,
    machine: int = 243,
    kind: int = 2,
    flags: int = 0,
    entry: int = 0x8000_0000,
    sections: bool = True,
) -> bytes:
    order, wide = (">" if big else "<"), bits == 64
    header_size, program_size, section_size = (64, 56, 64) if wide else (52, 32, 40)
    body = bytearray()
    start = header_size + program_size * len(programs)
    table = bytearray()
    for each in programs:
        offset = start + len(body)
        held = len(each.data) if each.filesz is None else each.filesz
        memory = held if each.memory is None else each.memory
        paddr = each.vaddr if each.paddr is None else each.paddr
        if wide:
            table += struct.pack(
                f"{order}IIQQQQQQ", each.kind, each.flags, offset, each.vaddr, paddr, held, memory, 1
            )
        else:
            table += struct.pack(
                f"{order}IIIIIIII", each.kind, offset, each.vaddr, paddr, held, memory, each.flags, 1
            )
        body += each.data
    texts, symbols = bytearray(b"\0"), bytearray(24 if wide else 16)
    for each in names:
        info = each.binding << 4 | each.kind
        if wide:
            symbols += struct.pack(f"{order}IBBHQQ", len(texts), info, 0, each.section, each.value, each.size)
        else:
            symbols += struct.pack(f"{order}IIIBBH", len(texts), each.value, each.size, info, 0, each.section)
        texts += each.name.encode() + b"\0"
    section_names = b"\0.text\0.symtab\0.strtab\0"
    rows = [(0, 0, 0, 0, 0, 0, 0)]  # name, type, address, offset, size, link, entry size
    first = programs[0] if programs else Program()
    rows.append((1, 1, first.vaddr, start, max(len(first.data), first.memory or 0), 0, 0))
    for name, type_, data, link, size in ((7, 2, symbols, 3, 24 if wide else 16), (15, 3, texts, 0, 0)):
        rows.append((name, type_, 0, start + len(body), len(data), link, size))
        body += data
    rows.append((15, 3, 0, start + len(body), len(section_names), 0, 0))
    body += section_names
    headers = bytearray()
    for name, type_, address, offset, size, link, each_size in rows:
        form = "IIQQQQIIQQ" if wide else "IIIIIIIIII"
        headers += struct.pack(order + form, name, type_, 0, address, offset, size, link, 0, 1, each_size)
    ident = b"\x7fELF" + bytes((2 if wide else 1, 2 if big else 1, 1)) + bytes(9)
    word = "Q" if wide else "I"
    count = len(rows) if sections else 0
    where = start + len(body) if sections else 0
    header = struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH",
        kind,
        machine,
        1,
        entry,
        header_size,
        where,
        flags,
        header_size,
        program_size,
        len(programs),
        section_size,
        count,
        count - 1 if count else 0,
    )
    return ident + header + bytes(table) + bytes(body) + (bytes(headers) if sections else b"")


@pytest.fixture(scope="session")
def make_elf() -> ElfMaker:
    return build


@pytest.fixture(scope="session")
def parts() -> SimpleNamespace:
    """What `make_elf` is given."""
    return SimpleNamespace(Program=Program, Name=Name)


SOURCE = """\
int counter;
static int twice(int x) {
  return x + x;
}
void _start(void) {
  counter = twice(counter);
  for (;;) ;
}
"""
SCRIPT = """\
ENTRY(_start)
SECTIONS { . = 0x80000000; .text : { *(.text*) } .data : { *(.data*) } .bss : { *(.bss*) } }
"""


@pytest.fixture(scope="session")
def compile_guest(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Build the guest with that kind of debugging information (-g, -gdwarf-4); ziglang's clang and lld."""

    def compile_(debug: str) -> Path:
        folder = tmp_path_factory.mktemp("compiled")
        (folder / "guest.c").write_text(SOURCE)
        (folder / "link.ld").write_text(SCRIPT)
        target = ["-target", "riscv64-freestanding", "-mcmodel=medany", "-fno-sanitize=all", "-O0", debug]
        link = ["-nostdlib", "-static", "-Wl,-T,link.ld", "-o", "guest.elf", "guest.c"]
        command = [sys.executable, "-m", "ziglang", "cc", *target, *link]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return folder / "guest.elf"

    return compile_


@pytest.fixture(scope="session")
def compiled(compile_guest: Callable[[str], Path]) -> Path:
    return compile_guest("-g")
