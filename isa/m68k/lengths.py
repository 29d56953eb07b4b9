"""How long an m68k instruction is: flat integers, the same source for Python and for compiled code.

An instruction is an operation word and what its addressing modes add (M68000 Family Programmer's Reference Manual,
chapter 2 and section 8). `code` is anything whose items are bytes: `bytes` here, an array in compiled code. It must hold
LONGEST bytes. What the engine does not have ends a block there, so its length matters to listings only.
"""

from __future__ import annotations

from typing import Any, Final

LONGEST: Final = 22
"""Bytes: move with two full extension words, each with two displacements of 32 bits."""
BYTE, WORD, LONG, EXTENDED, DOUBLE = 0, 1, 2, 3, 4
"""Sizes of an operand; the first three as most operation words encode them."""


def word_at(code: Any, at: int) -> int:  # noqa: ANN401
    return int(code[at]) << 8 | int(code[at + 1])


def index_size(code: Any, at: int) -> int:  # noqa: ANN401
    """Bytes of an index extension word at `at`, brief or full, with its displacements."""
    word = word_at(code, at)
    if word & 0x100 == 0:
        return 2
    size = 2
    if word & 0x30 == 0x20:
        size += 2
    elif word & 0x30 == 0x30:
        size += 4
    if word & 3 == 2:
        size += 2
    elif word & 3 == 3:
        size += 4
    return size


def operand_size(code: Any, at: int, mode: int, register: int, size: int) -> int:  # noqa: ANN401
    """Bytes that an effective address adds, its extension words beginning at `at`."""
    if mode < 5:
        return 0
    if mode == 5:
        return 2
    if mode == 6:
        return index_size(code, at)
    if register == 0 or register == 2:
        return 2
    if register == 1:
        return 4
    if register == 3:
        return index_size(code, at)
    if register != 4:
        return 0
    if size == EXTENDED:
        return 12
    if size == DOUBLE:
        return 8
    return 4 if size == LONG else 2


def measure(code: Any, coldfire: bool) -> int:  # noqa: ANN401
    """Bytes of the instruction at the start of `code`."""
    word = word_at(code, 0)
    line, mode, register = word >> 12, word >> 3 & 7, word & 7
    size = word >> 6 & 3
    if line == 0:
        return _immediate(code, word, coldfire)
    if line <= 3:
        width = BYTE if line == 1 else LONG if line == 2 else WORD
        source = operand_size(code, 2, mode, register, width)
        return 2 + source + operand_size(code, 2 + source, word >> 6 & 7, word >> 9 & 7, width)
    if line == 4:
        return _miscellaneous(code, word, coldfire)
    if line == 5 and size == 3:
        if mode == 1:
            return 4  # dbcc
        if mode == 7 and register >= 2:
            return 4 if register == 2 else 6 if register == 3 else 2  # trapcc
        return 2 + operand_size(code, 2, mode, register, BYTE)
    if line == 6:
        return 4 if word & 0xFF == 0 else 6 if word & 0xFF == 0xFF else 2
    if line == 7:
        if word & 0x100 == 0 or not coldfire:
            return 2
        return 2 + operand_size(code, 2, mode, register, word >> 6 & 1)  # mvs, mvz
    if line == 10:
        return _line_a(code, word) if coldfire else 2
    if line == 14:
        if size != 3:
            return 2
        return (4 if word & 0x800 else 2) + operand_size(code, 4 if word & 0x800 else 2, mode, register, WORD)
    if line == 15:
        return _coprocessor(code, word, coldfire)
    return _arithmetic(code, word)


def _immediate(code: Any, word: int, coldfire: bool) -> int:  # noqa: ANN401
    """Line 0: bits, immediates, movep, moves, cas."""
    mode, register, size, operation = word >> 3 & 7, word & 7, word >> 6 & 3, word >> 9 & 7
    if word & 0x100:
        return 4 if mode == 1 else 2 + operand_size(code, 2, mode, register, BYTE)
    if operation == 4:
        return 4 + operand_size(code, 4, mode, register, BYTE)
    if size == 3:
        if mode < 2 and (operation == 3 or (coldfire and operation < 4)):
            return 2  # rtm; bitrev, byterev, ff1 of ColdFire
        if operation >= 5 and mode == 7 and register == 4:
            return 6  # cas2
        return 4 + operand_size(code, 4, mode, register, WORD)  # chk2, callm, cas
    if operation == 7:
        return 4 + operand_size(code, 4, mode, register, WORD)  # moves
    immediate = 4 if size == LONG else 2
    if mode == 7 and register == 4:
        return 2 + immediate  # to ccr or sr
    return 2 + immediate + operand_size(code, 2 + immediate, mode, register, size)


