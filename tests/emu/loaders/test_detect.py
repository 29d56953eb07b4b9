from __future__ import annotations

import errno
import os
import random
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.errors import LoadError
from emu.loaders import open_image
from emu.loaders.detect import parse


def refusal(path: Path, isa: str | None = None) -> str:
    with pytest.raises(LoadError) as caught:
        open_image(path, isa)
    text = str(caught.value)
    assert text.startswith(f"{path}: expected ")
    assert "\n" not in text
    return text


def test_the_header_decides_and_the_rest_is_raw(tmp_path: Path, make_elf: Callable[..., bytes]) -> None:
    for content, format_ in (
        (make_elf(), "ELF 64-bit little-endian"),
        (b":0100000041BE\n:00000001FF\n", "Intel HEX"),
        (b"\x13\0\0\0", "raw"),
        (b": a note", "raw"),
    ):
        path = tmp_path / "guest"
        path.write_bytes(content)
        assert open_image(path).format == format_


def test_raw_bytes_are_entered_at_the_first_wherever_they_are_put() -> None:
    image = parse(Path("guest.bin"), b"\x13\0\0\0", "riscv32")
    assert (image.isa, image.fixed) == ("riscv32", False)
    placed = image.at(0x8000_1000)
    assert (placed.entry, placed.start, placed.end, placed.fixed) == (
        0x8000_1000,
        0x8000_1000,
        0x8000_1004,
        True,
    )
    assert "no address of its own" in image.description[0]
    assert "0x80001000..0x80001003 rwx 4 bytes" in placed.description[1]


def test_bytes_can_be_taken_as_raw_whatever_they_look_like(make_elf: Callable[..., bytes]) -> None:
    assert parse(Path("x"), make_elf(), as_raw=True).format == "raw"
    assert parse(Path("x"), b"\x1f\x8b\x08", as_raw=True).format == "raw"


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "got a directory" in refusal(tmp_path)


def test_a_missing_file_is_refused_with_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "hello.elf").write_bytes(b"x")
    assert "hello.elf" in refusal(tmp_path / "helo.elf")
    assert "no such file" in refusal(tmp_path / "no" / "where")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert "empty" in refusal(tmp_path / "empty")


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"x")

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)  # a file's mode does not stop root
    assert "Permission denied" in refusal(path)


def test_a_file_below_a_file_and_a_name_that_cannot_be_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert "cannot be read" in refusal(tmp_path / "file" / "below")
    assert "cannot be read" in refusal(tmp_path / ("n" * 5000))
    assert "cannot be read" in refusal(tmp_path / "a\0b")


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "cannot be read" in refusal(tmp_path / "loop")


def test_a_device_is_refused_without_reading_it() -> None:
    assert "device" in refusal(Path("/dev/zero"))


def test_a_file_too_large_to_be_a_guest_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "at most 4 GiB, got 1 TiB" in refusal(path)


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"\x13\0\0\0",))
    writer.start()
    assert open_image(path).segments[0].data == b"\x13\0\0\0"
    writer.join()


def test_looking_at_a_raw_file_does_not_import_the_elf_reader(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"\x13\0\0\0")
    program = (
        "import sys; from pathlib import Path; from emu.loaders import open_image; "
        f"open_image(Path({str(tmp_path / 'raw')!r})); sys.exit('elftools' in sys.modules)"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", program]) == 0


@given(st.binary(max_size=700))
@settings(max_examples=200, deadline=None)
def test_any_bytes_at_all_give_an_image_or_a_load_error(data: bytes) -> None:
    try:
        image = parse(Path("any"), data or b"\0")
    except LoadError:
        return
    assert image.description


def test_headers_among_noise_give_an_image_or_a_load_error() -> None:
    chance = random.Random(1)
    magics = (
        (0, b"\x7fELF"),
        (0, b"MZ"),
        (0, b"\x27\x05\x19\x56"),
        (48, b"RISCV"),
        (56, b"ARM\x64"),
        (0x24, b"\x18\x28\x6f\x01"),
    )
    for round_ in range(600):
        data = bytearray(chance.randbytes(chance.randrange(1, 700)))
        at, magic = magics[round_ % len(magics)]
        data[at : at + len(magic)] = magic
        try:
            assert parse(Path("noise"), bytes(data)).description
        except LoadError as error:
            assert str(error)
