"""The A profile, native: registers that count time.

The engine reads them from the host's clock, and forgets writes to the timers. Its table of system registers holds a
function for each access; ours are put there (`layout.Core.serve`). An access check before them leaves r15 on the
instruction, so the count of retired instructions is exact.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.arm.layout import NUMBER, Slot
from isa.arm.words import PC, U, place, r
from isa.native import Record, Word, as_control, as_engine, as_u8, as_u64, guest_time, walk

XREGS = np.int64(Slot.XREGS)
PERIOD = U(4)
"""A tick is 2^4 ns: 62.5 MHz, as CNTFRQ says."""
OPAQUE = 32
CRN, CRM, OPC1, OPC2 = 9, 10, 12, 13
"""Places in the engine's row of a system register."""
CONTROL, COMPARE, CYCLES = 0, 2, 4
"""Words among XREGS: CTL of the physical and the virtual timer, then their CVAL; what PMCCNTR shows beyond the count."""


@njit
def retired_at(engine: Record, control: Record, pc: Word) -> Word:
    """Instructions retired before the one at `pc`, in the block that runs."""
    begun = control.block_count
    if begun == U(0) or pc < control.block_pc or pc >= control.block_pc + control.block_size:
        return control.retired
    done = U(0)
    if pc != control.block_pc:
        done = U(walk(engine, np.int64(control.block_pc), np.int64(pc - control.block_pc)))
    return control.retired - begun + done


@njit
def ticks(engine: Record, control: Record) -> Word:
    """The counter of the generic timer."""
    charged = control.retired
    control.retired = retired_at(engine, control, r(engine, PC))
    time = guest_time(engine, control)
    control.retired = charged
    return time >> PERIOD


@njit(forceinline=True)
def engine_of(row: Word) -> Word:
    """The engine block: a row of ours holds the address of the word where `begin` leaves it."""
    word = carray(as_u64(row + OPAQUE), 1)[0]
    return carray(as_engine(np.intp(carray(as_u64(np.intp(word)), 1)[0])), 1)[0]


@cfunc(types.uint64(types.intp, types.intp))
def read_timer(state: Word, row: Word) -> Word:
    """CNTPCT, CNTVCT, and CTL, TVAL, CVAL of the physical and the virtual timer [a B8.1]."""
    engine = engine_of(row)
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    now = ticks(engine, control)
    encoding = carray(as_u8(row), 16)
    crm, opc1, opc2 = encoding[CRM], encoding[OPC1], encoding[OPC2]
    words = carray(as_u64(place(engine, XREGS)), 32)
    if crm == 14:  # MRRC
        return now if opc1 < 2 else words[COMPARE + opc1 - 2]
    which = np.int64(crm) - 2
    if opc2 == 0:
        return (words[COMPARE + which] - now) & U(0xFFFFFFFF)
    met = words[CONTROL + which] & U(1) != U(0) and now >= words[COMPARE + which]
    return words[CONTROL + which] & U(3) | (U(4) if met else U(0))


@cfunc(types.void(types.intp, types.intp, types.uint64))
def write_timer(state: Word, row: Word, value: Word) -> None:
    engine = engine_of(row)
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    encoding = carray(as_u8(row), 16)
    crm, opc1, opc2 = encoding[CRM], encoding[OPC1], encoding[OPC2]
    words = carray(as_u64(place(engine, XREGS)), 32)
    if crm == 14:
        words[COMPARE + opc1 - 2] = value
        return
    which = np.int64(crm) - 2
    if opc2 == 0:
        delta = np.int64(value & U(0xFFFFFFFF))
        if delta >= 1 << 31:
            delta -= 1 << 32
        words[COMPARE + which] = U(np.int64(ticks(engine, control)) + delta)
    else:
        words[CONTROL + which] = value & U(3)


@cfunc(types.uint64(types.intp, types.intp))
def read_cycles(state: Word, row: Word) -> Word:
    """PMCCNTR: an instruction is a cycle, enabled or not."""
    engine = engine_of(row)
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    more = carray(as_u64(place(engine, XREGS)), 32)[CYCLES]
    return (retired_at(engine, control, r(engine, PC)) + more) & U(0xFFFFFFFF)


@cfunc(types.void(types.intp, types.intp, types.uint64))
def write_cycles(state: Word, row: Word, value: Word) -> None:
    engine = engine_of(row)
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    words = carray(as_u64(place(engine, XREGS)), 32)
    words[CYCLES] = value - retired_at(engine, control, r(engine, PC))


@cfunc(types.uint64(types.intp, types.intp))
def read_affinity(state: Word, row: Word) -> Word:
    """MPIDR: multiprocessing extensions, and the CPU's number."""
    engine = engine_of(row)
    return U(0x80000000) | carray(as_u64(place(engine, XREGS)), 32)[NUMBER]
