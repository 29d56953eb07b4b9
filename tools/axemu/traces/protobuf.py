"""As much of the protocol buffers' encoding as a trace for Perfetto needs [protobuf.dev, "Encoding"]."""

from __future__ import annotations

from emu.leb128 import uleb


def number(field: int, value: int) -> bytes:
    """A field of an integer type, without sign."""
    return uleb(field << 3) + uleb(value)


def data(field: int, value: bytes | str) -> bytes:
    """A field of bytes, of text, or a message."""
    content = value.encode() if isinstance(value, str) else value
    return uleb(field << 3 | 2) + uleb(len(content)) + content
