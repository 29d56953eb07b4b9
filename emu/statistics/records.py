"""What the statistics are counted in, for Python and for compiled code."""

from __future__ import annotations

from typing import Final

import numpy as np

BUCKETS: Final = 48
"""Bucket 0 counts zeros, bucket n what is in [2**(n - 1), 2**n); the last one all above."""
ENTRY: Final = np.dtype(
    [
        ("kind", "u8"),  # emu.debug.exits.Event
        ("address", "u8"),  # as in the exit table's ROW; OTHERS
        ("pc", "u8"),  # 0 of traps and interrupts; OTHERS
        ("count", "u8"),
        ("sum", "u8"),  # of instructions between: since the vCPU's last exit, or its last trap or interrupt
        ("least", "u8"),
        ("most", "u8"),
        ("timed", "u8"),  # how many have a host time
        ("host_sum", "u8"),  # ns
        ("host_least", "u8"),
        ("host_most", "u8"),
        ("between", "u8", (BUCKETS,)),
        ("host", "u8", (BUCKETS,)),
    ],
    align=True,
)
TABLE: Final = np.dtype(
    [
        ("entries", "u8"),  # address of ENTRY rows
        ("used", "u8"),
        ("most", "u8"),  # from here on, new keys are OTHERS
        ("slots", "u8"),  # address of u8 words: index of an entry plus 1, 0: free
        ("slots_mask", "u8"),
        ("recent", "u8"),  # the entry that was counted last
    ],
    align=True,
)
"""What all vCPUs share."""
FOLD: Final = np.dtype(
    [
        ("kind", "u8"),  # an exit that Python has answered: its Event, address, pc, host time in ns
        ("address", "u8"),
        ("pc", "u8"),
        ("host", "u8"),
        ("retired", "u8"),
        ("last_exit", "u8"),  # the vCPU's count of instructions then
        ("last_trap", "u8"),  # or interrupt
        ("rows", "u8"),  # address of LOG_ENTRY rows of traps, interrupts and faults
        ("count", "u8"),
        ("interrupts", "u8"),  # how many of them are interrupts
        ("table", "u8"),  # address of the TABLE
    ],
    align=True,
)
"""Of one vCPU."""
OTHERS: Final = (1 << 64) - 1
"""As pc and address: of all keys that were too many to be told apart."""
UNTIMED: Final = OTHERS
