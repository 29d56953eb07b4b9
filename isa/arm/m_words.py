"""The M profile's registers in the engine's CPU state, for compiled code: see `m_layout`."""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from isa.arm.layout import Slot
from isa.arm.m_layout import CPUID, V7M, Nvic
from isa.arm.words import U, place
from isa.native import Record, Word, as_i64, as_regions, as_u8, as_u32

STATE, XREGS = np.int64(Slot.V7M), np.int64(Slot.XREGS)
OTHER_SP, VTOR, CONTROL, CCR, CFSR, HFSR, MMFAR, BFAR = (
    np.int64(V7M.OTHER_SP),
    np.int64(V7M.VTOR),
    np.int64(V7M.CONTROL),
    np.int64(V7M.CCR),
    np.int64(V7M.CFSR),
    np.int64(V7M.HFSR),
    np.int64(V7M.MMFAR),
    np.int64(V7M.BFAR),
)
EXCEPTION, PRIMASK, FAULTMASK, BASEPRI, SECURE = (
    np.int64(V7M.EXCEPTION),
    np.int64(V7M.PRIMASK),
    np.int64(V7M.FAULTMASK),
    np.int64(V7M.BASEPRI),
    np.int64(V7M.SECURE),
)
PRIORITIES = 4 * np.int64(Nvic.PRIORITIES)
CORTEX_M0 = 0xC20


@njit
def m(engine: Record, offset: Word) -> Word:
    """A word of the M profile's own state."""
    return U(carray(as_u32(place(engine, STATE) + offset), 1)[0])


@njit
def put_m(engine: Record, offset: Word, value: Word) -> None:
    carray(as_u32(place(engine, STATE) + offset), 1)[0] = np.uint32(value)


@njit
def banked(engine: Record, offset: Word) -> Word:
    """The current security state's word of a pair: an address offset for `m`."""
    return np.int64(offset) + np.int64(4) * np.int64(m(engine, SECURE) & U(1))


@njit
def own(engine: Record, index: Word) -> Word:
    """A word of the interrupt controller."""
    return U(carray(as_u32(place(engine, XREGS)), 64)[index])


@njit
def put_own(engine: Record, index: Word, value: Word) -> None:
    carray(as_u32(place(engine, XREGS)), 64)[index] = np.uint32(value)


@njit
def priority_byte(engine: Record, number: Word) -> Word:
    """The priority register of exception 4 and up."""
    return U(carray(as_u8(place(engine, XREGS) + PRIORITIES), 64)[number - 4])


@njit
def cpuid(engine: Record) -> Word:
    return U(carray(as_i64(np.intp(engine.layout)), 1 << 8)[CPUID])


@njit
def is_v6m(engine: Record) -> Word:
    """ARMv6-M: four priorities, HardFault only, no BASEPRI and FAULTMASK."""
    return (cpuid(engine) >> U(4)) & U(0xFFF) == U(CORTEX_M0)


@njit
def memory(engine: Record, address: Word, size: Word) -> Word:
    """Host address of `size` bytes of guest memory; 0 where there is none."""
    first, last = U(address), U(address) + U(size) - U(1)
    regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
    for i in range(engine.regions_count):
        if regions[i].lo <= first and last <= regions[i].hi:
            return np.intp(regions[i].host + (first - regions[i].lo))
    return np.intp(0)
