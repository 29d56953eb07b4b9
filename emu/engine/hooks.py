"""The compiled callbacks that the engine calls, the same for every ISA.

**Counting.** The engine announces each translated block with its number of instructions (UC_HOOK_EDGE_GENERATED). The
block's own cell keeps it: the hook's user data is read when a block is translated, so each block gets a cell of its own
(`emu.engine.internals`). What has no cell, or needs more than counting, is in a table keyed by (pc, size). A block is
charged when it begins; a stop inside it gives back what was not executed (`loop.give_back`).

**Stopping.** Only the block hook stops the engine: there the pc is exact and the block has not begun. A block that would
go past `limit` is not begun.

**Device windows.** The gate refuses an access until the latch holds its answer; then the same instruction runs again,
the gate lets it through, and the data callback serves the latched bytes (design: gate and latch).
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import LATCH_ENTRIES, Kind
from axvcpu.control import NEVER as NEVER_WORD
from emu.engine.answers import native_answer
from emu.engine.count_hooks import count_odd, describe_cell, spans_full
from emu.engine.trace_hooks import note_code
from isa.code_pages import remember_code
from isa.native import (
    Record,
    Word,
    address_of,
    as_blocks,
    as_cells,
    as_control,
    as_engine,
    as_trace,
    as_u32,
    as_u64,
    call_block,
    call_engine,
    call_odd_block,
    call_place,
    call_word,
    cell_record,
    code_at,
    engine_record,
    hooks_full,
    note,
    note_access,
    tell_exit,
    uc_emu_stop,
    uc_reg_read,
    walk,
    window_record,
)
from isa.records import (
    BLOCK_ADMIT,
    BLOCK_BREAK,
    BLOCK_COUNT_MASK,
    BLOCK_MEND,
    BLOCK_PAUSE,
    BLOCK_SPECIAL,
    BLOCK_STIRS,
    CELL,
    CELL_MARKS,
    CELL_MOST,
    LOG_LEVEL,
    UC_MEM_FETCH_PROT,
    UC_MEM_FETCH_UNMAPPED,
    UC_MEM_READ_PROT,
    UC_MEM_READ_UNMAPPED,
)

U = np.uint64
NEVER = np.uint64(NEVER_WORD)
NONE, KICK, STOP, DRAIN = int(Kind.NONE), int(Kind.KICK), int(Kind.STOP), int(Kind.DRAIN)
AGAIN, EVENT, BREAKPOINT = int(Kind.AGAIN), int(Kind.EVENT), int(Kind.BREAKPOINT)
MMIO_READ, MMIO_WRITE, UNMAPPED, FAIL = (
    int(Kind.MMIO_READ),
    int(Kind.MMIO_WRITE),
    int(Kind.UNMAPPED),
    int(Kind.FAIL),
)
CELL_SIZE = CELL.itemsize
COUNT_MASK, SPECIAL = np.uint32(BLOCK_COUNT_MASK), np.uint32(BLOCK_SPECIAL)
READ, WRITE, FETCH = 1, 2, 4


@njit
def next_breakpoint(engine: Record, address: Word) -> Word:
    """The lowest breakpoint from `address` on, NEVER where there is none."""
    rows = carray(as_u64(np.intp(engine.breakpoints)), 1 << 30)
    low, high = U(0), engine.breakpoints_count
    while low < high:
        middle = (low + high) >> U(1)
        if rows[middle] < address:
            low = middle + U(1)
        else:
            high = middle
    return rows[low] if low < engine.breakpoints_count else NEVER


@njit
def to_breakpoint(engine: Record, control: Record, address: Word, size: Word) -> Word:
    """Instructions of a block before its first breakpoint that the vCPU does not stand at already; -1: there is none."""
    at = next_breakpoint(engine, address)
    if at == address and control.break_pc == address and control.break_retired == control.retired + U(1):
        at = next_breakpoint(engine, address + U(1))
    if at == NEVER or at - address >= U(size):
        return np.int64(-1)
    if at == address:
        return np.int64(0)
    count = np.int64(walk(engine, np.int64(address), np.int64(at - address)))
    return count if count != 0 else np.int64(-1)


@njit
def describe(engine: Record, pc: Word, size: Word, count: Word) -> Word:
    """The `count` word of a block: its instructions, and what the ISA found at its end."""
    word = U(count)
    if engine.inspect != U(0):
        at = code_at(engine, pc, size)
        if at != 0:
            word |= call_block(np.intp(engine.inspect), at, size)
    if engine.admit != U(0):
        asked = call_odd_block(
            np.intp(engine.admit), np.intp(engine.address), U(pc), np.uint32(size), np.intp(0)
        )
        if asked != 0:
            word |= U(BLOCK_SPECIAL | BLOCK_ADMIT)
    if engine.breakpoints_count != U(0):
        first = next_breakpoint(engine, U(pc))
        if first != NEVER and first - U(pc) < U(size):
            word |= U(BLOCK_SPECIAL | BLOCK_BREAK)
    return word


@njit
def place_of(engine: Record, pc: Word, size: Word) -> Word:
    """Index of the block's row in the table, or of the empty row where it belongs."""
    table = carray(as_blocks(np.intp(engine.blocks)), 1 << 30)
    i = (U(pc) >> U(1)) & engine.blocks_mask
    while table[i].size != np.uint32(0) and (table[i].pc != U(pc) or table[i].size != np.uint32(size)):
        i = (i + U(1)) & engine.blocks_mask
    return i


