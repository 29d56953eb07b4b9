"""x86's compiled callbacks, for all widths, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.native import Word, as_engine, as_u8
from isa.records import BLOCK_PAUSE, BLOCK_SPECIAL
from isa.x86 import encoding
from isa.x86.cpuid import on_cpuid, on_rdtsc, on_rdtscp
from isa.x86.interrupts import begin, settle, takes, tell_lines
from isa.x86.ports import on_in, on_out
from isa.x86.standing import advance, deliver, fault, refuse, resume
from isa.x86.syscalls import on_syscall, on_sysenter
from isa.x86.translation import on_fill
from isa.x86.traps import on_exception, on_invalid
from isa.x86.words import mode

__all__ = [
    "advance",
    "begin",
    "deliver",
    "fault",
    "halts",
    "inspect",
    "length",
    "on_cpuid",
    "on_exception",
    "on_fill",
    "on_in",
    "on_invalid",
    "on_out",
    "on_rdtsc",
    "on_rdtscp",
    "on_syscall",
    "on_sysenter",
    "refuse",
    "resume",
    "settle",
    "takes",
    "tell_lines",
]

FORMS = np.frombuffer(encoding.FORMS, np.uint8).astype(np.int64)
LONGEST = encoding.LONGEST
measure = njit(encoding.measure)


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, block: Word) -> Word:
    """Bytes of the instruction at a host address, in the mode that the CPU is in."""
    engine = carray(as_engine(block), 1)[0]
    return np.int64(measure(carray(as_u8(at), LONGEST + 16), FORMS, mode(engine)))


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, block: Word) -> Word:
    """Is the instruction at a host address `hlt` or `mwait`?"""
    code = carray(as_u8(at), 3)
    return 1 if code[0] == 0xF4 or (code[0] == 0x0F and code[1] == 0x01 and code[2] == 0xC9) else 0


@cfunc(types.uint64(types.intp, types.int64))
def inspect(at: Word, size: Word) -> Word:
    """A block that ends in `pause` (F3 90) waits for another CPU."""
    if size < 2:
        return np.uint64(0)
    code = carray(as_u8(at), 1 << 14)
    if code[size - 2] == 0xF3 and code[size - 1] == 0x90:
        return np.uint64(BLOCK_SPECIAL | BLOCK_PAUSE)
    return np.uint64(0)
