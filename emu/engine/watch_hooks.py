"""Watched memory: native code's part of watchpoints.

A page with a watched range is mapped as a window over the same bytes, closed by a gate. An access that is near no
watched range is let through at once: the data callbacks load and store memory. One that is near leaves, exactly before
its instruction, which then runs by itself (`due`) with the gate open: everything that it does to watched ranges is
logged, and where it has done anything, the run ends behind it.

So an access is looked at before anything of its instruction has happened, however many it makes, and reported after
all of them have. Near is, besides the range itself, what the same instruction may access before it and could not do
twice (`emu.engine.watching`).
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u8,
    as_watch_accesses,
    as_watch_rows,
    as_watch_writes,
    as_watching,
    call_engine,
    call_word,
    engine_record,
    uc_emu_stop,
    watch_pages_record,
)
from isa.records import UC_MEM_FETCH_PROT, UC_MEM_READ_PROT, UC_MEM_WRITE

U = np.uint64
NONE, WATCH, WATCHED_CODE = int(Kind.NONE), int(Kind.WATCH), int(Kind.WATCHED_CODE)
READ, WRITE = 1, 2
NOTHING, STEP, HIT = 0, 1, 2
"""What `due` says."""


@njit
def due(engine: Record, control: Record) -> Word:
    """Before an entry: whether the vCPU is to run one instruction by itself, with the gate open, or has just done so
    and touched a watched range."""
    watching = carray(as_watching(np.intp(engine.watching)), 1)[0]
    watching.open = U(0)
    if watching.control != engine.control:
        return NOTHING
    if control.retired == watching.retired and control.pc == watching.pc:
        watching.accesses_count = watching.writes_count = watching.pieces = U(0)
        watching.open = U(1)
        return STEP
    watching.control = U(0)
    if control.retired == watching.retired + U(1) and watching.accesses_count != U(0):
        return HIT
    return NOTHING  # a trap has come between: it will be there again


@njit
def stepped(engine: Record, control: Record) -> Word:
    """Whether that instruction has retired."""
    watching = carray(as_watching(np.intp(engine.watching)), 1)[0]
    return watching.control == engine.control and control.retired == watching.retired + U(1)


@njit
def begin_step(engine: Record, control: Record) -> None:
    """The vCPU has left before an access near a watched range."""
    watching = carray(as_watching(np.intp(engine.watching)), 1)[0]
    watching.control, watching.pc, watching.retired = engine.control, control.pc, control.retired
    watching.accesses_count = U(0)


@njit
def is_piece(watching: Record, access: Word, address: Word, size: Word) -> Word:
    """Whether this belongs to the misaligned store before it, which comes again byte by byte. A load does not."""
    if watching.pieces == U(0):
        return False
    if access == U(WRITE) and size == U(1) and watching.piece_address == address:
        watching.piece_address += U(1)
        watching.pieces -= U(1)
        return True
    watching.pieces = U(0)
    return False


@njit
def expect_pieces(watching: Record, access: Word, address: Word, size: Word) -> None:
    """An access is let through."""
    misaligned = address & (size - U(1)) != U(0)
    if access == U(READ):
        watching.load = address & ~(size - U(1))
        watching.load_bytes = U(2) * size if misaligned else size
    elif misaligned:
        watching.piece_address, watching.pieces = address, size


@njit
def load(at: Word, size: Word, big_endian: Word) -> Word:
    """A number in memory."""
    data = carray(as_u8(at), 8)
    value = U(0)
    for i in range(size):
        value |= U(data[i]) << U(8 * (size - 1 - i if big_endian else i))
    return value


@njit
def note_write(engine: Record, at: Word, size: Word) -> None:
    """Log what is at a host address before it is overwritten."""
    watching = carray(as_watching(np.intp(engine.watching)), 1)[0]
    if watching.open != U(0):
        if watching.writes_count < watching.writes_size:
            entry = carray(as_watch_writes(np.intp(watching.writes)), 1 << 20)[watching.writes_count]
            entry.address, entry.width, entry.old = U(at), U(size), load(at, size, False)
        watching.writes_count += U(1)


@njit
def look(engine: Record, control: Record, uc: Word, access: Word, address: Word, width: Word) -> Word:
    """An access to a watched page: False where it is near a watched range, and its instruction does not run by itself
    yet. Then the vCPU is to leave. Logged where it is to be reported."""
    watching = carray(as_watching(np.intp(engine.watching)), 1)[0]
    if control.kind != U(NONE) or is_piece(watching, access, address, width):
        return True
    last = address + width - U(1)
    near = hit = False
    rows = carray(as_watch_rows(np.intp(watching.rows)), 1 << 20)
    for i in range(watching.rows_count):
        row = rows[i]
        if address <= row.hi and last >= row.near_lo:
            near |= row.near_access & access != U(0)
            hit |= row.access & access != U(0) and last >= row.lo
    if near and watching.open == U(0):
        control.kind = U(WATCH)
        return False
    if hit and watching.accesses_count < watching.accesses_size:
        entry = carray(as_watch_accesses(np.intp(watching.accesses)), 1 << 20)[watching.accesses_count]
        entry.access, entry.address, entry.width = access, address, width
        entry.pc = control.block_pc - engine.code_base
        watching.accesses_count += U(1)
    expect_pieces(watching, access, address, width)
    return True


@njit
def put_right(engine: Record) -> None:
    """A hook of an access disturbs what the engine knows of its place."""
    if engine.let_through != U(0):
        call_engine(np.intp(engine.let_through), np.intp(engine.address))


@njit
def leave(engine: Record, uc: Word) -> None:
    """End the block here and now."""
    uc_emu_stop(uc)
    if engine.loop_exit != U(0):
        call_word(np.intp(engine.loop_exit), np.intp(engine.cpu))


@cfunc(
    types.boolean(
        types.intp, types.int32, types.uint64, types.int32, types.int64, types.CPointer(watch_pages_record)
    ),
)
def watch_gate(uc: Word, kind: Word, address: Word, size: Word, value: Word, user: Record) -> Word:
    """UC_HOOK_MEM_*_PROT of watched pages: let an access through, or leave before its instruction."""
    engine = carray(as_engine(np.intp(carray(user, 1)[0].engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if kind == UC_MEM_FETCH_PROT:
        control.kind, control.address = U(WATCHED_CODE), address
        return False
    access = U(READ) if kind == UC_MEM_READ_PROT else U(WRITE)
    if look(engine, control, uc, access, address, U(size)):
        put_right(engine)
        return True
    if access == U(WRITE) and engine.loop_exit != U(0):  # after a load the engine does so by itself
        leave(engine, uc)
    return False


@cfunc(
    types.void(
        types.intp, types.int32, types.uint64, types.int32, types.int64, types.CPointer(watch_pages_record)
    ),
)
def watch_access(uc: Word, kind: Word, address: Word, size: Word, value: Word, user: Record) -> None:
    """UC_HOOK_MEM_READ and WRITE of watched pages that are executed: the gate's twin, for memory that stays mapped."""
    pages = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(pages.engine)), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    access = U(WRITE) if kind == UC_MEM_WRITE else U(READ)
    if not look(engine, control, uc, access, address, U(size)):
        leave(engine, uc)
        return
    if access == U(WRITE):
        note_write(engine, np.intp(pages.host + (address - pages.base)), np.int64(size))
    put_right(engine)


