"""SPARC, native: synchronous traps, and the calls that leave the guest.

All exceptions come to UC_HOOK_INSN_INVALID, with exact pc and npc (`opening`). A trap that the guest can take it takes
by the engine's own delivery, and the engine goes on; one that it cannot take would stop the CPU in error state: it
leaves.
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
    as_u32,
    engine_record,
    get32,
    give_back,
    note,
    place,
    put32,
    uc_emu_stop,
)
from isa.records import LOG_TRAP, LOG_UNMAPPED
from isa.sparc.causes import GATE, SOFTWARE_V8, SOFTWARE_V9
from isa.sparc.causes import V8 as C8
from isa.sparc.causes import V9 as C9
from isa.sparc.paging_core import instruction_at
from isa.sparc.words import (
    ET,
    MMU,
    NPC,
    PC,
    TL,
    U,
    cut,
    deliverable,
    enter_trap,
    follow,
    get,
    put,
    r,
    supervisor,
)

HYPERCALL, EXCEPTION, FAIL = int(Kind.HYPERCALL), int(Kind.EXCEPTION), int(Kind.FAIL)
KICK, DRAIN = int(Kind.KICK), int(Kind.DRAIN)
EXCEPTIONS = 0x10000
"""The engine's numbers from here on are no exceptions of the guest's, but its own ways out."""
FETCH_8 = (int(C8.INSTRUCTION_ACCESS_EXCEPTION), int(C8.INSTRUCTION_ACCESS_ERROR))
FETCH_9 = (int(C9.INSTRUCTION_ACCESS_EXCEPTION), int(C9.INSTRUCTION_ACCESS_ERROR))
MISS_9 = int(C9.FAST_INSTRUCTION_ACCESS_MMU_MISS)
UNALIGNED_8, UNALIGNED_9 = int(C8.MEM_ADDRESS_NOT_ALIGNED), int(C9.MEM_ADDRESS_NOT_ALIGNED)
DATA_8, DATA_9 = int(C8.DATA_ACCESS_EXCEPTION), int(C9.DATA_ACCESS_EXCEPTION)
UNDERFLOW_8, RETT = int(C8.WINDOW_UNDERFLOW), 0x39
ERROR_8, ERROR_9 = int(C8.DATA_ACCESS_ERROR), int(C9.DATA_ACCESS_ERROR)
CODE_8, CODE_9 = int(C8.INSTRUCTION_ACCESS_ERROR), int(C9.INSTRUCTION_ACCESS_ERROR)


@cfunc(types.boolean(types.intp, types.int32))
def stops(uc: Word, number: Word) -> Word:
    """In place of the engine's own: whether UC_HOOK_INSN_INVALID handles exception `number`."""
    return np.int32(0) <= number < np.int32(EXCEPTIONS)


@njit
def data_address(engine: Record, pc: Word) -> Word:
    """The address that a load, store, jump or return computes: r[rs1] + r[rs2], or + simm13."""
    word = instruction_at(engine, pc)
    second = U(word & 0x1FFF) if word & 0x2000 else r(engine, word & 31)
    if word & 0x3000 == 0x3000:
        second -= U(0x2000)
    return cut(engine, r(engine, word >> 14 & 31) + second)


@njit
def take(engine: Record, control: Record, cause: Word, value: Word) -> Word:
    """Take a trap at the engine's pc and npc; 0, or a Kind to leave with, and nothing has changed."""
    pc = get(engine, PC)
    control.trap_cause, control.trap_pc, control.trap_retired = U(cause), pc, control.retired
    control.traps += U(1)
    if engine.log_on != U(0):
        level = get32(engine, TL) + U(1) if engine.wide != U(0) else U(1)
        note(engine, control, LOG_TRAP, pc, cause, value, level)
    if engine.exception == U(0) or not deliverable(engine):
        control.cause, control.fault_address = U(cause), value
        return EXCEPTION
    enter_trap(engine, cause)
    return 0


