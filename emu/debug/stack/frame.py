"""What a call stack is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Method(Enum):
    """How a frame was found; the surest first."""

    CFI = "call frame information"
    WINDOW = "register window"
    CONTEXT = "saved context"
    FRAME_POINTER = "frame pointer"
    BACK_CHAIN = "back chain"
    HEURISTIC = "prologue analysis"
    LINK_REGISTER = "link register"
    TRAP = "interrupted by a trap"
    SCAN = "stack scan"  # a guess: an address on the stack that follows a call instruction


@dataclass(frozen=True, slots=True)
class Frame:
    """One call. `pc` is where it goes on: above level 0 the return address, unless the level below `is_trap`.

    `sp` is the stack pointer there; `cfa` what it was when the frame's function was called (the canonical frame address
    where there is call frame information), None where that is not known. `registers` are those whose values are known
    in this frame, by the ISA's names. `method` is how it was found, None for level 0. `symbol` is "name+0x1c", by the
    call and not by the address it returns to. `is_trap`: a handler that interrupted what the next frame shows.
    """

    level: int
    pc: int
    sp: int
    cfa: int | None
    registers: Mapping[str, int]
    method: Method | None
    symbol: str | None
    is_trap: bool = False
