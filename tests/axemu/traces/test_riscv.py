"""What an instruction of RISC-V writes, and where it goes in memory; the codes are an assembler's."""

from __future__ import annotations

import pytest

from axemu.traces.riscv import base, csr_value, logged_csrs, reads_memory

A0, A5, SP = 10, 15, 2


@pytest.mark.parametrize(
    ("code", "bits", "expected"),
    [
        (0xFF85_3783, 64, (A0, -8)),  # ld a5, -8(a0)
        (0xFEF5_3C23, 64, (A0, -8)),  # sd a5, -8(a0)
        (0x0005_2507, 64, (A0, 0)),  # flw fa0, 0(a0)
        (0x18E5_272F, 64, (A0, 0)),  # sc.w a4, a4, (a0)
        (0x41DC, 64, (A0 + 1, 4)),  # c.lw a5, 4(a1)
        (0x6588, 64, (A0 + 1, 8)),  # c.ld a0, 8(a1)
        (0xE406, 64, (SP, 8)),  # c.sdsp ra, 8(sp)
        (0xC606, 64, (SP, 12)),  # c.swsp ra, 12(sp)
        (0x60A2, 64, (SP, 8)),  # c.ldsp ra, 8(sp)
        (0x40B2, 32, (SP, 12)),  # c.lwsp ra, 12(sp)
        (0x0015_0513, 64, None),  # addi a0, a0, 1
        (0x8082, 64, None),  # ret
    ],
)
def test_an_address_is_a_register_and_an_offset(
    code: int, bits: int, expected: tuple[int, int] | None
) -> None:
    assert base(code, bits) == expected


def test_a_csr_that_shows_others_is_a_write_of_those() -> None:
    assert logged_csrs(0x0030_1073, 64) == (1, 2)  # csrw fcsr, zero
    assert logged_csrs(0x1007_9073, 64) == (0x300,)  # csrw sstatus, a5
    assert logged_csrs(0x3000_2573, 64) == ()  # csrr a0, mstatus
    assert logged_csrs(0x3020_0073, 32) == (0x300, 0x310)  # mret


def test_csr_instructions_write_set_and_clear() -> None:
    assert csr_value(0x3007_9073, 0b0110, 0b1010) == 0b0110  # csrw
    assert csr_value(0x3007_A073, 0b0110, 0b1010) == 0b1110  # csrs
    assert csr_value(0x3007_B073, 0b0110, 0b1010) == 0b1000  # csrc
    assert csr_value(0x3001_6073, 0, 0b1000) == 0b1010  # csrsi mstatus, 2


def test_sc_reads_no_memory() -> None:
    assert not reads_memory(0x18E5_272F)
    assert reads_memory(0x1005_272F)  # lr.w a4, (a0)
