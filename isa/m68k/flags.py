"""The condition codes as the engine keeps them: an operation and what is left of its operands, flat integers.

The same source runs in Python and compiled. `operation` 0 and 1: the five words are the flags (X and C 0 or 1; N and V
in bit 31; Z where the word is 0). 2-4 an addition of 8, 16, 32 bits, 5-7 a subtraction: N holds the result, V the
second operand. 8-10 a comparison: N and V the operands. 11: N holds a result with neither carry nor overflow.
"""

from __future__ import annotations

from typing import Final

C, V, Z, N, X = 1, 2, 4, 8, 16
FLAGS: Final = 1
_TOP: Final = 0x80000000
_ALL: Final = 0xFFFFFFFF


def _extended(value: int, size: int) -> int:
    """The low 8, 16 or 32 bits (`size` 0, 1, 2), sign-extended to 32."""
    if size == 0:
        return ((value & 0xFF) ^ 0x80) - 0x80 & _ALL
    if size == 1:
        return ((value & 0xFFFF) ^ 0x8000) - 0x8000 & _ALL
    return value & _ALL


def condition_codes(operation: int, x: int, n: int, v: int, c: int, z: int) -> int:
    """The five flags as the low bits of SR have them."""
    if operation >= 11:
        c, v, z = 0, 0, n
    elif operation >= 8:
        result = _extended(n - v, operation - 8)
        c = 1 if n < v else 0
        v, n, z = (result ^ n) & (n ^ v), result, result
    elif operation >= 5:
        first = _extended(n + v, operation - 5)
        c, z, v = x, n, (n ^ first) & (first ^ v)
    elif operation >= 2:
        first = _extended(n - v, operation - 2)
        c, z, v = x, n, (n ^ first) & ~(first ^ v)
    flags = X if x != 0 else 0
    if n & _TOP != 0:
        flags |= N
    if z == 0:
        flags |= Z
    if v & _TOP != 0:
        flags |= V
    if c != 0:
        flags |= C
    return flags
