"""RISC-V, native: time, cycle, instret, and what else a CSR instruction reads wrong in the engine.

cycle and instret are read from the host's clock in the engine, and put right before the next block; time is an illegal
instruction there, and carried out here [priv 3.1.10, 3.1.11].
"""

from __future__ import annotations

import numpy as np
import unicorn.riscv_const as rc
from numba import carray, cfunc, njit, types

from axvcpu.control import CYCLE_STOPPED, INSTRET_STOPPED
from isa.code_pages import compare_code
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u16,
    as_u64,
    guest_time,
    restore,
    save,
    uc_reg_read,
    uc_reg_write,
)
from isa.records import BLOCK_MEND, BLOCK_PAUSE, BLOCK_SPECIAL, BLOCK_STIRS
from isa.riscv.state import TIME_PERIOD
from isa.riscv.words import (
    MACHINE,
    MCOUNTEREN,
    PC,
    PRIV,
    SCOUNTEREN,
    USER,
    U,
    get,
    put,
    put_x,
)

REG_X0 = int(rc.UC_RISCV_REG_X0)
CSR_CYCLE, CSR_TIME, CSR_INSTRET, CSR_MCYCLE, CSR_MINSTRET = 0xC00, 0xC01, 0xC02, 0xB00, 0xB02
CSR_MIP, CSR_SIP, CSR_MIE, CSR_SIE = 0x344, 0x144, 0x304, 0x104
READS_HIGH, READS_MIP, READS_INSTRET = 64, 128, 256  # beside the register number in a block's word
FENCE_I, FENCED = 0x0000100F, 512  # the instruction, and the word of a block that it ends
PAUSE = (np.uint16(0x000F), np.uint16(0x0100))
HIGH_HALF = 0x80  # added to a counter's number: its upper 32 bits on RV32


@njit
def read_time(engine: Record, control: Record, word: Word, pc: Word) -> Word:
    """Carry out a CSR instruction that only reads time or timeh, where the counter-enable registers allow it
    [priv 3.1.11, 4.1.5]."""
    if word & 0x7F != 0x73 or (word >> 12) & 3 < 2 or (word >> 15) & 31 != 0:
        return False
    number = (word >> 20) & 0xFFF
    high = engine.wide == U(0) and number == CSR_TIME | HIGH_HALF
    if number != CSR_TIME and not high:
        return False
    level = get(engine, PRIV)
    if level < U(MACHINE) and get(engine, MCOUNTEREN) & U(2) == U(0):
        return False
    if level == U(USER) and get(engine, SCOUNTEREN) & U(2) == U(0):
        return False
    ticks = guest_time(engine, control) // U(TIME_PERIOD)
    rd = (word >> 7) & 31
    if rd != 0:
        put_x(engine, rd, ticks >> U(32) if high else ticks)
    put(engine, PC, pc + 4)
    restore(engine)
    control.retired += U(1)
    return True


@cfunc(types.uint64(types.intp, types.int64))
def inspect(at: Word, size: Word) -> Word:
    """Does the block end in a read of cycle, instret or mip? Then its register, plus 1, and what was read. Does it hold
    a pause [unpriv 4, Zihintpause]? Or end in fence.i, or in a write to mip or mie?

    A CSR instruction and fence.i always end their block.
    """
    if size < 4:
        return U(0)
    found = U(0)
    offset = 0
    while offset + 4 <= size:
        low, high = carray(as_u16(at + offset), 2)[0], carray(as_u16(at + offset), 2)[1]
        if low == PAUSE[0] and high == PAUSE[1]:
            found = U(BLOCK_SPECIAL | BLOCK_PAUSE)
        offset += 4 if low & np.uint16(3) == np.uint16(3) else 2
    end = at + size - 4
    word = np.int64(carray(as_u16(end), 1)[0]) | np.int64(carray(as_u16(end + 2), 1)[0]) << 16
    if word == FENCE_I:
        return found | U(BLOCK_SPECIAL) | U(FENCED) << U(BLOCK_MEND)
    if word & 0x7F != 0x73 or (word >> 12) & 3 == 0:
        return found
    number = (word >> 20) & 0xFFF
    rd = (word >> 7) & 31
    if number in (CSR_MIP, CSR_SIP, CSR_MIE, CSR_SIE) and ((word >> 12) & 3 == 1 or (word >> 15) & 31 != 0):
        found |= U(BLOCK_SPECIAL | BLOCK_STIRS)
    if number == CSR_MIP and rd != 0:
        return found | U(BLOCK_SPECIAL) | U(rd + 1 | READS_MIP) << U(BLOCK_MEND)
    if rd == 0 or number & ~HIGH_HALF not in (CSR_CYCLE, CSR_INSTRET, CSR_MCYCLE, CSR_MINSTRET):
        return found
    what = READS_HIGH if number & HIGH_HALF else 0
    if number & 2 != 0:  # what tells their numbers apart
        what |= READS_INSTRET
    return found | U(BLOCK_SPECIAL) | U(rd + 1 | what) << U(BLOCK_MEND)


@cfunc(types.int32(types.intp))
def mend(address: Word) -> Word:
    """Put right what the last CSR instruction has read: a counter is the count of instructions retired before it
    [priv 3.1.10], and what it was set to; mip has the bits that are hidden from the engine (`tell_lines`). Or find what
    fence.i is to make seen [unpriv 5]."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    code = np.int64(control.counter_register)
    control.counter_register = U(0)
    if code == FENCED:
        compare_code(engine)
        return 0
    uc, register, at = np.intp(engine.uc), np.int32(REG_X0 + (code & 63) - 1), np.intp(engine.scratch)
    cell = carray(as_u64(at), 1)
    if code & READS_MIP:
        cell[0] = U(0)
        uc_reg_read(uc, register, at)
        cell[0] |= control.lines_hidden
    else:
        instret = code & READS_INSTRET != 0
        value = control.instret_offset if instret else control.cycle_offset
        if control.counters_stopped & U(INSTRET_STOPPED if instret else CYCLE_STOPPED) == U(0):
            value += control.counter_value
        cell[0] = value >> U(32) if code & READS_HIGH else value
    uc_reg_write(uc, register, at)
    return 0


@cfunc(types.int32(types.intp))
def unprivileged(address: Word) -> Word:
    """Is the hart in U mode?"""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return 1 if get(engine, PRIV) == U(USER) else 0
