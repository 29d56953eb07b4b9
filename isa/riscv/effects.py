"""RISC-V: what instructions can change, by their encoding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_GENERAL: Final = frozenset(
    {
        0x03,  # LOAD
        0x0F,  # MISC-MEM
        0x13,  # OP-IMM
        0x17,  # AUIPC
        0x1B,  # OP-IMM-32
        0x23,  # STORE
        0x27,  # STORE-FP
        0x33,  # OP
        0x37,  # LUI
        0x3B,  # OP-32
        0x63,  # BRANCH
        0x67,  # JALR
        0x6F,  # JAL
    }
)
"""Major opcodes [unpriv 34, table 70] whose instructions write an x register, memory or nothing."""
_STORES: Final = (0xA000, 0xC000, 0xE000)
_EBREAK: Final = 0x9002


def general_only(bits: int) -> Callable[[bytes], bool]:
    """Whether code changes x registers and memory alone, as long as it does not trap."""
    loads = (0x4000, 0x6000) if bits == 64 else (0x4000,)  # c.lw, c.ld; on 32 bits the other is c.flw

    def compressed(code: int) -> bool:
        function, quadrant = code & 0xE000, code & 3
        if quadrant == 1:
            return True
        if function in loads or function in _STORES:
            return True
        return function == 0 or (quadrant == 2 and function == 0x8000 and code != _EBREAK)

    def known(code: bytes) -> bool:
        at = 0
        while at < len(code):
            low = code[at] | code[at + 1] << 8 if at + 1 < len(code) else 0
            wide = low & 3 == 3
            if not ((low & 0x7F) in _GENERAL if wide else compressed(low)):
                return False
            at += 4 if wide else 2
        return True

    return known
