"""A user's own instrumentation, compiled: see docs/hooks.md.

A file of hooks imports what it declares from here; `Instrumentation` puts such a file into a machine.
"""

from __future__ import annotations

from emu.hook.contexts import Access, Block, Exit, Instruction, Reason
from emu.hook.declaration import (
    array,
    counter,
    drain,
    finish,
    on_block,
    on_exit,
    on_insn,
    on_read,
    on_write,
    ring,
    table,
)
from emu.hook.results import Results

__all__ = [
    "Access",
    "Block",
    "Exit",
    "Instruction",
    "Reason",
    "Results",
    "array",
    "counter",
    "drain",
    "finish",
    "on_block",
    "on_exit",
    "on_insn",
    "on_read",
    "on_write",
    "ring",
    "table",
]
