"""What native code and Python share of followed calls."""

from __future__ import annotations

from typing import Final

import numpy as np

NODE: Final = np.dtype(
    [
        ("function", "u8"),  # the address that was come to; of a root the address space, 0 for the kernel's
        ("instructions", "u8"),  # executed here, without those of the nodes below
        ("calls", "u8"),  # how often it was come to
        ("parent", "u4"),  # 0: none; node 0 is where nothing was known yet
        ("last", "u4"),  # the child that was come to last, 0: none
    ]
)
"""A way of calls: a function, called by the one of its parent."""
FRAME: Final = np.dtype(
    [
        ("back", "u8"),  # where it returns to
        ("stack", "u8"),  # the stack pointer then
        ("node", "u4"),  # where it was come from
        ("kind", "u4"),
    ]
)
FRAME_CALL, FRAME_TRAP = 0, 1
STACK: Final = np.dtype(
    [
        ("key", "u8"),  # the top frame's stack pointer, while it is parked
        ("next", "u4"),  # of those in the same bucket, by number and 1; 0: none
        ("depth", "u4"),
        ("node", "u4"),
        ("state", "u4"),
    ]
)
"""A shadow stack: that of a vCPU, or of a thread that waits."""
STACK_FREE, STACK_ACTIVE, STACK_PARKED = 0, 1, 2
CALLER: Final = np.dtype(
    [
        ("node", "u8"),
        ("since", "u8"),  # retired instructions of the vCPU that are in the tree
        ("depth", "u8"),  # frames
        ("frames", "u8"),  # address of the first
        ("stack", "u8"),  # number of its stack
        ("fresh", "u8"),  # nothing is known of where it stands
        ("vcpu", "u8"),
    ]
)
"""A vCPU."""
SWITCH: Final = np.dtype([("retired", "u8"), ("node", "u4"), ("vcpu", "u4")])
"""From its instruction `retired` on, the vCPU is in `node`."""
CALLS: Final = np.dtype(
    [
        ("nodes", "u8"),  # NODE
        ("nodes_used", "u8"),
        ("nodes_size", "u8"),
        ("index", "u8"),  # u4: nodes by parent and function; 0: none
        ("index_mask", "u8"),
        ("entries", "u8"),  # u8, ascending: addresses that functions begin at
        ("entries_count", "u8"),
        ("stacks", "u8"),  # STACK
        ("stacks_count", "u8"),
        ("stacks_next", "u8"),
        ("buckets", "u8"),  # u4: parked stacks by key, a number and 1
        ("frames", "u8"),  # FRAME, `depth` of each stack
        ("depth", "u8"),
        ("pushed", "u8"),  # bytes by which a return moves the stack pointer
        ("lost", "u8"),  # calls deeper than that
        ("switches", "u8"),  # SWITCH; 0: nobody wants them
        ("switches_head", "u8"),
        ("switches_size", "u8"),
        ("turns", "u8"),  # 1: somebody wants to know when a vCPU comes to another thread
        ("turned", "u8"),  # one has
    ]
)
DEPTH: Final = 1088
ROOM: Final = 64
"""Frames that are for traps only."""
BUCKETS: Final = 1024
