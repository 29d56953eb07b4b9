"""Raw files: the bytes as they are, at an address that somebody else decides; the entry is the first byte."""

from __future__ import annotations

from pathlib import Path

from emu.loaders.image import Image, Segment


def load(path: Path, data: bytes, isa: str | None = None) -> Image:
    return Image(path, "raw", isa, 0, (Segment(0, data),), fixed=False, reserve=len(data))
