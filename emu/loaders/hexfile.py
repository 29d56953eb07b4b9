"""Intel HEX: records of bytes at addresses, as text (Intel, Hexadecimal Object File Format, 1988)."""

from __future__ import annotations

import io
import re
from pathlib import Path

from intelhex import HexRecordError, IntelHex, IntelHexError

from emu.errors import LoadError
from emu.loaders.image import Image, Segment

LARGEST = 64 << 20  # bytes of text; the reader keeps every byte as an object

_RECORD = re.compile(rb"\s*:[0-9A-Fa-f]{10}")


def detect(data: bytes) -> bool:
    """True where the file begins with a record: a colon, then at least five bytes as hex digits."""
    return _RECORD.match(data) is not None


def load(path: Path, data: bytes) -> Image:
    """Raises LoadError for a broken record, a wrong checksum, bytes given twice, or a file without data."""
    expected = "Intel HEX"
    if len(data) > LARGEST:
        raise LoadError(
            path,
            f"{expected} of at most {LARGEST:,} bytes",
            f"{len(data):,} bytes",
            "Convert it to ELF or raw",
        )
    reader = IntelHex()
    try:
        reader.loadhex(io.StringIO(data.decode("ascii")))
    except UnicodeDecodeError as error:
        actual = f"byte {data[error.start]:#04x} at {error.start}"
        raise LoadError(path, f"{expected}, plain ASCII text", actual) from error
    except HexRecordError as error:
        raise LoadError(
            path, expected, f"a damaged record ({error})", "Copy or build the file again"
        ) from error
    except IntelHexError as error:
        raise LoadError(path, expected, f"a file that contradicts itself ({error})") from error
    spans = reader.segments()
    if not spans:
        raise LoadError(path, f"{expected} with data records", "no data at all")
    segments = tuple(
        Segment(start, bytes(reader.tobinarray(start=start, size=end - start))) for start, end in spans
    )
    return Image(path, expected, None, _entry(reader.start_addr), segments)


def _entry(start: dict[str, int] | None) -> int | None:
    """Record type 5 gives a linear address, type 3 an x86 segment and offset."""
    if not start:
        return None
    if "EIP" in start:
        return start["EIP"]
    return (start["CS"] << 4) + start["IP"]
