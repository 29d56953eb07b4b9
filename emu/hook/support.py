"""What compiled hooks call: made once, with the other callbacks, and kept. A user's hooks, which are compiled for each
run, then hold little more than the user's own code.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from emu.engine.watch_hooks import leave, put_right
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_hooks,
    as_regions,
    as_u8,
    as_u64,
    give_back,
    uc_reg_read,
    uc_vmem_read,
    walk,
)
from isa.records import HOOK_DRAIN, UC_PROT_EXEC, UC_PROT_READ

U = np.uint64
NONE, KICK = int(Kind.NONE), int(Kind.KICK)
CHUNK: Final = 1 << 14
"""Rows of a ring that wait for Python."""
FIRST_ROWS: Final = 1 << 10
calloc = types.ExternalFunction("calloc", types.intp(types.uint64, types.uint64))
realloc = types.ExternalFunction("realloc", types.intp(types.intp, types.uint64))
free = types.ExternalFunction("free", types.void(types.intp))


@njit
def seen(engine: Record, control: Record, hooks: Record) -> Word:
    """Whether what happens now has been seen: the instruction is begun anew, or the block is not begun."""
    if control.kind != U(NONE):
        return True
    start = control.block_pc - engine.code_base
    if control.latch_next < control.latch_count and start == control.latch_pc:
        return True
    if hooks.again != U(0):
        same = (
            control.block_pc == hooks.again_pc
            and control.retired - control.block_count == hooks.again_retired
        )
        if same:
            return True
        hooks.again = U(0)
    return False


@njit
def leave_before(engine: Record, control: Record, uc: Word, pc: Word) -> None:
    """End the run before the instruction at `pc`, inside a block."""
    give_back(engine, control, np.int64(pc))
    control.kind = U(KICK)
    leave(engine, uc)


@njit(error_model="numpy")
def code_now(engine: Record) -> Word:
    """Guest-virtual address of the instruction that makes an access: the engine has looked it up."""
    word = carray(as_u64(np.intp(engine.scratch)), 1)
    word[0] = U(0)
    uc_reg_read(np.intp(engine.uc), np.int32(engine.pc_register), np.intp(engine.scratch))
    return word[0] + engine.code_base


@njit(error_model="numpy")
def retired_before(engine: Record, control: Record, pc: Word) -> Word:
    """Instructions retired before the one at `pc`, in the block that runs."""
    start, before = control.block_pc, control.retired - control.block_count
    if pc <= start or pc >= start + control.block_size:
        return before
    return before + U(walk(engine, np.int64(start), np.int64(pc - start)))


@njit(error_model="numpy")
def number_at(at: Word, size: Word, big_endian: Word) -> Word:
    data, value = carray(as_u8(at), 8), U(0)
    for i in range(size):
        value |= U(data[i]) << (U(8) * (size - U(1) - U(i) if big_endian else U(i)))
    return value


@njit(error_model="numpy")
def ram_value(engine: Record, address: Word, size: Word) -> Word:
    """A number in RAM, guest-physical; 0 where there is none."""
    regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
    for i in range(engine.regions_count):
        row = regions[i]
        if row.lo <= address and address + size - U(1) <= row.hi:
            return number_at(np.intp(row.host + (address - row.lo)), size, engine.big_endian != U(0))
    return U(0)


@njit(error_model="numpy")
def guest_number(engine: Record, address: Word, size: Word) -> tuple[Word, Word]:
    """Whether there is memory at a guest-virtual address, and the number in it."""
    if engine.paging == U(0):
        regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
        for i in range(engine.regions_count):
            row = regions[i]
            if row.lo <= address and address + size - U(1) <= row.hi:
                at = np.intp(row.host + (address - row.lo))
                return True, number_at(at, size, engine.big_endian != U(0))
        return False, U(0)
    at = np.intp(engine.scratch)
    for right in (UC_PROT_READ, UC_PROT_EXEC):  # code may be for execution only
        if uc_vmem_read(np.intp(engine.uc), address, right, at, size) == 0:
            return True, number_at(at, size, engine.big_endian != U(0))
    return False, U(0)


@njit(error_model="numpy")
def table_place(rows: Word, size: Word, keys: Word, a: Word, b: Word, c: Word, d: Word) -> Word:
    """Address of the row of these keys, or of the empty one where it belongs."""
    mixed = (
        a * U(0x9E3779B97F4A7C15)
        ^ b * U(0xC2B2AE3D27D4EB4F)
        ^ c * U(0x165667B19E3779F9)
        ^ d * U(0xD6E8FEB86659FD93)
    )
    i = (mixed ^ mixed >> U(32)) & (size - U(1))
    stride = U(8) * (keys + U(2))
    while True:
        at = np.intp(rows + i * stride)
        row = carray(as_u64(at), 6)
        if row[0] == U(0) or (
            row[2] == a
            and (keys < U(2) or row[3] == b)
            and (keys < U(3) or row[4] == c)
            and (keys < U(4) or row[5] == d)
        ):
            return at
        i = (i + U(1)) & (size - U(1))


@njit(error_model="numpy")
def table_grow(record: Word) -> Word:
    """Twice the rows; False where there is no memory for them, or there are to be no more."""
    words = carray(as_u64(np.intp(record)), 5)
    size, keys = words[1], words[3]
    wanted = size * U(2) if size != U(0) else U(FIRST_ROWS)
    if wanted > words[4] * U(2):
        return False
    stride = keys + U(2)
    rows = calloc(wanted * stride, U(8))
    if rows == 0:
        return False
    for i in range(size):
        old = carray(as_u64(np.intp(words[0] + U(i) * stride * U(8))), 6)
        if old[0] != U(0):
            b = old[3] if keys > U(1) else U(0)
            c = old[4] if keys > U(2) else U(0)
            d = old[5] if keys > U(3) else U(0)
            new = carray(as_u64(table_place(U(rows), wanted, keys, old[2], b, c, d)), 6)
            for k in range(stride):
                new[k] = old[k]
    free(np.intp(words[0]))
    words[0], words[1] = U(rows), wanted
    return True


@njit(error_model="numpy")
def table_row(record: Word, a: Word, b: Word, c: Word, d: Word) -> Word:
    """Address of the row of these keys, made where there was none; 0 where there can be none."""
    words = carray(as_u64(np.intp(record)), 5)
    if words[2] * U(2) >= words[1] and not table_grow(record):
        return np.intp(0)
    at = table_place(words[0], words[1], words[3], a, b, c, d)
    row = carray(as_u64(at), 6)
    if row[0] == U(0):
        row[0], row[2] = U(1), a
        if words[3] > U(1):
            row[3] = b
        if words[3] > U(2):
            row[4] = c
        if words[3] > U(3):
            row[5] = d
        words[2] += U(1)
    return at


@njit(error_model="numpy")
def table_get(record: Word, a: Word, b: Word, c: Word, d: Word) -> Word:
    words = carray(as_u64(np.intp(record)), 5)
    if words[1] == U(0):
        return U(0)
    row = carray(as_u64(table_place(words[0], words[1], words[3], a, b, c, d)), 6)
    return row[1] if row[0] != U(0) else U(0)


@njit(error_model="numpy")
def ring_row(record: Word, hooks: Word) -> Word:
    """Address of a new row; 0 where there is no memory for it. From CHUNK rows on Python is asked to take them."""
    words = carray(as_u64(np.intp(record)), 5)
    head = words[1]
    if head >= words[2]:
        size = words[2] * U(2) if words[2] != U(0) else U(2 * CHUNK)
        rows = realloc(np.intp(words[0]), size * words[3] * U(8))
        if rows == 0:
            return np.intp(0)
        words[0], words[2] = U(rows), size
    if head + U(1) >= U(CHUNK):
        carray(as_hooks(np.intp(hooks)), 1)[0].asks |= U(HOOK_DRAIN)
    words[1] = head + U(1)
    words[4] += U(1)
    return np.intp(words[0] + head * words[3] * U(8))


@cfunc(types.intp(types.intp, types.uint64, types.uint64, types.uint64, types.uint64))
def hook_table_row(record: Word, a: Word, b: Word, c: Word, d: Word) -> Word:
    return table_row(record, a, b, c, d)


@cfunc(types.uint64(types.intp, types.uint64, types.uint64, types.uint64, types.uint64))
def hook_table_get(record: Word, a: Word, b: Word, c: Word, d: Word) -> Word:
    return table_get(record, a, b, c, d)


@cfunc(types.intp(types.intp, types.intp))
def hook_ring_row(record: Word, hooks: Word) -> Word:
    return ring_row(record, hooks)


@cfunc(types.int32(types.intp))
def hook_seen(block: Word) -> Word:
    engine = carray(as_engine(block), 1)[0]
    hooks = carray(as_hooks(np.intp(engine.hooks)), 1)[0]
    return 1 if seen(engine, carray(as_control(np.intp(engine.control)), 1)[0], hooks) else 0


@cfunc(types.void(types.intp, types.uint64))
def hook_leave(block: Word, pc: Word) -> None:
    engine = carray(as_engine(block), 1)[0]
    leave_before(engine, carray(as_control(np.intp(engine.control)), 1)[0], np.intp(engine.uc), pc)


@cfunc(types.void(types.intp))
def hook_put_right(block: Word) -> None:
    put_right(carray(as_engine(block), 1)[0])


@cfunc(types.uint64(types.intp))
def hook_code_now(block: Word) -> Word:
    return code_now(carray(as_engine(block), 1)[0])


@cfunc(types.uint64(types.intp, types.uint64))
def hook_retired(block: Word, pc: Word) -> Word:
    engine = carray(as_engine(block), 1)[0]
    return retired_before(engine, carray(as_control(np.intp(engine.control)), 1)[0], pc)


@cfunc(types.uint64(types.intp, types.uint64, types.uint64))
def hook_ram(block: Word, address: Word, size: Word) -> Word:
    return ram_value(carray(as_engine(block), 1)[0], address, size)


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.intp))
def hook_number(block: Word, address: Word, size: Word, result: Word) -> Word:
    """Whether there is memory at a guest-virtual address; the number in it is put to `result`."""
    found, value = guest_number(carray(as_engine(block), 1)[0], address, size)
    carray(as_u64(result), 1)[0] = value
    return 1 if found else 0
