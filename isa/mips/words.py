"""MIPS registers in the engine's CPU state, and guest code, for compiled code of all widths and byte orders."""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from isa.mips.layout import Slot
from isa.native import (
    Record,
    Word,
    as_i64,
    as_regions,
    as_u32,
    as_u64,
    call_code,
    code_at,
    get32,
    get64,
    put32,
    put64,
)

U = np.uint64
GPR, PC = int(Slot.GPR), int(Slot.PC)
HFLAGS, ERROR_CODE, BTARGET, BCOND = (
    int(Slot.HFLAGS),
    int(Slot.ERROR_CODE),
    int(Slot.BTARGET),
    int(Slot.BCOND),
)
STATUS, CAUSE, EPC, EBASE = int(Slot.STATUS), int(Slot.CAUSE), int(Slot.EPC), int(Slot.EBASE)
BADVADDR, CONFIG1, CONFIG3 = int(Slot.BADVADDR), int(Slot.CONFIG1), int(Slot.CONFIG3)
DO_INTERRUPT, EXEC_INTERRUPT = int(Slot.DO_INTERRUPT), int(Slot.EXEC_INTERRUPT)
PHYSICAL = int(Slot.PHYSICAL)
TLB_FILL, SET_PAGE, FLUSH_TLB = int(Slot.TLB_FILL), int(Slot.SET_PAGE), int(Slot.FLUSH_TLB)
DELAY_FLAG = int(Slot.DELAY_FLAG)
FILL_PLACE, OTHER_FILL_PLACE, OUR_FILL = int(Slot.FILL_PLACE), int(Slot.OTHER_FILL_PLACE), int(Slot.OUR_FILL)
BLOCK_OWNER = 8
"""Place in the CPU object of a word that the engine does not use, a thread's: the engine block, once it has run. Closing
the engine would free what it finds there; ours are never closed."""

STATUS_IE, STATUS_EXL, STATUS_ERL, STATUS_BEV = 1, 2, 4, 1 << 22
CAUSE_IP = 0xFF00
USER, DEBUG_MODE, M16, CONDITIONAL, IN_SLOT = 3, 1 << 2, 1 << 10, 1 << 12, 0x87F800
"""hflags (QEMU 5.0.1, target/mips/cpu.h): not kernel mode, debug mode, 16-bit code, a branch that waits depends on its
condition, and all that is set between a branch and its slot."""
NO_INSTRUCTION = 2
"""error_code: the exception is one of a fetch."""
CONFIG1_CA = 1 << 2
SEGMENT = 0x1FFFFFFF
"""The part of a kseg0 or kseg1 address that is physical."""


@njit(forceinline=True)
def get(engine: Record, slot: Word) -> Word:
    """A register that is as wide as an address."""
    return get64(engine, slot) if engine.wide != U(0) else get32(engine, slot)


@njit(forceinline=True)
def put(engine: Record, slot: Word, value: Word) -> None:
    if engine.wide != U(0):
        put64(engine, slot, value)
    else:
        put32(engine, slot, U(value))


@njit(forceinline=True)
def general(engine: Record, number: Word) -> Word:
    """General register `number`."""
    at = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 64)[GPR]
    if engine.wide != U(0):
        return carray(as_u64(at), 32)[number]
    return U(carray(as_u32(at), 32)[number])


@njit(forceinline=True)
def function(engine: Record, slot: Word) -> Word:
    """Host address of a function of the engine."""
    return np.intp(carray(as_i64(np.intp(engine.layout)), 64)[slot])


@njit(forceinline=True)
def word_at(engine: Record, at: Word) -> Word:
    """The instruction word at a host address."""
    word = np.int64(carray(as_u32(np.intp(at)), 1)[0])
    if engine.big_endian == U(0):
        return word
    return (word >> 24) | (word >> 8 & 0xFF00) | (word << 8 & 0xFF0000) | (word & 0xFF) << 24


@njit
def physical(engine: Record, address: Word) -> Word:
    """Guest-physical address behind kseg0 and kseg1, or behind the low addresses while Status.ERL is set; all ones for
    what the TLB maps (and for xkphys)."""
    low = address & U(0xFFFFFFFF)
    upper = address >> U(32)
    if low >= U(0x80000000) and low < U(0xC0000000) and (engine.wide == U(0) or upper == U(0xFFFFFFFF)):
        return low & U(SEGMENT)
    if low < U(0x80000000) and upper == U(0) and get32(engine, STATUS) & U(STATUS_ERL) != U(0):
        return low
    return ~U(0)


@njit
def mapped(engine: Record, address: Word) -> Word:
    """Guest-physical address behind an address that the TLB maps; all ones where it does not."""
    return U(call_code(function(engine, PHYSICAL), np.intp(engine.cpu), np.intp(address)))


@njit
def backing(engine: Record, address: Word, size: Word) -> Word:
    """Host address of memory at a guest-physical address; 0 where there is none."""
    regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
    for i in range(engine.regions_count):
        row = regions[i]
        if row.lo <= address and address + U(size) - U(1) <= row.hi:
            return np.intp(row.host + (address - row.lo))
    return np.intp(0)


@njit
def code_place(engine: Record, pc: Word, size: Word) -> Word:
    """Host address at which `size` bytes of code at virtual `pc`, of one page, can be read; 0 where they cannot."""
    address = physical(engine, U(pc))
    if address != ~U(0):
        return backing(engine, address, size)
    return code_at(engine, np.int64(pc), size)


@njit
def instruction_at(engine: Record, pc: Word) -> Word:
    """The instruction word at virtual `pc`; 0 where it cannot be read."""
    at = code_place(engine, pc, 4)
    return word_at(engine, at) if at != 0 else 0
