"""m68k, native: instructions that the engine lacks, or ends the process for. `table` takes them from it, so they
arrive as illegal; here they are carried out.

`movec` (M68000PM/AD, section 6): with a number that the model lacks the engine aborts. `trapv` and `trapcc`: it has
none.
"""

from __future__ import annotations

import numpy as np
from numba import carray, types

from isa.m68k import conditions
from isa.m68k.layout import Slot
from isa.m68k.words import (
    A0,
    BANK,
    BOOL,
    CACR,
    COLDFIRE,
    CONTROL,
    D0,
    ENGINE,
    I64,
    M68000,
    M68020,
    M68040,
    M68060,
    PC,
    STACKS,
    SUPERVISOR,
    TC,
    VBR,
    WRITE,
    compiled,
    family,
    flat,
    host_address,
    operation_word,
    put_status,
    put_word,
    status,
    word,
)
from isa.native import Record, Word, as_u8, as_u16, place, restore

SFC, DFC, MMUSR, URP, SRP, TRANSPARENT = (
    int(slot) for slot in (Slot.SFC, Slot.DFC, Slot.MMUSR, Slot.URP, Slot.SRP, Slot.TRANSPARENT)
)
FPSR = int(Slot.FPSR)
ILLEGAL, TRAPCC, PRIVILEGE, LINE_F = 4, 7, 8, 11
DONE = -1
MOVEC_FROM, MOVEC_TO, TRAPV = 0x4E7A, 0x4E7B, 0x4E76
ENABLED = 0x8000  # TC.E

holds = compiled(conditions, "holds")
float_holds = compiled(conditions, "float_holds")


@flat(I64, I64)
def signed16(value: Word) -> Word:
    return (value ^ 0x8000) - 0x8000


@flat(I64, I64)
def _bank_of(number: Word) -> Word:
    return 1 if number == 0x800 else 0 if number == 0x803 else 2


@flat(BOOL, I64, I64)
def exists(kind: Word, number: Word) -> Word:
    """Whether a CPU of this family has control register `number`."""
    if kind == COLDFIRE:
        return number == 0x801 or number == 0x002 or (number >= 4 and number <= 7) or number == 0x800
    if number == 0x000 or number == 0x001 or number == 0x800 or number == 0x801:
        return kind != M68000
    if number == 0x002:
        return kind >= M68020
    if number == 0x803 or number == 0x804:
        return kind == M68020 or kind == M68040
    if number >= 3 and number <= 7:
        return kind == M68040 or kind == M68060
    if number == 0x805:
        return kind == M68040
    return (number == 0x806 or number == 0x807) and (kind == M68040 or kind == M68060)


@flat(I64, ENGINE, I64)
def read_control(engine: Record, number: Word) -> Word:
    if number == 0x000:
        return word(engine, SFC, 0)
    if number == 0x001:
        return word(engine, DFC, 0)
    if number == 0x002:
        return word(engine, CACR, 0)
    if number == 0x003:
        return np.int64(carray(as_u16(place(engine, TC)), 1)[0])
    if number >= 4 and number <= 7:
        return word(engine, TRANSPARENT, (number - 2) & 3)
    if number == 0x801:
        return word(engine, VBR, 0)
    if number == 0x805:
        return word(engine, MMUSR, 0)
    if number == 0x806:
        return word(engine, URP, 0)
    if number == 0x807:
        return word(engine, SRP, 0)
    bank = _bank_of(number)
    return word(engine, A0, 7) if word(engine, BANK, 0) == bank else word(engine, STACKS, bank)


@flat(I64, I64)
def _cache_bits(kind: Word) -> Word:
    """Bits of CACR that the CPU has."""
    if kind == M68020:
        return 0x3F1F
    if kind == M68040:
        return 0x80008000
    if kind == M68060:
        return 0xF8E0E000
    return 0xFFFFFFFF


@flat(types.void, ENGINE, I64, I64)
def write_control(engine: Record, number: Word, value: Word) -> None:
    kind = family(engine)
    if number == 0x000:
        put_word(engine, SFC, 0, value & 7)
    elif number == 0x001:
        put_word(engine, DFC, 0, value & 7)
    elif number == 0x002:
        old = status(engine)
        put_word(engine, CACR, 0, value & _cache_bits(kind))
        put_status(engine, old)  # CACR.EUSP has a say in what a7 is
    elif number == 0x003:
        carray(as_u16(place(engine, TC)), 1)[0] = np.uint16(value & 0xFFFF)
    elif number >= 4 and number <= 7:
        put_word(engine, TRANSPARENT, (number - 2) & 3, value)
    elif number == 0x801:
        put_word(engine, VBR, 0, value)
    elif number == 0x805:
        put_word(engine, MMUSR, 0, value)
    elif number == 0x806:
        put_word(engine, URP, 0, value)
    elif number == 0x807:
        put_word(engine, SRP, 0, value)
    elif word(engine, BANK, 0) == _bank_of(number):
        put_word(engine, A0, 7, value)
    else:
        put_word(engine, STACKS, _bank_of(number), value)


