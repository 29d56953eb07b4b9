"""z/Architecture, native: interruptions, delivered by hand as a swap of PSWs, and the calls that leave the guest.

Source: z/Architecture Principles of Operation (SA22-7832-12), chapter 6, by page. The engine's own facts: UC_HOOK_INTR
comes with 2 for a supervisor call, 3 for a program interruption, and the PSW at the instruction; codes and lengths are
in the saved state, and what else a program interruption stores is in memory already.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u8,
    engine_record,
    get32,
    get64,
    give_back,
    instruction_place,
    note,
    put64,
    repeats,
    restore,
    save,
    uc_emu_stop,
)
from isa.records import LOG_TRAP, LOG_UNMAPPED
from isa.s390x.causes import NULLIFYING, SUPERVISOR_CALL, Program
from isa.s390x.state import PSW_DAT, PSW_SPACE
from isa.s390x.words import (
    BREAKING,
    BREAKING_AT,
    CALL_AT,
    CALL_CODE,
    CALL_LENGTH,
    CALL_OLD,
    PROGRAM_AT,
    PROGRAM_CODE,
    PROGRAM_LENGTH,
    PROGRAM_OLD,
    PSW_ADDRESS,
    PSW_MASK,
    PSW_PROBLEM,
    PSW_WAIT,
    TO_NEW,
    U,
    load,
    low_core,
    put_psw,
    settled_mask,
    store,
)

HYPERCALL, KICK, DRAIN = int(Kind.HYPERCALL), int(Kind.KICK), int(Kind.DRAIN)
EXCEPTION, TRAP_LOOP = int(Kind.EXCEPTION), int(Kind.TRAP_LOOP)
ENGINE_CALL, ENGINE_PROGRAM = 2, 3
ADDRESSING = int(Program.ADDRESSING)
STAYS = tuple(int(code) for code in NULLIFYING)
HYPERCALL_CODE = 255
FETCH = U(4)
ACCESS_REGISTERS = 1 << 46
"""Of the PSW's address space: each access register says which."""
WAITS = U(64)
"""In `counter_register`: the PSW that was just loaded may be one that waits (`interrupts.mend`)."""


@njit
def swap(engine: Record, control: Record, base: Word, old: Word, mask: Word, address: Word) -> Word:
    """Store the PSW, load the new one [6-5]; False, with nothing done, where the new one is all zero: nobody's."""
    new_mask, new_address = load(base + old + TO_NEW, 8), load(base + old + TO_NEW + 8, 8)
    if new_mask == U(0) and new_address == U(0):
        return False
    store(base + old, 8, mask)
    store(base + old + 8, 8, address)
    put_psw(engine, new_mask, new_address)
    control.counter_register = WAITS if new_mask & U(PSW_WAIT) != U(0) else U(0)
    if control.counter_register != U(0):
        control.attention = U(1)
    return True


@njit
def trap(
    engine: Record, control: Record, cause: Word, code: Word, length: Word, at: Word, value: Word
) -> Word:
    """Take the interruption `cause` of the instruction of `length` bytes at `at`; 0, or a Kind to leave with.

    code: of the supervisor call; value: for the exit. Nothing changes where it cannot be taken.
    """
    again = repeats(control, cause, at)
    if engine.log_on != U(0):
        note(engine, control, LOG_TRAP, at, cause, value, 0)
    base = low_core(engine)
    taken = base != 0 and not again
    if taken:
        mask = settled_mask(engine)
        if cause == SUPERVISOR_CALL:
            taken = swap(engine, control, base, CALL_OLD, mask, U(at) + U(length))
        else:
            back = U(at) if cause in STAYS else U(at) + U(length)
            taken = swap(engine, control, base, PROGRAM_OLD, mask, back)
    if not taken:
        control.cause, control.fault_address = U(cause), U(value)
        put64(engine, PSW_ADDRESS, at)
        restore(engine)
        return TRAP_LOOP if again else EXCEPTION
    if cause == SUPERVISOR_CALL:
        store(base + CALL_AT, 2, length)
        store(base + CALL_AT + 2, 2, code)
    else:
        store(base + PROGRAM_AT, 2, length)
        store(base + PROGRAM_AT + 2, 2, cause)
        store(base + BREAKING_AT, 8, get64(engine, BREAKING))
    return 0


@njit
def untranslatable(mask: Word) -> Word:
    """Whether a PSW says DAT and access registers: the engine has no such translation, and ends when it is to do one."""
    return mask & U(PSW_DAT) != U(0) and mask & U(PSW_SPACE) == U(ACCESS_REGISTERS)


@njit
def length_at(engine: Record, address: Word) -> Word:
    """Bytes of the instruction at a guest-virtual address; 2 where it cannot be read, 0 where there cannot be one."""
    if untranslatable(get64(engine, PSW_MASK)):
        return 0
    at = instruction_place(engine, address)
    if at == 0:
        return 2
    first = carray(as_u8(at), 1)[0] >> np.uint8(6)
    return 2 if first == 0 else 6 if first == 3 else 4


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: a supervisor call or a program interruption."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    at = np.int64(get64(engine, PSW_ADDRESS))
    give_back(engine, control, at)
    control.latch_count = U(0)
    left = 0
    if number == ENGINE_CALL:
        code = get32(engine, CALL_CODE)
        privileged = get64(engine, PSW_MASK) & U(PSW_PROBLEM) == U(0)
        if code == U(HYPERCALL_CODE) and privileged and control.hypercalls & U(1) != U(0):
            control.kind = U(HYPERCALL)
            uc_emu_stop(uc)
            return
        control.retired += U(1)
        left = trap(engine, control, SUPERVISOR_CALL, code, get32(engine, CALL_LENGTH), at, code)
        if left != 0:
            control.retired -= U(1)
    elif number == ENGINE_PROGRAM:
        cause, length = np.int64(get32(engine, PROGRAM_CODE)), np.int64(get32(engine, PROGRAM_LENGTH))
        left = trap(engine, control, cause, U(0), length, at, U(at))
    else:
        control.cause, control.fault_address, left = U(number), U(at), EXCEPTION
    if left != 0:
        control.kind = U(left)
        uc_emu_stop(uc)
    elif engine.log_on != U(0) and engine.log_head + U(8) >= engine.log_size:
        control.kind = U(DRAIN)
        uc_emu_stop(uc)
    elif control.kick != U(0):
        control.kind = U(KICK)
        uc_emu_stop(uc)


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: an addressing exception [6-18]; 0, or a Kind."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    at = control.pc
    if engine.log_on != U(0):
        note(engine, control, LOG_UNMAPPED, at, control.access, control.address, 0)
    length = 2 if control.access == FETCH else length_at(engine, at)
    left = trap(engine, control, ADDRESSING, U(0), length, at, control.address)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = get64(engine, PSW_ADDRESS)
    return left


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take a program interruption while the engine stands still; 0, or a Kind to leave with."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    left = trap(engine, control, np.int64(cause), U(0), length_at(engine, pc), np.int64(pc), value)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = get64(engine, PSW_ADDRESS)
    return left


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the call that was answered: it counts as retired."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    control.pc += get32(engine, CALL_LENGTH)
    control.retired += U(1)
    return 0