@njit
def enter_block(engine: Record, pc: Word, size: Word, word: Word) -> None:
    """Put a block into the table; two different counts for the same (pc, size) make it one to be walked each time."""
    row = carray(as_blocks(np.intp(engine.blocks)), 1 << 30)[place_of(engine, pc, size)]
    if row.size != np.uint32(0):
        if row.count != np.uint32(word):
            row.count = np.uint32(0)
        return
    row.pc, row.size, row.count = U(pc), np.uint32(size), np.uint32(word)
    engine.blocks_used += U(1)
    if engine.blocks_used > engine.blocks_mask >> U(1):
        carray(as_control(np.intp(engine.control)), 1)[0].attention = U(1)


@njit
def block_word(engine: Record, pc: Word, size: Word) -> Word:
    """The `count` word of a block: from the table, or walked where it is not there or is walked each time."""
    row = carray(as_blocks(np.intp(engine.blocks)), 1 << 30)[place_of(engine, pc, size)]
    if row.size != np.uint32(0) and row.count != np.uint32(0):
        return row.count
    word = np.uint32(describe(engine, pc, size, walk(engine, pc, size)))
    if row.size == np.uint32(0):
        enter_block(engine, pc, size, word)
    return word


@njit
def fill_cell(engine: Record, pc: Word, size: Word, word: Word) -> None:
    """Write the cell of the block just translated, and give the next block the next cell. Where there are no more, the
    last one stays empty for all, and the translations are to be forgotten."""
    at = engine.cell_next
    watched = engine.unprivileged != U(0) and engine.paging != U(0)
    if watched and call_engine(np.intp(engine.unprivileged), np.intp(engine.address)) != 0:
        remember_code(engine, pc, size)
    if engine.cell_word == U(0) or at == engine.cells_end:
        return
    cell = carray(as_cells(np.intp(at)), 2)
    plain = U(word) - U(1) < U(CELL_MOST)
    key = (U(pc) & U(0xFFFFFFFF)) | U(size) << U(32) | U(word) << U(48) if plain else U(0)
    if plain and engine.calls != U(0):
        marks = call_odd_block(
            np.intp(engine.marks), np.intp(engine.address), U(pc), np.uint32(size), np.intp(0)
        )
        key |= U(marks) << U(CELL_MARKS)
    cell[0].key = key
    cell[1].key, cell[1].engine = U(0), engine.address
    if engine.spans != U(0):
        describe_cell(engine, at, pc, size, U(word) & U(BLOCK_COUNT_MASK))
    if engine.tracing != U(0):
        note_code(engine, at, pc, size, U(word) & U(BLOCK_COUNT_MASK))
    at += U(CELL_SIZE)
    engine.cell_next = at
    carray(as_u64(np.intp(engine.cell_word)), 1)[0] = at
    if at == engine.cells_end:
        carray(as_control(np.intp(engine.control)), 1)[0].attention = U(1)


@njit
def full(engine: Record) -> Word:
    """Whether the translations must be forgotten to find room for what is known of blocks."""
    return engine.blocks_used > engine.blocks_mask >> U(1) or (
        engine.cell_word != U(0) and engine.cell_next == engine.cells_end
    )


