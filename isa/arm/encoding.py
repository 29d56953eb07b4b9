"""What can be told from an Arm instruction without executing it."""

from __future__ import annotations

from isa.arm import accesses
from isa.contract import Access, MemoryAccess, ReadRegister

_NAMES = (*(f"r{n}" for n in range(13)), "sp", "lr", "pc")
_MASK = 0xFFFF_FFFF


def a32_length(code: bytes) -> int:
    """Bytes of the first A32 instruction: always 4."""
    return 4


def t32_length(code: bytes) -> int:
    """Bytes of the first T32 instruction: 4 where the top five bits are 0b11101 and more [a A6.1], else 2."""
    return 4 if len(code) > 1 and code[1] >> 3 >= 0x1D else 2


def _a32(code: bytes) -> int | None:
    return int.from_bytes(code[:4], "little") if len(code) >= 4 else None


def _t32(code: bytes) -> int | None:
    """The first T32 instruction, its first halfword uppermost."""
    if len(code) < 2 or len(code) < t32_length(code):
        return None
    half = int.from_bytes(code[:2], "little")
    return half if t32_length(code) == 2 else half << 16 | int.from_bytes(code[2:4], "little")


def _accesses(found: tuple[int, int, int]) -> tuple[MemoryAccess, ...]:
    address, size, kinds = found
    return tuple(
        MemoryAccess(address, size, kind)
        for bit, kind in ((accesses.LOAD, Access.LOAD), (accesses.STORE, Access.STORE))
        if kinds & bit and size
    )


def a32_effective(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
    """The memory that an A32 instruction accesses if its condition holds."""
    word = _a32(code)
    return () if word is None else _accesses(accesses.a32(word, [register(name) for name in _NAMES]))


def t32_effective(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
    word = _t32(code)
    if word is None:
        return ()
    regs = [register(name) for name in _NAMES]
    return _accesses(accesses.t32(word, regs) if t32_length(code) == 4 else accesses.t16(word, regs))


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def a32_branch(code: bytes, pc: int) -> int | None:
    """Where b, bl or blx goes if it is taken [a A8.8.18, A8.8.25]."""
    word = _a32(code)
    if word is None or word >> 25 & 7 != 5:
        return None
    offset = _signed(word & 0xFF_FFFF, 24) << 2
    if word >> 28 == 15:
        offset |= word >> 23 & 2
    return pc + 8 + offset & _MASK


def t32_branch(code: bytes, pc: int) -> int | None:
    """Where b, bl, blx, cbz or cbnz goes if it is taken [a A8.8.18, A8.8.25, A8.8.29]."""
    word = _t32(code)
    if word is None:
        return None
    if t32_length(code) == 2:
        if word >> 12 == 13 and word >> 8 & 15 < 14:
            return pc + 4 + (_signed(word & 0xFF, 8) << 1) & _MASK
        if word >> 11 == 28:
            return pc + 4 + (_signed(word & 0x7FF, 11) << 1) & _MASK
        if word & 0xF500 == 0xB100:
            return pc + 4 + (word >> 3 & 0x1F | word >> 4 & 0x20) * 2 & _MASK
        return None
    if word >> 27 != 30 or not word >> 15 & 1:
        return None
    sign, first, second = word >> 26 & 1, word >> 13 & 1, word >> 11 & 1
    if not word >> 14 & 1 and not word >> 12 & 1:
        if word >> 23 & 7 == 7:
            return None  # a system instruction
        offset = _signed(
            sign << 19 | second << 18 | first << 17 | (word >> 16 & 0x3F) << 11 | word & 0x7FF, 20
        )
        return pc + 4 + (offset << 1) & _MASK
    top = sign << 23 | (1 ^ first ^ sign) << 22 | (1 ^ second ^ sign) << 21
    offset = _signed(top | (word >> 16 & 0x3FF) << 11 | word & 0x7FF, 24) << 1
    if not word >> 12 & 1:  # blx: to A32
        return (pc + 4 & ~3) + (offset & ~3) & _MASK
    return pc + 4 + offset & _MASK
