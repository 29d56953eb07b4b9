"""MIPS, native: exceptions to the guest's vectors, and the calls that leave the guest.

Source: MIPS Architecture For Programmers, Volume III (MD00090), chapter 6, cited as [pra]. The engine comes here before
it takes an exception, with its pc and the flags of its delay slot right (`layout`); then its own function takes it,
which knows every CPU model's registers: BadInstr, debug mode, microMIPS handlers.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.mips.causes import CODE_OF, LAST, NUMBER_OF, Number
from isa.mips.words import (
    BADVADDR,
    CONFIG3,
    DO_INTERRUPT,
    EBASE,
    ERROR_CODE,
    HFLAGS,
    IN_SLOT,
    M16,
    NO_INSTRUCTION,
    PC,
    SEGMENT,
    STATUS,
    STATUS_BEV,
    USER,
    U,
    backing,
    function,
    general,
    get,
    instruction_at,
    put,
)
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u32,
    call_engine,
    engine_record,
    get32,
    give_back,
    note,
    put32,
    repeats,
)
from isa.records import LOG_TRAP, LOG_UNMAPPED

HYPERCALL, KICK, AGAIN, DRAIN = int(Kind.HYPERCALL), int(Kind.KICK), int(Kind.AGAIN), int(Kind.DRAIN)
EXCEPTION, TRAP_LOOP = int(Kind.EXCEPTION), int(Kind.TRAP_LOOP)
ADEL, ADES, IBE, DBE = int(Number.ADEL), int(Number.ADES), int(Number.IBE), int(Number.DBE)
DBP, SYSCALL = int(Number.DBP), int(Number.SYSCALL)
LTLBL, TLBL, TLBS, TLBXI, TLBRI = (
    int(Number.LTLBL),
    int(Number.TLBL),
    int(Number.TLBS),
    int(Number.TLBXI),
    int(Number.TLBRI),
)
CODES, NUMBERS = CODE_OF, NUMBER_OF
CALL = 0x4856 << 6 | 0x0C
"""`syscall 0x4856` of kernel mode: a call to the VMM. With any other code it is the guest's own system call."""
BOOT_VECTORS = 0x1FC00000
BAD_INSTRUCTIONS = 3 << 26
"""Config3.BI and BP: an exception looks at its instruction, which only the running engine can."""
FIRST_CLAIMED, FIRST_INTERNAL = 0, 0x10000


@cfunc(types.boolean(types.intp, types.int32))
def claims(uc: Word, number: Word) -> Word:
    """The engine asks whether an exception stops the run: it then calls `on_invalid`. Beyond are its own events."""
    return number >= FIRST_CLAIMED and number < FIRST_INTERNAL


@njit
def has_vector(engine: Record, number: Word) -> Word:
    """Whether there is memory at the vectors [pra 6.2.2]: where Status.BEV puts them a machine may have no ROM."""
    if number == DBP or get32(engine, STATUS) & U(STATUS_BEV) != U(0):
        base = U(BOOT_VECTORS)
    else:
        base = get(engine, EBASE) & U(0xFFFFF000)
        if base >> U(30) != U(2):
            return True
        base &= U(SEGMENT)
    return backing(engine, base, 4) != 0


@njit
def take(engine: Record, control: Record, number: Word, pc: Word, value: Word) -> Word:
    """Take the engine's exception `number` at `pc`; 0, or a Kind to leave with. `value` is the address that it is about.

    The registers stay as they are where it cannot be taken.
    """
    cause = U(CODES[number]) if number <= LAST else U(0)
    again = repeats(control, cause, pc)
    if engine.log_on != U(0):
        note(engine, control, LOG_TRAP, pc, cause, value, 0)
    put(engine, PC, pc)
    if again or not has_vector(engine, number):
        control.cause, control.fault_address = cause, U(value)
        return TRAP_LOOP if again else EXCEPTION
    carray(as_u32(np.intp(engine.exception)), 1)[0] = np.uint32(number)
    call_engine(function(engine, DO_INTERRUPT), np.intp(engine.cpu))
    control.pc = get(engine, PC)
    return 0


@cfunc(types.boolean(types.intp, types.CPointer(engine_record)))
def on_invalid(uc: Word, user: Record) -> Word:
    """UC_HOOK_INSN_INVALID: an exception, and nothing of it is done yet. True: go on where the state says.

    An exception of the MMU leaves an error behind that makes later accesses skip their hooks: then the engine is entered
    anew.
    """
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    number = np.int64(carray(as_u32(np.intp(engine.exception)), 1)[0])
    pc = get(engine, PC)
    of_mmu = number in (ADEL, ADES, TLBL, TLBS, LTLBL, TLBXI, TLBRI)
    fetch = number == TLBXI or (of_mmu and get32(engine, ERROR_CODE) & U(NO_INSTRUCTION) != U(0))
    if not fetch:
        give_back(engine, control, np.int64(pc))
    control.latch_count = U(0)
    if number == SYSCALL and control.hypercalls & U(1) != U(0):
        plain = get32(engine, HFLAGS) & U(IN_SLOT | M16 | USER) == U(0)
        if plain and instruction_at(engine, pc) == CALL:
            control.kind = U(HYPERCALL)
            return False
    value = get(engine, BADVADDR) if of_mmu else U(0)
    left = take(engine, control, number, pc, value)
    if left != 0:
        control.kind = U(left)
    elif control.kick != U(0):
        control.kind = U(KICK)
    elif engine.log_on != U(0) and engine.log_head + U(8) >= engine.log_size:
        control.kind = U(DRAIN)
    elif of_mmu:
        control.kind = U(AGAIN)
    else:
        return True
    return False


@njit
def data_address(engine: Record, pc: Word) -> Word:
    """Guest-virtual address that a load or store with an immediate offset names; 0 for any other instruction."""
    word = instruction_at(engine, pc)
    opcode = word >> 26
    if get32(engine, HFLAGS) & U(M16) != U(0) or not (opcode >= 0x20 or opcode in (0x1A, 0x1B)):
        return U(0)
    offset = word & 0xFFFF
    if offset & 0x8000:
        offset -= 0x10000
    address = general(engine, word >> 21 & 31) + U(offset)
    return address if engine.wide != U(0) else address & U(0xFFFFFFFF)


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: a bus error of the guest; 0, or a Kind."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    pc = control.pc
    fetch = control.access == U(4)
    value = pc if fetch else data_address(engine, pc)
    if engine.log_on != U(0):
        note(engine, control, LOG_UNMAPPED, pc, control.access, control.address, 0)
    left = take(engine, control, IBE if fetch else DBE, pc, value)
    if left != 0:
        control.kind = U(left)
    return left


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take an exception, by its code, while the engine stands still; 0, or a Kind to leave with."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    number = np.int64(NUMBERS[np.int64(cause) & 31])
    if number in (ADEL, ADES, TLBL, TLBS, LTLBL, TLBXI, TLBRI):
        put(engine, BADVADDR, value)
    put32(engine, ERROR_CODE, 0)
    config3 = get32(engine, CONFIG3)
    put32(engine, CONFIG3, config3 & ~U(BAD_INSTRUCTIONS))
    left = take(engine, control, number, pc, value)
    put32(engine, CONFIG3, config3)
    if left != 0:
        control.kind = U(left)
    return left


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the call that was answered: it counts as retired."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.pc += U(4)
    if engine.wide == U(0):
        control.pc &= U(0xFFFFFFFF)
    control.retired += U(1)
    put(engine, PC, control.pc)
    return 0