@cfunc(types.void(types.intp, types.intp, types.intp, types.CPointer(engine_record)))
def on_translate(uc: Word, current: Word, previous: Word, user: Record) -> None:
    """UC_HOOK_EDGE_GENERATED: a block was translated. `current` is uc_tb: pc u64, icount u16, size u16."""
    engine = carray(user, 1)[0]
    pc = carray(as_u64(current), 1)[0]
    packed = carray(as_u32(current + 8), 1)[0]
    count, size = np.int64(packed & np.uint32(0xFFFF)), np.int64(packed >> np.uint32(16))
    # The engine also counts the exit that it put at the end, and an illegal instruction that the block stops before.
    walked = walk(engine, pc, size)
    if walked != 0:
        count = walked
    elif engine.until_set != U(0) and pc + U(size) == engine.until:
        count -= 1
    if size != 0:
        word = describe(engine, pc, size, count)
        if engine.cell_word == U(0) or word >= U(SPECIAL):
            enter_block(engine, pc, size, word)
        fill_cell(engine, pc, size, word)


@njit
def note_level(engine: Record, control: Record, uc: Word) -> None:
    """Log a change of privilege since the last block."""
    word = carray(as_u64(np.intp(engine.scratch)), 1)
    word[0] = U(0)
    uc_reg_read(uc, np.int32(engine.level_register), np.intp(engine.scratch))
    level = word[0] & engine.level_mask
    if level != engine.level:
        note(engine, control, LOG_LEVEL, control.block_pc, engine.level, U(0), level)
        engine.level = level


@njit
def attend(engine: Record, control: Record, uc: Word) -> Word:
    """What the block hook does besides counting while `attention` is set; a Kind stops before the block."""
    if engine.resuming != U(0):
        engine.resuming = U(0)
        call_engine(np.intp(engine.resume), np.intp(engine.address))
    if control.counter_register != U(0):
        call_engine(np.intp(engine.mend), np.intp(engine.address))
        if engine.code_changed != U(0):
            return KICK if control.kick != U(0) else DRAIN
    if control.latch_count != U(0):
        control.blocks += U(1)
        if control.blocks >= U(2):
            control.latch_count = U(0)
    if control.recall != U(0):
        return EVENT
    if engine.takes != U(0):
        if control.latch_count == U(0) and (
            control.lines != control.lines_told
            or (
                control.lines_hidden != U(0)
                and call_engine(np.intp(engine.takes), np.intp(engine.address)) != 0
            )
        ):
            control.attention = U(1)
            return AGAIN
    elif control.lines_hidden != U(0):
        call_engine(np.intp(engine.tell_lines), np.intp(engine.address))
        engine.stirred = U(1)
    if engine.log_on & engine.stirred != U(0):
        engine.stirred = U(0)
        if engine.observe != U(0):
            told = engine.log_head
            engine.stirred = U(call_engine(np.intp(engine.observe), np.intp(engine.address)))
            if engine.log_head != told:
                if engine.observed == control.retired + U(1):
                    engine.log_head = told
                engine.observed = control.retired + U(1)
    if engine.level_on != U(0):
        note_level(engine, control, uc)
    watched = control.latch_count | control.counter_register | control.lines_hidden
    if watched | engine.level_on | engine.log_on & engine.stirred == U(0):
        control.attention = U(0)
    if control.kick != U(0):
        control.attention = U(1)
        return KICK
    if full(engine) or engine.log_head + U(8) >= engine.log_size or spans_full(engine) or hooks_full(engine):
        control.attention = U(1)
        return DRAIN
    return NONE


