"""Recording what a guest does: the hooks that note it, in the order in which it happens.

Where only the way is recorded, the block hook notes each block that begins; its instructions are found afterwards, in
its code, which is kept when it is translated. Where more is recorded, a hook of every instruction notes it, and which
words of the CPU state differ from what they were at the instruction before: that one has written them. What it loads
and stores is noted in between. Most instructions change one general register: those are compared after each, the
others at the end of a block that cannot have changed them before.

Where only some code is wanted, other blocks are passed over, with one entry where that begins.

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
    as_trace_ranges,
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
    TRACE_GAP,
    TRACE_INSN,
    TRACE_READ,
    TRACE_REG,
    TRACE_WRITE,
    UC_MEM_WRITE,
)

U = np.uint64
HEADER = TRACE_CODE.itemsize
CELL_BITS = U(4)
NONE = U(0xFFFFFFFFFFFFFFFF)
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
    carray(as_u8(np.intp(trace.general_only)), MANY)[(U(cell) - trace.first_cell) >> CELL_BITS] = np.uint8(0)
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
    trace: Record,
    control: Record,
    kind: Word,
    place: Word,
    span: Record,
    masks: Word,
    shadow: Word,
    c: Word,
) -> None:
    """Note the words of a span that are not what they were; `place` and `c` are of the entries."""
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
            note_entry(trace, control, kind, place, span.first + U(i), before[i], now[i], c)
            before[i] = now[i]


@njit(inline="always")
def note_word(
    trace: Record, control: Record, span: Record, i: Word, now: Word, before: Word, mask: Word
) -> None:
    if (now[i] ^ before[i]) & mask[i] != U(0):
        note_entry(trace, control, TRACE_REG, trace.next, span.first + i, before[i], now[i], trace.pc)
        before[i] = now[i]


@njit
def note_near(trace: Record, control: Record, span: Record) -> None:
    """As `note_changes`, where one word or none has changed: which one is added up, without a branch."""
    now = carray(as_u64(np.intp(span.host)), MANY)
    mask = carray(as_u64(np.intp(trace.masks + span.first * U(8))), MANY)
    before = carray(as_u64(np.intp(trace.shadow + span.first * U(8))), MANY)
    changed = which = U(0)
    for i in range(np.int64(span.count)):
        differs = (now[i] ^ before[i]) & mask[i] != U(0)
        changed += U(1) if differs else U(0)
        which += U(i) if differs else U(0)
    if changed == U(1):
        note_word(trace, control, span, which, now, before, mask)
    elif changed != U(0):
        for i in range(np.int64(span.count)):
            note_word(trace, control, span, U(i), now, before, mask)


@njit
def see(span: Record, shadow: Word) -> None:
    now = carray(as_u64(np.intp(span.host)), MANY)
    before = carray(as_u64(np.intp(shadow + span.first * U(8))), MANY)
    for i in range(np.int64(span.count)):
        before[i] = now[i]


@njit
def note_far(trace: Record, control: Record) -> None:
    """Note those that not every instruction can change; see all for the first time."""
    spans = carray(as_trace_spans(np.intp(trace.spans)), MANY)
    if trace.fresh != U(0):
        for i in range(np.int64(trace.spans_count)):
            see(spans[i], trace.shadow)
    else:
        for i in range(np.int64(trace.near_count), np.int64(trace.spans_count)):
            note_changes(trace, control, TRACE_REG, trace.next, spans[i], trace.masks, trace.shadow, trace.pc)


@njit
def note_registers(trace: Record, control: Record, uc: Word, far: Word) -> None:
    """Note the registers that are not what they were; far: those of all spans."""
    fresh = trace.fresh != U(0)
    spans = carray(as_trace_spans(np.intp(trace.spans)), MANY)
    if not fresh:
        for i in range(np.int64(trace.near_count)):
            note_near(trace, control, spans[i])
    if fresh or far:
        note_far(trace, control)
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
                    note_entry(
                        trace, control, TRACE_REG, trace.next, first + U(i), before[i], value, trace.pc
                    )
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
            note_changes(trace, control, TRACE_CONTEXT, U(0), spans[i], masks, shadow, number)
    trace.context_fresh = U(0)


@njit
def is_wanted(trace: Record, control: Record, uc: Word, address: Word, size: Word, before: Word) -> Word:
    """Whether a block is in a range that is looked at; note where that ends."""
    ranges = carray(as_trace_ranges(np.intp(trace.ranges)), MANY)
    for i in range(np.int64(trace.ranges_count)):
        if address < ranges[i].end and address + U(size) > ranges[i].low:
            if trace.outside != U(0):
                trace.outside, trace.fresh = U(0), U(1)
            trace.gap = U(0)
            return True
    if trace.outside == U(0) and trace.detailed != U(0):
        note_registers(trace, control, uc, True)
    if trace.gap == U(0):
        note_entry(trace, control, TRACE_GAP, 0, 0, address, before, 0)
    trace.outside, trace.gap = U(1), U(1)
    return False


@njit(inline="always")
def begin(
    engine: Record,
    control: Record,
    uc: Word,
    address: Word,
    size: Word,
    count: Word,
    before: Word,
    cell: Word,
    known: Word,
) -> None:
    """A block has begun; `before`: retired before it; known: it is that of its cell."""
    trace = carray(as_trace(np.intp(engine.tracing)), 1)[0]
    if trace.contexts_count != U(0):
        note_contexts(trace, control, before)
    if trace.ranges_count != U(0) and not is_wanted(trace, control, uc, address, size, before):
        return
    if trace.detailed == U(0):
        note_entry(trace, control, TRACE_BLOCK, size, count, address, before, cell)
    else:
        if trace.whole != U(0):
            note_registers(trace, control, uc, True)
            note_entry(trace, control, TRACE_BLOCK, size, count, address, before, cell)
            trace.looked, trace.next = U(1), NONE
        else:
            trace.next = before
        trace.cell = U(cell)
        general_only = carray(as_u8(np.intp(trace.general_only)), MANY)
        index = (U(cell) - trace.first_cell) >> CELL_BITS
        trace.far, trace.far_always = U(1) - trace.whole, U(1)
        if known and general_only[index] != np.uint8(0):
            trace.far_always = U(0)


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
        begin(engine, control, uc, address, size, count, before, address_of(user), True)
    else:
        call_odd_block(np.intp(engine.odd_block), np.intp(engine.address), address, size, address_of(user))
        if control.retired != before:
            begin(engine, control, uc, address, size, control.block_count, before, address_of(user), False)


@cfunc(types.void(types.intp, types.uint64, types.uint32, types.CPointer(engine_record)))
def on_instruction_traced(uc: Word, address: Word, size: Word, user: Record) -> None:
    """UC_HOOK_CODE."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    trace = carray(as_trace(np.intp(engine.tracing)), 1)[0]
    if trace.outside != U(0):
        return
    if trace.looked == U(0):
        note_registers(trace, control, uc, trace.far | trace.far_always != U(0))
    trace.looked = trace.far = trace.pieces = U(0)
    if trace.whole != U(0):
        trace.next += U(1)
        trace.pc = address
    else:
        note_entry(trace, control, TRACE_INSN, size, 0, address, trace.next, trace.cell)
        trace.next += U(1)


