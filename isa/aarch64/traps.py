"""AArch64, native: synchronous exceptions, and the calls that leave the guest.

Source: Arm Architecture Reference Manual for A-profile (DDI 0487), cited as [arm]. The engine finds syndrome, address
and target level of an exception (UC_HOOK_INTR), and leaves taking it to us. Taking one is the engine's own
`arm_cpu_do_interrupt`: it banks the stack pointer, keeps PSTATE.PAN and the vector length, knows AArch32 below, and
derives its flags anew, so nothing of it is repeated here. A pc is that of the instruction, after it for SVC, HVC, SMC.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.aarch64.words import (
    AARCH64,
    SYNDROME,
    THUMB,
    VBAR_EL,
    U,
    data_address,
    indexed,
    instruction_at,
    level,
    pc_of,
    put_pc,
    put_x,
    x,
)
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u32,
    as_u64,
    engine_record,
    get32,
    give_back,
    note,
    place,
    repeats,
    uc_emu_stop,
)
from isa.records import LOG_TRAP, LOG_UNMAPPED

arm_cpu_do_interrupt = types.ExternalFunction("arm_cpu_do_interrupt_aarch64", types.void(types.intp))

HYPERCALL = int(Kind.HYPERCALL)
SYSREG_READ, SYSREG_WRITE = int(Kind.SYSREG_READ), int(Kind.SYSREG_WRITE)
KICK, DRAIN, FAIL = int(Kind.KICK), int(Kind.DRAIN), int(Kind.FAIL)
EXCEPTION, TRAP_LOOP = int(Kind.EXCEPTION), int(Kind.TRAP_LOOP)

UNDEFINED, SVC, FETCH_ABORT, DATA_ABORT, HVC, SMC = 1, 2, 3, 4, 11, 13  # the engine's numbers
EC_UNKNOWN, EC_POINTER_AUTHENTICATION, EC_SYSTEM_REGISTER = 0, 0x09, 0x18
EC_FETCH_LOWER, EC_FETCH, EC_PC_ALIGNMENT, EC_DATA_LOWER, EC_DATA = 0x20, 0x21, 0x22, 0x24, 0x25
INSTRUCTION_32 = 1 << 25  # ESR_ELx.IL
EXTERNAL_ABORT, WRITE_NOT_READ = 0x10, 1 << 6  # [arm D17.2.37: DFSC, WnR]
CALLS_FROM_MACHINE, CALLS_FROM_SUPERVISOR = U(1), U(2)


@njit
def describe(engine: Record, syndrome: Word, address: Word, target: Word) -> None:
    """The exception that is to be taken next."""
    words = carray(as_u32(place(engine, SYNDROME)), 5)
    words[0] = np.uint32(syndrome)
    carray(as_u64(place(engine, SYNDROME) + 8), 1)[0] = U(address)
    words[4] = np.uint32(target)


@njit
def own_target(engine: Record) -> Word:
    """The level that a fault of the current one goes to [arm D1.3.1]; stage 2 and TGE apart."""
    return max(level(engine), 1)


@njit
def trap(engine: Record, control: Record, number: Word, pc: Word) -> Word:
    """Take the exception that the CPU state describes, at `pc`; 0, or a Kind to leave with, the registers as they are.

    `number` is the engine's own, which decides whether FAR_ELx is written.
    """
    words = carray(as_u32(place(engine, SYNDROME)), 5)
    syndrome, target = np.int64(words[0]), np.int64(words[4])
    address = carray(as_u64(place(engine, SYNDROME) + 8), 1)[0]
    cause = syndrome >> 26 & 0x3F
    value = address if number in (FETCH_ABORT, DATA_ABORT) else U(pc)
    again = repeats(control, cause, pc)
    if engine.log_on != U(0):
        note(engine, control, LOG_TRAP, pc, cause, value, target)
    if again or indexed(engine, VBAR_EL, target) == U(0):
        control.cause, control.fault_address = U(cause), value
        return TRAP_LOOP if again else EXCEPTION
    running = carray(as_u32(np.intp(engine.exception)), 1)
    before = running[0]
    running[0] = np.uint32(number)
    arm_cpu_do_interrupt(np.intp(engine.cpu))
    running[0] = before
    return 0


@njit
def mend_description(engine: Record, number: Word, pc: Word) -> Word:
    """Put right what the engine says of an exception; its number.

    It fetches from a misaligned pc, and finds an undefined instruction or no memory there [arm D1.3.4]. It forgets the
    syndrome of exceptions that it raises in the middle of a block: MSR of PSTATE's masks at EL0, and pointer
    authentication.
    """
    if get32(engine, AARCH64) == U(0):
        return number
    if number in (UNDEFINED, FETCH_ABORT) and pc & 3 != 0:
        describe(engine, EC_PC_ALIGNMENT << 26 | INSTRUCTION_32, pc, own_target(engine))
        return FETCH_ABORT  # which writes FAR_ELx
    words = carray(as_u32(place(engine, SYNDROME)), 1)
    if number == UNDEFINED and words[0] == np.uint32(0):
        word = instruction_at(engine, pc)
        syndrome = EC_POINTER_AUTHENTICATION << 26
        if word & 0xFFF8F01F == 0xD500401F:
            syndrome = EC_SYSTEM_REGISTER << 26 | (word >> 5 & 7) << 17 | (word >> 16 & 7) << 14
            syndrome |= (word >> 12 & 15) << 10 | 31 << 5 | (word >> 8 & 15) << 1
        words[0] = np.uint32(syndrome | INSTRUCTION_32)
    return number


@njit
def lacking(word: Word) -> Word:
    """Whether the instruction is MSR or MRS of a register that a machine may answer: a GICv3's CPU interface
    (IHI 0069, section 12.2)."""
    if word & 0xFFD00000 != 0xD5100000:
        return False
    op1, crn, crm, op2 = word >> 16 & 7, word >> 12 & 15, word >> 8 & 15, word >> 5 & 7
    if word >> 19 & 1 == 0:
        return False
    if crn == 4:
        return op1 == 0 and crm == 6 and op2 == 0
    return crn == 12 and crm >= 8 and crm <= 12 and op1 in (0, 4, 6)


@njit
def leaves(engine: Record, control: Record, number: Word, pc: Word) -> Word:
    """The Kind with which an instruction that the engine refuses leaves; 0: it is the guest's own exception."""
    at = level(engine)
    if number in (HVC, SMC):
        immediate = carray(as_u32(place(engine, SYNDROME)), 1)[0] & np.uint32(0xFFFF)
        if at != 1 or immediate != np.uint32(0):
            return 0
        called = number == HVC and control.hypercalls & CALLS_FROM_MACHINE != U(0)
        return HYPERCALL if called or control.hypercalls & CALLS_FROM_SUPERVISOR != U(0) else 0
    if number != UNDEFINED:
        return 0
    word = instruction_at(engine, pc)
    if at != 0 and lacking(word):
        control.address = U(word >> 5 & 0xFFFF)
        control.cause = U(word & 31)
        control.data = x(engine, word & 31)
        return SYSREG_READ if word >> 21 & 1 == 1 else SYSREG_WRITE
    return 0


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: a synchronous exception."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if engine.exception == U(0) or engine.context != U(0):  # the engine is not as it was measured
        control.kind, control.cause = U(FAIL), U(0)
        uc_emu_stop(uc)
        return
    number = np.int64(number)
    pc = np.int64(pc_of(engine))
    at = pc
    if number in (SVC, HVC, SMC):
        at -= 4 if get32(engine, THUMB) == U(0) or get32(engine, AARCH64) != U(0) else 2
    if number != FETCH_ABORT:
        give_back(engine, control, at)
    control.latch_count = U(0)
    left = leaves(engine, control, number, at)
    if left == 0:
        left = trap(engine, control, mend_description(engine, number, at), pc)
    if left != 0:
        put_pc(engine, at)
        control.kind = U(left)
        uc_emu_stop(uc)
    elif engine.log_on != U(0) and engine.log_head + U(8) >= engine.log_size:
        control.kind = U(DRAIN)
        uc_emu_stop(uc)
    elif control.kick != U(0):
        control.kind = U(KICK)
        uc_emu_stop(uc)


