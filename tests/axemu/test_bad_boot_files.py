"""Kernels, initial RAM disks, device trees and arguments that cannot be: one clear paragraph each, and exit code 2."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from axemu import cli
from emu.board import VIRT_RISCV
from emu.devicetree import build

MIB = 1 << 20
LOOP = b"\x6f\0\0\0"


def elf(
    machine: int = 243, *, bits: int = 64, big: bool = False, kind: int = 2, address: int = 0x8000_0000
) -> bytes:
    """An executable of one segment."""
    order, word = ">" if big else "<", "Q" if bits == 64 else "I"
    header, program = (64, 56) if bits == 64 else (52, 32)
    body = header + program
    where = (1, 7, body, address, address, 4, 4, 1) if bits == 64 else (1, body, address, address, 4, 4, 7, 1)
    programs = struct.pack(order + ("IIQQQQQQ" if bits == 64 else "IIIIIIII"), *where)
    facts = (kind, machine, 1, address, header, 0, 0, header, program, 1, 0, 0, 0)
    identity = b"\x7fELF" + bytes((2 if bits == 64 else 1, 2 if big else 1, 1)) + bytes(9)
    return identity + struct.pack(f"{order}HHI{word}{word}{word}IHHHHHH", *facts) + programs + LOOP


def image(
    *, offset: int = 2 * MIB, size: int = 8 * MIB, magic: bytes = b"RISCV\0\0\0", second: bytes = b"RSC\x05"
) -> bytes:
    header = struct.pack("<8sQQQIIQ8s4sI", LOOP, offset, size, 0, 2, 0, 0, magic, second, 0)
    return header + bytes(0x1000)


def arm64() -> bytes:
    return image(magic=bytes(8), second=b"ARM\x64")


def bzimage() -> bytes:
    data = bytearray(0x1000)
    data[0x1FE:0x200], data[0x202:0x206] = b"\x55\xaa", b"HdrS"
    return bytes(data)


def efi(machine: int) -> bytes:
    data = bytearray(0x200)
    data[:2], data[0x3C:0x40] = b"MZ", struct.pack("<I", 0x80)
    data[0x80:0x86] = b"PE\0\0" + struct.pack("<H", machine)
    return bytes(data)


def tree(**changes: int) -> bytes:
    """A good device tree, with words of its header replaced."""
    data = bytearray(build(VIRT_RISCV, "riscv64", 1, 128 * MIB))
    for name, value in changes.items():
        struct.pack_into(">I", data, 4 * FIELDS.index(name), value)
    return bytes(data)


@dataclass(frozen=True)
class Row:
    """The files to write, the words of the command, and what its complaint says; {name} is a file's path."""

    name: str
    files: dict[str, bytes | Callable[[], bytes]]
    words: str
    says: tuple[str, ...]


