"""The M profile, native: which exception is to be taken, by priority [m B1.5.4, B3.4].

Priorities are compared with a bias of 2: NMI 0, HardFault 1, those of registers from 2, nothing 258.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from isa.arm.m_layout import BIAS, NONE, Nvic
from isa.arm.m_words import BASEPRI, FAULTMASK, PRIMASK, banked, m, own, priority_byte, put_own
from isa.arm.words import U
from isa.native import Record, Word

ENABLED, PENDING, ACTIVE, LEVEL = (
    np.int64(Nvic.ENABLED),
    np.int64(Nvic.PENDING),
    np.int64(Nvic.ACTIVE),
    np.int64(Nvic.LEVEL),
)
SYSTEM_PENDING, SYSTEM_ACTIVE, SYSTEM_ENABLED = (
    np.int64(Nvic.SYSTEM_PENDING),
    np.int64(Nvic.SYSTEM_ACTIVE),
    np.int64(Nvic.SYSTEM_ENABLED),
)
PRIGROUP, RUNNING, BEST, BEST_PRIORITY = (
    np.int64(Nvic.PRIGROUP),
    np.int64(Nvic.RUNNING),
    np.int64(Nvic.BEST),
    np.int64(Nvic.BEST_PRIORITY),
)
NOTHING, ZERO_PRIORITY = U(NONE), U(BIAS)
NMI, HARD_FAULT = np.int64(2), np.int64(3)


@njit
def group(engine: Record, priority: Word) -> Word:
    """The part of a priority register that preempts [m B1.5.4]."""
    return priority & ~((U(2) << own(engine, PRIGROUP)) - U(1)) & U(0xFF)


@njit
def group_priority(engine: Record, number: Word) -> Word:
    """Of an exception, biased."""
    if number <= HARD_FAULT:
        return U(number - NMI)
    return group(engine, priority_byte(engine, number)) + ZERO_PRIORITY


@njit
def settle(engine: Record) -> None:
    """Find anew what runs and what waits: something pending, active, enabled, or a priority has changed."""
    running = NOTHING
    active = own(engine, SYSTEM_ACTIVE) | own(engine, ACTIVE) << U(16)
    number = np.int64(0)
    while active != U(0):
        if active & U(1) != U(0):
            running = min(running, group_priority(engine, number))
        active >>= U(1)
        number += 1
    put_own(engine, RUNNING, running)
    best, urgent, chosen = NOTHING, U(0x1000), np.int64(0)
    pending = own(engine, SYSTEM_PENDING) | (own(engine, PENDING) & own(engine, ENABLED)) << U(16)
    number = np.int64(0)
    while pending != U(0):
        if pending & U(1) != U(0):
            first = group_priority(engine, number)
            whole = U(0) if number <= HARD_FAULT else priority_byte(engine, number)
            if first < best or (first == best and whole < urgent):
                best, urgent, chosen = first, whole, number
        pending >>= U(1)
        number += 1
    put_own(engine, BEST, chosen)
    put_own(engine, BEST_PRIORITY, best)


@njit
def limit(engine: Record, masked: Word) -> Word:
    """The priority that an exception must be above, PRIMASK counted or not [m B1.5.4, ExecutionPriority]."""
    now = own(engine, RUNNING)
    base = group(engine, m(engine, banked(engine, BASEPRI)))
    if base != U(0):
        now = min(now, base + ZERO_PRIORITY)
    if masked and m(engine, banked(engine, PRIMASK)) != U(0):
        now = min(now, ZERO_PRIORITY)
    if m(engine, banked(engine, FAULTMASK)) != U(0):
        now = min(now, ZERO_PRIORITY - U(1))
    return now


@njit
def to_be_taken(engine: Record) -> Word:
    """Whether what waits most urgently can be taken now."""
    return own(engine, BEST) != U(0) and own(engine, BEST_PRIORITY) < limit(engine, True)


@njit
def pend(engine: Record, number: Word) -> None:
    if number >= 16:
        put_own(engine, PENDING, own(engine, PENDING) | U(1) << U(number - 16))
    else:
        put_own(engine, SYSTEM_PENDING, own(engine, SYSTEM_PENDING) | U(1) << U(number))


@njit
def activate(engine: Record, number: Word) -> None:
    """An exception is taken: it is active, and pending no more."""
    if number >= 16:
        bit = U(1) << U(number - 16)
        put_own(engine, PENDING, own(engine, PENDING) & ~bit)
        put_own(engine, ACTIVE, own(engine, ACTIVE) | bit)
    else:
        bit = U(1) << U(number)
        put_own(engine, SYSTEM_PENDING, own(engine, SYSTEM_PENDING) & ~bit)
        put_own(engine, SYSTEM_ACTIVE, own(engine, SYSTEM_ACTIVE) | bit)
    settle(engine)


@njit
def is_active(engine: Record, number: Word) -> Word:
    if number >= 16:
        return own(engine, ACTIVE) >> U(number - 16) & U(1) != U(0)
    return own(engine, SYSTEM_ACTIVE) >> U(number) & U(1) != U(0)


@njit
def deactivate(engine: Record, number: Word) -> None:
    """An exception returns; an external interrupt whose line is still up is pending again."""
    if number >= 16:
        bit = U(1) << U(number - 16)
        put_own(engine, ACTIVE, own(engine, ACTIVE) & ~bit)
        put_own(engine, PENDING, own(engine, PENDING) | own(engine, LEVEL) & bit)
    else:
        put_own(engine, SYSTEM_ACTIVE, own(engine, SYSTEM_ACTIVE) & ~(U(1) << U(number)))
    settle(engine)


@njit
def look_at_lines(engine: Record, control: Record) -> None:
    """A line that goes up is pending, and stays so when it goes down [m B3.4.1]."""
    lines = control.lines & U(0xFFFFFFFF)
    risen = lines & ~own(engine, LEVEL)
    put_own(engine, LEVEL, lines)
    put_own(engine, PENDING, own(engine, PENDING) | risen)
    control.lines_told = control.lines
    settle(engine)