@cfunc(types.int32(types.intp, types.uint64, types.uint32, types.intp))
def on_odd_block(user: Word, address: Word, size: Word, cell: Word) -> Word:
    """A block of which `on_block` cannot say at once that it is known, plain, and fits before the limit.

    One that was translated without a word (the first of a run is) still holds the next cell, and runs before any other
    can be translated.
    """
    engine = carray(as_engine(user), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    uc = np.intp(engine.uc)
    key = carray(as_cells(cell), 1)[0].key
    if key & U(0xFFFFFFFFFFFF) == (address & U(0xFFFFFFFF)) | U(size) << U(32) and key != U(0):
        word = np.uint32(key >> U(48) & U(CELL_MOST))
    else:
        word = block_word(engine, np.int64(address), np.int64(size))
        if U(cell) == engine.cell_next:
            fill_cell(engine, np.int64(address), np.int64(size), word)
    count = U(word & COUNT_MASK)
    retired = control.retired + count
    if (control.attention | control.kick) != U(0):
        left = attend(engine, control, uc)
        if left != NONE:
            control.kind = U(left)
            uc_emu_stop(uc)
            return 0
    if word & np.uint32(BLOCK_ADMIT) != np.uint32(0):
        left = call_odd_block(np.intp(engine.admit), user, address, size, cell)
        if left != 0:
            control.kind = U(left)
            uc_emu_stop(uc)
            return 0
    if word & np.uint32(BLOCK_BREAK) != np.uint32(0):
        ahead = to_breakpoint(engine, control, address, size)
        if ahead == 0:
            control.kind = U(BREAKPOINT)
            control.break_pc, control.break_retired = address, control.retired + U(1)
            uc_emu_stop(uc)
            return 0
        if ahead > 0 and U(ahead) < count and control.retired + U(ahead) <= control.limit:
            control.kind = U(STOP)
            control.stop_count = U(ahead)
            engine.break_ahead = U(ahead)
            uc_emu_stop(uc)
            return 0
    if retired > control.limit:
        control.kind = U(STOP)
        control.stop_count = count
        uc_emu_stop(uc)
        return 0
    engine.observed = U(0)
    control.retired = retired
    control.block_pc = address
    control.block_size = U(size)
    control.block_count = count
    if engine.spans != U(0):
        count_odd(engine, control, address, size, cell)
    if word >= SPECIAL:
        mended = U(word >> np.uint32(BLOCK_MEND))
        if mended != U(0):
            control.counter_register = mended
            control.counter_value = retired - U(1)
            control.attention = U(1)
        if word & np.uint32(BLOCK_STIRS) != np.uint32(0):
            engine.stirred = U(1)
            control.attention = U(1)
        if word & np.uint32(BLOCK_PAUSE) != np.uint32(0) and control.yields != U(0):
            control.yielded = U(1)
            control.limit = retired
    return 0


@cfunc(
    types.void(types.intp, types.uint64, types.uint32, types.CPointer(cell_record)),
    forceinline=True,
)
def on_block(uc: Word, address: Word, size: Word, user: Record) -> None:
    """UC_HOOK_BLOCK: count, and stop at the limit. The engine calls it at every block: everything but the plain case is
    a function of its own, called by address, so that this one is small enough to need no stack frame."""
    cell = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(cell.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    count = cell.key >> U(48)
    retired = control.retired + count
    plain = cell.key & U(0xFFFFFFFFFFFF) == (address & U(0xFFFFFFFF)) | U(size) << U(32)
    if plain and (control.attention | control.kick) == U(0) and retired <= control.limit:
        control.retired = retired
        control.block_pc = address
        control.block_size = U(size)
        control.block_count = count
    else:
        call_odd_block(np.intp(engine.odd_block), np.intp(engine.address), address, size, address_of(user))


@njit
def leave(engine: Record, uc: Word) -> None:
    """End a refused store's block here and now. After a refused load or fetch the engine does so by itself; after a
    store it waits for the check that translated code makes, which ours does not (`emu.engine.internals`)."""
    if engine.loop_exit != U(0):
        uc_emu_stop(uc)
        call_word(np.intp(engine.loop_exit), np.intp(engine.cpu))


@cfunc(
    types.boolean(
        types.intp, types.int32, types.uint64, types.int32, types.int64, types.CPointer(window_record)
    ),
)
def gate(uc: Word, kind: Word, address: Word, size: Word, value: Word, user: Record) -> Word:
    """UC_HOOK_MEM_*_PROT of a device window: let an access through if the latch answers it, else leave."""
    window = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(window.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if kind == UC_MEM_FETCH_PROT:
        control.kind, control.access, control.address = U(UNMAPPED), U(FETCH), address
        return False
    wanted = U(MMIO_READ) if kind == UC_MEM_READ_PROT else U(MMIO_WRITE)
    i = control.latch_next
    if i < control.latch_count:
        entry = control.latch[i]
        if entry.kind == wanted and entry.address == address and entry.width == U(size):
            control.latch_serving = i
            control.latch_next = i + U(1)
            misaligned = address & (U(size) - U(1)) != U(0)
            control.latch_pieces = U(size) if misaligned and wanted == U(MMIO_WRITE) else U(0)
            return True
    if control.latch_pieces != U(0) and size == 1 and wanted == U(MMIO_WRITE):
        control.latch_pieces -= U(1)  # a misaligned store, let through, comes again byte by byte
        return True
    if i >= U(LATCH_ENTRIES):
        control.kind, control.cause = U(FAIL), U(0)
        leave(engine, uc)
        return False
    control.kind = wanted
    control.window = window.index
    control.address = address
    control.width = U(size)
    control.data = U(value) if size == 8 else U(value) & ((U(1) << U(8 * size)) - U(1))
    if wanted == U(MMIO_WRITE):
        leave(engine, uc)
    return False


@cfunc(types.uint64(types.intp, types.uint64, types.uint32, types.CPointer(window_record)))
def window_read(uc: Word, offset: Word, size: Word, user: Record) -> Word:
    """Serve a piece of the latched answer; the engine may ask for aligned pieces around it."""
    window = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(window.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    entry = control.latch[control.latch_serving]
    start = np.int64(window.base + offset) - np.int64(entry.address)  # of the piece, within the answer
    shift = start if engine.big_endian == U(0) else np.int64(entry.width) - start - np.int64(size)
    if shift >= 8 or shift <= -8:
        return U(0)
    value = entry.value >> U(8 * shift) if shift >= 0 else entry.value << U(-8 * shift)
    return value if size >= np.uint32(8) else value & ((U(1) << U(8 * size)) - U(1))


@cfunc(
    types.void(types.intp, types.uint64, types.uint32, types.uint64, types.CPointer(window_record)),
)
def window_write(uc: Word, offset: Word, size: Word, value: Word, user: Record) -> None:
    """The write was answered before it was let through: nothing is left to do."""


@njit
def answer_inside(engine: Record, control: Record) -> Word:
    """Have the access that the control block describes answered while the guest stands in it: natively, or by Python.

    The count of instructions is that of this access, not of its block, as far as the ISA can tell where it is.
    """
    ahead = U(0)
    entered = place = control.pc
    if engine.locate != U(0) and control.block_count != U(0):
        pc = call_place(np.intp(engine.locate), np.intp(engine.address))
        place = pc - engine.code_base
        start = control.block_pc
        if start <= pc < start + control.block_size:
            before = U(0) if pc == start else U(walk(engine, np.int64(start), np.int64(pc - start)))
            ahead = control.block_count - before
            control.retired -= ahead
    done: Word = 0
    value: Word = U(0)
    if engine.exits_logged == U(0) or engine.log_head + U(8) < engine.log_size:
        done, value = native_answer(engine, control)
    if done == 1:
        control.exits += U(1)
        note_access(engine, control, value)
    else:
        value = U(call_word(np.intp(engine.synchronous), np.intp(engine.address)))
    control.pc = place
    tell_exit(engine, control.data if control.kind == U(MMIO_WRITE) else U(value))
    control.pc = entered
    control.kind = U(NONE)
    control.retired += ahead
    if engine.tracing != U(0):
        carray(as_trace(np.intp(engine.tracing)), 1)[0].far = U(1)
    if (control.lines != control.lines_told) or control.recall != U(0):
        control.attention = U(1)
    return value


@cfunc(types.uint64(types.intp, types.uint64, types.uint32, types.CPointer(window_record)))
def window_read_inside(uc: Word, offset: Word, size: Word, user: Record) -> Word:
    """A load from a window that has no gate."""
    window = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(window.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if control.kind != U(NONE):
        return U(0)  # a stop is pending: the access is made again
    control.kind, control.window, control.address = U(MMIO_READ), window.index, window.base + offset
    control.width, control.data = U(size), U(0)
    value = answer_inside(engine, control)
    return value if size >= np.uint32(8) else value & ((U(1) << U(8 * size)) - U(1))


@cfunc(
    types.void(types.intp, types.uint64, types.uint32, types.uint64, types.CPointer(window_record)),
)
def window_write_inside(uc: Word, offset: Word, size: Word, value: Word, user: Record) -> None:
    """A store to a window that has no gate."""
    window = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(window.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if control.kind != U(NONE):
        return
    control.kind, control.window, control.address = U(MMIO_WRITE), window.index, window.base + offset
    control.width = U(size)
    control.data = U(value) if size >= np.uint32(8) else U(value) & ((U(1) << U(8 * size)) - U(1))
    answer_inside(engine, control)


@cfunc(
    types.boolean(
        types.intp, types.int32, types.uint64, types.int32, types.int64, types.CPointer(engine_record)
    ),
)
def on_unbacked(uc: Word, kind: Word, address: Word, size: Word, value: Word, user: Record) -> Word:
    """An access that nothing backs, or a write to ROM: always leaves; `loop` delivers or reports it."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.kind = U(UNMAPPED)
    control.address = address
    control.width = U(size)
    control.data = U(value)
    if kind == UC_MEM_FETCH_UNMAPPED:
        control.access = U(FETCH)
    elif kind == UC_MEM_READ_UNMAPPED:
        control.access = U(READ)
    else:
        control.access = U(WRITE)
        leave(engine, uc)
    return False
