"""x86, native: hardware breakpoints.

The engine keeps what the debug registers ask for in lists of its own, outside of the CPU state, and in the state where
in them: when a state is put into an engine that has others, they are made anew.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit, types

from isa.native import Record, as_i64, as_u64, place
from isa.x86.layout import Slot
from isa.x86.words import U, number

DR0, BREAKPOINTS = int(Slot.DR0), int(Slot.BREAKPOINTS)
DR7, LISTED = 7, 8  # words from dr0 on
ENABLED, FIXED = 0xFF, 0x400
OF_CPU = np.int32(0x20)  # BP_CPU

_remove = types.void(types.intp, types.int32)
cpu_breakpoint_remove_all = types.ExternalFunction("cpu_breakpoint_remove_all_x86_64", _remove)
cpu_watchpoint_remove_all = types.ExternalFunction("cpu_watchpoint_remove_all_x86_64", _remove)
cpu_x86_update_dr7 = types.ExternalFunction("cpu_x86_update_dr7_x86_64", types.void(types.intp, types.uint32))


@njit
def make_breakpoints(engine: Record) -> None:
    """Forget the engine's breakpoints, and make those of the debug registers."""
    words = carray(as_u64(place(engine, DR0)), LISTED + 4)
    wanted = words[DR7]
    cpu, state = np.intp(engine.cpu), np.intp(engine.state)
    cpu_breakpoint_remove_all(cpu, OF_CPU)
    cpu_watchpoint_remove_all(cpu, OF_CPU)
    for i in range(4):
        words[LISTED + i] = U(0)
    words[DR7] = U(FIXED)
    cpu_x86_update_dr7(state, np.uint32(wanted))


@njit(forceinline=True)
def see_breakpoints(engine: Record) -> None:
    """Before an entry: nothing, unless breakpoints are or were enabled."""
    wanted = carray(as_u64(place(engine, DR0)), LISTED)[DR7] & U(ENABLED)
    if (wanted | U(number(engine, BREAKPOINTS))) != U(0):
        make_breakpoints(engine)


@njit(forceinline=True)
def note_breakpoints(engine: Record) -> None:
    """After a run: which ones the engine may have in its lists."""
    enabled = carray(as_u64(place(engine, DR0)), LISTED)[DR7] & U(ENABLED)
    carray(as_i64(np.intp(engine.layout)), 1 << 10)[BREAKPOINTS] = np.int64(enabled)
