"""A path to an image: the file's own header says what it is, and what has no header is raw."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

from emu.errors import LoadError
from emu.loaders import compressed, hexfile, linux, raw, uimage
from emu.loaders.image import Image
from emu.loaders.machines import isa_of
from emu.loaders.placement import quantity

LARGEST = 4 << 30  # bytes that are read of a file


def open_image(path: Path, isa: str | None = None, *, as_raw: bool = False) -> Image:
    """The program, firmware or kernel at `path`, for `isa` (None: whatever its header names).

    `as_raw` takes the bytes as they are, whatever they look like. Raises LoadError for what cannot be loaded;
    whether the image fits a machine's memory is for `placement.check_inside` to say.
    """
    return parse(path, read_file(path, "a guest program, firmware or kernel"), isa, as_raw=as_raw)


def isa_in(path: Path) -> str | None:
    """The ISA that the file's header names, None where it names none. An ELF is not read any further: it may be
    damaged behind its header. Raises LoadError for a file that cannot be read."""
    with _readable(path) as file:
        head = file.read(64)
    if len(head) < 52 or head[:4] != b"\x7fELF" or head[4] not in (1, 2) or head[5] not in (1, 2):
        return open_image(path).isa
    order = "little" if head[5] == 1 else "big"
    bits, at = (32, 36) if head[4] == 1 else (64, 48)
    machine, flags = (int.from_bytes(head[i : i + n], order) for i, n in ((18, 2), (at, 4)))  # type: ignore[arg-type]
    return isa_of(machine, bits, order == "big", flags)


@contextmanager
def _readable(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise LoadError(
            path, "a program or kernel", error.strerror or str(error), "Check the path"
        ) from error


def parse(path: Path, data: bytes, isa: str | None = None, *, as_raw: bool = False) -> Image:
    """The same for bytes that were read already; `path` is for texts. What is compressed is unpacked, once."""
    if as_raw:
        return raw.load(path, data, isa)
    compression = compressed.detect(data)
    if compression is None:
        return _parse(path, data, isa)
    content = compressed.unpack(path, data, compression)
    if not content or compressed.detect(content) is not None:
        actual = f"a file in which {compression.name} packed {'another packed one' if content else 'nothing'}"
        raise LoadError(path, "a program or kernel", actual, "Unpack it and look what it is")
    image = _parse(path, content, isa)
    note = f"unpacked by {compression.name}: {quantity(len(data))} to {quantity(len(content))}"
    return replace(image, notes=(*image.notes, note))


def _parse(path: Path, data: bytes, isa: str | None) -> Image:
    if data[:4] == b"\x7fELF":
        from emu.loaders import elf  # noqa: PLC0415 (importing its reader takes 80 ms)

        return elf.load(path, data, isa)
    if data[:4] == uimage.MAGIC:
        return uimage.load(path, data, isa)
    if (kernel := linux.detect(data)) is not None:
        return kernel(path, data, isa)
    if hexfile.detect(data):
        return hexfile.load(path, data)
    return raw.load(path, data, isa)


def read_file(path: Path, expected: str) -> bytes:
    """The whole file. Raises LoadError where it is empty or unreadable; `expected` is what it was to be."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            hint = "Name the file in it; a guest folder has a guest.toml"
            raise LoadError(path, expected, "a directory", hint)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode)):
            raise LoadError(path, expected, "a device or socket", "Copy what it holds into a file")
        if status.st_size > LARGEST:
            raise LoadError(path, f"{expected} of at most {quantity(LARGEST)}", quantity(status.st_size))
        with path.open("rb") as file:
            data = file.read(LARGEST)
    except FileNotFoundError as error:
        raise LoadError(path, expected, "no such file", _neighbours(path)) from error
    except (OSError, ValueError, MemoryError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise LoadError(path, expected, f"a file that cannot be read ({reason})") from error
    if not data:
        raise LoadError(path, expected, "an empty file", "Build or copy it again")
    return data


def _neighbours(path: Path) -> str:
    """A hint with the names beside `path` that are most like its own."""
    try:
        names = [each.name for each in path.parent.iterdir()]
    except (OSError, ValueError):
        return f"{path.parent} is no directory that can be read"
    near = get_close_matches(path.name, names)
    return f"Beside it there is {' and '.join(near)}" if near else ""
