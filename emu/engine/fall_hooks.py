"""Counting how often each block begins where the vCPU's last one ended: what a branch at that end did not take.

Installed in the place of `count_hooks.on_block_counted`, and only while somebody asks for branches.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Record, Word, address_of, as_control, as_engine, as_u64, call_odd_block, cell_record

U = np.uint64


@cfunc(
    types.void(types.intp, types.uint64, types.uint32, types.CPointer(cell_record)),
    forceinline=True,
)
def on_block_falls(uc: Word, address: Word, size: Word, user: Record) -> None:
    """UC_HOOK_BLOCK: what `count_hooks.on_block_counted` does, and count where the block's run came from."""
    cell = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(cell.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    count = cell.key >> U(48)
    before = control.retired
    retired = before + count
    plain = cell.key & U(0xFFFFFFFFFFFF) == (address & U(0xFFFFFFFF)) | U(size) << U(32)
    steady = (control.attention | control.kick) == U(0) and before == control.counted_retired
    if plain and steady and retired <= control.limit:
        fell = address == control.counted_pc + control.counted_size and control.counted_size != U(0)
        control.retired = retired
        control.block_pc = address
        control.block_size = U(size)
        control.block_count = count
        control.counted_pc = address
        control.counted_size = U(size)
        control.counted_count = count
        control.counted_retired = retired
        half = U(address_of(user)) >> U(1)
        carray(as_u64(np.intp(half + engine.runs_offset)), 1)[0] += U(1)
        if fell:
            carray(as_u64(np.intp(half + engine.falls_offset)), 1)[0] += U(1)
    else:
        call_odd_block(np.intp(engine.odd_block), np.intp(engine.address), address, size, address_of(user))
