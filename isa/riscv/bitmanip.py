"""RISC-V, native: the instructions of Zba, Zbb, Zbc, Zbs and Zicond, which the engine calls illegal (`extensions`).

Each is a function of two words and the width of the ISA; words of RV32 come with their upper half zero and lose it where
they are written. Sources as in `extensions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types

from isa.native import Word, as_engine
from isa.riscv.words import U, put_x, x

LOW = U(0xFFFFFFFF)
Operation = Callable[[Word, Word, Word], Word]


def _sources(operation: Operation, *, immediate: bool = False) -> Any:  # noqa: ANN401
    """The instruction that gives rd `operation` of rs1 and rs2, or of rs1 and the bits of rs2 and beyond."""
    compiled = operation if hasattr(operation, "py_func") else njit(forceinline=True)(operation)

    @cfunc(types.int32(types.intp, types.uint64))
    def instruction(address: Word, word: Word) -> Word:
        engine = carray(as_engine(address), 1)[0]
        bits = U(64) if engine.wide != U(0) else U(32)
        b = (word >> U(20)) & U(63) if immediate else x(engine, np.int64((word >> U(20)) & U(31)))
        value = compiled(x(engine, np.int64((word >> U(15)) & U(31))), b, bits)
        rd = np.int64((word >> U(7)) & U(31))
        if rd != 0:
            put_x(engine, rd, value)
        return 1

    return instruction


def _immediate(operation: Operation) -> Any:  # noqa: ANN401
    return _sources(operation, immediate=True)


@njit(forceinline=True)
def sign32(a: Word) -> Word:
    return U(np.int64(np.int32(np.uint32(a & LOW))))


@njit(forceinline=True)
def signed(a: Word, bits: Word) -> Word:
    return np.int64(a) if bits == U(64) else np.int64(np.int32(np.uint32(a)))


@njit(forceinline=True)
def rotated(a: Word, by: Word, bits: Word) -> Word:
    """`a` of `bits` bits, rotated to the right."""
    by &= bits - U(1)
    return a if by == U(0) else (a >> by) | (a << (bits - by))


@njit(forceinline=True)
def population(a: Word) -> Word:
    a -= (a >> U(1)) & U(0x5555555555555555)
    a = (a & U(0x3333333333333333)) + ((a >> U(2)) & U(0x3333333333333333))
    return (((a + (a >> U(4))) & U(0x0F0F0F0F0F0F0F0F)) * U(0x0101010101010101)) >> U(56)


@njit(forceinline=True)
def leading(a: Word, bits: Word) -> Word:
    """Zeros above the highest set bit."""
    for by in (U(1), U(2), U(4), U(8), U(16), U(32)):
        a |= a >> by
    return bits - population(a)


@njit(forceinline=True)
def trailing(a: Word, bits: Word) -> Word:
    return bits if a == U(0) else population((a & (~a + U(1))) - U(1))


@njit(forceinline=True)
def product(a: Word, b: Word, bits: Word, shift: Word) -> Word:
    """The carry-less product, from bit `shift` on."""
    value = U(0)
    for i in range(np.int64(bits)):
        if (b >> U(i)) & U(1) != U(0):
            value ^= a << (U(i) - shift) if U(i) >= shift else a >> (shift - U(i))
    return value


# Zba [bitmanip 2.1]
add_uw = _sources(lambda a, b, bits: (a & LOW) + b)
sh1add = _sources(lambda a, b, bits: (a << U(1)) + b)
sh2add = _sources(lambda a, b, bits: (a << U(2)) + b)
sh3add = _sources(lambda a, b, bits: (a << U(3)) + b)
sh1add_uw = _sources(lambda a, b, bits: ((a & LOW) << U(1)) + b)
sh2add_uw = _sources(lambda a, b, bits: ((a & LOW) << U(2)) + b)
sh3add_uw = _sources(lambda a, b, bits: ((a & LOW) << U(3)) + b)
slli_uw = _immediate(lambda a, by, bits: (a & LOW) << by)

# Zbb [bitmanip 2.2]
andn = _sources(lambda a, b, bits: a & ~b)
orn = _sources(lambda a, b, bits: a | ~b)
xnor = _sources(lambda a, b, bits: ~(a ^ b))
clz = _sources(lambda a, b, bits: leading(a, bits))
clzw = _sources(lambda a, b, bits: leading(a & LOW, U(32)))
ctz = _sources(lambda a, b, bits: trailing(a, bits))
ctzw = _sources(lambda a, b, bits: trailing(a & LOW, U(32)))
cpop = _sources(lambda a, b, bits: population(a))
cpopw = _sources(lambda a, b, bits: population(a & LOW))
max_ = _sources(lambda a, b, bits: a if signed(a, bits) > signed(b, bits) else b)
maxu = _sources(lambda a, b, bits: a if a > b else b)
min_ = _sources(lambda a, b, bits: a if signed(a, bits) < signed(b, bits) else b)
minu = _sources(lambda a, b, bits: a if a < b else b)
sext_b = _sources(lambda a, b, bits: U(np.int64(np.int8(a))))
sext_h = _sources(lambda a, b, bits: U(np.int64(np.int16(a))))
zext_h = _sources(lambda a, b, bits: a & U(0xFFFF))
rol = _sources(lambda a, b, bits: rotated(a, ~b + U(1), bits))
rolw = _sources(lambda a, b, bits: sign32(rotated(a & LOW, ~b + U(1), U(32))))
ror = _sources(rotated)
rorw = _sources(lambda a, b, bits: sign32(rotated(a & LOW, b, U(32))))
rori = _immediate(rotated)
roriw = _immediate(lambda a, by, bits: sign32(rotated(a & LOW, by, U(32))))


def _combine(a: Word, b: Word, bits: Word) -> Word:
    """orc.b: each byte all ones where it has any."""
    for by in (U(1), U(2), U(4)):
        a |= ((a >> by) & (U(0x0101010101010101) * (U(0xFF) >> by))) | (
            (a << by) & (U(0x0101010101010101) * ((U(0xFF) << by) & U(0xFF)))
        )
    return a


def _reversed(a: Word, b: Word, bits: Word) -> Word:
    """rev8: the bytes in the other order."""
    value = U(0)
    for i in range(8):
        value = value << U(8) | (a >> U(8 * i)) & U(0xFF)
    return value >> (U(64) - bits)


orc_b = _sources(_combine)
rev8 = _sources(_reversed)

# Zbc [bitmanip 2.3]
clmul = _sources(lambda a, b, bits: product(a, b, bits, U(0)))
clmulh = _sources(lambda a, b, bits: product(a, b, bits, bits))
clmulr = _sources(lambda a, b, bits: product(a, b, bits, bits - U(1)))

# Zbs [bitmanip 2.4]
bclr = _sources(lambda a, b, bits: a & ~(U(1) << (b & (bits - U(1)))))
bext = _sources(lambda a, b, bits: (a >> (b & (bits - U(1)))) & U(1))
binv = _sources(lambda a, b, bits: a ^ (U(1) << (b & (bits - U(1)))))
bset = _sources(lambda a, b, bits: a | (U(1) << (b & (bits - U(1)))))
bclri = _immediate(lambda a, by, bits: a & ~(U(1) << (by & (bits - U(1)))))
bexti = _immediate(lambda a, by, bits: (a >> (by & (bits - U(1)))) & U(1))
binvi = _immediate(lambda a, by, bits: a ^ (U(1) << (by & (bits - U(1)))))
bseti = _immediate(lambda a, by, bits: a | (U(1) << (by & (bits - U(1)))))

# Zicond [zicond 2]
czero_eqz = _sources(lambda a, b, bits: U(0) if b == U(0) else a)
czero_nez = _sources(lambda a, b, bits: U(0) if b != U(0) else a)
