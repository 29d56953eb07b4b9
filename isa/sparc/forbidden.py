"""Instructions at which the engine ends the process, or does something that no manual says: it must not run them.

Found by having it execute every combination of operation, condition, FP operation and address space
(tests/isa/sparc/test_forbidden.py). All are reserved, or name an address space that their kind of access does not have.
The guest gets its trap. For V9's reserved conditions there is more to do: see `opening`. And pairs of instructions that
it gets wrong only where it translates them together: the second begins a block of its own.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.native import Record, Word, as_control, as_engine, get32
from isa.sparc.causes import V8 as C8
from isa.sparc.causes import V9 as C9
from isa.sparc.paging_core import instruction_at
from isa.sparc.slots import Slot
from isa.sparc.words import KEPT_LIMIT, TL, U, keep, kept

DELIVER, AGAIN, FAIL = int(Kind.DELIVER), int(Kind.AGAIN), int(Kind.FAIL)
ASI, BANKS = int(Slot.ASI), int(Slot.BANKS)
ILLEGAL, NO_SPACE_8, NO_SPACE_9 = (
    int(C9.ILLEGAL_INSTRUCTION),
    int(C8.DATA_ACCESS_EXCEPTION),
    int(C9.DATA_ACCESS_EXCEPTION),
)
LDSTUBA, STDA, LDFA, LDDFA, RETURN = 0x1D, 0x17, 0x30, 0x33, 0x3E
ANYHOW, LOGIC, WITH_CARRY = 1, 2, 3
BLOCK_COPY, BLOCK_FILL, PRIMARY = 0x17, 0x1F, 0x80


@njit
def twin(asi: Word) -> Word:
    """V9: the address spaces of 128-bit loads."""
    return asi & 0xF7 in (0x22, 0x23, 0x24, 0x26, 0x27, 0xE2, 0xE3)


@njit
def with_gl(engine: Record) -> Word:
    """Whether this is a sun4v model: it keeps what a trap saves in tables without a bound."""
    return kept(engine, BANKS) == U(0xFFFF_FFFF_FFFF_FFFF)


@njit
def forbidden(engine: Record, word: Word, always: Word) -> Word:
    """The trap type that an instruction word is to raise instead; 0 for most. always: in whatever state the CPU is."""
    op, op3 = word >> 30, word >> 19 & 0x3F
    asi = word >> 5 & 0xFF
    if engine.wide == U(0):
        if op != 3 or op3 & 0x30 != 0x10:
            return 0
        stores = op3 in (0x14, 0x15, 0x16, LDSTUBA)
        if asi == PRIMARY or (asi == BLOCK_FILL and stores) or (asi == BLOCK_COPY and op3 == STDA):
            return NO_SPACE_8
        return 0
    reserved = word >> 10 & 3 == 0
    if op == 0:
        return ILLEGAL if word >> 22 & 7 == 3 and word >> 25 & 3 == 0 else 0  # BPr
    if op == 2:
        if op3 == RETURN and with_gl(
            engine
        ):  # done, retry: the engine does not look whether there was a trap
            return ILLEGAL if always or get32(engine, TL) == U(0) else 0
        moves = op3 == 0x2F or (op3 == 0x35 and word >> 5 & 0x1F in (5, 6, 7))  # MOVr, FMOVr
        return ILLEGAL if moves and reserved else 0
    if op == 3 and op3 in (LDSTUBA, LDFA, LDDFA):
        if word & 0x2000:
            if always:
                return NO_SPACE_9
            asi = np.int64(get32(engine, ASI))
        return NO_SPACE_9 if twin(asi) else 0
    return 0


@njit
def branches(engine: Record, word: Word) -> Word:
    """1 for a pc-relative branch, 2 where it also depends on a condition."""
    op2 = word >> 22 & 7
    found = op2 in (2, 6) or (op2 in (1, 3, 5) and engine.wide != U(0))
    if word >> 30 != 0 or not found:
        return 0
    return 2 if op2 == 3 or word >> 25 & 7 != 0 else 1


@njit
def couple(engine: Record, first: Word, second: Word) -> Word:
    """Whether `second` is a branch in the slot of something whose target the engine knows only as it runs: in one block
    it would take the target for another. In a block of its own it goes right."""
    if branches(engine, second) == 0:
        return False
    jumps = first >> 30 == 2 and first >> 19 & 0x3F in (0x38, 0x39)  # jmpl, rett or return
    return jumps or branches(engine, first) == 2


@njit
def sets_codes(word: Word) -> Word:
    """How an instruction sets the condition codes: 0 not at all, else ANYHOW, LOGIC (with no carry) or WITH_CARRY.

    After LOGIC in the same block the engine takes an addition with carry for a plain one, and leaves what computes its
    codes as it was."""
    op3 = word >> 19 & 0x3F
    if word >> 30 != 2 or op3 < 0x10 or op3 > 0x24 or op3 in (0x19, 0x1D):
        return 0
    if op3 in (0x18, 0x1C):
        return WITH_CARRY
    return ANYHOW if op3 in (0x10, 0x14) or op3 >= 0x20 else LOGIC


@cfunc(types.int32(types.intp, types.uint64, types.uint32, types.intp))
def admit(user: Word, address: Word, size: Word, cell: Word) -> Word:
    """Whether a block holds such an instruction, or two that must not be in one; where it is to run (`cell`), the Kind
    to leave with: to run what comes before, or to take its trap."""
    engine = carray(as_engine(user), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    word, codes = 0, 0
    for i in range(np.int64(size) >> 2):
        before, word = word, instruction_at(engine, np.int64(address) + 4 * i)
        cause = forbidden(engine, word, cell == 0)
        apart = codes == LOGIC and sets_codes(word) == WITH_CARRY
        codes = sets_codes(word) or codes
        if cause == 0 and (i == 0 or not (apart or couple(engine, before, word))):
            continue
        if cell == 0:
            return 1
        if engine.step == U(0):
            control.cause = U(0)
            return FAIL
        if i > 0:
            keep(engine, KEPT_LIMIT, U(i))
            return AGAIN
        control.cause, control.fault_address = U(cause), U(0)
        control.block_count = U(0)  # the block before is complete
        return DELIVER
    return 0
