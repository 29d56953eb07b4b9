"""PowerPC, native: synchronous interrupts, delivered by hand, and the calls that leave the guest.

Source: Power ISA 3.0B, Book III, chapter 6, cited as [6.x]; for the 32-bit models MPC7410 RISC Microprocessor Family
User's Manual, chapter 4. The engine's own facts: UC_HOOK_INTR comes with its own exception number and the pc that the
exception left, plus 4; what it is about is in the saved state, in the code that QEMU's target/ppc/cpu.h defines.
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
    engine_record,
    get32,
    give_back,
    note,
    repeats,
    restore,
    save,
    uc_emu_stop,
)
from isa.ppc.counters import access_clock
from isa.ppc.words import (
    DAR,
    DSISR,
    ERROR,
    FSCR,
    GPR,
    MSR,
    MSR_ILE,
    MSR_IP,
    MSR_LE,
    MSR_ME,
    MSR_PR,
    MSR_SF,
    PC,
    PREFIX,
    RESERVATION,
    SPR,
    SRR0,
    SRR1,
    VECTORS,
    XER,
    U,
    instruction_at,
    is_handled,
    nth,
    put_msr,
    put_nth,
)
from isa.records import LOG_TRAP, LOG_UNMAPPED

HYPERCALL, KICK, DRAIN = int(Kind.HYPERCALL), int(Kind.KICK), int(Kind.DRAIN)
EXCEPTION, TRAP_LOOP, MMIO_WRITE = int(Kind.EXCEPTION), int(Kind.TRAP_LOOP), int(Kind.MMIO_WRITE)

# The engine's numbers (POWERPC_EXCP_*), and the codes of a program exception
MACHINE_CHECK, DATA_STORAGE, INSTRUCTION_STORAGE, ALIGNMENT, PROGRAM, SYSTEM_CALL = 1, 2, 3, 5, 6, 8
INSTRUCTION_SEGMENT, FACILITY, EMULATION = 66, 95, 96
EXCEPTIONS = 102
CODE_FP, CODE_ILLEGAL, CODE_PRIVILEGED, CODE_TRAP, CODE_PRIVILEGED_REGISTER = 0x10, 0x20, 0x30, 0x40, 0x32
STWBRX, STHBRX, STDBRX = 662, 918, 660
SRR1_KEPT = U(0x783F0000)  # bits of SRR1 that are not MSR's
SRR1_MACHINE_CHECK = U(0x40000)  # an access that the bus ends with an error (MPC7410 UM, table 4-9)
NO_VECTOR = U(0xFFFFFFFF)


@njit
def srr1_bits(code: Word) -> Word:
    """What a program interrupt says of its cause in SRR1 [6.5.9]."""
    kind = code & ~0xF
    if kind == CODE_FP:
        return U(0x100000)
    if kind == CODE_ILLEGAL:
        return U(0x80000)
    if kind == CODE_PRIVILEGED:
        return U(0x40000)
    return U(0x20000)


@njit
def enter_vector(engine: Record, vector: Word, back: Word, msr: Word, bits: Word) -> None:
    """SRR0, SRR1, MSR and the pc of an interrupt [6.4.3]; the reservation is lost."""
    put_nth(engine, SPR, SRR0, back)
    put_nth(engine, SPR, SRR1, (msr & ~SRR1_KEPT) | bits)
    put_nth(engine, XER, RESERVATION, ~U(0))
    new = msr & U(MSR_ME | MSR_ILE | MSR_IP)
    if msr & U(MSR_ILE) != U(0):
        new |= U(MSR_LE)
    if engine.wide != U(0):
        new = (msr & U(MSR_ME)) | U(MSR_SF)
    elif vector & U(0xFFFFF) == U(0x200):
        new &= ~U(MSR_ME)
    if engine.wide != U(0) and vector == U(0x200):
        new &= ~U(MSR_ME)
    put_nth(engine, PC, 0, vector)
    put_msr(engine, new)


@njit
def trap(
    engine: Record, control: Record, number: Word, at: Word, back: Word, bits: Word, value: Word
) -> Word:
    """Take the interrupt of the engine's exception `number`, of the instruction at `at`; 0, or a Kind to leave with.

    back: what SRR0 gets; bits: of SRR1; value: for the exit. The registers stay as they are where it cannot be taken.
    """
    offset = nth(engine, VECTORS, number)
    msr = nth(engine, MSR, 0)
    vector = offset | nth(engine, PREFIX, 0)
    again = repeats(control, offset, at)
    if engine.log_on != U(0):
        note(engine, control, LOG_TRAP, at, offset, value, 0)
    stuck = number == MACHINE_CHECK and msr & U(MSR_ME) == U(0)  # checkstop
    if again or stuck or offset & NO_VECTOR == NO_VECTOR or not is_handled(engine, vector):
        control.cause, control.fault_address = offset, U(value)
        put_nth(engine, PC, 0, at)
        restore(engine)
        return TRAP_LOOP if again else EXCEPTION
    enter_vector(engine, vector, back, msr, bits)
    return 0


@njit
def indexed(engine: Record, word: Word) -> Word:
    """Where an instruction of X form accesses memory: (RA|0) + (RB) [Book I 3.3.1]."""
    address = nth(engine, GPR, (word >> 11) & 31)
    if (word >> 16) & 31 != 0:
        address += nth(engine, GPR, (word >> 16) & 31)
    return address if engine.wide != U(0) else address & U(0xFFFFFFFF)


@njit
def call(engine: Record, control: Record, at: Word) -> Word:
    """Is the system call at `at` one to the VMM? `sc 1` of a supervisor is, as under a hypervisor [6.5.14]."""
    if control.hypercalls & U(1) == U(0) or get32(engine, ERROR) != U(1):
        return False
    return nth(engine, MSR, 0) & U(MSR_PR) == U(0)


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: a synchronous exception."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    after = np.int64(nth(engine, PC, 0))
    at = after - 4
    if engine.wide == U(0):
        at &= 0xFFFFFFFF
    cause: Word = np.int64(number)
    if cause == EMULATION:  # no hypervisor state of the guest's own: a program interrupt
        cause = PROGRAM
    if cause not in (INSTRUCTION_STORAGE, INSTRUCTION_SEGMENT):
        give_back(engine, control, at)
    control.latch_count = U(0)
    code = np.int64(get32(engine, ERROR))
    back, bits, value = at, U(0), U(at)
    if cause == SYSTEM_CALL:
        if call(engine, control, at):
            put_nth(engine, PC, 0, at)
            restore(engine)
            control.kind = U(HYPERCALL)
            uc_emu_stop(uc)
            return
        back = after
        control.retired += U(1)
    elif cause == PROGRAM:
        word = instruction_at(engine, at)
        if code == CODE_PRIVILEGED_REGISTER and access_clock(engine, control, word):
            restore(engine)
            control.retired += U(1)
            if control.kick != U(0):
                control.kind = U(KICK)
                uc_emu_stop(uc)
            return
        bits, value = srr1_bits(code), U(word)
    elif cause == ALIGNMENT:
        value = indexed(engine, instruction_at(engine, at))
        put_nth(engine, SPR, DAR, value)
        put_nth(engine, SPR, DSISR, (code & 0x03FF0000) >> 16)
    elif cause == INSTRUCTION_STORAGE:
        bits = U(code)
    elif cause == DATA_STORAGE:
        value = nth(engine, SPR, DAR)
    elif cause == FACILITY and engine.wide != U(0):
        put_nth(engine, SPR, FSCR, nth(engine, SPR, FSCR) | U(code) << U(56))
    left = 0
    if cause < EXCEPTIONS:
        left = trap(engine, control, cause, at, back, bits, value)
        if left != 0 and cause == SYSTEM_CALL:
            control.retired -= U(1)
    else:
        control.cause, control.fault_address, left = U(cause), U(at), EXCEPTION
        put_nth(engine, PC, 0, at)
        restore(engine)
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
    """An access that nothing backs: the bus ends it with an error, which is a machine check [6.5.2]; 0, or a Kind."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    at = control.pc
    if engine.log_on != U(0):
        note(engine, control, LOG_UNMAPPED, at, control.access, control.address, 0)
    dar = nth(engine, SPR, DAR)
    put_nth(engine, SPR, DAR, control.address)
    bits = SRR1_MACHINE_CHECK if engine.wide == U(0) else U(0)
    left = trap(engine, control, MACHINE_CHECK, at, at, bits, control.address)
    if left != 0:
        put_nth(engine, SPR, DAR, dar)
        restore(engine)
        control.kind = U(left)
    else:
        control.pc = nth(engine, PC, 0)
    return left


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take the interrupt with that vector offset while the engine stands still; 0, or a Kind to leave with."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    number: Word = np.int64(MACHINE_CHECK)
    for i in range(EXCEPTIONS):
        if nth(engine, VECTORS, i) == cause:
            number = i
    bits = srr1_bits(CODE_ILLEGAL) if number == PROGRAM else U(0)
    left = trap(engine, control, number, np.int64(pc), np.int64(pc), bits, value)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = nth(engine, PC, 0)
    return left


@njit
def reversed_bytes(value: Word, width: Word) -> Word:
    result = U(0)
    for i in range(np.int64(width)):
        result |= (value >> U(8 * i) & U(0xFF)) << U(8 * (np.int64(width) - 1 - i))
    return result


@cfunc(types.int32(types.intp))
def settle(address: Word) -> Word:
    """The engine reports what a byte-reversed store has in its register, not what it stores."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if control.kind == U(MMIO_WRITE):
        word = instruction_at(engine, control.pc)
        if word >> 26 == 31 and (word >> 1) & 0x3FF in (STWBRX, STHBRX, STDBRX):
            control.data = reversed_bytes(control.data, control.width)
    return 0


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the call that was answered: it counts as retired."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.pc += U(4)
    control.retired += U(1)
    return 0
