"""What the native run loop does with an access that the dispatch table knows."""

from __future__ import annotations

from enum import IntEnum


class Action(IntEnum):
    """What the native run loop does with an access, without leaving to Python (design: native device
    behaviours)."""

    RETURN = 0  # leave to Python: the device's read or write answers
    LATCH = 1  # a read returns the stored word `value`; a write leaves to Python
    RING = 2  # a write is queued; write() gets it, in order, before any device is asked anything else
    CLOCK = 3  # a read returns guest time in ns divided by `period`; an access inside it sees its bytes
    SKIP = 4  # a read returns zero, a write is dropped
