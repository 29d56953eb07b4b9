"""Exception codes, MIPS Architecture For Programmers, Volume III, table 9.51; and the engine's own numbers of them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from isa.contract import Vector


class Code(IntEnum):
    """Cause.ExcCode."""

    INT = 0
    MOD = 1
    TLBL = 2
    TLBS = 3
    ADEL = 4
    ADES = 5
    IBE = 6
    DBE = 7
    SYS = 8
    BP = 9
    RI = 10
    CPU = 11
    OV = 12
    TR = 13
    MSAFPE = 14
    FPE = 15
    C2E = 18
    TLBRI = 19
    TLBXI = 20
    MSADIS = 21
    MDMX = 22
    WATCH = 23
    MCHECK = 24
    THREAD = 25
    DSPDIS = 26
    CACHEERR = 30


_NAMES: Final = {
    Code.INT: "interrupt",
    Code.MOD: "TLB modification",
    Code.TLBL: "TLB refill or invalid, load or fetch",
    Code.TLBS: "TLB refill or invalid, store",
    Code.ADEL: "address error, load or fetch",
    Code.ADES: "address error, store",
    Code.IBE: "bus error, fetch",
    Code.DBE: "bus error, data",
    Code.SYS: "syscall",
    Code.BP: "breakpoint",
    Code.RI: "reserved instruction",
    Code.CPU: "coprocessor unusable",
    Code.OV: "arithmetic overflow",
    Code.TR: "trap",
    Code.MSAFPE: "MSA floating point",
    Code.FPE: "floating point",
    Code.C2E: "coprocessor 2",
    Code.TLBRI: "TLB read inhibit",
    Code.TLBXI: "TLB execute inhibit",
    Code.MSADIS: "MSA disabled",
    Code.MDMX: "MDMX unusable",
    Code.WATCH: "watch",
    Code.MCHECK: "machine check",
    Code.THREAD: "thread",
    Code.DSPDIS: "DSP disabled",
    Code.CACHEERR: "cache error",
}

VECTORS: Final = (
    *(Vector(code, _NAMES[code]) for code in Code),
    *(Vector(line, f"software interrupt {line}", interrupt=True) for line in range(2)),
    *(Vector(line, f"hardware interrupt {line - 2}", interrupt=True) for line in range(2, 8)),
)

EXTERNAL_LINE, SOFTWARE_LINE, TIMER_LINE = 2, 3, 7
"""Bits of Cause.IP that machine `bare` drives; 7 is the timer's by custom."""


class Number(IntEnum):
    """The engine's numbers of exceptions (QEMU 5.0.1, target/mips/cpu.h)."""

    MCHECK = 7
    ADEL = 12
    ADES = 13
    IBE = 15
    DBP = 16
    SYSCALL = 17
    BREAK = 18
    CPU = 19
    RI = 20
    OVERFLOW = 21
    TRAP = 22
    FPE = 23
    DWATCH = 24
    LTLBL = 25
    TLBL = 26
    TLBS = 27
    DBE = 28
    THREAD = 29
    MDMX = 30
    C2E = 31
    CACHE = 32
    DSPDIS = 33
    MSADIS = 34
    MSAFPE = 35
    TLBXI = 36
    TLBRI = 37


_CODES: Final = {
    Number.MCHECK: Code.MCHECK,
    Number.ADEL: Code.ADEL,
    Number.ADES: Code.ADES,
    Number.IBE: Code.IBE,
    Number.DBP: Code.BP,
    Number.SYSCALL: Code.SYS,
    Number.BREAK: Code.BP,
    Number.CPU: Code.CPU,
    Number.RI: Code.RI,
    Number.OVERFLOW: Code.OV,
    Number.TRAP: Code.TR,
    Number.FPE: Code.FPE,
    Number.DWATCH: Code.WATCH,
    Number.LTLBL: Code.MOD,
    Number.TLBL: Code.TLBL,
    Number.TLBS: Code.TLBS,
    Number.DBE: Code.DBE,
    Number.THREAD: Code.THREAD,
    Number.MDMX: Code.MDMX,
    Number.C2E: Code.C2E,
    Number.CACHE: Code.CACHEERR,
    Number.DSPDIS: Code.DSPDIS,
    Number.MSADIS: Code.MSADIS,
    Number.MSAFPE: Code.MSAFPE,
    Number.TLBXI: Code.TLBXI,
    Number.TLBRI: Code.TLBRI,
}

LAST: Final = max(Number)
CODE_OF: Final = tuple(
    int(_CODES.get(Number(n), Code.MCHECK)) if n in set(Number) else 0 for n in range(LAST + 1)
)
"""ExcCode by the engine's number."""
NUMBER_OF: Final = tuple(
    next(
        (int(number) for number, code in _CODES.items() if code == one and number != Number.DBP),
        int(Number.RI),
    )
    for one in range(32)
)
"""The engine's number by ExcCode; of a code that has none that of a reserved instruction."""
