"""LEB128: numbers of any length, seven bits in a byte [DWARF 5, 7.6]. Protocol buffers call it varint."""

from __future__ import annotations


def uleb(value: int) -> bytes:
    """A number without sign."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
