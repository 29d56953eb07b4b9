from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from pathlib import Path
from types import ModuleType

import pytest

from emu.errors import LoadError
from emu.loaders.detect import parse

PATH = Path("Image")
MIB = 1 << 20


def riscv_image(
    *, offset: int = 2 * MIB, size: int = 8 * MIB, flags: int = 0, first: bytes = b"\x13\0\0\0"
) -> bytes:
    header = struct.pack("<8sQQQIIQ8s4sI", first, offset, size, flags, 2, 0, 0, b"RISCV\0\0\0", b"RSC\x05", 0)
    return header + bytes(100)


def arm64_image(*, size: int = MIB, offset: int = 0) -> bytes:
    return struct.pack("<8sQQQQQQ4sI", bytes(8), offset, size, 0, 0, 0, 0, b"ARM\x64", 0) + bytes(36)


def uimage(
    *, machine: int = 26, kind: int = 2, packing: int = 0, size: int = 16, name: bytes = b"U-Boot"
) -> bytes:
    numbers = (0x27051956, 0, 0, size, 0x8020_0000, 0x8020_0004, 0)
    return struct.pack(">7I4B32s", *numbers, 5, machine, kind, packing, name) + bytes(16)


def refusal(data: bytes, isa: str | None = None) -> str:
    with pytest.raises(LoadError) as caught:
        parse(PATH, data, isa)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_riscv_image_goes_where_the_board_puts_it_and_claims_its_whole_size() -> None:
    image = parse(PATH, riscv_image())
    assert (image.isa, image.fixed, image.reserve) == ("riscv64", False, 8 * MIB)
    placed = image.at(0x8020_0000)
    assert (placed.entry, placed.start, placed.end) == (0x8020_0000, 0x8020_0000, 0x80A0_0000)
    assert len(placed.segments[0].data) == len(riscv_image())
    assert any("8 MiB" in line for line in image.description)


def test_a_riscv_image_is_for_the_width_that_it_wants_to_lie_as() -> None:
    assert parse(PATH, riscv_image(offset=0), "riscv32").isa == "riscv32"
    assert parse(PATH, riscv_image(offset=0)).isa == "riscv64"
    assert parse(PATH, riscv_image(offset=4 * MIB)).isa == "riscv32"
    assert "for riscv64. Run it with --isa riscv64" in refusal(riscv_image(), "riscv32")
    assert "for riscv32. Run it with --isa riscv32" in refusal(riscv_image(offset=4 * MIB), "riscv64")
    text = refusal(riscv_image(), "aarch64")
    assert "aarch64" in text
    assert "riscv64" in text


def test_an_efi_stub_is_noted() -> None:
    lines = parse(PATH, riscv_image(first=b"MZ\x13\0")).description
    assert any("EFI stub" in line for line in lines)
    assert not any("EFI stub" in line for line in parse(PATH, riscv_image()).description)


def test_a_big_endian_image_is_refused() -> None:
    assert "big-endian" in refusal(riscv_image(flags=1))


def test_a_truncated_header_is_refused() -> None:
    assert "64 bytes" in refusal(riscv_image()[:60])
    assert "64 bytes" in refusal(arm64_image()[:60])


def test_an_arm64_image_is_recognised() -> None:
    image = parse(PATH, arm64_image())
    assert (image.isa, image.offset, image.reserve) == ("aarch64", 0, MIB)
    assert parse(PATH, arm64_image(size=0)).offset == MIB // 2
    assert "riscv64" in refusal(arm64_image(), "riscv64")


def test_a_uimage_goes_to_the_addresses_in_its_header() -> None:
    image = parse(PATH, uimage())
    assert (image.isa, image.entry, image.fixed) == ("riscv64", 0x8020_0004, True)
    assert (image.start, image.end) == (0x8020_0000, 0x8020_0010)
    assert any("U-Boot" in line for line in image.description)
    assert parse(PATH, uimage(), "riscv32").isa == "riscv32"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (uimage(packing=1), "gzip -dc"),
        (uimage(packing=99), "method 99"),
        (uimage(kind=3), "type 3"),
        (uimage(machine=200), "architecture number 200"),
        (uimage(size=1000), "truncated"),
        (uimage(size=0), "truncated"),
        (uimage()[:50], "64 bytes"),
    ],
)
def test_uimages_that_cannot_be_loaded_are_refused_with_the_reason(data: bytes, words: str) -> None:
    assert words in refusal(data)