@njit(inline="always")
def note_access(trace: Record, control: Record, kind: Word, address: Word, size: Word, value: Word) -> None:
    width = U(size)
    data = U(value) if width >= U(8) else U(value) & ((U(1) << (U(8) * width)) - U(1))
    if kind != UC_MEM_WRITE:
        note_entry(trace, control, TRACE_READ, width, trace.next, address, data, trace.pc)
    elif trace.pieces != U(0) and width == U(1) and trace.piece_address == address:
        trace.piece_address += U(1)
        trace.pieces -= U(1)
    else:
        trace.pieces = U(0)
        note_entry(trace, control, TRACE_WRITE, width, trace.next, address, data, trace.pc)
        if address & (width - U(1)) != U(0):
            trace.piece_address, trace.pieces = address, width


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
    if trace.outside == U(0):
        note_access(trace, control, kind, address, size, value)
    if engine.let_through != U(0):
        call_engine(np.intp(engine.let_through), np.intp(engine.address))


@cfunc(types.int64(types.intp))
def note_rest(address: Word) -> Word:
    """Note what the last instruction has written: a function for Python."""
    engine = carray(as_engine(np.intp(address)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    trace = carray(as_trace(np.intp(engine.tracing)), 1)[0]
    if trace.fresh | trace.outside == U(0) and trace.detailed != U(0):
        note_registers(trace, control, np.intp(engine.uc), True)
    return np.int64(0)
