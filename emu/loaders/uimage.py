"""U-Boot's legacy image: a header with load address and entry, then the program (U-Boot, include/image.h)."""

from __future__ import annotations

import struct
from pathlib import Path

from emu.errors import LoadError
from emu.loaders.image import Image, Segment

MAGIC = b"\x27\x05\x19\x56"

# magic, header checksum, time, size, load address, entry, data checksum; OS, machine, type, packing; name
_HEADER = struct.Struct(">4sIIIIII4B32s")
_RUNNABLE = {1: "standalone program", 2: "kernel", 5: "firmware"}
_COMPRESSIONS = {1: "gzip", 2: "bzip2", 3: "lzma", 4: "lzop", 5: "lz4", 6: "zstd"}
_ISAS = {
    2: ("arm",),
    3: ("i386",),
    5: ("mips", "mipsel"),
    6: ("mips64", "mips64el"),
    7: ("ppc", "ppc64"),
    8: ("s390x",),
    10: ("sparc",),
    11: ("sparc64",),
    12: ("m68k",),
    22: ("aarch64",),
    24: ("x86_64",),
    26: ("riscv64", "riscv32"),
}


def load(path: Path, data: bytes, isa: str | None = None) -> Image:
    """Raises LoadError where it is truncated, compressed, no program, or for another ISA than `isa`."""
    if len(data) < _HEADER.size:
        raise _truncated(path, _HEADER.size, len(data))
    _, _, _, size, address, entry, _, _, machine, kind, packing, name = _HEADER.unpack_from(data)
    if kind not in _RUNNABLE:
        expected = f"a uImage of a {' or a '.join(_RUNNABLE.values())}"
        raise LoadError(path, expected, f"one of type {kind}", "Give the kernel, and an initrd with -initrd")
    if packing:
        method = _COMPRESSIONS.get(packing, f"method {packing}")
        hint = f"Unpack it: tail -c +{_HEADER.size + 1} {path} | {method} -dc > Image"
        raise LoadError(path, "an uncompressed uImage", f"one compressed by {method}", hint)
    content = data[_HEADER.size : _HEADER.size + size]
    if not content or len(content) < size:
        raise _truncated(path, _HEADER.size + max(size, 1), len(data))
    title = name.split(b"\0")[0].decode("utf-8", "replace")
    notes = (f"{_RUNNABLE[kind]} {title!r}",)
    return Image(path, "uImage", _isa(path, machine, isa), entry, (Segment(address, content),), notes=notes)


def _isa(path: Path, machine: int, asked: str | None) -> str:
    isas = _ISAS.get(machine)
    if isas is None:
        actual = f"one for architecture number {machine}"
        raise LoadError(path, "a uImage for an ISA that axemu knows", actual)
    if asked is not None and asked not in isas:
        raise LoadError(path, f"a uImage for {asked}", f"one for {' or '.join(isas)}", f"Use --isa {isas[0]}")
    return asked or isas[0]


def _truncated(path: Path, size: int, held: int) -> LoadError:
    hint = "It is truncated or damaged: copy or build it again"
    return LoadError(path, f"a whole uImage of {size:,} bytes", f"{held:,} bytes", hint)