@cfunc(types.boolean(types.intp, types.CPointer(engine_record)))
def on_invalid(uc: Word, user: Record) -> Word:
    """UC_HOOK_INSN_INVALID: any exception."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if engine.exception == U(0) or engine.context != U(0):
        control.kind, control.cause = U(FAIL), U(0)
        return False
    cause = np.int64(carray(as_u32(np.intp(engine.exception)), 1)[0])
    wide = engine.wide != U(0)
    pc = get(engine, PC)
    fetch = cause in FETCH_9 or MISS_9 <= cause < MISS_9 + 4 if wide else cause in FETCH_8
    if not fetch:
        give_back(engine, control, np.int64(pc))
    control.latch_count = U(0)
    gate = (SOFTWARE_V9 if wide else SOFTWARE_V8) + GATE
    if cause == gate and control.hypercalls & U(1) != U(0) and supervisor(engine):
        control.kind = U(HYPERCALL)
        uc_emu_stop(uc)
        return True
    value = U(0)
    if fetch:
        value = pc
    elif cause in ((UNALIGNED_9, DATA_9) if wide else (UNALIGNED_8, DATA_8)):
        value = data_address(engine, np.int64(pc))
        if cause == DATA_8 and not wide:  # the engine notes the page only
            carray(as_u32(place(engine, MMU)), 5)[4] = np.uint32(value)
    if cause == UNDERFLOW_8 and not wide and instruction_at(engine, np.int64(pc)) >> 19 & 0x3F == RETT:
        put32(
            engine, ET, U(0)
        )  # it was, when rett began: a trap then is an error [V8 B.26]; the engine has set it
    left = take(engine, control, cause, value)
    if left != 0:
        control.kind = U(left)
        uc_emu_stop(uc)
    elif control.kick != U(0):
        control.kind = U(KICK)
        uc_emu_stop(uc)
    elif engine.log_on != U(0) and engine.log_head + U(8) >= engine.log_size:
        control.kind = U(DRAIN)
        uc_emu_stop(uc)
    return True


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: an exception that went past `stops`. None does."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.kind, control.cause = U(FAIL), U(0)
    uc_emu_stop(uc)


@njit
def note_fault(engine: Record, control: Record, address: Word) -> None:
    """V8: the fault registers of the reference MMU after an access that nothing backs [V8 appendix H.5]: a bus error,
    found by no table."""
    status = U(2 | 5 << 2)  # FAV, access bus error
    if control.access == U(4):
        status |= U(1 << 6)
    elif control.access == U(2):
        status |= U(1 << 7)
    if supervisor(engine):
        status |= U(1 << 5)
    mmu = carray(as_u32(place(engine, MMU)), 5)
    mmu[3] = np.uint32(status)
    if control.access != U(4):
        mmu[4] = np.uint32(address)


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: the guest's access error; 0, or a Kind."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    follow(engine, control)
    wide = engine.wide != U(0)
    if control.access == U(4):
        cause, value = CODE_9 if wide else CODE_8, control.pc
    else:
        cause, value = ERROR_9 if wide else ERROR_8, data_address(engine, np.int64(control.pc))
        if value & U(0xFFF) != control.address & U(0xFFF):
            value = control.address  # the second half of an access in two
    if engine.log_on != U(0):
        note(engine, control, LOG_UNMAPPED, control.pc, control.access, control.address, U(0))
    if not wide:
        note_fault(engine, control, value)
    left = take(engine, control, cause, value)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = get(engine, PC)
    return left


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take a trap while the engine stands still; 0, or a Kind to leave with."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.pc = pc
    follow(engine, control)
    left = take(engine, control, np.int64(cause), value)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = get(engine, PC)
    return left


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the call that was answered: it counts as retired."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    follow(engine, control)
    pc = get(engine, NPC)
    put(engine, PC, pc)
    put(engine, NPC, pc + U(4))
    control.pc = cut(engine, pc)
    control.retired += U(1)
    return 0
