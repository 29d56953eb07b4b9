"""Registers and memory: read, written, searched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from axemu.gdbserver import parsing
from axemu.gdbserver.errors import Malformed
from axemu.gdbserver.packets import MOST_READ, escaped
from axemu.gdbserver.replies import OK, UNKNOWN

if TYPE_CHECKING:
    from axemu.gdbserver.conversation import Command, Conversation

_SEARCH: Final = re.compile(rb"([0-9a-fA-F]{1,16});([0-9a-fA-F]{1,16});(.*)", re.DOTALL)


def every(talk: Conversation, rest: bytes) -> bytes:
    return talk.target.core()


def set_every(talk: Conversation, rest: bytes) -> bytes:
    talk.target.set_core(parsing.hex_bytes(parsing.text_of(rest)))
    return OK


def one(talk: Conversation, rest: bytes) -> bytes:
    return talk.target.register(parsing.number(parsing.text_of(rest)))


def set_one(talk: Conversation, rest: bytes) -> bytes:
    number, equals, value = parsing.text_of(rest).partition("=")
    if not equals:
        raise Malformed("Expected P NUMBER = VALUE.")
    talk.target.set_register(parsing.number(number), parsing.hex_bytes(value))
    return OK


def read(talk: Conversation, rest: bytes) -> bytes:
    address, size = parsing.numbers(parsing.text_of(rest), 2)
    return talk.target.read(address, min(size, MOST_READ)).hex().encode()


def read_binary(talk: Conversation, rest: bytes) -> bytes:
    address, size = parsing.numbers(parsing.text_of(rest), 2)
    if size == 0:
        return UNKNOWN  # a client that asks so expects another form of reply
    return b"b" + escaped(talk.target.read(address, min(size, MOST_READ)))


def write(talk: Conversation, rest: bytes) -> bytes:
    where, _, data = parsing.text_of(rest).partition(":")
    return store(talk, where, parsing.hex_bytes(data))


def write_binary(talk: Conversation, rest: bytes) -> bytes:
    where, _, data = rest.partition(b":")
    return store(talk, parsing.text_of(where), data)


def store(talk: Conversation, where: str, data: bytes) -> bytes:
    address, size = parsing.numbers(where, 2)
    if size != len(data):
        raise Malformed(f"Expected {size} bytes.", f"Got {len(data)}.")
    if data:
        talk.target.write(address, data)
    return OK


def search(talk: Conversation, rest: bytes) -> bytes:
    found = _SEARCH.fullmatch(rest)
    if found is None or not found[3]:
        raise Malformed("Expected qSearch:memory:ADDRESS;LENGTH;PATTERN.")
    at = talk.target.find(int(found[1], 16), int(found[2], 16), found[3])
    return b"0" if at is None else b"1,%x" % at


def checksum(talk: Conversation, rest: bytes) -> bytes:
    address, size = parsing.numbers(parsing.text_of(rest), 2)
    return b"C%x" % talk.target.checksum(address, size)


COMMANDS: Final[dict[bytes, Command]] = {
    b"g": every,
    b"G": set_every,
    b"p": one,
    b"P": set_one,
    b"m": read,
    b"M": write,
    b"x": read_binary,
    b"X": write_binary,
    b"qSearch:memory:": search,
    b"qCRC:": checksum,
}
