from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intelhex import IntelHex

from emu.errors import LoadError
from emu.loaders import hexfile
from emu.loaders.detect import parse

PATH = Path("guest.hex")


def record(kind: int, address: int, data: bytes) -> str:
    body = bytes((len(data),)) + address.to_bytes(2, "big") + bytes((kind,)) + data
    return f":{(body + bytes((-sum(body) & 0xFF,))).hex().upper()}\n"


END = record(1, 0, b"")


def refusal(text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(LoadError) as caught:
        hexfile.load(PATH, data)
    return str(caught.value)


def test_records_become_segments_at_their_addresses() -> None:
    text = (
        record(4, 0, b"\x80\0") + record(0, 0x10, b"abcd") + record(0, 0x14, b"ef") + record(0, 0x100, b"z")
    )
    image = parse(PATH, (text + record(5, 0, b"\x80\0\0\x12") + END).encode())
    assert image.format == "Intel HEX"
    assert [(each.address, each.data) for each in image.segments] == [
        (0x8000_0010, b"abcdef"),
        (0x8000_0100, b"z"),
    ]
    assert image.entry == 0x8000_0012
    assert image.fixed


def test_a_segmented_start_address_is_made_linear_and_none_is_none() -> None:
    text = record(0, 0, b"x")
    assert hexfile.load(PATH, (text + record(3, 0, b"\x12\x34\x00\x05") + END).encode()).entry == 0x12345
    assert hexfile.load(PATH, (text + END).encode()).entry is None


def test_a_wrong_checksum_is_refused_with_its_line() -> None:
    text = refusal(record(0, 0, b"ab") + ":0100000041FF\n" + END)
    assert "line 2" in text
    assert "checksum" in text


def test_bytes_given_twice_are_refused() -> None:
    assert "contradicts" in refusal(record(0, 0, b"ab") + record(0, 1, b"c") + END)


def test_a_file_without_data_is_refused() -> None:
    assert "no data" in refusal(END)


def test_bytes_that_are_no_text_are_refused() -> None:
    assert "0xff" in refusal(b":00000001FF\n\xff")


def test_a_truncated_record_is_refused() -> None:
    assert "expected Intel HEX" in refusal(record(0, 0, b"abcdefgh")[:-6] + "\n")


@given(st.dictionaries(st.integers(0, 0x3_0000), st.binary(min_size=1, max_size=40), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_the_library_writes_comes_back_byte_for_byte(pieces: dict[int, bytes]) -> None:
    source = IntelHex()
    for address, data in pieces.items():
        source.puts(address, data)
    text = io.StringIO()
    source.write_hex_file(text)
    image = hexfile.load(PATH, text.getvalue().encode())
    found = {segment.address + at: byte for segment in image.segments for at, byte in enumerate(segment.data)}
    assert found == source.todict()


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_behind_a_colon_give_an_image_or_a_load_error(tail: bytes) -> None:
    try:
        hexfile.load(PATH, b":00000000" + tail)
    except LoadError:
        return
