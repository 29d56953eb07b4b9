"""MIPS, native: where the engine must not translate as much in one block as it would.

**Long blocks.** For each instruction the translator takes something of which it has 512, and neither gives it back nor
looks how many are left: a long block writes over its memory.

**Traps that are certain.** What traps on overflow or on a condition is a call of the translated code. Where the
translator can tell from constants that it will trap, nothing follows the call, and the engine does not find the place
again: it reports the block's begin. So such an instruction begins a block.

**Pages.** An instruction of 16-bit code may lie in two pages. Where the second cannot be fetched, the exception comes
while the block is translated, as one of the block's begin: such an instruction, too, begins a block.

This is looked at before each block that is looked up, of which most are translated already and jump to each other.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from isa.mips.words import CONFIG1, CONFIG1_CA, HFLAGS, M16, PC, U, code_place, get, word_at
from isa.native import Record, Word, as_u16, as_u32, get32

WHOLE_BLOCK = np.uint32(0xFFFFFFFF)
LONGEST = 128


@njit
def ends_block(word: Word) -> Word:
    """Whether the engine ends a block at this instruction or at the one behind it."""
    opcode = word >> 26
    if opcode == 0:  # jr, jalr, syscall, break
        return word & 0x3F in (0x08, 0x09, 0x0C, 0x0D)
    if opcode == 1:  # bltz and its like
        return word >> 16 & 0x0C == 0
    if opcode == 0x10:  # eret
        return word == 0x42000018
    return opcode < 8 or 0x14 <= opcode < 0x18 or (opcode == 0x11 and word >> 21 & 31 == 8)


@njit
def may_trap(word: Word) -> Word:
    """The registers, one bit each, whose values decide whether this traps on overflow or a condition; 0: it cannot."""
    opcode, rs, rt = word >> 26, word >> 21 & 31, word >> 16 & 31
    if opcode == 0:
        function = word & 0x3F
        if function in (0x20, 0x22, 0x2C, 0x2E) or 0x30 <= function <= 0x36:
            return np.int64(1) << rs | np.int64(1) << rt
    elif opcode in (0x08, 0x18) or (opcode == 1 and 8 <= rt <= 14):
        return np.int64(1) << rs
    return np.int64(0)


@njit
def constants_after(known: Word, word: Word) -> Word:
    """Registers, one bit each, whose values the translator may know after an instruction, of those it may know before.

    It may know less. Register 0 it always knows.
    """
    opcode, rs, rt, rd = word >> 26, word >> 21 & 31, word >> 16 & 31, word >> 11 & 31
    one = np.int64(1)
    if opcode == 0:
        function = word & 0x3F
        knows = known >> rs & known >> rt & 1
        if function < 0x08:  # shifts
            knows = known >> rt & 1
        elif 0x08 <= function < 0x20 or rs == rt:  # of calls, hi and lo, conditional moves: perhaps
            knows = one
        elif rt == 0 or rs == 0:
            copies = function in (0x20, 0x21, 0x22, 0x23, 0x25, 0x26, 0x2C, 0x2D, 0x2E, 0x2F)
            knows = known >> (rs if rt == 0 else rt) & 1 if copies else one
        return known & ~(one << rd) | knows << rd | one
    if 0x08 <= opcode < 0x10 or opcode in (0x18, 0x19):  # with an immediate value
        knows = known >> rs & 1 if word & 0xFFFF != 0 and opcode != 0x0F else one
        return known & ~(one << rt) | knows << rt | one
    if opcode in (0x1C, 0x1F):
        return known | one << rd | one << rt
    if opcode in (1, 3):  # calls
        return known | one << 31
    if opcode in (0x10, 0x11, 0x12) or opcode >= 0x1A:  # loads and moves from coprocessors
        return known & ~(one << rt) | one
    return known


@njit
def short_length(engine: Record, at: Word) -> Word:
    """Bytes of an instruction of 16-bit code: MIPS16e (MD00076, chapter 3) or microMIPS (MD00582, chapter 2)."""
    first = np.int64(carray(as_u16(at), 1)[0])
    if engine.big_endian != U(0):
        first = (first >> 8) | (first & 0xFF) << 8
    if get32(engine, CONFIG1) & U(CONFIG1_CA) != U(0):
        return 4 if first >> 11 in (0x03, 0x1E) else 2  # jal and jalx, extend
    return 2 if first >> 10 & 7 in (1, 2, 3) else 4


@njit
def before_next_page(engine: Record) -> Word:
    """The most instructions of 16-bit code that a block may have: those before one that goes on in the next page."""
    pc = get(engine, PC) & ~U(1)
    room = np.int64(U(0x1000) - (pc & U(0xFFF)))
    at = code_place(engine, pc, room) if room < 4 * LONGEST else np.intp(0)
    if at == 0:
        return np.int64(LONGEST)
    offset = count = np.int64(0)
    while offset < room and count < LONGEST:
        offset += short_length(engine, at + offset)
        if offset > room and count > 0:
            return count
        count += 1
    return np.int64(LONGEST)


@njit
def bound_block(engine: Record) -> None:
    """Have the next block translated in parts where it has to be, by the most instructions that it may have."""
    most = carray(as_u32(np.intp(engine.step)), 1)
    if most[0] == np.uint32(1):
        return
    if get32(engine, HFLAGS) & U(M16) != U(0):
        bound = before_next_page(engine)
    else:
        pc = get(engine, PC)
        left = min(np.int64((U(0x1000) - (pc & U(0xFFF))) >> U(2)), np.int64(LONGEST))
        at = code_place(engine, pc, 4 * left)
        if at == 0:
            return
        bound, last, known = left, left, np.int64(1)
        for offset in range(left):
            i = np.int64(offset)
            word = word_at(engine, at + 4 * i)
            decides = may_trap(word)
            if decides != 0 and i > 0 and decides & ~known == 0:
                bound = i
                break
            if i == last:
                return
            known = constants_after(known, word)
            if ends_block(word):
                last = i + 1
                if last >= left:
                    return
        if bound == left and left < LONGEST:
            return
    most[0] = min(most[0], np.uint32(bound))
