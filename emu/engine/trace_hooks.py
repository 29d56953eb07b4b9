"""Recording what a guest does: the hooks that note it, in the order in which it happens.

Where only the way is recorded, the block hook notes each block that begins; its instructions are found afterwards, in
its code, which is kept when it is translated. Where more is recorded, a hook of every instruction notes it, and which
words of the CPU state differ from what they were at the instruction before: that one has written them. What it loads
and stores is noted in between.

An instruction that did not retire comes again with the same number, or another does: whoever takes the entries sees it.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.native import (
    Record,
    Word,
    address_of,
    as_control,
    as_engine,
    as_i64,
    as_trace,
    as_trace_codes,
    as_trace_entries,
    as_trace_spans,
    as_u8,
    as_u64,
    call_engine,
    call_odd_block,
    cell_record,
    code_at,
    engine_record,
    uc_reg_read,
)
from isa.records import (
    TRACE_BLOCK,
    TRACE_CODE,
    TRACE_CONTEXT,
    TRACE_INSN,
    TRACE_READ,
    TRACE_REG,
    TRACE_WRITE,
    UC_MEM_WRITE,
)

U = np.uint64
HEADER = TRACE_CODE.itemsize
MANY = 1 << 30


@njit(inline="always")
def note_entry(
    trace: Record, control: Record, kind: Word, size: Word, count: Word, a: Word, b: Word, c: Word
) -> None:
    head = trace.head
    if head < trace.size:
        entry = carray(as_trace_entries(np.intp(trace.entries)), MANY)[head]
        entry.kind, entry.vcpu = np.uint8(kind), np.uint8(trace.vcpu)
        entry.size, entry.count = np.uint16(size), np.uint32(count)
        entry.a, entry.b, entry.c = U(a), U(b), U(c)
        head += U(1)
        trace.head = head
    else:
        trace.lost += U(1)
    if head >= trace.enough:
        control.attention = U(1)


@njit
def note_code(engine: Record, cell: Word, pc: Word, size: Word, count: Word) -> None:
    """A cell has got its block: keep the code. Where it cannot be read there is none, and it is looked for later."""
    trace = carray(as_trace(np.intp(engine.tracing)), 1)[0]
    head = trace.codes_head
    if head + U(HEADER) + U(size) + U(8) > trace.codes_size:
        return
    at = code_at(engine, pc, size)
    row = carray(as_trace_codes(np.intp(trace.codes + head)), 1)[0]
    row.cell, row.pc, row.count = U(cell), U(pc), np.uint32(count)
    row.size = np.uint32(size)
    head += U(HEADER)
    if at != 0:
        source, copy = carray(as_u8(at), MANY), carray(as_u8(np.intp(trace.codes + head)), MANY)
        for i in range(size):
            copy[i] = source[i]
        head += (U(size) + U(7)) & ~U(7)
    else:
        row.size = np.uint32(0)
    trace.codes_head = head
    if head >= trace.codes_enough:
        carray(as_control(np.intp(engine.control)), 1)[0].attention = U(1)


@njit
def note_changes(
    trace: Record, control: Record, kind: Word, span: Record, masks: Word, shadow: Word, number: Word
) -> None:
    """Note the words of a span that are not what they were, seen before instruction `number`."""
    count = np.int64(span.count)
    now = carray(as_u64(np.intp(span.host)), MANY)
    mask = carray(as_u64(np.intp(masks + span.first * U(8))), MANY)
    before = carray(as_u64(np.intp(shadow + span.first * U(8))), MANY)
    differ = U(0)
    for i in range(count):
        differ |= (now[i] ^ before[i]) & mask[i]
    if differ == U(0):
        return
    for i in range(count):
        if (now[i] ^ before[i]) & mask[i] != U(0):
            note_entry(trace, control, kind, 0, span.first + U(i), before[i], now[i], number)
            before[i] = now[i]


@njit
def see(span: Record, shadow: Word) -> None:
    now = carray(as_u64(np.intp(span.host)), MANY)
    before = carray(as_u64(np.intp(shadow + span.first * U(8))), MANY)
    for i in range(np.int64(span.count)):
        before[i] = now[i]


@njit
def note_registers(trace: Record, control: Record, uc: Word) -> None:
    """Note the registers that are not what they were."""
    spans = carray(as_trace_spans(np.intp(trace.spans)), MANY)
    fresh = trace.fresh != U(0)
    for i in range(np.int64(trace.spans_count)):
        if fresh:
            see(spans[i], trace.shadow)
        else:
            note_changes(trace, control, TRACE_REG, spans[i], trace.masks, trace.shadow, U(0))
    if trace.reads_count != U(0):
        numbers = carray(as_i64(np.intp(trace.reads)), MANY)
        word = carray(as_u64(np.intp(trace.word)), 1)
        last = spans[np.int64(trace.spans_count) - 1]
        first = last.first + last.count if trace.spans_count != U(0) else U(0)
        mask = carray(as_u64(np.intp(trace.masks + first * U(8))), MANY)
        before = carray(as_u64(np.intp(trace.shadow + first * U(8))), MANY)
        for i in range(np.int64(trace.reads_count)):
            word[0] = U(0)
            uc_reg_read(uc, np.int32(numbers[i]), np.intp(trace.word))
            value = word[0] & mask[i]
            if value != before[i]:
                if not fresh:
                    note_entry(trace, control, TRACE_REG, 0, first + U(i), before[i], value, 0)
                before[i] = value
    trace.fresh = U(0)


@njit
def note_contexts(trace: Record, control: Record, number: Word) -> None:
    spans = carray(as_trace_spans(np.intp(trace.contexts)), MANY)
    for i in range(np.int64(trace.contexts_count)):
        if trace.context_fresh != U(0):
            see(spans[i], trace.context_shadow)
        else:
            masks, shadow = trace.context_masks, trace.context_shadow
            note_changes(trace, control, TRACE_CONTEXT, spans[i], masks, shadow, number)
    trace.context_fresh = U(0)


@njit(inline="always")
def begin(
    engine: Record, control: Record, address: Word, size: Word, count: Word, before: Word, cell: Word
) -> None:
    """A block has begun; `before`: retired before it."""
    trace = carray(as_trace(np.intp(engine.tracing)), 1)[0]
    if trace.contexts_count != U(0):
        note_contexts(trace, control, before)
    if trace.detailed == U(0):
        note_entry(trace, control, TRACE_BLOCK, size, count, address, before, cell)
    else:
        trace.next = before
        trace.cell = U(cell)


@cfunc(types.void(types.intp, types.uint64, types.uint32, types.CPointer(cell_record)))
def on_block_traced(uc: Word, address: Word, size: Word, user: Record) -> None:
    """UC_HOOK_BLOCK: what `hooks.on_block` does, and note the block."""
    cell = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(cell.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    count = cell.key >> U(48)
    before = control.retired
    retired = before + count
    plain = cell.key & U(0xFFFFFFFFFFFF) == (address & U(0xFFFFFFFF)) | U(size) << U(32)
    if plain and (control.attention | control.kick) == U(0) and retired <= control.limit:
        control.retired = retired
        control.block_pc = address
        control.block_size = U(size)
        control.block_count = count
        begin(engine, control, address, size, count, before, address_of(user))
    else:
        call_odd_block(np.intp(engine.odd_block), np.intp(engine.address), address, size, address_of(user))
        if control.retired != before:
            begin(engine, control, address, size, control.block_count, before, address_of(user))


@cfunc(types.void(types.intp, types.uint64, types.uint32, types.CPointer(engine_record)))
def on_instruction_traced(uc: Word, address: Word, size: Word, user: Record) -> None:
    """UC_HOOK_CODE."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    trace = carray(as_trace(np.intp(engine.tracing)), 1)[0]
    note_registers(trace, control, uc)
    number = trace.next
    trace.next = number + U(1)
    trace.pieces = U(0)
    note_entry(trace, control, TRACE_INSN, size, 0, address, number, trace.cell)


