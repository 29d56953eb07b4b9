"""The M profile, native: exception entry and return [m B1.5.6 to B1.5.8].

The engine takes none by itself. Stacking is never lazy: with FPCCR.LSPEN the floating-point registers are stored at
once, which a guest sees only in that memory.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit, types

from axvcpu.control import Kind
from isa.arm.layout import Slot
from isa.arm.m_layout import V7M, Nvic
from isa.arm.m_nvic import (
    ACTIVE,
    SYSTEM_ACTIVE,
    SYSTEM_ENABLED,
    activate,
    deactivate,
    group_priority,
    is_active,
    limit,
    settle,
)
from isa.arm.m_words import (
    CCR,
    CFSR,
    CONTROL,
    EXCEPTION,
    FAULTMASK,
    HFSR,
    OTHER_SP,
    VTOR,
    banked,
    is_v6m,
    m,
    memory,
    own,
    put_m,
)
from isa.arm.words import CONDEXEC, EXCLUSIVE, THUMB, U, get32, place, put32, put64, put_r, r
from isa.native import Record, Word, as_u32, note
from isa.records import LOG_INTERRUPT, LOG_TRAP

get_fpscr = types.ExternalFunction("vfp_get_fpscr_arm", types.uint32(types.intp))
set_fpscr = types.ExternalFunction("vfp_set_fpscr_arm", types.void(types.intp, types.uint32))
rebuild_flags = types.ExternalFunction("arm_rebuild_hflags_arm", types.void(types.intp))

EXCEPTION_KIND, TRAP_LOOP = int(Kind.EXCEPTION), int(Kind.TRAP_LOOP)
NF, ZF, CF, VF, QF, GE, ZREGS = (
    int(Slot.NF),
    int(Slot.ZF),
    int(Slot.CF),
    int(Slot.VF),
    int(Slot.QF),
    int(Slot.GE),
    int(Slot.ZREGS),
)
DEMCR, RESET = int(Nvic.DEMCR), int(Nvic.RESET)
MSPLIM, PSPLIM = int(V7M.MSPLIM), int(V7M.PSPLIM)
SPSEL, FPCA = U(2), U(4)
ALIGNED = U(1 << 9)
STKALIGN, NONBASE = U(1 << 9), U(1)
STKERR, UNSTKERR, INVPC, STKOF, FORCED = (
    U(1 << 12),
    U(1 << 11),
    U(1 << 18),
    U(1 << 20),
    U(1 << 30),
)
HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT, SV_CALL, DEBUG_MONITOR = 3, 4, 5, 6, 11, 12


@njit
def control_now(engine: Record) -> Word:
    return m(engine, banked(engine, CONTROL))


@njit
def on_process_stack(engine: Record) -> Word:
    return m(engine, EXCEPTION) == U(0) and control_now(engine) & SPSEL != U(0)


@njit
def set_mode(engine: Record, exception: Word, process: Word) -> None:
    """IPSR and CONTROL.SPSEL, and the stack pointer that goes with them [m B1.4.1]."""
    before = on_process_stack(engine)
    put_m(engine, EXCEPTION, exception)
    selected = control_now(engine) & ~SPSEL
    put_m(engine, banked(engine, CONTROL), selected | SPSEL if process else selected)
    if on_process_stack(engine) != before:
        other = m(engine, OTHER_SP)
        put_m(engine, OTHER_SP, r(engine, 13))
        put_r(engine, 13, other)


@njit
def xpsr(engine: Record) -> Word:
    value = m(engine, EXCEPTION) & U(0x1FF) | get32(engine, NF) & U(1 << 31) | get32(engine, GE) << U(16)
    if get32(engine, ZF) == U(0):
        value |= U(1 << 30)
    value |= (get32(engine, CF) & U(1)) << U(29) | (get32(engine, VF) >> U(31)) << U(28)
    value |= (get32(engine, QF) & U(1)) << U(27) | (get32(engine, THUMB) & U(1)) << U(24)
    it = get32(engine, CONDEXEC)
    return value | (it & U(3)) << U(25) | (it & U(0xFC)) << U(8)


@njit
def put_flags(engine: Record, value: Word) -> None:
    """Everything of xPSR but the exception number."""
    put32(engine, NF, value & U(1 << 31))
    put32(engine, ZF, (~value >> U(30)) & U(1))
    put32(engine, CF, (value >> U(29)) & U(1))
    put32(engine, VF, (value << U(3)) & U(1 << 31))
    put32(engine, QF, (value >> U(27)) & U(1))
    put32(engine, GE, (value >> U(16)) & U(15))
    put32(engine, THUMB, (value >> U(24)) & U(1))
    put32(engine, CONDEXEC, (value >> U(25)) & U(3) | (value >> U(8)) & U(0xFC))


@njit
def push_frame(engine: Record, pc: Word) -> Word:
    """Store the frame of exception entry and lower sp [m B1.5.6 PushStack]; 0, or the bits of CFSR that say why not."""
    floats = m(engine, CONTROL + 4) & FPCA != U(0)
    size = U(0x68) if floats else U(0x20)
    sp = r(engine, 13)
    padded = sp & U(4) != U(0) and m(engine, banked(engine, CCR)) & STKALIGN != U(0)
    base = sp - size - (U(4) if padded else U(0))
    lowest = m(engine, banked(engine, PSPLIM if on_process_stack(engine) else MSPLIM))
    if base < lowest or base > sp:
        return STKOF if lowest != U(0) else STKERR
    at = memory(engine, base, size)
    if at == 0:
        return STKERR
    frame = carray(as_u32(at), 26)
    for i in range(4):
        frame[i] = np.uint32(r(engine, i))
    frame[4], frame[5], frame[6] = np.uint32(r(engine, 12)), np.uint32(r(engine, 14)), np.uint32(pc)
    value = xpsr(engine)
    frame[7] = np.uint32(value | ALIGNED if padded else value & ~ALIGNED)
    if floats:
        singles = carray(as_u32(place(engine, ZREGS)), 16)
        for i in range(16):
            frame[8 + i] = singles[i]
        frame[24] = get_fpscr(np.intp(engine.state))
    put_r(engine, 13, base)
    return U(0)


@njit
def enter(engine: Record, control: Record, number: Word, pc: Word) -> Word:
    """Take exception `number`; `pc` is where it returns to. 0, or 1 where its vector holds nothing: then nothing is
    changed."""
    table = memory(engine, m(engine, banked(engine, VTOR)) + U(4) * U(number), 4)
    if table == 0:
        return 1
    handler = U(carray(as_u32(table), 1)[0])
    if handler == U(0):
        return 1
    link = U(0xFFFFFFE1)
    if m(engine, CONTROL + 4) & FPCA == U(0):
        link |= U(0x10)
    if m(engine, EXCEPTION) == U(0):
        link |= U(8)
        if control_now(engine) & SPSEL != U(0):
            link |= U(4)
    trouble = push_frame(engine, pc)
    if trouble != U(0):
        # A fault of stacking is one of its own, and above whatever was to be taken: HardFault, here.
        put_m(engine, banked(engine, CFSR), m(engine, banked(engine, CFSR)) | trouble)
        put_m(engine, HFSR, m(engine, HFSR) | FORCED)
        if number <= HARD_FAULT:
            return 1
        table = memory(engine, m(engine, banked(engine, VTOR)) + U(4 * HARD_FAULT), 4)
        handler = U(carray(as_u32(table), 1)[0])
        if handler == U(0):
            return 1
        number = HARD_FAULT
    set_mode(engine, U(number), False)
    put_m(engine, CONTROL + 4, m(engine, CONTROL + 4) & ~FPCA)
    put_r(engine, 14, link)
    put_r(engine, 15, handler & ~U(1))
    put32(engine, THUMB, handler & U(1))
    put32(engine, CONDEXEC, U(0))
    put64(engine, EXCLUSIVE, ~U(0))
    activate(engine, number)
    rebuild_flags(np.intp(engine.state))
    control.pc = handler & ~U(1)
    if engine.log_on != U(0) and (number >= 14 or number == 2):
        note(engine, control, LOG_INTERRUPT, pc, number, 0, 1)
    return 0


@njit
def fault(engine: Record, control: Record, number: Word, bits: Word, pc: Word, value: Word) -> Word:
    """A synchronous exception, with these bits of CFSR: taken at once, or as HardFault where it is disabled or not
    urgent enough [m B1.5.14]; 0, or a Kind to leave with. `value` is what a debugger shows."""
    control.traps += U(1)
    if engine.log_on != U(0):
        note(engine, control, LOG_TRAP, pc, number, value, 1)
    control.cause, control.fault_address = U(number), U(value)
    if is_v6m(engine):
        bits = U(0)
    put_m(engine, banked(engine, CFSR), m(engine, banked(engine, CFSR)) | bits)
    now = limit(engine, True)
    chosen = np.int64(number)
    disabled = number in (MEM_MANAGE, BUS_FAULT, USAGE_FAULT) and (
        own(engine, SYSTEM_ENABLED) >> U(number) & U(1) == U(0)
    )
    monitored = number != DEBUG_MONITOR or own(engine, DEMCR) & U(1 << 16) != U(0)
    if disabled or not monitored or group_priority(engine, number) >= now:
        if now <= U(1):
            return TRAP_LOOP  # lockup: a fault of the handler of faults
        chosen = np.int64(HARD_FAULT)
        forced = U(1 << 31) if number == DEBUG_MONITOR else FORCED
        put_m(engine, HFSR, m(engine, HFSR) | forced)
    if enter(engine, control, chosen, pc) != 0:
        return EXCEPTION_KIND
    return 0


@njit
def leave_exception(engine: Record, control: Record, excret: Word) -> Word:
    """Exception return [m B1.5.8]: 0, or the bits of CFSR of the UsageFault or BusFault that it is instead."""
    number = np.int64(m(engine, EXCEPTION))
    form = excret & U(15)
    if (
        not is_active(engine, number)
        or form not in (U(1), U(9), U(13))
        or excret & U(0x0FFFFFE0) != U(0x0FFFFFE0)
    ):
        return INVPC
    if number != 2:
        put_m(engine, banked(engine, FAULTMASK), U(0))
    deactivate(engine, number)
    others = own(engine, ACTIVE) | own(engine, SYSTEM_ACTIVE)
    thread = form != U(1)
    if thread and others != U(0) and m(engine, banked(engine, CCR)) & NONBASE == U(0):
        return INVPC
    process = form == U(13)
    floats = excret & U(0x10) == U(0)
    size = U(0x68) if floats else U(0x20)
    base = m(engine, OTHER_SP) if process else r(engine, 13)
    at = memory(engine, base, size)
    if at == 0:
        return UNSTKERR
    frame = carray(as_u32(at), 26)
    value = U(frame[7])
    if thread == (value & U(0x1FF) != U(0)):
        return INVPC
    for i in range(4):
        put_r(engine, i, U(frame[i]))
    put_r(engine, 12, U(frame[4]))
    put_r(engine, 14, U(frame[5]))
    put_r(engine, 15, U(frame[6]) & ~U(1))
    if floats:
        singles = carray(as_u32(place(engine, ZREGS)), 16)
        for i in range(16):
            singles[i] = frame[8 + i]
        set_fpscr(np.intp(engine.state), frame[24])
    after = base + size
    if value & ALIGNED != U(0):
        after |= U(4)
    if process:
        put_m(engine, OTHER_SP, after)
    else:
        put_r(engine, 13, after)
    put_flags(engine, value)
    set_mode(engine, value & U(0x1FF), process)
    upper = m(engine, CONTROL + 4) & ~FPCA
    put_m(engine, CONTROL + 4, upper | FPCA if floats else upper)
    put64(engine, EXCLUSIVE, ~U(0))
    settle(engine)
    rebuild_flags(np.intp(engine.state))
    return U(0)
