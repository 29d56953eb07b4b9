"""Boards as declared data: what is mapped where, and which interrupt each device has.

One description builds the machine (`machine.py`) and its device tree (`devicetree.py`).
Source of `virt`: QEMU 7.2, hw/riscv/virt.c (addresses and interrupt numbers as its `info mtree` and device tree show).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from emu.errors import ConfigError, UnknownName
from isa.contract import Isa

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
MAX_RAM = 64 * GIB
"""More costs seconds: the engine keeps a table of every page of memory."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One device of a board. `kind` names the device class (`emu.devices.KINDS`), `name` this instance of it. `port`:
    its base is a port of x86's, not an address."""

    name: str
    kind: str
    base: int
    size: int
    irq: int | None = None
    options: Mapping[str, int | str] = field(default_factory=lambda: MappingProxyType({}))
    port: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """A machine by its parts."""

    name: str
    summary: str
    isas: tuple[str, ...]
    ram_base: int
    slots: tuple[Slot, ...]
    default_ram: int = 128 * MIB
    max_cpus: int = 8
    timebase: int = 10_000_000  # Hz of the platform timer
    device_tree: bool = False
    firmware: bool = False  # whether firmware is built in, for a guest that starts in supervisor mode
    reset_vector: int | None = None  # where the first instruction is fetched when no image says otherwise
    ram_alias: int | None = (
        None  # a second address at which the same RAM begins, as far as it gets to the devices
    )

    def alias_size(self, ram: int) -> int:
        """Bytes of `ram` that appear at the second address too."""
        if self.ram_alias is None:
            return 0
        above = [slot.base for slot in self.slots if slot.base > self.ram_alias]
        return min(ram, min(above, default=self.ram_alias + ram) - self.ram_alias)


VIRT_RISCV = Board(
    name="virt",
    summary="RISC-V virt, laid out as QEMU's: boots unmodified OpenSBI, U-Boot and Linux",
    isas=("riscv64", "riscv32"),
    ram_base=0x8000_0000,
    device_tree=True,
    firmware=True,
    reset_vector=0x1000,
    slots=(
        Slot("mrom", "rom", 0x1000, 0xF000),
        Slot("test", "sifive-test", 0x10_0000, 0x1000),
        Slot("rtc", "goldfish-rtc", 0x10_1000, 0x1000, irq=11),
        Slot("clint", "clint", 0x200_0000, 0x1_0000),
        Slot("plic", "plic", 0xC00_0000, 0x60_0000, options=MappingProxyType({"sources": 95})),
        Slot("uart0", "ns16550a", 0x1000_0000, 0x100, irq=10),
        Slot("fw-cfg", "fw-cfg", 0x1010_0000, 0x18),
        *(
            Slot(f"virtio{n}", "virtio-mmio", 0x1000_1000 + n * 0x1000, 0x1000, irq=1 + n)
            for n in reversed(range(8))  # a guest finds the highest one first
        ),
        Slot("flash0", "cfi-flash", 0x2000_0000, 32 * MIB),
        Slot("flash1", "cfi-flash", 0x2200_0000, 32 * MIB),
    ),
)

BARE = Board(
    name="bare",
    summary="The same small board for every ISA: RAM, UART, power switch, one-shot timer, interrupt latch",
    isas=("*",),
    ram_base=0,
    default_ram=16 * MIB,
    slots=(
        Slot("uart", "bare-uart", 0x1000_0000, 0x1000, irq=0),
        Slot("power", "bare-power", 0x1001_0000, 0x1000),
        Slot("timer", "bare-timer", 0x1002_0000, 0x1000),
        Slot("latch", "bare-latch", 0x1003_0000, 0x1000),
    ),
)

BOARDS: tuple[Board, ...] = (VIRT_RISCV, BARE)

BARE_PORTS = (
    Slot("com1", "ns16550a", 0x3F8, 8, irq=1, port=True),
    Slot("exit", "bare-power", 0xF4, 4, port=True),
)
"""What `bare` has besides on an ISA with ports."""
_WITH_PORTS = ("i386", "x86_64")
_BARE_HOMES = {"riscv64": 0x8000_0000, "riscv32": 0x8000_0000}  # where RISC-V programs are linked to run


def names() -> tuple[str, ...]:
    return tuple(dict.fromkeys(board.name for board in BOARDS))


def with_cpu(board: Board, isa: Isa) -> Board:
    """The board with the devices that are part of its CPUs."""
    slots = tuple(Slot(each.name, each.kind, each.base, each.size) for each in isa.devices)
    return replace(board, slots=(*board.slots, *slots)) if slots else board


def board_for(isa: str, name: str | None = None) -> Board:
    """The board of that name as it is for `isa`; None takes `virt` where the ISA has one, else `bare`.

    Raises UnknownName, or ConfigError for a board that the ISA does not have.
    """
    if name is not None and name not in names():
        raise UnknownName.among("machine", name, names())
    for board in BOARDS:
        if name in (None, board.name) and (isa in board.isas or "*" in board.isas):
            if board is BARE and isa in _BARE_HOMES:
                return replace(board, ram_base=_BARE_HOMES[isa], ram_alias=board.ram_base)
            if board is BARE and isa in _WITH_PORTS:
                return replace(board, slots=board.slots + BARE_PORTS)
            return board
    have = ", ".join(board.name for board in BOARDS if isa in board.isas or "*" in board.isas)
    raise ConfigError("machine", f"one that {isa} has ({have})", str(name))
