"""The control block: what a vCPU and native code share, as KVM's ``kvm_run`` page is shared with the kernel.

One numpy record per vCPU at a fixed address. Python reads and writes it through a memoryview, compiled code through
``numba.from_dtype(CONTROL)``. Counts are guest instructions of this vCPU since it was set up, times are guest
nanoseconds. Absolute limits hold `NEVER` while nothing is asked for.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np

NEVER: Final = (1 << 64) - 1
STALE: Final = 1 << 63
LATCH_ENTRIES: Final = 40
"""Accesses that one instruction may make: 32 registers of a load-multiple, and room for splits."""


class Kind(IntEnum):
    """Why native code came back to Python, or how it means to end the run in progress."""

    NONE = 0
    MMIO_READ = 1
    MMIO_WRITE = 2
    HALT = 3
    HYPERCALL = 4
    EXCEPTION = 5  # a guest exception that has no vector
    TRAP_LOOP = 6  # the same trap again with nothing retired between
    DEADLINE = 7  # retired == deadline
    EVENT = 8  # retired == event_at: the machine's timers
    KICK = 9
    UNMAPPED = 10  # an access that nothing backs, under a policy other than the guest's own fault
    SEMIHOST = 11
    DRAIN = 12  # a ring of native code is full
    FAIL = 13  # the engine refused: cause holds its error number
    TURN = 14  # this vCPU has had its turn
    BREAKPOINT = 15
    STOP = 16  # internal: a block that does not fit before the limit
    TRANSLATE = (
        17  # the guest translates or protects memory: its accesses are the engine's MMU's from here on
    )
    DELIVER = 18  # internal: the trap of `cause` is taken when the engine has returned
    AGAIN = 19  # internal: nothing but to enter again
    IO_READ = 20  # a port: address, width
    IO_WRITE = 21  # and data
    SYSREG_READ = 22  # a system register that the engine lacks: address is its encoding, cause the register that gets it
    SYSREG_WRITE = 23  # and data
    WATCH = 24  # internal: an access near a watched range, to be made by itself
    WATCHPOINT = 25  # an instruction that has touched a watched range is complete
    WATCHED_CODE = 26  # a watched page must be memory, for it is executed: address


CYCLE_STOPPED: Final = 1
INSTRET_STOPPED: Final = 4
"""Bits of `counters_stopped`, as RISC-V's mcountinhibit has them."""

LATCH_ENTRY: Final = np.dtype([("kind", "u8"), ("address", "u8"), ("width", "u8"), ("value", "u8")])

CONTROL: Final = np.dtype(
    [
        # progress, written at every block
        ("retired", "u8"),
        ("limit", "u8"),  # no block that would go past it is begun
        ("attention", "u8"),  # nonzero: the block hook looks at more than the limit
        ("block_pc", "u8"),  # the block charged last, and its instructions: a stop inside gives the tail back
        ("block_size", "u8"),
        ("block_count", "u8"),
        ("blocks", "u8"),  # block events since the last entry, counted while the latch is in use
        ("pc", "u8"),  # exact while the vCPU is not running
        # what the caller asks for
        ("deadline", "u8"),
        ("event_at", "u8"),
        ("turn_at", "u8"),  # the first block that would go past it ends the turn
        ("yields", "u8"),  # another vCPU waits for its turn: a pause ends this one's
        ("yielded", "u8"),
        ("stop_count", "u8"),  # instructions of the block that a stop kept from beginning
        ("recall", "u8"),  # what was answered inside an access wants control at the next block
        ("kick", "u8"),
        (
            "break_pc",
            "u8",
        ),  # the breakpoint that this vCPU stands at, and its retired count there plus 1; 0: at none
        ("break_retired", "u8"),
        # time: ns = (retired + time_base) << time_shift, or the host's clock
        ("time_base", "u8"),
        ("time_shift", "u8"),
        ("host_clock", "u8"),
        ("host_start", "u8"),
        (
            "event_ns",
            "u8",
        ),  # host clock: guest time of the next alarm, to be rung before a guest sees it passed
        # the exit record
        ("kind", "u8"),
        ("window", "u8"),
        ("address", "u8"),
        ("width", "u8"),
        ("data", "u8"),
        ("cause", "u8"),
        ("fault_address", "u8"),
        ("access", "u8"),  # 1 read, 2 write, 4 fetch
        # the answer to it, and the latch that completes it
        ("has_answer", "u8"),
        ("answer", "u8"),
        ("latch_count", "u8"),
        ("latch_next", "u8"),
        ("latch_serving", "u8"),
        ("latch_pieces", "u8"),  # bytes to come of a misaligned store that was let through
        ("latch_pc", "u8"),
        ("latch_retired", "u8"),
        ("latch", LATCH_ENTRY, (LATCH_ENTRIES,)),
        # interrupt lines: what devices drive, and what the engine has been told
        ("lines", "u8"),
        ("lines_told", "u8"),  # with STALE: whatever it was told is gone
        ("lines_hidden", "u8"),  # kept from the engine, which would take them before one of higher priority
        # a trap of those that came in a row, with nothing retired between them, to see a trap loop
        ("trap_cause", "u8"),
        ("trap_pc", "u8"),
        ("trap_retired", "u8"),
        ("trap_row", "u8"),  # how many
        ("traps", "u8"),
        # a counter register that the engine has just read from the host's clock, to be mended: 1 + register, 0 none
        ("counter_register", "u8"),
        ("counter_value", "u8"),
        # what the two counters show beside the instructions retired, and which show nothing else
        ("cycle_offset", "u8"),
        ("instret_offset", "u8"),
        ("counters_stopped", "u8"),
        # identity and policy
        ("vcpu_id", "u8"),
        (
            "hypercalls",
            "u8",
        ),  # bit 0: from the machine level with the gate value, bit 1: every call of the supervisor
        ("semihosting", "u8"),
        ("unmapped", "u8"),  # 0 the guest's own fault, 1 leave
        ("left", "u8", (len(Kind),)),  # how often native code came back, by Kind
        ("exits", "u8"),  # native exits answered without Python
        ("access_counts", "u8"),  # what a counter of these accesses counts in: its own
        # while somebody counts blocks: the one that began last, its instructions, and `retired` with them
        ("counted_pc", "u8"),
        ("counted_size", "u8"),
        ("counted_count", "u8"),
        ("counted_retired", "u8"),
        # while somebody follows calls: how that block ends (isa.records.FLOW_*), and its caller's record
        ("flow", "u8"),
        ("caller", "u8"),
        (
            "trapped",
            "u8",
        ),  # a trap or an interrupt was taken since, at `trapped_pc`; 2: the words behind it are known
        ("trapped_pc", "u8"),
        ("trapped_stack", "u8"),  # the stack pointer and the address space then
        ("trapped_space", "u8"),
    ],
    align=True,
)