FIELDS = ("magic", "total", "structure", "strings", "map", "version", "compatible")  # of a tree's header
WITH_DISK, WITH_TREE = "-kernel {k} -initrd {i}", "-kernel {k} -dtb {d}"
GOOD = image()
ROWS = (
    Row("an arm64 ELF", {"k": elf(183)}, "--isa riscv64 -kernel {k}", ("for riscv64", "for aarch64", "--isa aarch64")),
    Row("an x86-64 ELF", {"k": elf(62)}, "--isa riscv64 -kernel {k}", ("for x86_64",)),
    Row("an ELF of an unknown machine", {"k": elf(999)}, "-kernel {k}", ("machine number 999", "axemu isa list")),
    Row("an rv32 ELF for rv64", {"k": elf(bits=32)}, "--isa riscv64 -kernel {k}", ("for riscv32", "--isa riscv32")),
    Row("an rv64 ELF for rv32", {"k": elf()}, "--isa riscv32 -kernel {k}", ("for riscv64",)),
    Row("a big-endian RISC-V ELF", {"k": elf(big=True)}, "-kernel {k}", ("big-endian",)),
    Row("an object file", {"k": elf(kind=1)}, "-kernel {k}", ("relocatable", "Link it first")),
    Row("a kernel's ELF at virtual addresses", {"k": elf(address=0xFFFF_FFFF_8000_0000)}, "-kernel {k}", ("Image",)),
    Row("an arm64 Image", {"k": arm64()}, "--isa riscv64 -kernel {k}", ("arm64 Linux Image", "aarch64")),
    Row("an rv64 Image for rv32", {"k": GOOD}, "--isa riscv32 -kernel {k}", ("for riscv64",)),
    Row("an rv32 Image for rv64", {"k": image(offset=4 * MIB)}, "--isa riscv64 -kernel {k}", ("for riscv32",)),
    Row("an rv64 kernel under rv32 firmware", {"k": GOOD, "fw": elf(bits=32)}, "-kernel {k} -bios {fw}", ("riscv32",)),
    Row("a bzImage", {"k": bzimage()}, "--isa riscv64 -kernel {k}", ("bzImage", "riscv64")),
    Row("a PE program of x86", {"k": efi(0x8664)}, "-kernel {k}", ("EFI program", "UEFI")),
    Row("a zstd kernel", {"k": b"\x28\xb5\x2f\xfd" + bytes(99)}, "-kernel {k}", ("compressed by zstd", "zstd -dc")),
    Row("an lz4 kernel", {"k": b"\x02\x21\x4c\x18" + bytes(99)}, "-kernel {k}", ("compressed by lz4", "lz4 -dc")),
    Row("a truncated gzip kernel", {"k": gzip.compress(GOOD)[:40]}, "-kernel {k}", ("gzip", "truncated")),
    Row("a truncated xz kernel", {"k": lzma.compress(GOOD)[:40]}, "-kernel {k}", ("xz", "truncated")),
    Row("a truncated bzip2 kernel", {"k": bz2.compress(GOOD)[:40]}, "-kernel {k}", ("bzip2", "truncated")),
    Row("a damaged gzip kernel", {"k": b"\x1f\x8b\x08" + b"\xff" * 99}, "-kernel {k}", ("gzip",)),
    Row("a packed arm64 kernel", {"k": gzip.compress(arm64())}, "--isa riscv64 -kernel {k}", ("arm64 Linux Image",)),
    Row("a truncated Image", {"k": GOOD[:63]}, "-kernel {k}", ("64 bytes", "truncated")),
    Row("an Image larger than memory", {"k": image(size=1 << 40)}, "-kernel {k} -m 64", ("1 TiB", "-m")),
    Row("a truncated ELF", {"k": elf()[:100]}, "-kernel {k}", ("ELF",)),
    Row("an empty kernel", {"k": b""}, "-kernel {k}", ("empty file",)),
    Row("no kernel there", {}, "-kernel nowhere/Image", ("no such file",)),
    Row("an initrd larger than memory", {"k": GOOD, "i": bytes(40 * MIB)}, f"{WITH_DISK} -m 32", ("40 MiB", "-m")),
    Row(
        "an initrd that overlaps the kernel",
        {"k": image(size=70 * MIB), "i": bytes(0x1000)},
        f"{WITH_DISK} -m 128",
        ("initrd at", "overlapping kernel"),
    ),
    Row("an empty initrd", {"k": GOOD, "i": b""}, WITH_DISK, ("an initial RAM disk", "empty file")),
    Row("an initrd that is a directory", {"k": GOOD}, "-kernel {k} -initrd {folder}", ("directory",)),
    Row("an initrd without a kernel", {"fw": LOOP, "i": b"x"}, "-bios {fw} -initrd {i}", ("-kernel",)),
    Row("a tree of another kind", {"k": GOOD, "d": b"/dts-v1/;\n/ {};"}, WITH_TREE, ("d0 0d fe ed", "dtc")),
    Row("an empty tree", {"k": GOOD, "d": b""}, WITH_TREE, ("empty file",)),
    Row("a tree's header alone", {"k": GOOD, "d": tree()[:20]}, WITH_TREE, ("header", "damaged")),
    Row("a truncated tree", {"k": GOOD, "d": tree()[:-100]}, WITH_TREE, ("bytes in the file",)),
    Row("a tree of a later version", {"k": GOOD, "d": tree(version=99, compatible=99)}, WITH_TREE, ("version",)),
    Row("a tree whose strings are elsewhere", {"k": GOOD, "d": tree(strings=1 << 30)}, WITH_TREE, ("strings",)),
    Row("a tree whose structure is elsewhere", {"k": GOOD, "d": tree(structure=0x7FFF_FFF0)}, WITH_TREE, ("word",)),
    Row("a tree without an end", {"k": GOOD, "d": tree(total=0x7FFF_FFFF)}, WITH_TREE, ("as its header says",)),
    Row("a tree on the kernel", {"k": image(size=63 * MIB), "d": tree()}, f"{WITH_TREE} -m 66", ("overlapping",)),
    Row("arguments without a kernel", {"fw": LOOP}, "-bios {fw} -append quiet", ("-kernel",)),
    Row("arguments that no tree holds", {"k": GOOD}, "-kernel {k} -append {long}", ("-append", "2,097,152")),
)  # fmt: skip


@pytest.fixture
def complain(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[[Row], str]:
    """Run the row's command in this process; what it complains, once the exit code is seen to be 2."""

    def complaint(row: Row) -> str:
        names = {"folder": str(tmp_path), "long": "x" * (2 * MIB)}
        for name, content in row.files.items():
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content())
            names[name] = str(tmp_path / name)
        code = cli.dispatch(
            ["run", "--max-insns", "1000", *(word.format(**names) for word in row.words.split())]
        )
        out, err = capfd.readouterr()
        assert (code, out) == (2, ""), err
        return err

    return complaint


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_is_refused_in_one_paragraph(row: Row, complain: Any) -> None:
    err = complain(row)
    text = " ".join(err.split())
    assert "expected" in text
    assert [words for words in row.says if words not in text] == [], text
    assert "Traceback" not in err
    assert "internal error" not in err
