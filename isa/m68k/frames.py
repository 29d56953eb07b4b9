"""m68k, native: exception stack frames, built and taken down.

Sources: M68000PM/AD, appendix B; MC68020 User's Manual, section 6; MC68040 User's Manual, section 8; MC68060 User's
Manual, section 8; ColdFire Family Programmer's Reference Manual, chapter 11. By format: 0 four words; 1 the same, of
an interrupt taken on the master stack; 2 with the address of the instruction; 4 with the fault's address and status
(MC68060); 7 access error (MC68040); 11 bus cycle fault (MC68020). The MC68000 has no format word: three words, or
seven for its bus error.
"""

from __future__ import annotations

import numpy as np

from isa.m68k.words import (
    A0,
    BOOL,
    COLDFIRE,
    ENGINE,
    I64,
    M68000,
    M68020,
    M68040,
    M68060,
    family,
    flat,
    load16,
    load32,
    operation_word,
    put_status,
    put_word,
    store16,
    store32,
    word,
)
from isa.native import Record, Word

FETCH, LOAD, STORE = 4, 1, 2
PLAIN, THROWAWAY, INSTRUCTION, FAULT = 0, 1, 2, 16  # FAULT: of whatever format the CPU has for it
BAD_FORMAT, NO_STACK = -1, -2


@flat(BOOL, ENGINE, I64, I64)
def _zeros(engine: Record, address: Word, words: Word) -> Word:
    for i in range(words):
        if not store16(engine, address + 2 * i, 0):
            return False
    return True


@flat(I64, I64, I64)
def _function_code(status: Word, access: Word) -> Word:
    """User data 1, user code 2, supervisor data 5, supervisor code 6."""
    return (4 if status & 0x2000 != 0 else 0) | (2 if access == FETCH else 1)


@flat(I64, ENGINE, I64, I64, I64, I64, I64)
def _coldfire(engine: Record, sp: Word, vector: Word, old: Word, pc: Word, access: Word) -> Word:
    """The one format that ColdFire has: 4 plus the misalignment of the stack pointer, with the fault's status."""
    fault = 0
    if access == FETCH:
        fault = 4
    elif access == LOAD:
        fault = 12
    elif access == STORE:
        fault = 8
    top = (4 + (sp & 3)) << 28 | (fault >> 2) << 26 | vector << 18 | (fault & 3) << 16 | old
    at = (sp & ~3) - 8
    if not (store32(engine, at, top) and store32(engine, at + 4, pc)):
        return np.int64(NO_STACK)
    return np.int64(at)


@flat(I64, ENGINE, I64, I64, I64, I64, I64, I64, I64)
def _fault(
    engine: Record,
    sp: Word,
    vector: Word,
    old: Word,
    pc: Word,
    address: Word,
    access: Word,
    status_word: Word,
) -> Word:
    """A bus error's frame; what comes above the four words that all have, and its format. The new stack pointer."""
    kind = family(engine)
    code = _function_code(old, access)
    if kind == M68000:
        at = sp - 14
        special = (0 if access == STORE else 16) | code
        done = store16(engine, at, special) and store32(engine, at + 2, address)
        done = done and store16(engine, at + 6, operation_word(engine, pc))
        done = done and store16(engine, at + 8, old) and store32(engine, at + 10, pc)
        return np.int64(at) if done else np.int64(NO_STACK)
    if kind == M68020:
        at, number = sp - 92, 11
        done = _zeros(engine, at + 8, 42)
        special = 0x5000 if access == FETCH else 0x100 | (0 if access == STORE else 0x40) | code
        done = done and store16(engine, at + 10, special) and store32(engine, at + 16, address)
    elif kind == M68040:
        at, number = sp - 60, 7
        done = _zeros(engine, at + 8, 26)
        special = status_word if status_word != 0 else (0 if access == STORE else 0x100) | code
        done = done and store32(engine, at + 8, address) and store16(engine, at + 12, special)
        done = done and store32(engine, at + 20, address)
    else:
        at, number = sp - 16, 4
        special = (0x0080_0000 if access == STORE else 0x0100_0000) | code << 16
        done = store32(engine, at + 8, address) and store32(engine, at + 12, special)
    done = done and store16(engine, at, old) and store32(engine, at + 2, pc)
    done = done and store16(engine, at + 6, number << 12 | vector << 2)
    return np.int64(at) if done else np.int64(NO_STACK)


@flat(BOOL, ENGINE, I64, I64, I64, I64, I64, I64, I64)
def push(
    engine: Record,
    format: Word,
    vector: Word,
    old: Word,
    pc: Word,
    address: Word,
    access: Word,
    status_word: Word,
) -> Word:
    """Push a frame on the stack that a7 is. False where the stack cannot be written."""
    sp = word(engine, A0, 7)
    kind = family(engine)
    if kind == COLDFIRE:
        at = _coldfire(engine, sp, vector, old, pc, access)
    elif format == FAULT:
        at = _fault(engine, sp & ~1, vector, old, pc, address, access, status_word)
    else:
        sp &= ~1
        size = 6 if kind == M68000 else 12 if format == INSTRUCTION else 8
        at = sp - size
        done = store16(engine, at, old) and store32(engine, at + 2, pc)
        if kind != M68000:
            done = done and store16(engine, at + 6, format << 12 | vector << 2)
            if format == INSTRUCTION:
                done = done and store32(engine, at + 8, address)
        if not done:
            at = np.int64(NO_STACK)
    if at == NO_STACK:
        return False
    put_word(engine, A0, 7, at)
    return True


@flat(I64, I64, I64)
def _size(kind: Word, format: Word) -> Word:
    """Bytes of a frame that `rte` takes; 0: no format of this CPU."""
    if format == 0:
        return 8
    if format == 2:
        return 12
    if format == 1 and kind != M68060:
        return 8
    if format == 3 and kind >= M68040:
        return 12
    if format == 4 and kind >= M68040:
        return 16
    if format == 7 and kind == M68040:
        return 60
    if kind == M68020:
        if format == 9:
            return 20
        if format == 10:
            return 32
        if format == 11:
            return 92
    return 0


@flat(I64, ENGINE)
def pop(engine: Record) -> Word:
    """`rte`: take the frame down, with the status that it holds. Where the guest goes on, or BAD_FORMAT, NO_STACK."""
    kind = family(engine)
    while True:
        sp = word(engine, A0, 7)
        if kind == COLDFIRE:
            top, pc = load32(engine, sp), load32(engine, sp + 4)
            if top < 0 or pc < 0:
                return np.int64(NO_STACK)
            if top >> 30 != 1:
                return np.int64(BAD_FORMAT)
            put_word(engine, A0, 7, sp + 8 + (top >> 28 & 3))
            put_status(engine, top & 0xFFFF)
            return pc
        old, pc = load16(engine, sp), load32(engine, sp + 2)
        format, size = 0, 6
        if kind != M68000:
            format = load16(engine, sp + 6)
            size = _size(kind, format >> 12)
            format >>= 12
        if old < 0 or pc < 0 or format < 0:
            return np.int64(NO_STACK)
        if size == 0:
            return np.int64(BAD_FORMAT)
        put_word(engine, A0, 7, sp + size)
        put_status(engine, old)
        if format != THROWAWAY:
            return pc
