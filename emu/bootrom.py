"""What RISC-V `virt` executes first: a few instructions in ROM that hand the guest its boot registers.

The program is position-independent. Its data follow it: the address to jump to, the device tree's address,
and the record by which OpenSBI's fw_dynamic learns what comes after it.

Encodings: unprivileged specification, section 2.2 (formats) and the opcode tables; boot registers: Linux,
Documentation/arch/riscv/boot.rst; the record: OpenSBI, docs/firmware/fw_dynamic.md.
"""

from __future__ import annotations

import struct

_X0, _T0, _A0, _A1, _A2 = 0, 5, 10, 11, 12
_MHARTID = 0xF14
_CODE_SIZE = 6 * 4  # bytes of instructions; the two addresses and the record follow
_START, _DEVICE_TREE, _RECORD = _CODE_SIZE, _CODE_SIZE + 8, _CODE_SIZE + 16  # offsets in the ROM

_DYNAMIC_MAGIC = 0x4942534F  # "OSBI"
_DYNAMIC_VERSION = 2
_SUPERVISOR = 1


def boot_rom(bits: int, start: int, device_tree: int, following: int) -> bytes:
    """The ROM's content, for RV32 or RV64 (`bits`).

    It jumps to `start` with a0 = hart id, a1 = the device tree's address, a2 = the address of the record,
    which says that `following` is to be entered in supervisor mode (0: nothing follows).
    """
    load = 3 if bits == 64 else 2  # funct3 of ld and lw
    code = (
        _immediate(0x17, _T0, 0),  # auipc t0, 0
        _register(0x13, _A2, 0, _T0, _RECORD),  # addi a2, t0, RECORD
        _register(0x73, _A0, 2, _X0, _MHARTID),  # csrr a0, mhartid
        _register(0x03, _A1, load, _T0, _DEVICE_TREE),  # load a1, DEVICE_TREE(t0)
        _register(0x03, _T0, load, _T0, _START),  # load t0, START(t0)
        _register(0x67, _X0, 0, _T0, 0),  # jr t0
    )
    record = (_DYNAMIC_MAGIC, _DYNAMIC_VERSION, following, _SUPERVISOR, 0, 0)  # then options, boot hart
    word = "Q" if bits == 64 else "I"
    return struct.pack(f"<6I2Q6{word}", *code, start, device_tree, *record)


def _immediate(opcode: int, rd: int, upper: int) -> int:
    """U-type; `upper` are the upper 20 bits."""
    return upper << 12 | rd << 7 | opcode


def _register(opcode: int, rd: int, funct3: int, rs1: int, immediate: int) -> int:
    """I-type; `immediate` is 0 to 0xfff, as encoded."""
    return immediate << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
