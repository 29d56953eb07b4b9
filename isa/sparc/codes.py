"""Integer condition codes, as the engine keeps them: what set them last, its operands, and its result."""

from __future__ import annotations

from typing import Final

FLAGS: Final = 1
"""The codes are in place: nothing is to be computed."""
_DIV, _ADD, _ADDX, _TADD, _TADDTV, _SUB, _SUBX, _TSUB, _TSUBTV, _LOGIC = range(2, 12)
_ADDS: Final = (_ADD, _ADDX, _TADD, _TADDTV)
_SUBS: Final = (_SUB, _SUBX, _TSUB, _TSUBTV)
N, Z, V, C = 8, 4, 2, 1


def codes(kind: int, result: int, first: int, second: int, bits: int) -> int:
    """N, Z, V and C as 4 bits: icc with 32 `bits`, xcc with 64 [V8 appendix C, V9 appendix A].

    A division keeps its overflow, of 32 bits, as the second operand; a tagged operation that traps on overflow has set
    none.
    """
    mask, top = (1 << bits) - 1, 1 << bits - 1
    result, first, second = result & mask, first & mask, second & mask
    found = (N if result & top else 0) | (Z if result == 0 else 0)
    narrow = bits == 32
    if kind == _DIV:
        return found | (V if narrow and second else 0)
    if kind in _ADDS:
        carry = first & second | ~result & (first | second)
        overflow = ~(first ^ second) & (first ^ result)
    elif kind in _SUBS:
        carry = ~first & second | result & (~first | second)
        overflow = (first ^ second) & (first ^ result)
    else:
        return found
    found |= C if carry & top else 0
    if narrow and kind in (_TADDTV, _TSUBTV):
        return found
    tagged = narrow and kind in (_TADD, _TSUB) and (first | second) & 3
    return found | (V if overflow & top or tagged else 0)
