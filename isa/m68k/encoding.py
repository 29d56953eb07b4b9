"""What can be told from an m68k instruction without executing it."""

from __future__ import annotations

from isa.m68k.lengths import LONGEST, measure


def instruction_length(code: bytes) -> int:
    """Bytes of the first instruction, as an MC680x0 has it; what is missing of `code` counts as zeros."""
    return measure(code[:LONGEST] + bytes(LONGEST), coldfire=False)


def branch_target(code: bytes, address: int) -> int | None:
    """Where bcc, bra, bsr, dbcc and fbcc go; None for other instructions."""
    if len(code) < 2:
        return None
    word = int.from_bytes(code[:2], "big")
    if word >> 12 == 6:
        size = {0: 2, 0xFF: 4}.get(word & 0xFF, 0)
        at = 2
    elif word & 0xF0F8 == 0x50C8:
        size, at = 2, 2
    elif word & 0xFF80 == 0xF280:
        size, at = 4 if word & 0x40 else 2, 2
    else:
        return None
    if size == 0:
        offset = (word & 0xFF ^ 0x80) - 0x80
    elif len(code) < at + size:
        return None
    else:
        offset = int.from_bytes(code[at : at + size], "big", signed=True)
    return address + 2 + offset & 0xFFFFFFFF