@njit
def take(engine: Record, control: Record, number: Word, pc: Word) -> Word:
    """Take the exception described while the engine stands still; 0, or a Kind to leave with."""
    if engine.exception == U(0) or engine.context != U(0):
        control.kind, control.cause = U(FAIL), U(0)
        return FAIL
    put_pc(engine, pc)
    left = trap(engine, control, number, pc)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = pc_of(engine)
    return left


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: a synchronous external abort with the virtual address in FAR_ELx; 0, or a Kind."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    pc, target = np.int64(control.pc), own_target(engine)
    same = 1 if target == level(engine) else 0
    value, number = control.address, DATA_ABORT
    if control.access == U(4):
        number, syndrome = FETCH_ABORT, (EC_FETCH_LOWER + same) << 26
        if engine.paging != U(0):
            value = U(pc)
    else:
        syndrome = (EC_DATA_LOWER + same) << 26 | (WRITE_NOT_READ if control.access == U(2) else 0)
        base = value
        if get32(engine, AARCH64) != U(0):
            base = data_address(engine, instruction_at(engine, pc), pc)
        if engine.paging != U(0):
            if control.address & U(0xFFF) < base & U(0xFFF):
                base += U(0x1000)
            value = (base & ~U(0xFFF)) | (control.address & U(0xFFF))
        elif base >> U(12) != value >> U(12):
            value &= ~U(0xFFF)  # the engine begins a store at its last byte
    if engine.log_on != U(0):
        note(engine, control, LOG_UNMAPPED, pc, control.access, control.address, level(engine))
    describe(engine, syndrome | INSTRUCTION_32 | EXTERNAL_ABORT, value, target)
    return take(engine, control, mend_description(engine, number, pc), pc)


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take an exception of class `cause` while the engine stands still; `value` is for FAR_ELx where it has one."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    kind = np.int64(cause)
    number = UNDEFINED
    if kind in (EC_FETCH_LOWER, EC_FETCH, EC_PC_ALIGNMENT):
        number = FETCH_ABORT
    elif kind in (EC_DATA_LOWER, EC_DATA):
        number = DATA_ABORT
    syndrome = kind << 26 | INSTRUCTION_32 | (EXTERNAL_ABORT if number == DATA_ABORT else 0)
    describe(engine, syndrome, value, own_target(engine))
    return take(engine, control, number, np.int64(pc))


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the instruction that was answered: it counts as retired. What a system register read is its result."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if control.kind == U(SYSREG_READ):
        put_x(engine, np.int64(control.cause), control.answer)
    control.pc += U(4)
    control.retired += U(1)
    put_pc(engine, control.pc)
    return 0


@cfunc(types.int32(types.intp))
def refuse(address: Word) -> Word:
    """Nobody has the system register: its instruction is undefined [arm C5.1.2]."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    describe(engine, EC_UNKNOWN << 26 | INSTRUCTION_32, 0, own_target(engine))
    return take(engine, control, UNDEFINED, np.int64(control.pc))
