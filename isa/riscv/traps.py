"""RISC-V, native: synchronous traps, and the calls that leave the guest.

Source: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture (20211203), cited as [priv], and Volume I,
cited as [unpriv]. The engine's own facts: UC_HOOK_INTR comes with pc + 4 whatever the length; every ecall comes as cause
8; `ebreak` comes as an invalid instruction; time CSRs come as illegal instructions.
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
    as_watching,
    engine_record,
    extended,
    give_back,
    note,
    repeats,
    restore,
    save,
    uc_emu_stop,
)
from isa.records import LOG_TRAP, LOG_UNMAPPED
from isa.riscv.counters import read_time
from isa.riscv.translation import widen_regions
from isa.riscv.words import (
    BADADDR,
    MACHINE,
    MCAUSE,
    MEDELEG,
    MEPC,
    MSTATUS,
    MTVAL,
    MTVEC,
    PC,
    PRIV,
    SCAUSE,
    SEPC,
    STVAL,
    STVEC,
    SUPERVISOR,
    U,
    get,
    instruction_at,
    put,
    x,
)

HYPERCALL, SEMIHOST, DELIVER = int(Kind.HYPERCALL), int(Kind.SEMIHOST), int(Kind.DELIVER)
KICK, AGAIN, DRAIN = int(Kind.KICK), int(Kind.AGAIN), int(Kind.DRAIN)
WATCHED_CODE = int(Kind.WATCHED_CODE)
EXCEPTION, TRAP_LOOP = int(Kind.EXCEPTION), int(Kind.TRAP_LOOP)

FETCH_ACCESS, ILLEGAL, BREAKPOINT, LOAD_MISALIGNED, LOAD_ACCESS, STORE_ACCESS = 1, 2, 3, 4, 5, 7
ECALL_U, FETCH_PAGE, LOAD_PAGE, STORE_PAGE = 8, 12, 13, 15
GATE = 0x485643  # a7 of a call to the VMM from machine level


@njit
def trap(engine: Record, control: Record, cause: Word, pc: Word, value: Word) -> Word:
    """Take a synchronous trap in the saved state and restore it [priv 3.1.6, 3.1.8, 4.1.1]; 0, or a Kind to leave with.

    `value` is what xtval gets. The registers stay as they are where the trap cannot be taken.
    """
    level = get(engine, PRIV)
    delegated = level <= U(SUPERVISOR) and (get(engine, MEDELEG) >> U(cause)) & U(1) != U(0)
    vector = get(engine, STVEC if delegated else MTVEC) & ~U(3)
    again = repeats(control, cause, pc)
    if engine.log_on != U(0):
        note(engine, control, LOG_TRAP, pc, cause, value, SUPERVISOR if delegated else MACHINE)
    if again or vector == U(0):
        control.cause, control.fault_address = U(cause), U(value)
        put(engine, PC, pc)
        restore(engine)
        return TRAP_LOOP if again else EXCEPTION
    status = get(engine, MSTATUS)
    if delegated:  # SPP, SPIE, SIE
        enabled = (status >> U(1)) & U(1)
        status = (status & ~U(0x122)) | (enabled << U(5)) | ((level & U(1)) << U(8))
        put(engine, SCAUSE, cause)
        put(engine, SEPC, pc)
        put(engine, STVAL, value)
        put(engine, PRIV, SUPERVISOR)
    else:  # MPP, MPIE, MIE
        enabled = (status >> U(3)) & U(1)
        status = (status & ~U(0x1888)) | (enabled << U(7)) | (level << U(11))
        put(engine, MCAUSE, cause)
        put(engine, MEPC, pc)
        put(engine, MTVAL, value)
        put(engine, PRIV, MACHINE)
    put(engine, MSTATUS, status)
    put(engine, PC, vector)
    restore(engine)
    return 0


@njit
def data_base(engine: Record, word: Word) -> Word:
    """Guest-virtual address that a load, store or atomic instruction names [unpriv chapters 2, 8, 11, 16]."""
    if word & 3 == 3:
        opcode = word & 0x7F
        rs1 = (word >> 15) & 31
        if opcode in (0x23, 0x27):
            offset = (word >> 7 & 31) | (word >> 25) << 5
        elif opcode in (0x03, 0x07):
            offset = word >> 20
        else:
            offset = 0
        if offset & 0x800:
            offset -= 0x1000
        return x(engine, rs1) + U(offset)
    double = (word >> 13) & 3 == 1 or ((word >> 13) & 3 == 3 and engine.wide != U(0))
    if word & 3 == 0:
        offset = (word >> 7) & 0x38
        if double:
            offset |= (word << 1) & 0xC0
        else:
            offset |= (word << 1) & 0x40 | (word >> 4) & 4
        return x(engine, 8 + (word >> 7 & 7)) + U(offset)
    if (word >> 15) & 1:  # a store to the stack
        offset = (
            (word >> 7) & 0x38 | (word >> 1) & 0x1C0 if double else (word >> 7) & 0x3C | (word >> 1) & 0xC0
        )
    elif double:
        offset = (word >> 7) & 0x20 | (word >> 2) & 0x18 | (word << 4) & 0x1C0
    else:
        offset = (word >> 7) & 0x20 | (word >> 2) & 0x1C | (word << 4) & 0xC0
    return x(engine, 2) + U(offset)


@njit
def data_fault(engine: Record, control: Record, cause: Word, pc: Word, value: Word) -> tuple[Word, Word]:
    """Cause and xtval as the manual has them, of a fault of a load, store or atomic.

    The engine reports an atomic's fault as a load's. An access across two pages it makes in aligned pieces, reports the
    piece's address, and then forgets to call the hooks of later accesses until it is entered anew (AGAIN).
    """
    if cause in (LOAD_MISALIGNED, LOAD_ACCESS, LOAD_PAGE):
        word = instruction_at(engine, pc)
        if word & 0x7F == 0x2F and (word >> 27) != 2:
            cause += 2
    near = value & U(0xFFF)
    if cause != LOAD_MISALIGNED and (near == U(0) or near >= U(0xFF8)):
        control.kind = U(AGAIN)
        if near != U(0):
            base = data_base(engine, instruction_at(engine, pc))
            if base >> U(12) == value >> U(12):
                value = base
    return cause, value


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: a synchronous exception; the vector it goes to is for us to find."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    pc = np.int64(get(engine, PC)) - 4
    if engine.wide == U(0):
        pc &= 0xFFFFFFFF
    cause = np.int64(number)
    if cause not in (FETCH_ACCESS, FETCH_PAGE):
        give_back(engine, control, pc)
    if engine.wide == U(0) and cause in (FETCH_ACCESS, LOAD_ACCESS, STORE_ACCESS) and widen_regions(engine):
        put(engine, PC, pc)
        restore(engine)
        return
    if engine.watching != U(0) and cause in (FETCH_PAGE, LOAD_PAGE, STORE_PAGE):
        watching = carray(as_watching(np.intp(engine.watching)), 1)[0]
        if watching.walked != U(
            0
        ):  # the MMU sets bits in tables that are memory, and in no others: have it be memory
            control.kind, control.address = U(WATCHED_CODE), watching.walked - U(1)
            put(engine, PC, pc)
            restore(engine)
            uc_emu_stop(uc)
            return
    control.latch_count = U(0)
    value = U(0)
    level = get(engine, PRIV)
    if cause == ECALL_U:
        gated = level == U(MACHINE) and x(engine, 17) == U(GATE) and control.hypercalls & U(1) != U(0)
        if gated or (level == U(SUPERVISOR) and control.hypercalls & U(2) != U(0)):
            put(engine, PC, pc)
            restore(engine)
            control.kind = U(HYPERCALL)
            uc_emu_stop(uc)
            return
        cause = ECALL_U + np.int64(level)
    elif cause == ILLEGAL:
        word = instruction_at(engine, pc)
        done = read_time(engine, control, word, pc)
        if not done and extended(engine, U(word)):
            put(engine, PC, pc + 4)
            restore(engine)
            control.retired += U(1)
            done = True
        if done:
            if control.kick != U(0):
                control.kind = U(KICK)
                uc_emu_stop(uc)
            return
        value = U(word)
    else:
        value = get(engine, BADADDR)
        if cause in (LOAD_MISALIGNED, LOAD_ACCESS, LOAD_PAGE, STORE_ACCESS, STORE_PAGE):
            cause, value = data_fault(engine, control, cause, pc, value)
    left = trap(engine, control, cause, pc, value)
    if left != 0:
        control.kind = U(left)
        uc_emu_stop(uc)
    elif control.kind == U(AGAIN):
        uc_emu_stop(uc)
    elif engine.log_on != U(0) and engine.log_head + U(8) >= engine.log_size:
        control.kind = U(DRAIN)
        uc_emu_stop(uc)
    elif control.kick != U(0):
        control.kind = U(KICK)
        uc_emu_stop(uc)


@cfunc(types.boolean(types.intp, types.CPointer(engine_record)))
def on_invalid(uc: Word, user: Record) -> Word:
    """UC_HOOK_INSN_INVALID: `ebreak`. The engine cannot go on from here, so the loop takes the trap after it returned.

    Semihosting is the sequence slli x0, x0, 0x1f; ebreak; srai x0, x0, 7 (RISC-V Semihosting 0.4, section 2).
    """
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    pc = np.int64(get(engine, PC))
    control.latch_count = U(0)
    if (
        control.semihosting != U(0)
        and instruction_at(engine, pc) == 0x00100073
        and instruction_at(engine, pc - 4) == 0x01F01013
        and instruction_at(engine, pc + 4) == 0x40705013
    ):
        give_back(engine, control, pc)
        control.kind = U(SEMIHOST)
        return False
    control.kind, control.cause, control.fault_address = U(DELIVER), U(BREAKPOINT), U(pc)
    return False


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: the guest's access fault, with the virtual address in xtval; 0, or a Kind."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    pc = np.int64(control.pc)
    word = instruction_at(engine, pc) if control.access != U(4) else 0
    save(engine)
    value = control.address
    if control.access == U(4):
        cause = FETCH_ACCESS
        if engine.paging != U(0):
            value = U(pc)
    else:
        atomic = word & 0x7F == 0x2F and word >> 27 != 2
        cause = STORE_ACCESS if control.access == U(2) or atomic else LOAD_ACCESS
        base = data_base(engine, word)
        if engine.wide == U(0):
            base &= U(0xFFFFFFFF)
        if engine.paging != U(0):
            if control.address & U(0xFFF) < base & U(0xFFF):
                base += U(0x1000)
            value = (base & ~U(0xFFF)) | (control.address & U(0xFFF))
        elif base >> U(12) != value >> U(12):
            value &= ~U(0xFFF)  # the engine begins a store at its last byte
    if engine.log_on != U(0):
        note(engine, control, LOG_UNMAPPED, pc, control.access, control.address, get(engine, PRIV))
    left = trap(engine, control, cause, pc, value)
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
    save(engine)
    left = trap(engine, control, np.int64(cause), np.int64(pc), value)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = get(engine, PC)
    return left


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the ecall or ebreak that was answered: it counts as retired."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.pc += U(4)
    control.retired += U(1)
    return 0
