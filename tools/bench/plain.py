"""The same work by plain Unicorn from Python, as its documentation teaches: map memory, hook, emu_start.

Imports nothing of axemu.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from unicorn import UC_ARCH_RISCV, UC_HOOK_MEM_READ_UNMAPPED, UC_MODE_RISCV64, Uc, UcError
from unicorn.riscv_const import UC_RISCV_REG_PC, UC_RISCV_REG_X0

from bench.guests import FINISHER, RAM, UART
from bench.usage import resident, user_time

PAGE = 0x1000
SIZE = 16 << 20  # bytes of RAM
NOWHERE = RAM + SIZE - 2  # never reached: the guest ends by its power switch


class Board:
    """RAM, a UART and a power switch, each device a Python callback."""

    def __init__(self, image: Path | None = None, *, uart: bool = True) -> None:
        self.uc: Any = Uc(UC_ARCH_RISCV, UC_MODE_RISCV64)
        self.uc.mem_map(RAM, SIZE)
        self.printed = bytearray()
        self.registers = bytearray(8)
        if uart:
            self.uc.mmio_map(UART, PAGE, self.uart_read, None, self.uart_write, None)
        self.uc.mmio_map(FINISHER, PAGE, self.power_read, None, self.power_write, None)
        if image is not None:
            self.uc.mem_write(RAM, image.read_bytes())

    def uart_read(self, uc: Uc, offset: int, size: int, data: object) -> int:
        return 0x60 if offset == 5 else self.registers[offset & 7]

    def uart_write(self, uc: Uc, offset: int, size: int, value: int, data: object) -> None:
        if offset == 0:
            self.printed.append(value & 0xFF)
        else:
            self.registers[offset & 7] = value & 0xFF

    def power_read(self, uc: Uc, offset: int, size: int, data: object) -> int:
        return 0

    def power_write(self, uc: Uc, offset: int, size: int, value: int, data: object) -> None:
        uc.emu_stop()

    def load(self, elf: Path) -> int:
        """Copy the ELF's segments; returns its entry."""
        image = ELFFile(io.BytesIO(elf.read_bytes()))
        for segment in image.iter_segments("PT_LOAD"):
            self.uc.mem_write(segment["p_paddr"], segment.data())
        return int(image["e_entry"])


def compute(elf: Path) -> float:
    """User CPU seconds of the compute guest."""
    board = Board()
    entry = board.load(elf)
    start = user_time()
    board.uc.emu_start(entry, NOWHERE)
    seconds = user_time() - start
    assert board.printed == b"53cf3357\n", bytes(board.printed)
    return seconds


def callback_exit(image: Path, count: int) -> float:
    """User CPU microseconds for each device read, answered by a callback: the engine is not left."""
    board = Board(image)
    start = user_time()
    board.uc.emu_start(RAM, NOWHERE)
    return (user_time() - start) / count * 1e6


def stopping_exit(image: Path, count: int) -> float:
    """User CPU microseconds for each device read that leaves the engine and is answered by Python."""
    board = Board(image, uart=False)
    uc, asked, answered = board.uc, [0, 0], 0

    def leave(uc: Uc, access: int, address: int, size: int, value: int, data: object) -> bool:
        asked[:] = address, size
        return False

    uc.hook_add(UC_HOOK_MEM_READ_UNMAPPED, leave)
    pc = RAM
    start = user_time()
    while True:
        try:
            uc.emu_start(pc, NOWHERE)
            break
        except UcError:
            pc = uc.reg_read(UC_RISCV_REG_PC)
            instruction = int.from_bytes(uc.mem_read(pc, 4), "little")
            value = board.uart_read(uc, asked[0] - UART, asked[1], None)
            uc.reg_write(UC_RISCV_REG_X0 + (instruction >> 7 & 31), value)
            pc += 4
            answered += 1
    seconds = user_time() - start
    assert answered == count, answered
    return seconds / count * 1e6


def big_ram(size: int) -> float:
    """Megabytes that become resident when `size` bytes of RAM are mapped and one page is used."""
    before = resident()
    uc: Any = Uc(UC_ARCH_RISCV, UC_MODE_RISCV64)
    uc.mem_map(RAM, size)
    uc.mem_write(RAM, bytes.fromhex("6f000000"))
    uc.emu_start(RAM, 0, count=10)
    return (resident() - before) / 1e6


def cycles(image: Path, count: int) -> float:
    """Megabytes by which memory grows over `count` create-run-drop cycles."""
    for _ in range(20):
        Board(image).uc.emu_start(RAM, NOWHERE)
    before = resident()
    for _ in range(count):
        Board(image).uc.emu_start(RAM, NOWHERE)
    return (resident() - before) / 1e6
