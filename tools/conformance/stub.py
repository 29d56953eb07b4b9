"""A copy of a program that says first, on Spike, that the pages' A and D bits are set by the hart [priv, "menvcfg"]."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

STUB: Final = 0x80F0_0000
"""Guest-physical, in memory that no test uses."""
_HEADER: Final = {1: "<16xHHIIIIIHHHHHH", 2: "<16xHHIQQQIHHHHHH"}
_LOAD, _EXECUTABLE, _PAGE = 1, 5, 0x1000


def _lui(rd: int, value: int) -> int:
    return value & 0xFFFFF000 | rd << 7 | 0x37


def code(entry: int, bits: int) -> bytes:
    """Set ADUE and go to `entry`, a multiple of 4096; t0 is used."""
    t0, adue = 5, 29  # in menvcfgh, or the upper half of menvcfg
    words = [_lui(t0, 1 << adue)]
    if bits == 64:
        words.append(32 << 20 | t0 << 15 | 1 << 12 | t0 << 7 | 0x13)  # slli t0, t0, 32
    csr = 0x30A if bits == 64 else 0x31A
    words.append(csr << 20 | t0 << 15 | 2 << 12 | 0x73)  # csrs
    words.append(_lui(t0, entry))
    if bits == 64:
        words += [
            32 << 20 | t0 << 15 | 1 << 12 | t0 << 7 | 0x13,
            32 << 20 | t0 << 15 | 5 << 12 | t0 << 7 | 0x13,
        ]
    words.append(t0 << 15 | 0x67)  # jr t0
    return b"".join(word.to_bytes(4, "little") for word in words)


def with_stub(program: bytes) -> bytes:
    """The ELF file with one segment more, where it begins."""
    kind = program[4]
    size = struct.calcsize(_HEADER[kind])
    fields = list(struct.unpack_from(_HEADER[kind], program))
    entry, table, each, count = fields[3], fields[4], fields[8], fields[9]
    stub = code(entry, 32 * kind)
    file = program + bytes(-len(program) % _PAGE)
    place = len(file)
    if kind == 1:
        segment = struct.pack("<8I", _LOAD, place, STUB, STUB, len(stub), len(stub), _EXECUTABLE, _PAGE)
    else:
        segment = struct.pack("<2I6Q", _LOAD, _EXECUTABLE, place, STUB, STUB, len(stub), len(stub), _PAGE)
    fields[3], fields[4], fields[9] = STUB, place + _PAGE, count + 1
    rows = program[table : table + each * count] + segment
    header = program[:16] + struct.pack(_HEADER[kind].replace("16x", ""), *fields)
    return header + file[size:] + stub.ljust(_PAGE, b"\0") + rows


def write(program: Path, place: Path) -> None:
    place.write_bytes(with_stub(program.read_bytes()))
