"""How a hart starts in supervisor mode: what firmware has set up in machine mode before it leaves there.

Source: RISC-V Supervisor Binary Interface Specification 2.0, section 9.1 (state of a started hart: satp and sstatus.SIE
are zero, a0 and a1 hold its number and the argument); the rest as OpenSBI leaves it. PMP has no active entry: then all
of memory is open.
"""

from __future__ import annotations

from typing import Final

SUPERVISOR: Final = 1
SSIP, STIP, SEIP = 1, 5, 9  # interrupt numbers, as in scause
_EXCEPTIONS: Final = (0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 15)
"""All but calls from above user mode. What firmware delegates, and what it would look at in machine mode and hand back:
misaligned accesses and reads of the time are carried out before they trap."""
_COUNTERS: Final = 0b111  # cycle, time and instret may be read below
_FLOATING_POINT: Final = 3 << 13  # mstatus.FS


def entry_registers(hart: int, argument: int) -> tuple[tuple[str, int], ...]:
    """(register, value) of a hart as it starts; every other register is as after reset."""
    return (
        ("a0", hart),
        ("a1", argument),
        ("priv", SUPERVISOR),
        ("mstatus", _FLOATING_POINT),
        ("medeleg", sum(1 << number for number in _EXCEPTIONS)),
        ("mideleg", 1 << SSIP | 1 << STIP | 1 << SEIP),
        ("mcounteren", _COUNTERS),
        ("scounteren", _COUNTERS),
    )
