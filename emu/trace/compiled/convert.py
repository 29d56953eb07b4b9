"""From native entries to rows: one pass, in order.

An entry of a block or an instruction is a start; where blocks are noted, instructions in them are none. How much of it
was executed is the difference to the number of the next start; entries from the last start on are left for the next
call. Of an instruction that did not retire, only what its trap has written to registers is kept.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import carray, cfunc, njit, types

from emu.trace.compiled.records import CONVERT
from isa.native import (
    Record,
    Word,
    as_i64,
    as_trace_entries,
    as_u8,
    as_u16,
    as_u32,
    as_u64,
    pointer_cast,
)
from isa.records import (
    TRACE_BLOCK,
    TRACE_CONTEXT,
    TRACE_GAP,
    TRACE_INSN,
    TRACE_READ,
    TRACE_REG,
    TRACE_WRITE,
)

U = np.uint64
MANY = 1 << 40
NOWHERE = U(0xFFFFFFFFFFFFFFFF)
RESOLVED = U(1 << 63)
CELL_BITS = U(4)
BRANCH = 4
as_convert = pointer_cast(numba.from_dtype(CONVERT))
as_i16 = pointer_cast(types.int16)


@njit(inline="always")
def wants(work: Record, kind: Word) -> Word:
    return work.wanted >> U(kind) & U(1) != U(0)


@njit(inline="always")
def out_columns(work: Record) -> Word:
    """The columns of rows, in their order."""
    return (
        carray(as_u64(np.intp(work.out_insn)), MANY),
        carray(as_u8(np.intp(work.out_vcpu)), MANY),
        carray(as_u8(np.intp(work.out_kind)), MANY),
        carray(as_u64(np.intp(work.out_pc)), MANY),
        carray(as_u64(np.intp(work.out_address)), MANY),
        carray(as_u64(np.intp(work.out_value)), MANY),
        carray(as_u16(np.intp(work.out_size)), MANY),
        carray(as_u16(np.intp(work.out_what)), MANY),
    )


@njit(inline="always")
def emit(
    work: Record,
    insn: Word,
    vcpu: Word,
    kind: Word,
    pc: Word,
    address: Word,
    value: Word,
    size: Word,
    what: Word,
) -> None:
    at = work.made
    insns, vcpus, kinds, places, addresses, values, lengths, whats = out_columns(work)
    insns[at], vcpus[at], kinds[at] = U(insn), np.uint8(vcpu), np.uint8(kind)
    places[at], addresses[at], values[at] = U(pc), U(address), U(value)
    lengths[at], whats[at] = np.uint16(size), np.uint16(what)
    work.made = at + U(1)


@njit(inline="always")
def block_of(work: Record, cell: Word) -> Word:
    """Number of the block of a cell, -1 where it is not known."""
    if cell >= RESOLVED:
        return np.int64(cell & ~RESOLVED) - 1
    index = (U(cell) - work.first_cell) >> CELL_BITS
    if index >= work.cells:
        return np.int64(-1)
    return carray(as_i64(np.intp(work.of_cells)), MANY)[np.int64(index)]


@njit(inline="always")
def trapped(work: Record, state: Word, number: Word) -> Word:
    traps = carray(as_u64(np.intp(work.traps)), MANY)
    i = state[0]
    while i < work.traps_count and traps[np.int64(i)] < number:
        i += U(1)
    state[0] = i
    return i < work.traps_count and traps[np.int64(i)] == number


@njit
def emit_block(work: Record, entry: Record, number: Word, executed: Word) -> Word:
    """The row of a block; the address of its last instruction, NOWHERE where Python has to find out."""
    block = block_of(work, entry.c)
    count, size = U(entry.count), U(entry.size)
    known = block >= 0
    if known:
        pcs, sizes = (
            carray(as_u64(np.intp(work.block_pc)), MANY),
            carray(as_u32(np.intp(work.block_size)), MANY),
        )
        known = pcs[block] == entry.a and U(sizes[block]) == size and executed <= count
    if not known:
        odd = carray(as_u64(np.intp(work.odd)), MANY)
        at = np.int64(work.odd_made) * 2
        odd[at], odd[at + 1] = work.made, count
        work.odd_made += U(1)
        emit(work, number, entry.vcpu, TRACE_BLOCK, entry.a, NOWHERE, executed, size, 0)
        return NOWHERE
    first = carray(as_i64(np.intp(work.block_first)), MANY)[block]
    offsets = carray(as_u32(np.intp(work.offset)), MANY)
    if executed < count:
        size = U(offsets[first + np.int64(executed)])
    emit(work, number, entry.vcpu, TRACE_BLOCK, entry.a, block, executed, size, 0)
    return entry.a + U(offsets[first + np.int64(executed) - 1])


@njit
def whole_blocks(work: Record, first: Word, end: Word, base: Word) -> Word:
    """Rows of the blocks from entry `first` on, as far as each is known, was executed as a whole, and is followed by
    another one before entry `end`. The entry behind them."""
    entries = carray(as_trace_entries(np.intp(work.entries)), MANY)
    of_cells, first_cell, cells = (
        carray(as_i64(np.intp(work.of_cells)), MANY),
        work.first_cell,
        work.cells,
    )
    pcs, sizes = carray(as_u64(np.intp(work.block_pc)), MANY), carray(as_u32(np.intp(work.block_size)), MANY)
    insns, vcpus, kinds, places, addresses, values, lengths, whats = out_columns(work)
    made, room = U(work.made), U(work.room)
    i, last = U(first), U(end)
    while i + U(1) < last and made < room:
        entry = entries[i]
        after = entries[i + U(1)]
        count, number = U(entry.count), entry.b
        index = (entry.c - first_cell) >> CELL_BITS
        if (
            entry.kind != TRACE_BLOCK
            or after.kind != TRACE_BLOCK
            or index >= cells
            or after.b - number != count
            or count == U(0)
        ):
            break
        block = U(of_cells[index])
        if block >= work.blocks or pcs[block] != entry.a or sizes[block] != entry.size:
            break
        insns[made], vcpus[made], kinds[made] = number + base, entry.vcpu, np.uint8(TRACE_BLOCK)
        places[made], addresses[made], values[made] = entry.a, block, count
        lengths[made], whats[made] = entry.size, np.uint16(0)
        made += U(1)
        i += U(1)
    work.made = made
    return np.int64(i)


@njit
def instruction_of(work: Record, entry: Record) -> Word:
    """The number of an instruction among those of all blocks, -1 where its code is not known."""
    block = block_of(work, entry.c)
    if block < 0:
        return np.int64(-1)
    offset = entry.a - carray(as_u64(np.intp(work.block_pc)), MANY)[block]
    if offset >= U(carray(as_u32(np.intp(work.block_size)), MANY)[block]):
        return np.int64(-1)
    place = carray(as_i64(np.intp(work.block_bytes)), MANY)[block] + np.int64(offset)
    index = np.int64(carray(as_i16(np.intp(work.at)), MANY)[place])
    return index if index < 0 else carray(as_i64(np.intp(work.block_first)), MANY)[block] + index


@njit
def emit_instruction(work: Record, entry: Record, number: Word, size: Word) -> None:
    index = instruction_of(work, entry)
    low, high = U(0), U(0)
    if index >= 0:
        low = carray(as_u64(np.intp(work.low)), MANY)[index]
        high = carray(as_u64(np.intp(work.high)), MANY)[index]
    emit(work, number, entry.vcpu, TRACE_INSN, entry.a, high, low, size, 0)


@njit
def size_of(work: Record, entry: Record) -> Word:
    """Bytes of an instruction. The engine does not know it on every instruction set."""
    index = instruction_of(work, entry)
    return U(entry.size) if index < 0 else U(carray(as_u8(np.intp(work.length)), MANY)[index])


@njit
def emit_registers(work: Record, entry: Record, number: Word, pc: Word) -> None:
    """Each register of a changed word that is not what it was."""
    word = np.int64(entry.count)
    lanes, shifts = carray(as_i64(np.intp(work.lanes)), MANY), carray(as_u64(np.intp(work.shifts)), MANY)
    masks, sizes = carray(as_u64(np.intp(work.masks)), MANY), carray(as_u16(np.intp(work.bytes)), MANY)
    names = carray(as_u16(np.intp(work.lane_names)), MANY)
    at = word
    for _ in range(np.int64(work.layers)):
        lane = lanes[at]
        if lane < 0:
            return
        if (entry.a ^ entry.b) >> shifts[at] & masks[at] != U(0):
            value = entry.b >> shifts[at] & masks[at]
            emit(work, number, entry.vcpu, TRACE_REG, pc, lane, value, sizes[at], names[lane])
        at += np.int64(work.words)


@njit
def emit_context(work: Record, entry: Record, base: Word) -> None:
    word = np.int64(entry.count)
    shift = carray(as_u64(np.intp(work.context_shifts)), MANY)[word]
    mask = carray(as_u64(np.intp(work.context_masks)), MANY)[word]
    name = carray(as_u16(np.intp(work.context_names)), MANY)[word]
    before, now = entry.a >> shift & mask, entry.b >> shift & mask
    emit(work, entry.c + base, entry.vcpu, TRACE_CONTEXT, U(0), before, now, 0, name)


@njit(inline="always")
def is_start(kind: Word, whole: Word) -> Word:
    return kind == TRACE_BLOCK or kind == TRACE_GAP or (kind == TRACE_INSN and not whole)  # noqa: PLR1714


@njit
def emit_details(work: Record, begin: Word, after: Word, first: Word, end: Word) -> None:
    """What the instructions of the block at entry `begin` did, which are numbered from `first` on, of which the one of
    number `end` did not retire; the next start is at `after`."""
    entries = carray(as_trace_entries(np.intp(work.entries)), MANY)
    lanes, shifts = carray(as_i64(np.intp(work.lanes)), MANY), carray(as_u64(np.intp(work.shifts)), MANY)
    masks, sizes = carray(as_u64(np.intp(work.masks)), MANY), carray(as_u16(np.intp(work.bytes)), MANY)
    names = carray(as_u16(np.intp(work.lane_names)), MANY)
    insns, vcpus, kinds, places, addresses, values, lengths, whats = out_columns(work)
    words, layers, made = U(work.words), U(work.layers), U(work.made)
    for i in range(U(begin) + U(1), U(after)):
        entry = entries[i]
        kind = entry.kind
        if kind == TRACE_REG:
            at, number = U(entry.count), first + U(entry.size)
            for _ in range(layers):
                lane = lanes[at]
                if lane < 0:
                    break
                if (entry.a ^ entry.b) >> shifts[at] & masks[at] != U(0):
                    insns[made], vcpus[made], kinds[made] = number, entry.vcpu, kind
                    places[made], addresses[made] = entry.c, U(lane)
                    values[made] = entry.b >> shifts[at] & masks[at]
                    lengths[made], whats[made] = sizes[at], names[U(lane)]
                    made += U(1)
                at += words
        elif kind in (TRACE_READ, TRACE_WRITE) and first + U(entry.count) < end:
            insns[made], vcpus[made], kinds[made] = first + U(entry.count), entry.vcpu, kind
            places[made], addresses[made], values[made] = entry.c, entry.a, entry.b
            lengths[made], whats[made] = entry.size, np.uint16(0)
            made += U(1)
    work.made = made


@cfunc(types.int64(types.intp))
def convert(address: Word) -> Word:
    """Fill the columns; 1 where they are full and there is more to convert."""
    work = carray(as_convert(address), 1)[0]
    entries = carray(as_trace_entries(np.intp(work.entries)), MANY)
    firsts, bases = carray(as_i64(np.intp(work.firsts)), MANY), carray(as_u64(np.intp(work.bases)), MANY)
    lefts = carray(as_u64(np.intp(work.lefts)), MANY)
    count, stretches = np.int64(work.count), np.int64(work.stretches)
    trap = carray(as_u64(np.intp(work.traps) + 8 * np.intp(work.traps_count)), 1)  # one more than there are
    trap[0] = U(0)
    layers: Word = max(np.int64(work.layers), 1)
    plain = wants(work, TRACE_BLOCK) and not wants(work, BRANCH)
    stretch, start = 0, np.int64(work.done)
    whole = work.whole != U(0)
    while start < count and not is_start(entries[start].kind, whole):
        while stretch + 1 < stretches and firsts[stretch + 1] <= start:
            stretch += 1
        if entries[start].kind == TRACE_CONTEXT and wants(work, TRACE_CONTEXT):
            emit_context(work, entries[start], bases[stretch])
        start += 1
    work.done = U(start)
    while start < count:
        while stretch + 1 < stretches and firsts[stretch + 1] <= start:
            stretch += 1
        if plain and entries[start].kind == TRACE_BLOCK:
            bound = firsts[stretch + 1] if stretch + 1 < stretches else count
            start = whole_blocks(work, start, bound, bases[stretch])
            work.done = U(start)
        after = start + 1
        while after < count and not is_start(entries[after].kind, whole):
            after += 1
        if after == count and work.final == U(0):
            return 0
        if work.made + U((after - start) * layers + 3) > work.room or work.odd_made + U(2) > work.odd_room:
            return 1
        entry = entries[start]
        number = entry.b + bases[stretch]
        later, following = stretch, NOWHERE
        if after < count:
            while later + 1 < stretches and firsts[later + 1] <= after:
                later += 1
            end = entries[after].b + bases[later]
            following = entries[after].a if later == stretch else lefts[stretch + 1]
        else:
            end = work.end
        executed = end - number if end > number else U(0)
        last, behind = NOWHERE, U(0)
        if entry.kind == TRACE_BLOCK:
            if executed != U(0):
                place, odd = work.made, work.odd_made
                last = emit_block(work, entry, number, executed)
                behind = entry.a + U(carray(as_u16(np.intp(work.out_size)), MANY)[np.int64(place)])
                if not wants(work, TRACE_BLOCK):
                    work.made, work.odd_made = place, odd
            emit_details(work, start, after, number, end)
        elif entry.kind == TRACE_GAP:
            work.passed += executed
        else:
            if executed != U(0):
                size = size_of(work, entry)
                last, behind = entry.a, entry.a + size
                work.unseen += executed - U(1)
                if wants(work, TRACE_INSN):
                    emit_instruction(work, entry, number, size)
            for i in range(start + 1, after):
                other = entries[i]
                if other.kind == TRACE_REG:
                    emit_registers(work, other, number, entry.a)
                elif other.kind != TRACE_CONTEXT and executed != U(0) and wants(work, other.kind):
                    emit(work, number, other.vcpu, other.kind, entry.a, other.a, other.b, other.size, 0)
        unknown = last == NOWHERE or following == NOWHERE  # noqa: PLR1714 - for the compiler
        jumped = not unknown and following != behind
        if jumped and wants(work, BRANCH) and not trapped(work, trap, end):
            emit(work, end - U(1), entry.vcpu, BRANCH, last - work.back, following, 0, 0, 0)
        if wants(work, TRACE_CONTEXT):
            for i in range(start + 1, after):
                if entries[i].kind == TRACE_CONTEXT:
                    emit_context(work, entries[i], bases[later])
        start = after
        work.done = U(start)
    return 0
