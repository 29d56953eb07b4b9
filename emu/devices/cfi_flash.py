"""CFI parallel NOR flash as in QEMU's riscv virt: two 16-bit chips side by side on a 32-bit bus.

Manuals: Intel StrataFlash command set (Common Flash Interface publication 100, JEDEC JESD68; command set 1).
Both chips get every command, from the low byte of what is written wherever it is written; registers of a chip
are numbered in its 16-bit words, so word n of both chips is at bus offset 4 n.

In read-array mode the flash is memory. Where it was given an image, `array` is that memory, for the machine
to map in place of this device (firmware runs from it); it ends with the image, and all after it is erased and
kept only where written. Erased is 0xff. Programming clears bits and never sets one.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from enum import IntEnum

from emu.device import NativeRegister
from emu.errors import ConfigError
from emu.memory import PAGE, Permission, Ram
from emu.registers import DeviceRegister, Direction, Table, When, bits
from isa.register import Field

SECTOR = 256 << 10  # bytes of both chips together that one erase clears
CHIPS = 2
BUFFER_WORDS = 1024  # bus words of a buffered write: 2 KiB in each chip
MANUFACTURER, DEVICE = 0x89, 0x18

READY, ERASE_FAILED, PROGRAM_FAILED, LOCKED = 0x80, 0x20, 0x10, 0x02  # status register
BLANK = b"\xff" * PAGE


class Mode(IntEnum):
    """What a read shows, and what the next write means."""

    ARRAY = 0  # contents; a command
    STATUS = 1  # status; a command
    IDENTIFY = 2  # manufacturer and device; a command
    QUERY = 3  # the CFI table; a command
    PROGRAM = 4  # status; the word to program
    ERASE = 5  # status; the confirmation of an erase
    LOCK = 6  # status; lock or unlock
    COUNT = 7  # status; the number of words of a buffered write, less one
    FILL = 8  # status; a word of a buffered write
    CONFIRM = 9  # status; the confirmation of a buffered write


COMMANDS = {
    0x10: Mode.PROGRAM,
    0x40: Mode.PROGRAM,
    0x20: Mode.ERASE,
    0x50: Mode.ARRAY,
    0x60: Mode.LOCK,
    0x70: Mode.STATUS,
    0x90: Mode.IDENTIFY,
    0x98: Mode.QUERY,
    0xE8: Mode.COUNT,
}
"""First byte of a command -> what follows. Every other one leads to read-array (0xff; 0xf0 and 0x00 among
them)."""
CLEAR_STATUS, CONFIRM = 0x50, 0xD0
QUERY_WORDS = 0x100

_COMMANDS = (
    *((0x10, "program"), (0x40, "program"), (0x20, "erase"), (0x50, "clear-status"), (0x60, "lock")),
    *(
        (0x70, "read-status"),
        (0x90, "identify"),
        (0x98, "query"),
        (0xD0, "confirm"),
        (0xE8, "buffered-program"),
    ),
    *((0xFF, "read-array"), (0xF0, "read-array")),
)


def _query_table(size: int) -> dict[int, int]:
    """The CFI table of one chip of `size` / CHIPS bytes: word number -> byte (JESD68.01, section 2)."""
    chip, sector = size // CHIPS, SECTOR // CHIPS
    blocks = chip // sector - 1
    rows: tuple[tuple[int, bytes], ...] = (
        (0x10, b"QRY"),
        (0x13, b"\x01\x00"),  # primary command set: Intel, extended
        (0x15, b"\x31\x00"),  # its own table
        (0x1B, b"\x45\x55\x00\x00"),  # supply 4.5 to 5.5 V, no programming voltage
        (
            0x1F,
            b"\x07\x07\x0a\x00",
        ),  # typical times, powers of two: word us, buffer us, block erase ms, chip erase
        (0x23, b"\x04\x04\x04\x00"),  # longest times, powers of two of the typical ones
        (0x27, bytes((chip.bit_length() - 1,))),  # size, power of two
        (0x28, b"\x02\x00"),  # 8 and 16 bits wide
        (0x2A, b"\x0b\x00"),  # buffer, power of two of bytes
        (0x2C, b"\x01"),  # one region of equal blocks:
        (0x2D, blocks.to_bytes(2, "little") + (sector // 256).to_bytes(2, "little")),
        (0x31, b"PRI10"),  # Intel's own table, version 1.0
        (0x3F, b"\x01"),  # protection fields
    )
    return {first + index: byte for first, data in rows for index, byte in enumerate(data)}


@dataclass(slots=True)
class CfiFlashState:
    mode: Mode = Mode.ARRAY
    status: int = READY
    wanted: int = 0  # words still to come of a buffered write
    buffer: list[tuple[int, int, int]] = field(
        default_factory=list
    )  # (offset, width, value) of those that came
    sector: int = 0  # number of the sector that a buffered write is for
    pages: dict[int, bytes] = field(default_factory=dict)  # those that differ from the image, by number


class CfiFlash:
    """`size` bytes, a power of two of at least one sector; `image` fills the start. The caller's image is
    never changed.

    ConfigError where size or image do not fit. `close` gives the memory of `array` back.
    """

    native: tuple[NativeRegister, ...] = ()

    def __init__(self, name: str, size: int, image: bytes = b"", *, read_only: bool = False) -> None:
        if size < SECTOR or size & size - 1:
            raise ConfigError(f"size of {name}", f"a power of two from {SECTOR} bytes", f"{size} bytes")
        if len(image) > size:
            hint = "Cut the image, or use the part of it that the flash is for"
            raise ConfigError(f"image of {name}", f"at most {size} bytes", f"{len(image)} bytes", hint)
        self.name, self.size = name, size
        self._read_only = read_only
        self._table = _query_table(size)
        self._image = image.rstrip(b"\xff")
        self._ram = self._filled()
        self._pages: dict[int, bytearray] = {}  # beyond the image
        self._dirty: set[int] = set()  # pages within the image that were programmed or erased
        self._s = CfiFlashState()

    def _filled(self) -> Ram | None:
        if not self._image:
            return None
        ram = Ram(-(-len(self._image) // SECTOR) * SECTOR)
        ram.view[: len(self._image)] = memoryview(self._image)
        ram.view[len(self._image) :] = 0xFF
        return ram

    @property
    def registers(self) -> Table:
        """What reads and writes are in each mode, for debuggers: a flash has nothing else."""
        read, all_ones = Direction.READ, (1 << 8) - 1
        status = bits("", "LOCKED", "", "", "PROGRAM_FAILED", "ERASE_FAILED", "", "READY")
        words = ((QUERY_WORDS, 4),)
        everywhere = {Mode.ARRAY: ("ARRAY", "contents"), Mode.IDENTIFY: ("IDENTIFY", "maker, device")}
        rows = [
            DeviceRegister(name, 0, 4, (), read, text, span=self.size, when=When("MODE", all_ones, mode))
            for mode, (name, text) in everywhere.items()
        ]
        rows += [
            DeviceRegister(
                "QUERY", 0, 4, (), read, "CFI table", array=words, when=When("MODE", all_ones, Mode.QUERY)
            ),
            DeviceRegister("STATUS", 0, 4, status, read, "of both chips", span=self.size),
        ]
        data = {Mode.PROGRAM: "PROGRAM", Mode.FILL: "BUFFER", Mode.COUNT: "WORDS"}
        rows += [
            DeviceRegister(
                name, 0, 4, (), Direction.WRITE, "data", span=self.size, when=When("MODE", all_ones, mode)
            )
            for mode, name in data.items()
        ]
        command = (Field("", 0, 8, _COMMANDS),)
        rows.append(
            DeviceRegister("COMMAND", 0, 4, command, Direction.WRITE, "of both chips", span=self.size)
        )
        return tuple(rows)

    @property
    def hidden(self) -> dict[str, int]:
        return {"MODE": int(self._s.mode)}

    @property
    def array(self) -> Ram | None:
        """In read-array mode the memory of the first `array.size` bytes; else None, and None without an
        image."""
        return self._ram if self._s.mode is Mode.ARRAY else None

    permissions = Permission.READ | Permission.EXECUTE  # of `array`: a guest's write comes to the device

    def contents(self) -> bytes:
        """All `size` bytes as a read-array would see them."""
        start = b"" if self._ram is None else self._ram.view.tobytes()
        rest = range(len(start) // PAGE, self.size // PAGE)
        return start + b"".join(bytes(self._pages.get(number, BLANK)) for number in rest)

    def close(self) -> None:
        """MemoryInUse while somebody looks into `array`."""
        if self._ram is not None:
            self._ram.close()

    @property
    def given(self) -> bytes:
        """The image, of which the state has only the pages that differ."""
        return self._image

    @property
    def state(self) -> CfiFlashState:
        state = deepcopy(self._s)
        for number in sorted(self._dirty | self._pages.keys()):
            content = self._load(number * PAGE, PAGE)
            if content != self._original(number):
                state.pages[number] = content
        return state

    def load(self, state: CfiFlashState) -> None:
        for number in sorted(self._dirty | self._pages.keys()):
            if number not in state.pages:
                self._store(number * PAGE, self._original(number))
        self._pages.clear()
        self._dirty.clear()
        for number, content in state.pages.items():
            self._store(number * PAGE, content)
        self._s = CfiFlashState(
            Mode(state.mode), state.status, state.wanted, list(state.buffer), state.sector
        )

    def reset(self) -> None:
        """Contents stay: it is flash."""
        self._s = CfiFlashState()

    def peek(self, offset: int, width: int) -> int:
        match self._s.mode:
            case Mode.ARRAY:
                return int.from_bytes(self._load(offset, width), "little")
            case Mode.IDENTIFY:
                words = [
                    (MANUFACTURER, DEVICE)[at & 0xFF] if at & 0xFF < 2 else 0 for at in self._words(offset)
                ]
            case Mode.QUERY:
                words = [self._table.get(at, 0) for at in self._words(offset)]
            case _:
                words = [self._s.status] * 3
        lanes = sum((word | word << 16) << 32 * index for index, word in enumerate(words))
        return lanes >> 8 * (offset & 3) & ((1 << 8 * width) - 1)

    def read(self, offset: int, width: int) -> int:
        return self.peek(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        s = self._s
        low = value & 0xFF
        match s.mode:
            case Mode.PROGRAM:
                self._program([(offset, width, value)])
            case Mode.ERASE if low == CONFIRM:
                self._erase(offset // SECTOR)
            case Mode.LOCK if low in (CONFIRM, 0x01):
                s.mode = Mode.STATUS
            case Mode.ERASE | Mode.LOCK:
                s.mode = Mode.ARRAY
            case Mode.COUNT:
                s.wanted = (value & 0xFFFF) + 1
                if s.wanted > BUFFER_WORDS:
                    self._refuse()
                else:
                    s.mode, s.sector = Mode.FILL, offset // SECTOR
            case Mode.FILL:
                s.buffer.append((offset, width, value))
                s.wanted -= 1
                if not s.wanted:
                    s.mode = Mode.CONFIRM
            case Mode.CONFIRM:
                self._flush_buffer(low)
            case _:
                self._command(low, offset)

    def _command(self, command: int, offset: int) -> None:
        s = self._s
        s.mode = COMMANDS.get(command, Mode.ARRAY)
        s.buffer.clear()
        if command == CLEAR_STATUS:
            s.status = READY

    def _flush_buffer(self, command: int) -> None:
        s = self._s
        inside = all(at // SECTOR == s.sector == (at + width - 1) // SECTOR for at, width, _ in s.buffer)
        if command == CONFIRM and inside:
            self._program(s.buffer)
        else:
            self._refuse()
        s.buffer.clear()

    def _refuse(self) -> None:
        """A command sequence that is none shows as both failures (Intel, status register)."""
        self._s.status |= ERASE_FAILED | PROGRAM_FAILED
        self._s.mode, self._s.wanted = Mode.STATUS, 0

    def _program(self, words: list[tuple[int, int, int]]) -> None:
        self._s.mode = Mode.STATUS
        if self._read_only:
            self._s.status |= PROGRAM_FAILED | LOCKED
            return
        for offset, width, value in words:
            old = int.from_bytes(self._load(offset, width), "little")
            self._store(offset, (old & value).to_bytes(width, "little"))

    def _erase(self, sector: int) -> None:
        self._s.mode = Mode.STATUS
        if self._read_only:
            self._s.status |= ERASE_FAILED | LOCKED
            return
        self._store(sector * SECTOR, b"\xff" * SECTOR)

    @staticmethod
    def _words(offset: int) -> range:
        """Numbers of the bus words that an access from `offset` on may touch."""
        return range(offset >> 2, (offset >> 2) + 3)

    def _original(self, number: int) -> bytes:
        return self._image[number * PAGE : (number + 1) * PAGE].ljust(PAGE, b"\xff")

    def _load(self, offset: int, size: int) -> bytes:
        if self._ram is not None and offset + size <= self._ram.size:
            return self._ram.view[offset : offset + size].tobytes()
        found = b""
        while size:
            number, within = divmod(offset, PAGE)
            length = min(size, PAGE - within)
            if self._ram is not None and offset < self._ram.size:
                found += self._ram.view[offset : offset + length].tobytes()
            else:
                found += self._pages.get(number, BLANK)[within : within + length]
            offset, size = offset + length, size - length
        return found

    def _store(self, offset: int, data: bytes) -> None:
        at = 0
        while at < len(data):
            number, within = divmod(offset + at, PAGE)
            piece = data[at : at + PAGE - within]
            if self._ram is not None and number * PAGE < self._ram.size:
                start = offset + at
                self._ram.view[start : start + len(piece)] = memoryview(piece)
                self._dirty.add(number)
            elif piece == BLANK:
                self._pages.pop(number, None)
            else:
                page = self._pages.setdefault(number, bytearray(BLANK))
                page[within : within + len(piece)] = piece
            at += len(piece)