@cfunc(
    types.void(
        types.intp, types.int32, types.uint64, types.int32, types.int64, types.CPointer(engine_record)
    ),
)
def watch_nothing(uc: Word, kind: Word, address: Word, size: Word, value: Word, user: Record) -> None:
    """UC_HOOK_MEM_READ and WRITE of everything, where the hook itself does harm."""
    put_right(carray(user, 1)[0])


@cfunc(types.uint64(types.intp, types.uint64, types.uint32, types.CPointer(watch_pages_record)))
def watch_read(uc: Word, offset: Word, size: Word, user: Record) -> Word:
    """A piece of a load from watched pages."""
    pages = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(pages.engine)), 1)[0]
    watching = carray(as_watching(np.intp(engine.watching)), 1)[0]
    ahead = pages.base + offset - watching.load
    if watching.load_bytes >= U(size) and ahead < U(16):
        watching.load_bytes -= U(size)
    else:
        watching.walked = pages.base + offset + U(1)
    return load(np.intp(pages.host + offset), np.int64(size), engine.big_endian != U(0))


@cfunc(
    types.void(types.intp, types.uint64, types.uint32, types.uint64, types.CPointer(watch_pages_record)),
)
def watch_write(uc: Word, offset: Word, size: Word, value: Word, user: Record) -> None:
    """A piece of a store to watched pages."""
    pages = carray(user, 1)[0]
    engine = carray(as_engine(np.intp(pages.engine)), 1)[0]
    width, big_endian = np.int64(size), engine.big_endian != U(0)
    at = np.intp(pages.host + offset)
    note_write(engine, at, width)
    data = carray(as_u8(at), 8)
    for i in range(width):
        data[i] = np.uint8(U(value) >> U(8 * (width - 1 - i if big_endian else i)))
