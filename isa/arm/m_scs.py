"""The M profile, native: registers of the System Control Space, 0xE000E000 to 0xE000EFFF [m B3.2, B3.4].

SysTick's are a device's (emu.devices.armv7m_scs), as is the reset request. What is not in a table reads as zero.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.arm.layout import Slot
from isa.arm.m_exceptions import BUS_FAULT, fault
from isa.arm.m_layout import V7M, Nvic
from isa.arm.m_nvic import (
    ACTIVE,
    BEST,
    ENABLED,
    LEVEL,
    PENDING,
    PRIGROUP,
    SYSTEM_ACTIVE,
    SYSTEM_ENABLED,
    SYSTEM_PENDING,
    settle,
)
from isa.arm.m_words import (
    BFAR,
    CCR,
    CFSR,
    CONTROL,
    EXCEPTION,
    HFSR,
    MMFAR,
    VTOR,
    banked,
    cpuid,
    is_v6m,
    m,
    own,
    put_m,
    put_own,
)
from isa.arm.words import U, place
from isa.native import Record, Word, as_control, as_engine, as_u32

MMIO_WRITE = int(Kind.MMIO_WRITE)
SCR, CPACR, FPCCR, FPCAR, FPDSCR, DFSR = (
    np.int64(V7M.SCR),
    np.int64(V7M.CPACR),
    np.int64(V7M.FPCCR),
    np.int64(V7M.FPCAR),
    np.int64(V7M.FPDSCR),
    np.int64(V7M.DFSR),
)
DEMCR, PRIORITIES = np.int64(Nvic.DEMCR), np.int64(Nvic.PRIORITIES)
VFP_XREGS = np.int64(Slot.VFP_XREGS)
BASE = U(0xE000E000)
PRECISE = U(1 << 9 | 1 << 15)
STALE = U(1 << 63)
NOT_OURS, ANSWERED, ELSEWHERE = 0, 1, 4
SYSTICK_FIRST, SYSTICK_END, AIRCR = 0x010, 0x020, 0xD0C
SYSRESETREQ, AIRCR_KEY = U(1 << 2), U(0x05FA)
IMPLEMENTED_V6M = U(0xC0C0C0C0)


@njit
def shcsr(engine: Record) -> Word:
    """SHCSR from the bits of exceptions [m B3.2.13]."""
    active, waiting = own(engine, SYSTEM_ACTIVE), own(engine, SYSTEM_PENDING)
    value = active >> U(4) & U(3) | (active >> U(6) & U(1)) << U(3) | (active >> U(11) & U(3)) << U(7)
    value |= (active >> U(14) & U(3)) << U(10)
    value |= (waiting >> U(6) & U(1)) << U(12) | (waiting >> U(4) & U(3)) << U(13)
    value |= (waiting >> U(11) & U(1)) << U(15)
    return value | (own(engine, SYSTEM_ENABLED) >> U(4) & U(7)) << U(16)


@njit
def icsr(engine: Record) -> Word:
    """[m B3.2.4]."""
    waiting = own(engine, SYSTEM_PENDING)
    value = m(engine, EXCEPTION) & U(0x1FF) | own(engine, BEST) << U(12)
    others = own(engine, SYSTEM_ACTIVE) | own(engine, ACTIVE) << U(16)
    if others & (others - U(1)) == U(0):
        value |= U(1 << 11)  # RETTOBASE
    if own(engine, PENDING) != U(0):
        value |= U(1 << 22)
    value |= (waiting >> U(15) & U(1)) << U(26) | (waiting >> U(14) & U(1)) << U(28)
    return value | (waiting >> U(2) & U(1)) << U(31)


@njit
def read_word(engine: Record, at: Word) -> Word:
    """The register at an offset that is a multiple of 4."""
    if at in (0x100, 0x180):
        return own(engine, ENABLED)
    if at in (0x200, 0x280):
        return own(engine, PENDING)
    if at == 0x300:
        return own(engine, ACTIVE)
    if 0x400 <= at < 0x420:
        return own(engine, PRIORITIES + 3 + (at - 0x400) >> 2)
    if at == 0xD00:
        return cpuid(engine)
    if at == 0xD04:
        return icsr(engine)
    if at == 0xD08:
        return m(engine, banked(engine, VTOR))
    if at == AIRCR:
        return U(0xFA050000) | own(engine, PRIGROUP) << U(8)
    if at == 0xD10:
        return m(engine, banked(engine, SCR))
    if at == 0xD14:
        return m(engine, banked(engine, CCR))
    if 0xD18 <= at < 0xD24:
        return own(engine, PRIORITIES + (at - 0xD18) >> 2)
    if at == 0xD24:
        return shcsr(engine)
    if is_v6m(engine):
        return U(0)
    if at == 0xD28:
        return m(engine, banked(engine, CFSR))
    if at == 0xD2C:
        return m(engine, HFSR)
    if at == 0xD30:
        return m(engine, DFSR)
    if at == 0xD34:
        return m(engine, banked(engine, MMFAR))
    if at == 0xD38:
        return m(engine, BFAR)
    if at == 0xD88:
        return m(engine, banked(engine, CPACR))
    if at == 0xDFC:
        return own(engine, DEMCR)
    if at == 0xF34:
        return m(engine, banked(engine, FPCCR))
    if at == 0xF38:
        return m(engine, banked(engine, FPCAR))
    if at == 0xF3C:
        return m(engine, banked(engine, FPDSCR))
    if 0xF40 <= at < 0xF4C:  # MVFR0 to MVFR2
        return U(carray(as_u32(place(engine, VFP_XREGS)), 16)[7 - (at - 0xF40) // 4])
    return U(0)


@njit
def write_priorities(engine: Record, word: Word, value: Word, mask: Word) -> None:
    """A word of priorities, as far as it is written and exists."""
    if is_v6m(engine):
        value &= IMPLEMENTED_V6M
    if word < 3:  # exceptions 4 to 15; 7 to 10 and 13 are reserved
        exist = U(0x00FFFFFF) if word == 0 else U(0xFF000000) if word == 1 else U(0xFFFF00FF)
        if is_v6m(engine):
            exist &= U(0) if word == 0 else U(0xFF000000) if word == 1 else U(0xFFFF0000)
        value &= exist
    put_own(engine, PRIORITIES + word, own(engine, PRIORITIES + word) & ~mask | value & mask)


@njit
def write_icsr(engine: Record, value: Word) -> None:
    waiting = own(engine, SYSTEM_PENDING)
    if value & U(1 << 31) != U(0):
        waiting |= U(1 << 2)
    if value & U(1 << 28) != U(0):
        waiting |= U(1 << 14)
    elif value & U(1 << 27) != U(0):
        waiting &= ~U(1 << 14)
    if value & U(1 << 26) != U(0):
        waiting |= U(1 << 15)
    elif value & U(1 << 25) != U(0):
        waiting &= ~U(1 << 15)
    put_own(engine, SYSTEM_PENDING, waiting)


@njit
def write_shcsr(engine: Record, value: Word, mask: Word) -> None:
    if is_v6m(engine):
        return
    if mask & U(0x70000) != U(0):
        put_own(engine, SYSTEM_ENABLED, (value >> U(16) & U(7)) << U(4))
    if mask & U(0x0FFF) == U(0x0FFF):
        kept = own(engine, SYSTEM_ACTIVE) & U(0x4)
        active = (value & U(3)) << U(4) | (value >> U(3) & U(1)) << U(6) | (value >> U(7) & U(3)) << U(11)
        put_own(engine, SYSTEM_ACTIVE, kept | active | (value >> U(10) & U(3)) << U(14))
        kept = own(engine, SYSTEM_PENDING) & U(0xC004)
        waiting = (value >> U(12) & U(1)) << U(6) | (value >> U(13) & U(3)) << U(4)
        put_own(engine, SYSTEM_PENDING, kept | waiting | (value >> U(15) & U(1)) << U(11))


@njit
def write_word(engine: Record, at: Word, value: Word, mask: Word) -> None:
    """Bits `mask` of the register at an offset that is a multiple of 4."""
    if at == 0x100:
        put_own(engine, ENABLED, own(engine, ENABLED) | value)
    elif at == 0x180:
        put_own(engine, ENABLED, own(engine, ENABLED) & ~value)
    elif at == 0x200:
        put_own(engine, PENDING, own(engine, PENDING) | value)
    elif at == 0x280:  # a line that is up pends again
        put_own(
            engine, PENDING, own(engine, PENDING) & ~value | own(engine, LEVEL) & value & ~own(engine, ACTIVE)
        )
    elif 0x400 <= at < 0x420:
        write_priorities(engine, 3 + (at - 0x400) // 4, value, mask)
    elif at == 0xD04:
        write_icsr(engine, value)
    elif at == 0xD08 and not is_v6m(engine):
        put_m(engine, banked(engine, VTOR), value & U(0xFFFFFF80))
    elif at == AIRCR:
        if value >> U(16) == AIRCR_KEY and not is_v6m(engine):
            put_own(engine, PRIGROUP, value >> U(8) & U(7))
    elif at == 0xD10:
        put_m(engine, banked(engine, SCR), value & U(0x16))
    elif at == 0xD14 and not is_v6m(engine):
        word = banked(engine, CCR)
        put_m(engine, word, m(engine, word) & ~(mask & U(0x31B)) | value & mask & U(0x31B))
    elif 0xD18 <= at < 0xD24:
        write_priorities(engine, (at - 0xD18) // 4, value, mask)
    elif at == 0xD24:
        write_shcsr(engine, value, mask)
    elif is_v6m(engine):
        pass
    elif at == 0xD28:
        word = banked(engine, CFSR)
        put_m(engine, word, m(engine, word) & ~value)
    elif at == 0xD2C:
        put_m(engine, HFSR, m(engine, HFSR) & ~value)
    elif at == 0xD30:
        put_m(engine, DFSR, m(engine, DFSR) & ~value)
    elif at == 0xD34:
        put_m(engine, banked(engine, MMFAR), value)
    elif at == 0xD38:
        put_m(engine, BFAR, value)
    elif at == 0xD88:
        put_m(engine, banked(engine, CPACR), value & U(0x00F00000))
    elif at == 0xDFC:
        put_own(engine, DEMCR, value & U(0x010F07F1))
    elif at == 0xF00:
        number = value & U(0x1FF)
        if number < U(32):
            put_own(engine, PENDING, own(engine, PENDING) | U(1) << number)
    elif at == 0xF34:
        put_m(engine, banked(engine, FPCCR), value & U(0xC0000000))
    elif at == 0xF38:
        put_m(engine, banked(engine, FPCAR), value & ~U(7))
    elif at == 0xF3C:
        put_m(engine, banked(engine, FPDSCR), value & U(0x07C00000))


@cfunc(types.int32(types.intp))
def own_register(address: Word) -> Word:
    """An access that left for 0xE000E000: `control.data` is what is written, and gets what is read. The pc is exact, so
    an interrupt that a write lets in is taken when the store has retired."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if control.address < BASE or control.address >= BASE + U(0x1000):
        return NOT_OURS
    at = np.int64(control.address - BASE)
    writes = control.kind == U(MMIO_WRITE)
    if m(engine, EXCEPTION) == U(0) and m(engine, banked(engine, CONTROL)) & U(1) != U(0):
        put_m(engine, BFAR, control.address)  # unprivileged [m B3.1.1]
        control.latch_count = U(0)
        left = fault(engine, control, BUS_FAULT, PRECISE, control.pc, control.address)
        control.kind = U(left)
        return ELSEWHERE
    if SYSTICK_FIRST <= at < SYSTICK_END:
        return NOT_OURS
    low = at & 3
    shift = U(8 * low)
    size = min(control.width, U(4 - low))
    mask = U(0xFFFFFFFF) if size == U(4) else ((U(1) << (U(8) * size)) - U(1)) << shift
    if not writes:
        control.data = (read_word(engine, at - low) & mask) >> shift
        return ANSWERED
    value = control.data << shift & mask
    if at == AIRCR and value & SYSRESETREQ != U(0) and value >> U(16) == AIRCR_KEY:
        return NOT_OURS
    write_word(engine, at - low, value, mask)
    settle(engine)
    control.lines_told |= STALE
    return ANSWERED
