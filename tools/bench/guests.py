"""The guests that are measured: the same bytes for every side."""

from __future__ import annotations

from pathlib import Path

from isa import find
from isa.assembly import assemble

ROOT = Path(__file__).resolve().parents[2]
COMPUTE = ROOT / "guests" / "riscv64" / "compute" / "compute.elf"
DISK_READ = ROOT / "guests" / "riscv64" / "disk-read" / "disk-read.elf"
HELLO = ROOT / "guests" / "riscv64" / "hello"
UART_FLOOD = ROOT / "guests" / "riscv64" / "uart-flood"

# Addresses of RISC-V `virt`.
RAM = 0x8000_0000
UART = 0x1000_0000
FINISHER = 0x10_0000
LINE_STATUS = 5  # UART register that axemu answers in native code
SCRATCH = 7  # UART register that axemu's Python device answers

READ_LOOP = """
    li t0, {count}
    li t1, {address}
loop:
    lbu t2, 0(t1)
    addi t0, t0, -1
    bnez t0, loop
    li t1, {finisher}
    li t2, 0x5555
    sw t2, 0(t1)
stay:
    j stay
"""


def read_loop(register: int, count: int) -> bytes:
    """RV64 code for address RAM: read a UART register `count` times, then power off."""
    text = READ_LOOP.format(count=count, address=UART + register, finisher=FINISHER)
    return assemble(find("riscv64"), text, RAM)