def _miscellaneous(code: Any, word: int, coldfire: bool) -> int:  # noqa: ANN401
    """Line 4."""
    mode, register, size = word >> 3 & 7, word & 7, word >> 6 & 3
    kind = word >> 8 & 15
    if word & 0x100:  # chk.l, chk.w, lea
        return 2 + operand_size(code, 2, mode, register, LONG if size == 0 else WORD)
    if word == 0x40E7 and coldfire and word_at(code, 2) == 0x46FC:
        return 6  # strldsr
    if word == 0x4AFC:
        return 2  # illegal
    if kind == 8:
        if size == 0:
            return 6 if mode == 1 else 2 + operand_size(code, 2, mode, register, BYTE)  # link.l, nbcd
        if size == 1 or mode == 0:
            return 2 + operand_size(code, 2, mode, register, LONG)  # swap, bkpt, pea; ext
        return 4 + operand_size(code, 4, mode, register, LONG)  # movem
    if kind == 12:
        if size >= 2 and mode == 0 and coldfire:
            return 2  # sats
        return 4 + operand_size(code, 4, mode, register, LONG)  # mul, div, movem
    if kind == 14:
        if size >= 2:
            return 2 + operand_size(code, 2, mode, register, LONG)  # jsr, jmp
        if word & 0xF8 == 0x50 or word == 0x4E72 or word == 0x4E74 or word & 0xFFFE == 0x4E7A:
            return 4  # link.w, stop, rtd, movec
        return 2
    return 2 + operand_size(code, 2, mode, register, WORD if size == 3 else size)


def _arithmetic(code: Any, word: int) -> int:  # noqa: ANN401
    """Lines 5, 8, 9, b, c, d: one register and one effective address, or two registers."""
    line, mode, register, size = word >> 12, word >> 3 & 7, word & 7, word >> 6 & 3
    if line == 5:
        return 2 + operand_size(code, 2, mode, register, size)
    if mode < 2 and word & 0x100 and size != 3:
        pack = line == 8 and size != 0
        return 4 if pack else 2
    if size == 3:
        long_address = line in (9, 11, 13) and word & 0x100
        return 2 + operand_size(code, 2, mode, register, LONG if long_address else WORD)
    return 2 + operand_size(code, 2, mode, register, size)


def _line_a(code: Any, word: int) -> int:  # noqa: ANN401
    """ColdFire: mov3q and the multiply-accumulate unit."""
    mode, register = word >> 3 & 7, word & 7
    if word & 0x100 == 0:
        return 4 + (operand_size(code, 4, mode, register, LONG) if word & 0x30 else 0)  # mac with a load
    return 2 + operand_size(code, 2, mode, register, LONG)


def _coprocessor(code: Any, word: int, coldfire: bool) -> int:  # noqa: ANN401
    """Line f: floating point, caches and MMU, move16."""
    mode, register, unit, kind = word >> 3 & 7, word & 7, word >> 9 & 7, word >> 6 & 7
    if coldfire and unit == 5:
        return (4 if kind == 7 else 2) + operand_size(code, 2, mode, register, LONG)  # wddata, wdebug
    if unit == 3:
        return 6 if mode < 4 else 4  # move16
    if unit > 1:
        return 2
    if kind == 0:
        return 4 + (
            _float_operand(code, mode, register) if unit == 1 else operand_size(code, 4, mode, register, LONG)
        )
    if kind == 1:
        if mode == 1 or (mode == 7 and register == 2):
            return 6  # fdbcc, ftrapcc.w
        if mode == 7 and register >= 3:
            return 8 if register == 3 else 4
        return 4 + operand_size(code, 4, mode, register, BYTE)
    if kind <= 3:
        return 4 if kind == 2 else 6  # fbcc
    if kind == 5 and coldfire:
        return 2  # intouch: the engine has it in the place of frestore
    if kind <= 5:
        return 2 + operand_size(code, 2, mode, register, LONG)  # fsave, frestore
    return 2


def _float_operand(code: Any, mode: int, register: int) -> int:  # noqa: ANN401
    """What the effective address of a general floating-point instruction adds."""
    extension = word_at(code, 2)
    kind, format = extension >> 13, extension >> 10 & 7
    if kind == 0 or kind == 1 or extension & 0xFC00 == 0x5C00:
        return 0  # between registers; fmovecr
    if kind == 4 or kind == 5:
        if mode == 7 and register == 4:
            return 4 * ((format >> 2) + (format >> 1 & 1) + (format & 1))
        return operand_size(code, 4, mode, register, LONG)
    if kind >= 6:
        return operand_size(code, 4, mode, register, LONG)
    if format == 2 or format == 3 or format == 7:
        return operand_size(code, 4, mode, register, EXTENDED)
    if format == 5:
        return operand_size(code, 4, mode, register, DOUBLE)
    return operand_size(code, 4, mode, register, LONG if format < 2 else WORD)
