"""RISC-V instruction words."""

from __future__ import annotations


def instruction_length(code: bytes) -> int:
    """Bytes of the first instruction: 2 or 4 by its two lowest bits (unprivileged specification, section 1.5).

    The longer formats are not in any CPU model and count as 4. Needs at least one byte.
    """
    return 4 if code[0] & 3 == 3 else 2
