"""The names of what a trace can record, each by itself. They are apart for those that only offer them."""

from __future__ import annotations

INSNS, REGS, MEM, BRANCHES, EXITS, EXCEPTIONS, INTERRUPTS, CONTEXTS, CONSOLE = RECORDED = (
    "insns",
    "regs",
    "mem",
    "branches",
    "exits",
    "exceptions",
    "interrupts",
    "contexts",
    "console",
)
