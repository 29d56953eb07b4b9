"""What compiled code and Python share: one call of `convert`."""

from __future__ import annotations

from typing import Final

import numpy as np

OUTPUTS: Final = ("insn", "vcpu", "kind", "pc", "address", "value", "size", "what")
CONVERT: Final = np.dtype(
    [
        (name, "u8")
        for name in (
            # in: entries, and where stretches of one vCPU begin in them (i8), their bases, the pc of the vCPU before
            "entries", "count", "firsts", "bases", "lefts", "stretches", "first_cell",
            # blocks by cell (i8), and `emu.trace.code.Blocks`
            "of_cells", "cells", "blocks", "block_pc", "block_size", "block_count", "block_first", "block_bytes",
            "at", "offset", "length", "low", "high",
            # registers by word: `layers` tables of `words` lanes (i8, -1 none), shifts, masks, bytes (u2); their names
            "layers", "words", "lanes", "shifts", "masks", "bytes", "lane_names",
            "context_shifts", "context_masks", "context_names",
            # numbers of instructions that a trap came before, ascending
            "traps", "traps_count",
            # whether blocks are noted, and what their instructions did behind them
            "whole",
            # kinds wanted, as bits; bytes from the last instruction of a block back to its branch
            "wanted", "back",
            # final: nothing comes after the entries, and `end` instructions are retired
            "final", "end",
            # out: the columns, rows that fit, rows made; (row, instructions) that Python has to mend
            *(f"out_{each}" for each in OUTPUTS), "room", "made", "odd", "odd_room", "odd_made",
            # entries that were converted; instructions without an entry, and those outside of what is looked at
            "done", "unseen", "passed",
        )
    ]
)  # fmt: skip
"""Addresses and numbers."""
