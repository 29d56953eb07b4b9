"""RISC-V, native: trap delivery, interrupt lines, counters, translation off. Compiled for both widths.

Source: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture (20211203), cited as [priv].

All state is read and written in a saved context (`layout`): it does not obey the guest's privilege, and it keeps an LR
reservation. The engine's own facts: UC_HOOK_INTR comes with pc + 4 whatever the length; every ecall comes as cause 8;
`ebreak` comes as an invalid instruction; time CSRs come as illegal instructions; cycle and instret are read from the
host's clock, and are mended here.
"""

from __future__ import annotations

import numpy as np
import unicorn.riscv_const as rc
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.native import (
    BLOCK_SPECIAL,
    LOG_INTERRUPT,
    LOG_TRAP,
    LOG_UNMAPPED,
    PAGE_CODE,
    PAGE_DATA,
    PAGES,
    UC_MEM_FETCH,
    UC_PROT_EXEC,
    UC_PROT_READ,
    UC_PROT_WRITE,
    NativeAbilities,
    Record,
    Word,
    as_control,
    as_engine,
    as_i64,
    as_u8,
    as_u16,
    as_u32,
    as_u64,
    code_at,
    engine_record,
    give_back,
    guest_time,
    note,
    uc_context_restore,
    uc_context_save,
    uc_emu_stop,
    uc_reg_read,
    uc_reg_write,
)
from isa.riscv.layout import Slot, calibrate
from isa.riscv.state import PMP_ENTRIES, State

U = np.uint64
X0, F0, PC, PRIV, BADADDR = int(Slot.X0), int(Slot.F0), int(Slot.PC), int(Slot.PRIV), int(Slot.BADADDR)
MSTATUS, MIP, MIE, MEDELEG, SATP = (
    int(Slot.MSTATUS),
    int(Slot.MIP),
    int(Slot.MIE),
    int(Slot.MEDELEG),
    int(Slot.SATP),
)
STVEC, SEPC, SCAUSE, STVAL = int(Slot.STVEC), int(Slot.SEPC), int(Slot.SCAUSE), int(Slot.STVAL)
MTVEC, MEPC, MCAUSE, MTVAL = int(Slot.MTVEC), int(Slot.MEPC), int(Slot.MCAUSE), int(Slot.MTVAL)
SCOUNTEREN, MCOUNTEREN, PMP_RULES = int(Slot.SCOUNTEREN), int(Slot.MCOUNTEREN), int(Slot.PMP_RULES)
PMP = int(Slot.PMP)
HYPERCALL, SEMIHOST, DELIVER = int(Kind.HYPERCALL), int(Kind.SEMIHOST), int(Kind.DELIVER)
KICK, AGAIN, DRAIN = int(Kind.KICK), int(Kind.AGAIN), int(Kind.DRAIN)
EXCEPTION, TRAP_LOOP, TRANSLATE = int(Kind.EXCEPTION), int(Kind.TRAP_LOOP), int(Kind.TRANSLATE)
REG_X0, REG_MIP = int(rc.UC_RISCV_REG_X0), int(rc.UC_RISCV_REG_MIP)

USER, SUPERVISOR, MACHINE = 0, 1, 3
FETCH_ACCESS, ILLEGAL, BREAKPOINT, LOAD_MISALIGNED, LOAD_ACCESS, STORE_ACCESS = 1, 2, 3, 4, 5, 7
ECALL_U, FETCH_PAGE, LOAD_PAGE, STORE_PAGE = 8, 12, 13, 15
NAPOT, WHOLE = 3, (1 << 29) - 1  # pmpaddr of the smallest region that covers 32 bits of address
STALE = U(1 << 63)
MSIP, MTIP, MEIP = 0x8, 0x80, 0x800
MACHINE_LINES = MSIP | MTIP | MEIP  # MSIP, MTIP, MEIP: only devices set them [priv 3.1.9]
GATE = 0x485643  # a7 of a call to the VMM from machine level
CSR_CYCLE, CSR_TIME, CSR_INSTRET, CSR_MCYCLE, CSR_MINSTRET = 0xC00, 0xC01, 0xC02, 0xB00, 0xB02
CSR_MIP = 0x344
READS_HIGH, READS_MIP = 64, 128  # beside the register number in a block's word
HIGH_HALF = 0x80  # added to a counter's number: its upper 32 bits on RV32
TIME_PERIOD = 100  # ns of one tick of the platform timer (10 MHz)