def test_a_uimage_for_another_isa_is_refused_with_both_names() -> None:
    text = refusal(uimage(machine=22), "riscv64")
    assert "aarch64" in text
    assert "riscv64" in text


@pytest.mark.parametrize(
    ("magic", "command"),
    [
        (b"\x28\xb5\x2f\xfd", "zstd -dc Image"),
        (b"\x02\x21\x4c\x18", "lz4 -dc Image"),
        (b"\x04\x22\x4d\x18", "lz4 -dc Image"),
        (b"\x89LZO\0", "lzop -dc Image"),
    ],
)
def test_kernels_packed_by_what_nobody_here_unpacks_are_refused_with_the_command_that_does(
    magic: bytes, command: str
) -> None:
    assert command in refusal(magic + bytes(100))


@pytest.mark.parametrize("packer", [gzip, lzma, bz2])
def test_a_packed_kernel_is_unpacked(packer: ModuleType) -> None:
    packed = packer.compress(riscv_image())
    image = parse(PATH, packed + b"behind it")
    assert image.segments[0].data == riscv_image()
    assert image.reserve == 8 * MIB
    assert any("unpacked by" in line for line in image.description)
    assert "aarch64" in refusal(packed, "aarch64")
    for cut in (10, len(packed) // 2, len(packed) - 1):
        assert "truncated" in refusal(packed[:cut])
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 0xFF
    assert "Copy or pack it again" in refusal(bytes(damaged)) or "truncated" in refusal(bytes(damaged))


def test_a_kernel_packed_twice_or_of_nothing_is_refused() -> None:
    assert "another packed one" in refusal(gzip.compress(gzip.compress(riscv_image())))
    assert "packed nothing" in refusal(gzip.compress(b""))


def test_what_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emu.loaders.compressed.LARGEST", MIB)
    for packer in (gzip, lzma, bz2):
        assert "at most 1 MiB" in refusal(packer.compress(bytes(MIB + 1)))


def test_an_image_whose_stub_says_that_more_follows_is_refused() -> None:
    whole = bytearray(riscv_image(first=b"MZ\x13\0") + bytes(400))
    whole[0x3C:0x40] = struct.pack("<I", 0x40)
    whole[0x40:0x44], whole[0x46:0x48], whole[0x54:0x56] = b"PE\0\0", b"\2\0", struct.pack("<H", 0x70)
    for number, (size, offset) in enumerate(((100, 0), (64, len(whole) - 64))):
        at = 0x40 + 24 + 0x70 + 40 * number + 16
        whole[at : at + 8] = struct.pack("<II", size, offset)
    assert parse(PATH, bytes(whole)).segments[0].size == len(whole)
    assert "truncated" in refusal(bytes(whole[:-1]))
    assert "truncated" in refusal(bytes(whole[:0x100]))
    assert "truncated" in refusal(bytes(whole[:0x44]))


def test_an_efi_zboot_kernel_is_refused_with_the_place_of_its_payload() -> None:
    header = bytearray(200)
    header[:2], header[4:8] = b"MZ", b"zimg"
    header[8:16] = struct.pack("<II", 0x80, 0x40)
    header[0x18:0x1C] = b"gzip"
    assert "tail -c +129 Image | head -c 64 | gzip -dc" in refusal(bytes(header))


def test_an_efi_program_is_refused() -> None:
    data = bytearray(200)
    data[:2], data[0x3C:0x40], data[0x80:0x84] = b"MZ", struct.pack("<I", 0x80), b"PE\0\0"
    assert "UEFI" in refusal(bytes(data))


def test_raw_code_that_begins_like_an_efi_program_stays_raw() -> None:
    assert parse(PATH, b"MZ" + bytes(200)).format == "raw"
    assert parse(PATH, b"MZ").format == "raw"


def test_x86_and_arm_kernels_are_known_by_their_headers() -> None:
    bz = bytearray(1024)
    bz[0x1FE:0x200], bz[0x202:0x206] = b"\x55\xaa", b"HdrS"
    assert "x86_64" in refusal(bytes(bz), "riscv64")
    assert "extract-vmlinux" in refusal(bytes(bz))
    z = bytearray(64)
    z[0x24:0x30] = b"\x18\x28\x6f\x01" + struct.pack("<II", 0, 64)
    assert parse(PATH, bytes(z)).isa == "arm"
    z[0x2C:0x30] = struct.pack("<I", 65)
    assert "truncated" in refusal(bytes(z))
