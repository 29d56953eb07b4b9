"""Linux kernels by their headers: which can be loaded as they are, and what to do with the others.

Sources: Linux, Documentation/arch/riscv/boot-image-header.rst, arch/arm64/booting.rst, arch/arm/booting.rst
and arch/x86/boot.rst; drivers/firmware/efi/libstub/zboot-header.S; PE/COFF as in UEFI 2.10, section 2.1.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from emu.errors import LoadError, span
from emu.loaders.compressed import COMPRESSIONS
from emu.loaders.image import Image, Segment
from emu.loaders.placement import quantity

MIB = 1 << 20
RISCV_IMAGE = "RISC-V Linux Image"
_RISCV_OFFSETS = {2 * MIB: ("riscv64",), 4 * MIB: ("riscv32",)}

KernelLoader: TypeAlias = Callable[[Path, bytes, str | None], Image]


def detect(data: bytes) -> KernelLoader | None:
    """The loader for a kernel's header, None where there is no such header."""
    if data[48:53] == b"RISCV" or data[56:60] == b"RSC\x05":
        return riscv
    if data[56:60] == b"ARM\x64":
        return arm64
    if data[0x1FE:0x200] == b"\x55\xaa" and data[0x202:0x206] == b"HdrS":
        return bzimage
    if data[0x24:0x28] == b"\x18\x28\x6f\x01":
        return zimage
    if data[:2] == b"MZ" and data[4:8] == b"zimg":
        return zboot
    return efi if data[:2] == b"MZ" and _is_pe(data) else None


def riscv(path: Path, data: bytes, isa: str | None = None) -> Image:
    """A RISC-V Image. Only the offset at which it wants to lie tells a kernel for RV32 from one for RV64; one that
    runs in machine mode wants to lie at 0 on both."""
    text_offset, image_size, flags = _fields(path, data)
    found = _isa(path, RISCV_IMAGE, _RISCV_OFFSETS.get(text_offset, ("riscv64", "riscv32")), isa)
    _little_endian(path, flags)
    _whole(path, data)
    alignment = 4 * MIB if found == "riscv32" else 2 * MIB
    return _kernel(path, data, RISCV_IMAGE, found, image_size, text_offset, alignment)


def arm64(path: Path, data: bytes, isa: str | None = None) -> Image:
    text_offset, image_size, flags = _fields(path, data)
    if not image_size:  # kernels before 3.17 leave both fields to convention
        text_offset = MIB // 2
    _little_endian(path, flags)
    _whole(path, data)
    found = _isa(path, "arm64 Linux Image", ("aarch64",), isa)
    return _kernel(path, data, "arm64 Linux Image", found, image_size, text_offset, 2 * MIB)


def zimage(path: Path, data: bytes, isa: str | None = None) -> Image:
    """Arm's zImage unpacks itself, so it is loaded as it is."""
    found = _isa(path, "Arm Linux zImage", ("arm",), isa)
    start, end = struct.unpack_from("<II", data.ljust(0x30, b"\0"), 0x28)
    if end - start > len(data):
        raise _truncated(path, end - start, len(data))
    return _kernel(path, data, "Arm Linux zImage", found, 0, MIB // 32, MIB)


def bzimage(path: Path, data: bytes, isa: str | None = None) -> Image:
    _isa(path, "Linux bzImage", ("x86_64", "i386"), isa)
    actual = "a Linux bzImage, which an x86 boot loader unpacks"
    hint = "Unpack it to its ELF file first (scripts/extract-vmlinux of the Linux sources)"
    raise LoadError(path, "a kernel that can be loaded as it is", actual, hint)


def zboot(path: Path, data: bytes, isa: str | None = None) -> Image:
    """An EFI program that holds a packed Image, and says where."""
    header = data.ljust(0x40, b"\0")
    offset, size = struct.unpack_from("<II", header, 8)
    method = header[0x18:0x38].split(b"\0")[0].decode("ascii", "replace")
    unpack = next((each.unpack for each in COMPRESSIONS if each.name == method), f"{method} -dc")
    raise LoadError(
        path,
        "an uncompressed kernel Image",
        f"an EFI zboot kernel, whose Image is packed by {method} at file offset {span(offset, size)}",
        f"Unpack it: tail -c +{offset + 1} {path} | head -c {size} | {unpack} > Image",
    )


def efi(path: Path, data: bytes, isa: str | None = None) -> Image:
    hint = "EFI programs need UEFI firmware (-drive if=pflash) and a disk that holds the program"
    raise LoadError(path, "a bare-metal program or a kernel Image", "an EFI program (PE/COFF)", hint)


def _fields(path: Path, data: bytes) -> tuple[int, int, int]:
    """text_offset, image_size and flags: RISC-V took over the places that arm64 gave them."""
    if len(data) < 64:
        raise _truncated(path, 64, len(data))
    text_offset, image_size, flags = struct.unpack_from("<8xQQQ", data)
    return text_offset, image_size, flags


def _little_endian(path: Path, flags: int) -> None:
    if flags & 1:
        raise LoadError(path, "a little-endian kernel", "a big-endian Linux Image", "Build it little-endian")


def _isa(path: Path, what: str, isas: tuple[str, ...], asked: str | None) -> str:
    if asked is not None and asked not in isas:
        actual, hint = f"a {what}, for {' or '.join(isas)}", f"Run it with --isa {isas[0]}"
        raise LoadError(path, f"a kernel for {asked}", actual, hint)
    return asked or isas[0]


def _kernel(path: Path, data: bytes, what: str, isa: str, claims: int, offset: int, alignment: int) -> Image:
    """An image that wants to lie `offset` bytes above a multiple of `alignment`."""
    reserve = max(claims, len(data))
    notes = [f"claims {quantity(reserve)}, {offset:#x} above the start of memory"]
    if data[:2] == b"MZ":
        notes.append("its EFI stub is not used")
    return Image(
        path,
        what,
        isa,
        0,
        (Segment(0, data),),
        fixed=False,
        reserve=reserve,
        offset=offset % alignment,
        alignment=alignment,
        notes=tuple(notes),
    )


def _whole(path: Path, data: bytes) -> None:
    """LoadError where the sections of an EFI stub, which are the kernel, reach beyond the file's end. An Image without
    the stub does not say how long its file is."""
    start = int.from_bytes(data[0x3C:0x40], "little")
    if data[:2] != b"MZ" or not start:
        return
    if start + 24 > len(data):
        raise _truncated(path, start + 24, len(data))
    if not _is_pe(data):
        return
    sections, optional = struct.unpack_from("<6xH12xH", data, start)
    end = 0
    for number in range(sections):
        at = start + 24 + optional + 40 * number
        if at + 40 > len(data):
            raise _truncated(path, at + 40, len(data))
        size, offset = struct.unpack_from("<16xII", data, at)
        end = max(end, offset + size)
    if end > len(data):
        raise _truncated(path, end, len(data))


def _is_pe(data: bytes) -> bool:
    offset = int.from_bytes(data[0x3C:0x40].ljust(4, b"\xff"), "little")
    return data[offset : offset + 4] == b"PE\0\0"


def _truncated(path: Path, size: int, held: int) -> LoadError:
    hint = "It is truncated: copy or build it again"
    return LoadError(path, f"a whole kernel image of at least {size:,} bytes", f"{held:,} bytes", hint)