@njit(inline="always")
def get(engine: Record, slot: Word) -> Word:
    """A register of the saved state."""
    at = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[slot]
    if engine.wide != U(0):
        return carray(as_u64(at), 1)[0]
    return U(carray(as_u32(at), 1)[0])


@njit(inline="always")
def put(engine: Record, slot: Word, value: Word) -> None:
    at = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[slot]
    if engine.wide != U(0):
        carray(as_u64(at), 1)[0] = U(value)
    else:
        carray(as_u32(at), 1)[0] = np.uint32(value)


@njit(inline="always")
def x(engine: Record, number: Word) -> Word:
    """General register `number` of the saved state."""
    at = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[X0]
    if engine.wide != U(0):
        return carray(as_u64(at), 32)[number]
    return U(carray(as_u32(at), 32)[number])


@njit(inline="always")
def put_x(engine: Record, number: Word, value: Word) -> None:
    at = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[X0]
    if engine.wide != U(0):
        carray(as_u64(at), 32)[number] = U(value)
    else:
        carray(as_u32(at), 32)[number] = np.uint32(value)


@njit(inline="always")
def save(engine: Record) -> None:
    uc_context_save(np.intp(engine.uc), np.intp(engine.context))


@njit(inline="always")
def restore(engine: Record) -> None:
    uc_context_restore(np.intp(engine.uc), np.intp(engine.context))


@njit(cache=True)
def trap(engine: Record, control: Record, cause: Word, pc: Word, value: Word) -> Word:
    """Take a synchronous trap in the saved state and restore it [priv 3.1.6, 3.1.8, 4.1.1]; 0, or a Kind to leave with.

    `value` is what xtval gets. The registers stay as they are where the trap cannot be taken.
    """
    level = get(engine, PRIV)
    delegated = level <= U(SUPERVISOR) and (get(engine, MEDELEG) >> U(cause)) & U(1) != U(0)
    vector = get(engine, STVEC if delegated else MTVEC) & ~U(3)
    again = (
        control.traps != U(0)
        and control.trap_cause == U(cause)
        and control.trap_pc == U(pc)
        and control.trap_retired == control.retired
    )
    control.trap_cause, control.trap_pc, control.trap_retired = U(cause), U(pc), control.retired
    control.traps += U(1)
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


@njit(cache=True)
def instruction_at(engine: Record, pc: Word) -> Word:
    """The instruction word at a guest-virtual pc, 16 or 32 bits; 0 where it cannot be read."""
    at = code_at(engine, pc, 2)
    if at == 0:
        return 0
    low = np.int64(carray(as_u16(at), 1)[0])
    if low & 3 != 3:
        return low
    at = code_at(engine, pc + 2, 2)
    if at == 0:
        return low
    return low | np.int64(carray(as_u16(at), 1)[0]) << 16


@njit(cache=True)
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


@njit(cache=True)
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


@njit(cache=True)
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


@njit(cache=True)
def widen_regions(engine: Record) -> Word:
    """RV32: put right the NAPOT regions of 4 GiB and more, whose size the engine computes in 32 bits [priv 3.7.1].

    Works on the saved state, in the table of first and last addresses that follows the entries; 1 if one was wrong.
    """
    table = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[PMP]
    entry, bounds = (
        carray(as_u32(table), 2 * PMP_ENTRIES),
        carray(as_u32(table + 8 * PMP_ENTRIES), 2 * PMP_ENTRIES),
    )
    widened = 0
    for i in range(PMP_ENTRIES):
        address, match = np.int64(entry[2 * i]), (entry[2 * i + 1] >> np.uint32(3)) & np.uint32(3)
        whole = match == np.uint32(NAPOT) and address >= WHOLE and address & (address + 1) == 0
        if whole and (bounds[2 * i] != np.uint32(0) or bounds[2 * i + 1] != np.uint32(0xFFFFFFFF)):
            bounds[2 * i], bounds[2 * i + 1] = np.uint32(0), np.uint32(0xFFFFFFFF)
            widened = 1
    return widened


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)), cache=True)
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
        if read_time(engine, control, word, pc):
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


@cfunc(types.boolean(types.intp, types.CPointer(engine_record)), cache=True)
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


