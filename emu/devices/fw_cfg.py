"""QEMU's firmware configuration device, as memory-mapped on its `virt`: numbered items that a guest reads.

Specification: QEMU, docs/specs/fw_cfg.rst. All registers are big-endian; the values here are little-endian, as the
guest's loads and stores have them.

| offset | bytes  | register | read                         | write                                           |
| 0      | 1 to 8 | DATA     | the item's next bytes, or 0  | -                                               |
| 8      | 2      | SELECT   | 0                            | number of the item to read, from its start      |
| 16     | 4 or 8 | DMA      | "QEMU CFG"                   | address of a descriptor; the low half starts it |

A descriptor is three big-endian numbers: control (32 bits), length (32), address (64). Its control word is 0 when the
transfer is done, 1 where it failed. The transfer is over when the store that started it is.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

from emu.device import Memory, NativeRegister
from emu.errors import ConfigError
from emu.registers import DeviceRegister, Direction, Meaning, Table
from isa.register import Field

DATA, SELECT, DMA = 0x00, 0x08, 0x10
SIZE = 0x18

SIGNATURE, ID, NO_GRAPHIC, CPUS = 0x00, 0x01, 0x04, 0x05
KERNEL_SIZE, KERNEL_DATA, INITRD_SIZE, INITRD_DATA = 0x08, 0x11, 0x0B, 0x12
COMMAND_LINE_SIZE, COMMAND_LINE_DATA = 0x14, 0x15
DIRECTORY, FIRST_FILE = 0x19, 0x20
FILES = 0x20  # places for files
LONGEST_NAME = 55  # bytes
NO_ITEM = FIRST_FILE + FILES

_ITEM = (
    0x3FFF  # of a selector; the other bits say "for writing" and "of this architecture", and nothing is there
)
_LOCAL = 0x8000
_DMA_SIGNATURE = b"QEMU CFG"
_DESCRIPTOR = struct.Struct(">IIQ")
ERROR, READ, SKIP, CHOOSE, WRITE = 1, 2, 4, 8, 16  # control word

_NAMES = (
    *((SIGNATURE, "signature"), (ID, "id"), (NO_GRAPHIC, "no-graphic"), (CPUS, "cpus")),
    *((KERNEL_SIZE, "kernel-size"), (KERNEL_DATA, "kernel-data"), (INITRD_SIZE, "initrd-size")),
    *((INITRD_DATA, "initrd-data"), (COMMAND_LINE_SIZE, "cmdline-size"), (COMMAND_LINE_DATA, "cmdline-data")),
    (DIRECTORY, "file-directory"),
)
REGISTERS: Table = (
    DeviceRegister("DATA", DATA, 8, access=Direction.READ, description="the item's next bytes"),
    DeviceRegister("SELECT", SELECT, 2, (Field("", 0, 16, _NAMES),), description="the item", big_endian=True),
    DeviceRegister(
        "DMA",
        DMA,
        8,
        access=Direction.WRITE,
        description="a descriptor",
        meaning=Meaning.ADDRESS,
        big_endian=True,
    ),
    DeviceRegister("DMA_SIGNATURE", DMA, 8, access=Direction.READ, description='"QEMU CFG"'),
)


@dataclass(slots=True)
class FwCfgState:
    selected: int = SIGNATURE  # as the guest wrote it
    position: int = 0  # bytes of the item that were read or skipped
    descriptor: int = 0  # the high half of its address, which was written first


class FwCfg:
    """`items` by number, `files` by name. What a guest asks for and nobody put there reads as zeros.

    ConfigError for a name that a directory entry cannot hold, and for too many files.
    """

    registers = REGISTERS
    native: tuple[NativeRegister, ...] = ()

    def __init__(
        self,
        name: str,
        memory: Memory,
        items: Mapping[int, bytes],
        files: Mapping[str, bytes],
        size: int = SIZE,
    ) -> None:
        self.name, self.size = name, size
        self._memory = memory
        self._own = {SIGNATURE: b"QEMU", ID: struct.pack("<I", 0b11), **items, **_directory(files)}
        self._items = self._own
        self._s = FwCfgState()

    def fill(self, items: Mapping[int, bytes]) -> None:
        """Items of what was loaded, beside those that the device was made with; replaces earlier ones."""
        self._items = {**self._own, **items}

    @property
    def given(self) -> bytes:
        """All that the guest can read, which is no part of the state."""
        return repr(sorted(self._items.items())).encode()

    @property
    def hidden(self) -> dict[str, int]:
        return {"SELECT": self._s.selected, "DMA": self._s.descriptor}

    @property
    def state(self) -> FwCfgState:
        return replace(self._s)

    def load(self, state: FwCfgState) -> None:
        self._s = replace(state)

    def reset(self) -> None:
        self._s = FwCfgState()

    def peek(self, offset: int, width: int) -> int:
        if offset == DATA:
            item = self._item()
            return int.from_bytes(item[self._s.position : self._s.position + width], "little")
        if offset >= DMA and offset + width <= DMA + len(_DMA_SIGNATURE):
            at = offset - DMA
            return int.from_bytes(_DMA_SIGNATURE[at : at + width], "little")
        return 0

    def read(self, offset: int, width: int) -> int:
        value = self.peek(offset, width)
        if offset == DATA:
            self._advance(width)
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        swapped = int.from_bytes(value.to_bytes(width, "little"), "big")
        match offset, width:
            case 8, 2:
                self._select(swapped)
            case 16, 8:
                self._transfer(swapped)
            case 16, 4:
                self._s.descriptor = swapped << 32
            case 20, 4:
                self._transfer(self._s.descriptor | swapped)
            case _:
                return

    def _select(self, key: int) -> None:
        self._s.selected = key if key & _ITEM < NO_ITEM else _ITEM
        self._s.position = 0

    def _item(self) -> bytes:
        key = self._s.selected
        return b"" if key & _LOCAL else self._items.get(key & _ITEM, b"")

    def _advance(self, count: int) -> None:
        self._s.position = min(self._s.position + count, len(self._item()))

    def _transfer(self, descriptor: int) -> None:
        self._s.descriptor = 0
        raw = self._memory.read(descriptor, _DESCRIPTOR.size)
        if raw is None:
            self._memory.write(descriptor, ERROR.to_bytes(4, "big"))
            return
        control, length, address = _DESCRIPTOR.unpack(raw)
        if control & CHOOSE:
            self._select(control >> 16)
        done = True
        if control & READ:
            done = self._copy(address, length)
        elif control & WRITE:
            done = not length  # no item can be written
        if control & (READ | WRITE | SKIP):
            self._advance(length)
        self._memory.write(descriptor, (0 if done else ERROR).to_bytes(4, "big"))

    def _copy(self, address: int, length: int) -> bool:
        """`length` bytes of the item, and zeros after its end, go to memory; False where that is not all RAM."""
        if length and not self._memory.holds(address, length):
            return False
        part = self._item()[self._s.position : self._s.position + length]
        self._memory.write(address, part)
        self._memory.clear(address + len(part), length - len(part))
        return True


def check_name(name: str) -> None:
    """ConfigError for what cannot be a file's name."""
    size = len(name.encode("utf-8", "surrogateescape"))
    if not 0 < size <= LONGEST_NAME:
        raise ConfigError("-fw_cfg name", f"1 to {LONGEST_NAME} bytes", f"{size} bytes", "Such as opt/mine")


def _directory(files: Mapping[str, bytes]) -> dict[int, bytes]:
    """The files, numbered by ascending name, and the item that lists them: a count, then size (32 bits), number (16),
    16 bits of zero and a name of 56 bytes each, all big-endian."""
    if len(files) > FILES:
        raise ConfigError("-fw_cfg", f"at most {FILES} files in all", f"{len(files)}", "Leave some out")
    made: dict[int, bytes] = {}
    listed = struct.pack(">I", len(files))
    named = sorted((name.encode("utf-8", "surrogateescape"), content) for name, content in files.items())
    for number, (name, content) in enumerate(named, FIRST_FILE):
        check_name(name.decode("utf-8", "surrogateescape"))
        made[number] = content
        listed += struct.pack(">IHH56s", len(content), number, 0, name)
    return {**made, DIRECTORY: listed}
