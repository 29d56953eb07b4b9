"""What can be told from a TriCore instruction without executing it."""

from __future__ import annotations


def instruction_length(code: bytes) -> int:
    """Bytes of the first instruction: bit 0 says (TriCore Architecture Manual, section 2.1)."""
    return 4 if code and code[0] & 1 else 2


_BRANCHES_24 = (0x1D, 0x5D, 0x6D, 0x61)  # j, jl, call, fcall: displacement of 24 bits
_ABSOLUTE = (0x9D, 0xDD, 0xED, 0xE1)  # ja, jla, calla, fcalla
_BRANCHES_15 = (0x1F, 0x3F, 0x5F, 0x7F, 0x7D, 0xBF, 0xDF, 0xFF, 0x9F, 0xBD, 0xFD, 0x6F, 0xEF)
_SHORT_8 = (0x3C, 0x5C, 0x6E, 0xEE)  # j, call, jz, jnz of d15
_SHORT_4 = (0x1E, 0x3E, 0x5E, 0x7E, 0x9E, 0xBE, 0xDE, 0xFE)  # jeq, jne of d15
_SHORT_4_MORE = (0x0E, 0x2E, 0x4E, 0x76, 0x7C, 0x8E, 0xAE, 0xBC, 0xCE, 0xF6)
_LOOP, _FAR = 0xFC, (0x9E, 0xBE, 0xDE, 0xFE)


def branch_target(code: bytes, address: int) -> int | None:
    """Where a relative or absolute branch goes; None for other instructions."""
    if len(code) < instruction_length(code) or not code:
        return None
    word = int.from_bytes(code[:4], "little")
    operation = word & 0xFF
    if operation in _BRANCHES_24 or operation in _ABSOLUTE:
        offset = word >> 16 & 0xFFFF | (word >> 8 & 0xFF) << 16
        if operation in _ABSOLUTE:
            return (offset >> 20) << 28 | (offset & 0xFFFFF) << 1
        return address + 2 * _signed(offset, 24) & 0xFFFFFFFF
    if operation in _BRANCHES_15:
        return address + 2 * _signed(word >> 16 & 0x7FFF, 15) & 0xFFFFFFFF
    if operation in _SHORT_8:
        return address + 2 * _signed(word >> 8 & 0xFF, 8) & 0xFFFFFFFF
    if operation == _LOOP:
        return address + 2 * ((word >> 8 & 15) - 16) & 0xFFFFFFFF
    if operation in _SHORT_4 or operation in _SHORT_4_MORE:
        return address + 2 * ((word >> 8 & 15) + (16 if operation in _FAR else 0)) & 0xFFFFFFFF
    return None


def _signed(value: int, bits: int) -> int:
    return (value ^ 1 << bits - 1) - (1 << bits - 1)