@njit(cache=True)
def leave_for_translation(engine: Record, kind: Word) -> Word:
    """What the fill is to give has changed: leave, so that the TLB can be emptied."""
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.kind = U(TRANSLATE)
    control.access = U(4) if kind == UC_MEM_FETCH else U(1)
    return False


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
    cache=True,
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Record) -> Word:
    """UC_HOOK_TLB_FILL while the guest's MMU is off: identity, with fetch and data in separate entries.

    An entry that can be executed and written makes each store slow: the engine then always looks for code that changes.
    One that cannot be executed it stops watching after the first store. So data is given without the right to execute,
    but for pages that hold code, or are reached by two addresses. As soon as the guest translates (satp)
    or protects memory below machine level (PMP), the engine's own MMU takes over.
    """
    engine = carray(user, 1)[0]
    save(engine)
    satp = get(engine, SATP)
    translated = satp >> U(60) != U(0) if engine.wide != U(0) else satp >> U(31) != U(0)
    offset = carray(as_i64(np.intp(engine.layout)), 32)[PMP_RULES]
    rules = carray(as_u32(np.intp(engine.state) + offset), 1)[0]
    if translated or (rules != np.uint32(0) and get(engine, PRIV) != U(MACHINE)):
        engine.paging = U(1)
        return leave_for_translation(engine, kind)
    inside = address - engine.alias
    if inside < engine.alias_size:
        address = engine.home + inside
        if engine.alias_used == U(0):
            engine.alias_used = U(1)
            return leave_for_translation(engine, kind)
    page = carray(as_u8(np.intp(engine.pages)), PAGES)
    i = np.int64(address >> U(12)) & (PAGES - 1)
    given = page[i]
    rights = UC_PROT_READ
    if kind == UC_MEM_FETCH:
        page[i] = given | np.uint8(PAGE_CODE)
        if given == np.uint8(PAGE_DATA):
            return leave_for_translation(engine, kind)
        rights |= UC_PROT_EXEC
    else:
        page[i] = given | np.uint8(PAGE_DATA)
        rights |= UC_PROT_WRITE
        if given & np.uint8(PAGE_CODE) or engine.alias_used != U(0):
            rights |= UC_PROT_EXEC
    carray(as_u64(entry), 1)[0] = address
    carray(as_u32(entry + 8), 1)[0] = np.uint32(rights)
    return True


@cfunc(types.int64(types.intp), cache=True)
def length(at: Word) -> Word:
    """Bytes of the instruction at a host address [unpriv 1.5]; 48 bits and more are illegal here, and 4."""
    return 4 if carray(as_u16(at), 1)[0] & np.uint16(3) == np.uint16(3) else 2


@cfunc(types.int64(types.intp), cache=True)
def halts(at: Word) -> Word:
    """Is the instruction at a host address `wfi`?"""
    low, high = carray(as_u16(at), 2)[0], carray(as_u16(at), 2)[1]
    return 1 if low == np.uint16(0x0073) and high == np.uint16(0x1050) else 0


@cfunc(types.uint64(types.intp, types.int64), cache=True)
def inspect(at: Word, size: Word) -> Word:
    """Does the block end in a read of cycle, instret or mip? Then its register, plus 1, and what was read.

    A CSR instruction always ends its block.
    """
    if size < 4:
        return U(0)
    end = at + size - 4
    word = np.int64(carray(as_u16(end), 1)[0]) | np.int64(carray(as_u16(end + 2), 1)[0]) << 16
    if word & 0x7F != 0x73 or (word >> 12) & 3 == 0:
        return U(0)
    number = (word >> 20) & 0xFFF
    rd = (word >> 7) & 31
    if number == CSR_MIP and rd != 0:
        return U(BLOCK_SPECIAL) | U(rd + 1 | READS_MIP) << U(17)
    if rd == 0 or number & ~HIGH_HALF not in (CSR_CYCLE, CSR_INSTRET, CSR_MCYCLE, CSR_MINSTRET):
        return U(0)
    high = READS_HIGH if number & HIGH_HALF else 0
    return U(BLOCK_SPECIAL) | U(rd + 1 | high) << U(17)


