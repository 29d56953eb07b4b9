"""Encodings of a few instructions, for measuring the engine [V8 appendix B, V9 appendix A]."""

from __future__ import annotations

from typing import Final

PRIVILEGED: Final = (
    "tpc", "tnpc", "tstate", "tt", "tick", "tba", "pstate", "tl", "pil", "cwp", "cansave", "canrestore", "cleanwin",
    "otherwin", "wstate", "fq", "gl",
)  # fmt: skip
"""V9's privileged registers by number, as wrpr and rdpr have it."""

ASI_MMU: Final = 0x04
ASI_MMU_LEON: Final = 0x19
ASI_LSU: Final = 0x45
ASI_ITLB_DATA: Final = 0x55
"""The entry that the address names."""
ASI_DMMU: Final = 0x58
POWER_DOWN: Final = 0x13
"""The ASR that a LEON sleeps at a write of."""


def arithmetic(op3: int, rd: int, rs1: int, immediate: int = 0) -> int:
    """Format 3 with a signed constant of 13 bits."""
    return 2 << 30 | rd << 25 | op3 << 19 | rs1 << 14 | 1 << 13 | immediate & 0x1FFF


def wr(asr: int, rs1: int) -> int:
    """Write a register to an ASR; 0 is Y."""
    return arithmetic(0x30, asr, rs1)


def wrpr(name: str, rs1: int) -> int:
    return arithmetic(0x32, PRIVILEGED.index(name), rs1)


def sta(rd: int, rs1: int, asi: int, *, wide: bool = False) -> int:
    """Store to [rs1] in an address space: a word, or the 64 bits of V9's stxa."""
    return 3 << 30 | rd << 25 | (0x1E if wide else 0x14) << 19 | rs1 << 14 | asi << 5


def ta(number: int) -> int:
    """Trap always."""
    return arithmetic(0x3A, 8, 0, number)


TA_0: Final = ta(0)
ADDCC_G1_1_G3: Final = arithmetic(0x10, 3, 1, 1)
MOV_0_G3, MOV_8_G3 = (arithmetic(0x02, 3, 0, value) for value in (0, 8))
MOV_0X200_G3: Final = arithmetic(0x02, 3, 0, 0x200)
LDD_G2_F0: Final = 3 << 30 | 0x23 << 19 | 2 << 14
LD_G2_FSR: Final = 3 << 30 | 0x21 << 19 | 2 << 14
WR_G1_PSR: Final = arithmetic(0x31, 0, 1)
WR_G1_WIM: Final = arithmetic(0x32, 0, 1)
WR_G1_TBR: Final = arithmetic(0x33, 0, 1)
RD_PSR_G1: Final = arithmetic(0x29, 1, 0)
MOV_TL: Final = tuple(arithmetic(0x32, PRIVILEGED.index("tl"), 0, level) for level in range(8))
RDPR_VER_G1: Final = arithmetic(0x2A, 1, 31)
