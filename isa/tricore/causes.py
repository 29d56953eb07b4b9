"""Traps by class and identification number, TriCore Architecture Manual (V1.3.8), table 5-1; interrupts of machine
`bare`.

A vector's number is 16 times the class plus the identification number that the handler finds in d15.
"""

from __future__ import annotations

from isa.contract import Vector

TRAPS: tuple[tuple[int, int, str], ...] = (
    (0, 0, "VAF: virtual address fill"),
    (0, 1, "VAP: virtual address protection"),
    (1, 1, "PRIV: privileged instruction"),
    (1, 2, "MPR: memory protection, read"),
    (1, 3, "MPW: memory protection, write"),
    (1, 4, "MPX: memory protection, execution"),
    (1, 5, "MPP: memory protection, peripheral"),
    (1, 6, "MPN: memory protection, null address"),
    (1, 7, "GRWP: global register write protection"),
    (2, 1, "IOPC: illegal opcode"),
    (2, 2, "UOPC: unimplemented opcode"),
    (2, 3, "OPD: invalid operand"),
    (2, 4, "ALN: data address alignment"),
    (2, 5, "MEM: invalid local memory address"),
    (3, 1, "FCD: free context list depletion"),
    (3, 2, "CDO: call depth overflow"),
    (3, 3, "CDU: call depth underflow"),
    (3, 4, "FCU: free context list underflow"),
    (3, 5, "CSU: call stack underflow"),
    (3, 6, "CTYP: context type"),
    (3, 7, "NEST: nesting error"),
    (4, 1, "PSE: program fetch error"),
    (4, 2, "DSE: data access error of a load"),
    (4, 3, "DAE: data access error of a store"),
    (5, 1, "OVF: arithmetic overflow"),
    (5, 2, "SOVF: sticky arithmetic overflow"),
    (6, 0, "SYS: system call"),
    (7, 0, "NMI: non-maskable interrupt"),
)
SOFTWARE_PRIORITY, EXTERNAL_PRIORITY, TIMER_PRIORITY = 1, 2, 3
"""The interrupt priority numbers of machine `bare`; the bit of a line is its priority."""

VECTORS: tuple[Vector, ...] = (
    *(Vector(kind << 4 | number, f"{name} (class {kind})") for kind, number, name in TRAPS if kind != 6),
    *(Vector(6 << 4 | number, "SYS: system call (class 6)") for number in range(16)),
    *(Vector(n, f"priority {n} interrupt", interrupt=True) for n in range(1, 256)),
)