@cfunc(types.int32(types.intp), cache=True)
def mend(address: Word) -> Word:
    """Put right what the last CSR instruction has read: a counter is the count of instructions retired before it
    [priv 3.1.10], mip has the bits that are hidden from the engine (`tell_lines`)."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    code = np.int64(control.counter_register)
    uc, register, at = np.intp(engine.uc), np.int32(REG_X0 + (code & 63) - 1), np.intp(engine.scratch)
    cell = carray(as_u64(at), 1)
    if code & READS_MIP:
        cell[0] = U(0)
        uc_reg_read(uc, register, at)
        cell[0] |= control.lines_hidden
    else:
        cell[0] = control.counter_value >> U(32) if code & READS_HIGH else control.counter_value
    uc_reg_write(uc, register, at)
    control.counter_register = U(0)
    return 0


@cfunc(types.int32(types.intp), cache=True)
def tell_lines(address: Word) -> Word:
    """Hand the interrupt lines over: mip in the saved state, then one write through the API at machine level, which
    makes the engine look at what is pending. Returns 1 if something is pending and enabled in mie: wfi goes on.

    Of several enabled machine interrupts the engine takes the lowest number first, the manual wants external, software,
    timer [priv 3.1.9]: the lower ones are hidden until the first is gone, and looked at again at every block.
    """
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    uc = np.intp(engine.uc)
    save(engine)
    stale = control.lines_told & STALE  # the engine's CPU state was replaced
    changed = (control.lines ^ control.lines_told) & ~STALE
    seen = get(engine, MIP)
    mask = (changed & ~U(MACHINE_LINES)) | U(MACHINE_LINES)
    pending = (seen & ~mask) | (control.lines & mask)
    enabled = pending & get(engine, MIE)
    machine = enabled & U(MACHINE_LINES)
    first = machine
    if machine & U(MEIP) != U(0):
        first = U(MEIP)
    elif machine & U(MSIP) != U(0):
        first = U(MSIP)
    control.lines_hidden = machine & ~first
    mip = pending & ~control.lines_hidden
    if mip != seen or stale != U(0):
        level = get(engine, PRIV)
        put(engine, MIP, mip)
        put(engine, PRIV, MACHINE)
        restore(engine)
        carray(as_u64(np.intp(engine.scratch)), 1)[0] = mip
        uc_reg_write(uc, np.int32(REG_MIP), np.intp(engine.scratch))
        put(engine, PRIV, level)
        restore(engine)
    control.lines_told = control.lines
    if control.lines_hidden != U(0):
        control.attention = U(1)
    return 1 if enabled != U(0) else 0


@cfunc(types.int32(types.intp), cache=True)
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


@njit(cache=True)
def entered(pc: Word, vector: Word, cause: Word, wide: Word) -> Word:
    """Whether `pc` is where an interrupt of this cause goes [priv 3.1.7]."""
    top = U(63) if wide != U(0) else U(31)
    if cause >> top == U(0):
        return False
    number = cause & ~(U(1) << top)
    return pc == (vector & ~U(3)) + (U(4) * number if vector & U(3) == U(1) else U(0))


@cfunc(types.int32(types.intp), cache=True)
def observe(address: Word) -> Word:
    """The engine takes interrupts by itself: a block at the vector, with an interrupt as its cause, tells."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    level, pc = get(engine, PRIV), get(engine, PC)
    cause = get(engine, MCAUSE if level == U(MACHINE) else SCAUSE)
    vector = get(engine, MTVEC if level == U(MACHINE) else STVEC)
    if level != U(USER) and entered(pc, vector, cause, engine.wide):
        number = cause & U(0xFFFF)
        note(
            engine,
            control,
            LOG_INTERRUPT,
            get(engine, MEPC if level == U(MACHINE) else SEPC),
            number,
            0,
            level,
        )
    return 0


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64), cache=True)
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


@cfunc(types.int32(types.intp), cache=True)
def advance(address: Word) -> Word:
    """Go past the ecall or ebreak that was answered: it counts as retired."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.pc += U(4)
    control.retired += U(1)
    return 0


RISCV64 = RISCV32 = NativeAbilities(
    calibrate=calibrate,
    view=State,
    on_exception=on_exception,
    on_invalid=on_invalid,
    on_fill=on_fill,
    length=length,
    halts=halts,
    inspect=inspect,
    deliver=deliver,
    tell_lines=tell_lines,
    fault=fault,
    advance=advance,
    observe=observe,
    mend=mend,
    outside=("fflags",),
    reveal=(("priv", MACHINE), ("mstatus", 0x6000)),
    counted=tuple(
        (name + high, shift)
        for name in ("cycle", "instret", "mcycle", "minstret")
        for high, shift in (("", 0), ("h", 32))
    ),
    clocks=(("time", TIME_PERIOD, 0), ("timeh", TIME_PERIOD, 32)),
)
