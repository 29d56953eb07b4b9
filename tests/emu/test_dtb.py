from __future__ import annotations

import random
import struct
from pathlib import Path

import fdt
import pytest

from emu.board import VIRT_RISCV
from emu.devicetree import build
from emu.dtb import check, patch
from emu.errors import LoadError

PATH = Path("board.dtb")


@pytest.fixture(scope="module")
def blob() -> bytes:
    return build(VIRT_RISCV, "riscv64", 2, 128 << 20)


def refusal(data: bytes) -> str:
    with pytest.raises(LoadError) as caught:
        check(PATH, data)
    text = str(caught.value)
    assert text.startswith("board.dtb: expected a device tree blob")
    assert "\n" not in text
    return text


def header(blob: bytes, field: int, value: int) -> bytes:
    return blob[: 4 * field] + value.to_bytes(4, "big") + blob[4 * field + 4 :]


def test_a_sound_blob_passes_without_what_follows_it(blob: bytes) -> None:
    assert check(PATH, blob) == blob
    assert check(PATH, blob + bytes(1000)) == blob


def test_a_source_file_is_refused_with_the_compilers_command() -> None:
    assert "dtc -I dts -O dtb" in refusal(b"/dts-v1/;\n/ { };\n")
    assert "nothing" in refusal(b"")


def test_a_truncated_blob_is_refused(blob: bytes) -> None:
    for size in (*range(4, 60), len(blob) // 2, len(blob) - 1):
        refusal(blob[:size])


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (1, 8, "8 bytes as its header says"),
        (1, 1 << 31, "in the file"),
        (2, 2, "a word at 0x2"),
        (2, 1 << 30, "a word at"),
        (3, 1 << 30, "strings"),
        (4, 1 << 30, "reservations"),
        (5, 15, "version 15"),
        (6, 18, "read as 18"),
        (8, 1 << 30, "strings"),
        (8, 3, "a name for the property"),
    ],
)
def test_a_damaged_header_is_refused(blob: bytes, field: int, value: int, words: str) -> None:
    assert words in refusal(header(blob, field, value))


def test_more_than_kernels_map_is_refused(blob: bytes) -> None:
    size = (2 << 20) + 4
    assert "2,097,152 bytes" in refusal(header(blob, 1, size) + bytes(size))


def structure(*words: int) -> bytes:
    """A blob with these words as its structure, and one string."""
    body, strings = struct.pack(f">{len(words)}I", *words), b"p\0"
    at = 56
    head = (0xD00DFEED, at + len(body) + 2, at, at + len(body), 40, 17, 16, 0, 2, len(body))
    return struct.pack(">10I", *head) + bytes(16) + body + strings


@pytest.mark.parametrize(
    "words",
    [
        (9,),
        (1, 0, 9),
        (2, 9),
        (1, 0, 2, 2, 9),
        (1, 0, 2, 1, 0, 2, 9),
        (1, 0, 1, 0, 2, 2, 9),
        (3, 0, 0, 9),
        (1, 0, 3, 0, 2, 2, 9),
        (1, 0, 3, 1 << 20, 0, 2, 9),
        (1, 0, 5, 2, 9),
        (1, 0x61626364),
        (1, 0, *(1, 0x61000000) * 64, *(2,) * 65, 9),
    ],
)
def test_a_malformed_structure_is_refused(words: tuple[int, ...]) -> None:
    refusal(structure(*words))


def test_nops_are_allowed_and_survive_patching() -> None:
    data = structure(4, 1, 0, 4, 3, 4, 0, 0x12345678, 4, 2, 9)
    assert check(PATH, data) == data
    tree = fdt.parse_dtb(patch(PATH, data, "quiet"))
    assert tree.get_property("p").value == 0x12345678
    assert tree.get_property("bootargs", "/chosen").value == "quiet"


def test_patching_sets_arguments_and_initrd_and_keeps_the_rest(blob: bytes) -> None:
    patched = patch(PATH, blob, 'console=ttyS0 init="x"', (0x8800_0000, 0x1_0000_0000))
    assert check(PATH, patched) == patched
    tree = fdt.parse_dtb(patched)
    assert tree.get_property("bootargs", "/chosen").value == 'console=ttyS0 init="x"'
    assert tree.get_property("linux,initrd-start", "/chosen").data == [0x8800_0000]
    assert tree.get_property("linux,initrd-end", "/chosen").data == [1, 0]
    for name in ("bootargs", "linux,initrd-start", "linux,initrd-end"):
        tree.remove_property(name, "/chosen")
    assert tree.root == fdt.parse_dtb(blob).root


def test_arguments_may_be_any_text(blob: bytes) -> None:
    text = "naïve \udcff"
    raw = text.encode("utf-8", "surrogateescape") + b"\0"
    patched = patch(PATH, blob, text)
    assert raw in patched
    check(PATH, patched)


def test_nothing_to_patch_leaves_every_byte(blob: bytes) -> None:
    assert patch(PATH, blob) is blob


def test_reservations_of_one_tree_do_not_reach_the_next(blob: bytes) -> None:
    size = len(blob) + 16
    reserved = blob[:40] + struct.pack(">2Q", 0x8000_0000, 0x1000) + blob[40:]
    for field in (1, 2, 3):
        reserved = header(reserved, field, int.from_bytes(blob[4 * field : 4 * field + 4], "big") + 16)
    assert len(reserved) == size
    first = patch(PATH, check(PATH, reserved), "a")
    second = patch(PATH, blob, "a")
    assert len(fdt.parse_dtb(first).entries) == 1
    assert len(first) == len(second) + 16
    assert patch(PATH, blob, "a") == second


def test_damage_anywhere_is_a_load_error_or_a_tree(blob: bytes) -> None:
    chance = random.Random(4)
    for _ in range(1500):
        data = bytearray(blob)
        for _ in range(chance.choice((1, 1, 4))):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 2, 0xFF, chance.randrange(256)))
        try:
            patch(PATH, check(PATH, bytes(data)), "quiet")
        except LoadError as error:
            assert str(error)
