"""What can be told from an Arm instruction without executing it."""

from __future__ import annotations


def a32_length(code: bytes) -> int:
    """Bytes of the first A32 instruction: always 4."""
    return 4


def t32_length(code: bytes) -> int:
    """Bytes of the first T32 instruction: 4 where the top five bits are 0b11101 and more [a A6.1], else 2."""
    return 4 if len(code) > 1 and code[1] >> 3 >= 0x1D else 2
