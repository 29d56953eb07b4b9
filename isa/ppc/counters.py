"""PowerPC, native: the time base and the decrementer, which are guest time; and the instruction that waits.

`layout` has made them registers that nobody may access, so that each access arrives as a privileged instruction.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.native import Record, Word, as_control, as_engine, guest_time, uc_emu_stop
from isa.ppc.state import TICK
from isa.ppc.words import (
    DEC,
    GPR,
    HID0,
    MSR,
    MSR_PR,
    SET_TBL,
    SET_TBU,
    SPR,
    U,
    nth,
    put_nth,
    word_at,
)
from isa.records import BLOCK_MEND, BLOCK_SPECIAL

MFSPR, MFTB, MTSPR, MTMSR, MTMSRD = 339, 371, 467, 146, 178
TBL, TBU, VTB, SPURR, PURR = 268, 269, 849, 308, 309
LOW = U(0xFFFFFFFF)
POW, SLEEPS = U(1 << 18), U(0x00E00000)  # MSR; HID0: DOZE, NAP, SLEEP
WAITS = U(64)
"""In a block's word, instead of 1 + the register that mtmsr at its end reads: a wait goes on."""


@njit
def ticks(engine: Record, control: Record) -> Word:
    return guest_time(engine, control) // U(TICK)


@njit
def time_offset(engine: Record) -> Word:
    """What the guest has set the time base to, less guest time."""
    if engine.wide != U(0):
        return nth(engine, SPR, SET_TBL)
    return nth(engine, SPR, SET_TBU) << U(32) | nth(engine, SPR, SET_TBL)


@njit
def set_time(engine: Record, control: Record, base: Word) -> None:
    offset = base - ticks(engine, control)
    if engine.wide != U(0):
        put_nth(engine, SPR, SET_TBL, offset)
    else:
        put_nth(engine, SPR, SET_TBU, offset >> U(32))
        put_nth(engine, SPR, SET_TBL, offset & LOW)


@njit
def access_clock(engine: Record, control: Record, word: Word) -> Word:
    """Carry out mfspr, mftb or mtspr of a clock, where the guest may [Book II 6.1, Book III 7.2, 7.3]; False: it is not
    one."""
    if word >> 26 != 31:
        return False
    operation = (word >> 1) & 0x3FF
    register = (word >> 21) & 31
    number = (word >> 16 & 31) | (word >> 11 & 31) << 5
    program = nth(engine, MSR, 0) & U(MSR_PR) != U(0)
    if operation in (MFSPR, MFTB):
        value = ticks(engine, control) + time_offset(engine)
        if number == DEC and not program:
            value = (nth(engine, SPR, DEC) - ticks(engine, control)) & LOW
        elif number == TBU:
            value >>= U(32)
        elif number in (VTB, PURR, SPURR) and not program:
            value = ticks(engine, control)
        elif number != TBL:
            return False
        put_nth(engine, GPR, register, value)
        return True
    if operation != MTSPR or program:
        return False
    value = nth(engine, GPR, register)
    base = ticks(engine, control) + time_offset(engine)
    if number == DEC:
        put_nth(engine, SPR, DEC, (value + ticks(engine, control)) & LOW)
    elif number == SET_TBL:
        set_time(engine, control, (base & ~LOW) | (value & LOW))
    elif number == SET_TBU:
        set_time(engine, control, (base & LOW) | value << U(32))
    else:
        return False
    return True


@cfunc(types.uint64(types.intp, types.int64))
def inspect(at: Word, size: Word) -> Word:
    """Does the block end in mtmsr? Then the register that it reads, plus 1."""
    word = word_at(at + size - 4, False)
    if word >> 26 != 31 or (word >> 1) & 0x3FF not in (MTMSR, MTMSRD):
        return U(0)
    return U(BLOCK_SPECIAL) | U((word >> 21 & 31) + 1) << U(BLOCK_MEND)


@cfunc(types.int32(types.intp))
def mend(address: Word) -> Word:
    """Has the mtmsr that ended the last block put the CPU to sleep? Then this block does not begin: the run ends by
    itself, as at any halt. It does so again until an interrupt is taken."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    ended = control.counter_register
    control.counter_register = U(0)
    if ended != WAITS:
        asleep = nth(engine, GPR, np.int64(ended) - 1) & POW != U(0)
        if not asleep or nth(engine, SPR, HID0) & SLEEPS == U(0) or engine.wide != U(0):
            return 0
    control.counter_register = WAITS
    uc_emu_stop(np.intp(engine.uc))
    return 0
