"""Counting how often each block runs: the block hook that does, and what it needs.

A block's runs are kept beside its cell. What its runs do not say is a row of SPAN: blocks that have no cell of their
own, and instructions that a block was charged and did not execute, or that something else executed for it. The latter
is seen at the vCPU's next block: its count of retired instructions is not what it was when the block before began.
What is missing is the tail of that block; what is more came after its instructions, in a straight line, or it would
have begun a block.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.native import (
    Record,
    Word,
    address_of,
    as_blocks,
    as_control,
    as_engine,
    as_spans,
    as_trace,
    as_u64,
    call_odd_block,
    cell_record,
)

U = np.uint64
MARGIN = U(8)


@njit
def spans_full(engine: Record) -> Word:
    """Whether the rows must be taken before another block may begin."""
    if engine.tracing != U(0):
        trace = carray(as_trace(np.intp(engine.tracing)), 1)[0]
        if trace.head >= trace.enough or trace.codes_head >= trace.codes_enough:
            return True
    return engine.spans != U(0) and (
        engine.calls_full != U(0) or engine.spans_head + MARGIN >= engine.spans_size
    )


@njit
def note_span(engine: Record, control: Record, pc: Word, size: Word, first: Word, last: Word) -> None:
    head = engine.spans_head
    if head < engine.spans_size:
        row = carray(as_spans(np.intp(engine.spans)), 1 << 30)[head]
        row.pc, row.size, row.first, row.last = U(pc), U(size), np.int32(first), np.int32(last)
        engine.spans_head = head + U(1)
    if spans_full(engine):
        control.attention = U(1)


@njit
def note_fall(engine: Record, control: Record) -> None:
    """What came after the vCPU's last block is what follows it."""
    end = control.counted_pc + control.counted_size
    note_span(engine, control, end, U(0), np.int64(-1), np.int64(-1))


@njit
def settle(engine: Record, control: Record, retired: Word) -> None:
    """Note what the vCPU's last block did not execute, or what was executed after it."""
    change = np.int64(retired - control.counted_retired)
    if change != 0:
        end = np.int64(control.counted_count)
        note_span(engine, control, control.counted_pc, control.counted_size, end, end + change)
        if change > 0 and engine.falls_offset != U(0) and control.counted_size != U(0):
            note_fall(engine, control)


@njit
def count_odd(engine: Record, control: Record, address: Word, size: Word, cell: Word) -> None:
    """A block has begun that `on_block_counted` did not know."""
    count, retired = control.block_count, control.retired
    if engine.calls != U(0):
        call_odd_block(np.intp(engine.landed), np.intp(engine.address), address, size, cell)
    settle(engine, control, retired - count)
    fell = address == control.counted_pc + control.counted_size and control.counted_size != U(0)
    if fell and engine.falls_offset != U(0):
        note_fall(engine, control)
    control.counted_pc, control.counted_size = U(address), U(size)
    control.counted_count, control.counted_retired = count, retired
    facts = carray(as_blocks(np.intp(U(cell) + engine.facts_offset)), 1)[0]
    if facts.pc == U(address) and facts.size == np.uint32(size) and U(facts.count) == count:
        carray(as_u64(np.intp((U(cell) >> U(1)) + engine.runs_offset)), 1)[0] += U(1)
    else:
        note_span(engine, control, address, size, np.int64(0), np.int64(count))


@njit
def describe_cell(engine: Record, cell: Word, pc: Word, size: Word, count: Word) -> None:
    """A cell has got its block."""
    facts = carray(as_blocks(np.intp(U(cell) + engine.facts_offset)), 1)[0]
    facts.pc, facts.size, facts.count = U(pc), np.uint32(size), np.uint32(count)


@cfunc(
    types.void(types.intp, types.uint64, types.uint32, types.CPointer(cell_record)),
    forceinline=True,
)
def on_block_counted(uc: Word, address: Word, size: Word, user: Record) -> None:
    """UC_HOOK_BLOCK: what `hooks.on_block` does, and count the block's run."""
    cell = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(cell.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    count = cell.key >> U(48)
    before = control.retired
    retired = before + count
    plain = cell.key & U(0xFFFFFFFFFFFF) == (address & U(0xFFFFFFFF)) | U(size) << U(32)
    steady = (control.attention | control.kick) == U(0) and before == control.counted_retired
    if plain and steady and retired <= control.limit:
        control.retired = retired
        control.block_pc = address
        control.block_size = U(size)
        control.block_count = count
        control.counted_pc = address
        control.counted_size = U(size)
        control.counted_count = count
        control.counted_retired = retired
        carray(as_u64(np.intp((U(address_of(user)) >> U(1)) + engine.runs_offset)), 1)[0] += U(1)
    else:
        call_odd_block(np.intp(engine.odd_block), np.intp(engine.address), address, size, address_of(user))