@cfunc(
    types.void(
        types.intp, types.int32, types.uint64, types.int32, types.int64, types.CPointer(engine_record)
    ),
)
def on_access_traced(uc: Word, kind: Word, address: Word, size: Word, value: Word, user: Record) -> None:
    """UC_HOOK_MEM_WRITE and UC_HOOK_MEM_READ_AFTER."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    trace = carray(as_trace(np.intp(engine.tracing)), 1)[0]
    width = U(size)
    data = U(value) if width >= U(8) else U(value) & ((U(1) << (U(8) * width)) - U(1))
    if kind != UC_MEM_WRITE:
        note_entry(trace, control, TRACE_READ, width, 0, address, data, 0)
    elif trace.pieces != U(0) and width == U(1) and trace.piece_address == address:
        trace.piece_address += U(1)
        trace.pieces -= U(1)
    else:
        trace.pieces = U(0)
        note_entry(trace, control, TRACE_WRITE, width, 0, address, data, 0)
        if address & (width - U(1)) != U(0):
            trace.piece_address, trace.pieces = address, width
    if engine.let_through != U(0):
        call_engine(np.intp(engine.let_through), np.intp(engine.address))


@cfunc(types.int64(types.intp))
def note_rest(address: Word) -> Word:
    """Note what the last instruction has written: a function for Python."""
    engine = carray(as_engine(np.intp(address)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    trace = carray(as_trace(np.intp(engine.tracing)), 1)[0]
    if trace.fresh == U(0) and trace.detailed != U(0):
        note_registers(trace, control, np.intp(engine.uc))
    return np.int64(0)
