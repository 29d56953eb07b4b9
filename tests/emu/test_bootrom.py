from __future__ import annotations

import struct

import capstone
import pytest
import unicorn
from unicorn import riscv_const

from emu.bootrom import boot_rom

ROM, START, TREE, FOLLOWING = 0x1000, 0x8000_0000, 0x87E0_0000, 0x8020_0000


def test_the_words_are_those_that_qemu_puts_there() -> None:
    head = (0x00000297, 0x02828613, 0xF1402573, 0x0202B583, 0x0182B283, 0x00028067)
    tail = (START, 0, TREE, 0, 0x4942534F, 0, 2, 0, FOLLOWING, 0, 1, 0, 0, 0, 0, 0)
    assert boot_rom(64, START, TREE, FOLLOWING) == struct.pack("<22I", *head, *tail)
    head = (0x00000297, 0x02828613, 0xF1402573, 0x0202A583, 0x0182A283, 0x00028067)
    tail = (START, 0, TREE, 0, 0x4942534F, 2, FOLLOWING, 1, 0, 0)
    assert boot_rom(32, START, TREE, FOLLOWING) == struct.pack("<16I", *head, *tail)


def test_the_disassembler_reads_what_was_meant() -> None:
    decoder = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64)
    code = boot_rom(64, START, TREE, FOLLOWING)[:24]
    assert [each.mnemonic for each in decoder.disasm(code, ROM)] == [
        "auipc",
        "addi",
        "csrr",
        "ld",
        "ld",
        "jr",
    ]


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("base", [ROM, 0x2000_0000])
def test_the_program_jumps_with_its_registers_set_wherever_it_lies(bits: int, base: int) -> None:
    mode = unicorn.UC_MODE_RISCV64 if bits == 64 else unicorn.UC_MODE_RISCV32
    engine = unicorn.Uc(unicorn.UC_ARCH_RISCV, mode)
    engine.mem_map(base, 0x1000)
    engine.mem_write(base, boot_rom(bits, START, TREE, FOLLOWING))
    engine.mem_map(START, 0x1000)
    engine.emu_start(base, START, count=6)
    record = engine.reg_read(riscv_const.UC_RISCV_REG_A2)
    assert engine.reg_read(riscv_const.UC_RISCV_REG_PC) & 0xFFFF_FFFF == START
    assert engine.reg_read(riscv_const.UC_RISCV_REG_A0) == 0
    assert engine.reg_read(riscv_const.UC_RISCV_REG_A1) & 0xFFFF_FFFF == TREE
    word = bits // 8
    fields = struct.unpack(f"<3{'Q' if bits == 64 else 'I'}", engine.mem_read(record, 3 * word))
    assert fields == (0x4942534F, 2, FOLLOWING)