@flat(BOOL, ENGINE, CONTROL, I64)
def _finish(engine: Record, block: Record, pc: Word) -> Word:
    """The instruction has retired; the next one is at `pc`."""
    put_word(engine, PC, 0, pc & 0xFFFFFFFF)
    block.retired += np.uint64(1)
    restore(engine)
    return True


@flat(BOOL, ENGINE, CONTROL, I64, BOOL)
def _movec(engine: Record, block: Record, pc: Word, to: Word) -> Word:
    extension = operation_word(engine, pc + 2)
    number, register = extension & 0xFFF, extension >> 12 & 15
    kind = family(engine)
    if not exists(kind, number) or (kind == COLDFIRE and not to):
        return False
    slot = A0 if register >= 8 else D0
    if to:
        write_control(engine, number, word(engine, slot, register & 7))
        if number == 3 and word(engine, TC, 0) & ENABLED != 0:
            engine.paging = np.uint64(1)
    else:
        put_word(engine, slot, register & 7, read_control(engine, number))
    return _finish(engine, block, pc + 4)


@flat(I64, ENGINE, I64, I64, I64, I64)
def _store_byte(engine: Record, pc: Word, mode: Word, register: Word, value: Word) -> Word:
    """Store a byte by an addressing mode whose extension words are at `pc`, in memory; where they end, 0: it cannot."""
    if mode == 0:
        old = word(engine, D0, register)
        put_word(engine, D0, register, (old & 0xFFFFFF00) | value)
        return pc
    base = word(engine, A0, register)
    step = 2 if register == 7 else 1
    address, end = base, pc
    if mode == 4:
        address = base - step
    elif mode == 5:
        address, end = base + signed16(operation_word(engine, pc)), pc + 2
    elif mode == 7 and register == 0:
        address, end = signed16(operation_word(engine, pc)), pc + 2
    elif mode == 7 and register == 1:
        address, end = operation_word(engine, pc) << 16 | operation_word(engine, pc + 2), pc + 4
    elif mode != 2 and mode != 3:
        return np.int64(0)
    at = host_address(engine, address, WRITE)
    if at == 0:
        return np.int64(0)
    carray(as_u8(at), 1)[0] = np.uint8(value)
    if mode == 3:
        put_word(engine, A0, register, base + step)
    elif mode == 4:
        put_word(engine, A0, register, address)
    return end


@flat(I64, ENGINE, CONTROL, I64, I64)
def _float_condition(engine: Record, block: Record, pc: Word, operation: Word) -> Word:
    """fscc, fdbcc, ftrapcc (M68000PM/AD, section 5); 0: not carried out, 1: done, 2: it traps."""
    predicate = operation_word(engine, pc + 2)
    if predicate & 0xFFE0 != 0 or family(engine) == M68060:
        return 0
    met = float_holds(predicate, word(engine, FPSR, 0))
    mode, register = operation >> 3 & 7, operation & 7
    if mode == 1:
        to = pc + 6
        if not met:
            old = word(engine, D0, register)
            count = (old - 1) & 0xFFFF
            put_word(engine, D0, register, (old & 0xFFFF0000) | count)
            if count != 0xFFFF:
                to = pc + 4 + signed16(operation_word(engine, pc + 4))
    elif mode == 7 and register >= 2:
        if met:
            return 2
        to = pc + (6 if register == 2 else 8 if register == 3 else 4)
    else:
        to = _store_byte(engine, pc + 4, mode, register, 0xFF if met else 0)
        if to == 0:
            return 0
    _finish(engine, block, to)
    return 1


@flat(I64, ENGINE, CONTROL, I64, I64)
def carried_out(engine: Record, block: Record, cause: Word, pc: Word) -> Word:
    """Carry out the instruction at `pc`, which the engine refuses with `cause`: -1 done, else the cause that it has."""
    if cause != ILLEGAL and cause != LINE_F:
        return cause
    operation = operation_word(engine, pc)
    if operation == MOVEC_FROM or operation == MOVEC_TO:
        if status(engine) & SUPERVISOR == 0:
            return np.int64(PRIVILEGE)
        return np.int64(DONE) if _movec(engine, block, pc, operation == MOVEC_TO) else cause
    if operation == TRAPV and family(engine) != COLDFIRE:
        if status(engine) & 2 != 0:
            return np.int64(TRAPCC)
        _finish(engine, block, pc + 2)
        return np.int64(DONE)
    size = operation & 7
    if (
        operation & 0xF0F8 == 0x50F8
        and size >= 2
        and size <= 4
        and family(engine) in (M68020, M68040, M68060)
    ):
        if holds(operation >> 8 & 15, status(engine)):
            return np.int64(TRAPCC)
        _finish(engine, block, pc + (4 if size == 2 else 6 if size == 3 else 2))
        return np.int64(DONE)
    if operation & 0xFFC0 == 0xF240 and family(engine) in (M68020, M68040):
        done = _float_condition(engine, block, pc, operation)
        return np.int64(DONE) if done == 1 else np.int64(TRAPCC) if done == 2 else cause
    return cause
