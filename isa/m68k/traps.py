"""m68k, native: exceptions through the vector table, `rte`, and the calls that leave the guest.

The engine's own facts: UC_HOOK_INTR comes with the vector's number and pc at the instruction, 0x100 for `rte` and
0x101 for ColdFire's `halt` (pc behind it); an addressing mode that an instruction lacks comes as an address error;
`chk` has moved the pc by 2 bytes, `chk2` by 4.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from axvcpu.control import Kind
from isa.m68k.causes import Cause
from isa.m68k.control import DONE, carried_out
from isa.m68k.frames import FAULT, FETCH, INSTRUCTION, LOAD, NO_STACK, PLAIN, STORE, pop, push
from isa.m68k.words import (
    A0,
    COLDFIRE,
    CONTROL,
    D0,
    ENGINE,
    FAULT_ADDRESS,
    FAULT_STATUS,
    I64,
    PC,
    SUPERVISOR,
    TRACE,
    VBR,
    U,
    family,
    flat,
    load32,
    measure,
    operation_word,
    put_status,
    put_word,
    status,
    word,
)
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u8,
    engine_record,
    give_back,
    instruction_place,
    note,
    repeats,
    restore,
    save,
    uc_emu_stop,
)
from isa.records import LOG_TRAP, LOG_UNMAPPED

HYPERCALL, KICK, DRAIN = int(Kind.HYPERCALL), int(Kind.KICK), int(Kind.DRAIN)
EXCEPTION, TRAP_LOOP, HALT = int(Kind.EXCEPTION), int(Kind.TRAP_LOOP), int(Kind.HALT)
TRANSLATE = int(Kind.TRANSLATE)
ACCESS, ADDRESS, ILLEGAL, DIVISION, CHK, TRAPCC = 2, 3, 4, 5, 6, 7
FORMAT, TRAP_0, TRAP_15 = int(Cause.FORMAT_ERROR), int(Cause.TRAP), int(Cause.TRAP) + 15
RTE, HALT_INSTRUCTION = 0x100, 0x101
GATE_REGISTER, GATE = 7, 0x485643  # d7 of a call to the VMM, in supervisor mode
WRITES = 0x100
"""MC68040's special status word: set for a read."""


@flat(I64, ENGINE, I64)
def length_at(engine: Record, pc: Word) -> Word:
    """Bytes of the instruction at a guest-virtual pc."""
    at = instruction_place(engine, pc)
    if at == 0:
        return np.int64(2)
    return np.int64(measure(carray(as_u8(at), 32), family(engine) == COLDFIRE))


@flat(I64, ENGINE, CONTROL, I64, I64, I64, I64, I64)
def trap(
    engine: Record, control: Record, cause: Word, pc: Word, value: Word, access: Word, status_word: Word
) -> Word:
    """Take an exception of the instruction at `pc`; 0, or a Kind to leave with, registers then being as they were.

    value: the address of a bus error; access: what it was, 0 for other exceptions.
    """
    again = repeats(control, cause, pc)
    old = status(engine)
    if engine.log_on != U(0):
        note(engine, control, LOG_TRAP, pc, cause, value, 1)
    put_word(engine, PC, 0, pc)
    control.cause, control.fault_address = U(cause), U(value)
    vector = load32(engine, word(engine, VBR, 0) + 4 * cause)
    left = 0
    if again:
        left = TRAP_LOOP
    elif vector <= 0:
        left = EXCEPTION
    else:
        back, format, address = pc, PLAIN, value
        if cause == DIVISION or cause == CHK or cause == TRAPCC:
            back, format, address = pc + length_at(engine, pc), INSTRUCTION, pc
        elif cause >= TRAP_0 and cause <= TRAP_15:
            back = pc + 2
        elif cause == ACCESS:
            format = FAULT
        put_status(engine, (old | SUPERVISOR) & ~TRACE)
        restore(engine)
        if push(engine, format, cause, old, back, address, access, status_word):
            put_word(engine, PC, 0, vector)
        else:
            put_status(engine, old)
            left = EXCEPTION
    restore(engine)
    return left


@flat(I64, ENGINE, CONTROL, I64)
def return_from_exception(engine: Record, control: Record, pc: Word) -> Word:
    """`rte` at `pc`, which was charged with its block; 0, or a Kind to leave with."""
    to = pop(engine)
    if to >= 0:
        put_word(engine, PC, 0, to)
        restore(engine)
        return 0
    give_back(engine, control, pc)
    if to == NO_STACK:
        return trap(engine, control, ACCESS, pc, word(engine, A0, 7), LOAD, 0)
    return trap(engine, control, FORMAT, pc, 0, 0, 0)


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: an exception, or an instruction that the engine leaves to whoever delivers them."""
    engine = carray(user, 1)[0]
    block = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    cause = np.int64(number)
    pc = word(engine, PC, 0)
    if cause == CHK:
        pc -= 2 if operation_word(engine, pc - 2) & 0xF140 == 0x4100 else 4
    block.latch_count = U(0)
    if cause == RTE:
        left = return_from_exception(engine, block, pc)
    elif cause == HALT_INSTRUCTION:
        left = HALT
    else:
        give_back(engine, block, pc)
        value, access, status_word = np.int64(0), 0, np.int64(0)
        if cause == ADDRESS:
            cause = np.int64(ILLEGAL)
        elif cause == ACCESS:
            value, status_word = word(engine, FAULT_ADDRESS, 0), word(engine, FAULT_STATUS, 0) & 0xFFFF
            access = LOAD if status_word & WRITES != 0 else STORE
            if status_word & 7 == 2 or status_word & 7 == 6:
                access = FETCH
        called = cause == TRAP_15 and block.hypercalls & U(1) != U(0) and status(engine) & SUPERVISOR != 0
        if called and word(engine, D0, GATE_REGISTER) == GATE:
            left = HYPERCALL
        else:
            left, paging = 0, engine.paging
            cause = carried_out(engine, block, cause, pc)
            if cause != DONE:
                left = trap(engine, block, cause, pc, value, access, status_word)
            elif engine.paging != paging:
                left, block.access = TRANSLATE, U(FETCH)
    if left != 0:
        block.kind = U(left)
        uc_emu_stop(uc)
    elif engine.log_on != U(0) and engine.log_head + U(8) >= engine.log_size:
        block.kind = U(DRAIN)
        uc_emu_stop(uc)
    elif block.kick != U(0):
        block.kind = U(KICK)
        uc_emu_stop(uc)


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: the guest's bus error; 0, or a Kind."""
    engine = carray(as_engine(address), 1)[0]
    block = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    pc = np.int64(block.pc)
    if engine.log_on != U(0):
        note(engine, block, LOG_UNMAPPED, pc, block.access, block.address, 1)
    left = trap(engine, block, ACCESS, pc, np.int64(block.address), np.int64(block.access), 0)
    if left != 0:
        block.kind = U(left)
    else:
        block.pc = U(word(engine, PC, 0))
    return left


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take an exception while the engine stands still; 0, or a Kind to leave with."""
    engine = carray(as_engine(address), 1)[0]
    block = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    left = trap(engine, block, np.int64(cause), np.int64(pc), np.int64(value), 0, 0)
    if left != 0:
        block.kind = U(left)
    else:
        block.pc = U(word(engine, PC, 0))
    return left


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the trap #15 that was answered: it counts as retired."""
    engine = carray(as_engine(address), 1)[0]
    block = carray(as_control(np.intp(engine.control)), 1)[0]
    block.pc += U(2)
    block.retired += U(1)
    return 0
