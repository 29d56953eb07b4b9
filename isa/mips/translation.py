"""MIPS, native: what the engine's TLB gets of the untranslated segments, with code and data apart (`isa.fill` says why).

The engine's fill hook is of no use here: with it the engine loses track of delay slots. So this takes the place of the
CPU's own function, and leaves to that what the guest's TLB maps.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, njit, types
from numba.extending import intrinsic

from isa.mips.words import BLOCK_OWNER, FLUSH_TLB, SET_PAGE, TLB_FILL, U, backing, function, mapped, physical
from isa.native import Record, Word, as_engine, as_u8, as_u64, call_word
from isa.records import PAGE_CODE, PAGE_DATA, PAGES

READ, WRITE, EXECUTE = 1, 2, 4
FETCH = 2
USER_MODES = (1, 2)
PAGE = 4096


def _call(*arguments: Word) -> Word:
    """An intrinsic that calls bool (host address of a CPU object, ...) by the function's address, its first argument."""

    def generate(context: Word, builder: Word, signature: Word, values: Word) -> Word:
        kinds = [context.get_value_type(one) for one in (types.intp, *arguments)]
        kind = ir.FunctionType(context.get_value_type(types.int64), kinds)
        return builder.call(builder.inttoptr(values[0], kind.as_pointer()), values[1:])

    signature = types.int64(types.intp, types.intp, *arguments)

    def five(typing: Word, at: Word, cpu: Word, a: Word, b: Word, c: Word, d: Word, e: Word) -> Word:
        return signature, generate

    def six(typing: Word, at: Word, cpu: Word, a: Word, b: Word, c: Word, d: Word, e: Word, f: Word) -> Word:
        return signature, generate

    return intrinsic({5: five, 6: six}[len(arguments)])


call_set_page = _call(types.uint64, types.uint64, types.int32, types.int32, types.uint64)
call_fill = _call(types.uint64, types.int32, types.int32, types.int32, types.int32, types.uint64)


@njit
def fetched_from(engine: Record, cpu: Word, page: Word) -> None:
    """A page holds code from now on: no entry that was given for data may let it be written unseen. To come before the
    page's own entry, which the engine expects to find when its TLB has been filled."""
    pages = carray(as_u8(np.intp(engine.pages)), PAGES)
    i = np.int64(page >> U(12)) & (PAGES - 1)
    if pages[i] == np.uint8(PAGE_DATA):
        call_word(function(engine, FLUSH_TLB), cpu)
    pages[i] |= np.uint8(PAGE_CODE)


@cfunc(
    types.boolean(
        types.intp, types.uint64, types.int32, types.int32, types.int32, types.boolean, types.uint64
    )
)
def fill(cpu: Word, address: Word, size: Word, kind: Word, mode: Word, probe: Word, place: Word) -> Word:
    """In place of the CPU's function: the TLB entry of the page at `address`, or the guest's exception."""
    engine = carray(as_engine(np.intp(carray(as_u64(cpu + BLOCK_OWNER), 1)[0])), 1)[0]
    page = ~U(0) if mode in USER_MODES else physical(engine, address) & ~U(PAGE - 1)
    if page > U(0xFFFFFFFF) or backing(engine, page, PAGE) == 0:
        if kind == FETCH:
            page = mapped(engine, address)
            if page != ~U(0):
                fetched_from(engine, cpu, page)
        done = call_fill(function(engine, TLB_FILL), cpu, address, size, kind, mode, np.int32(probe), place)
        return done & 0xFF != 0
    if kind == FETCH:
        fetched_from(engine, cpu, page)
        rights = READ | EXECUTE
    else:
        pages = carray(as_u8(np.intp(engine.pages)), PAGES)
        i = np.int64(page >> U(12)) & (PAGES - 1)
        rights = READ | WRITE | (EXECUTE if pages[i] & np.uint8(PAGE_CODE) else 0)
        pages[i] |= np.uint8(PAGE_DATA)
    call_set_page(
        function(engine, SET_PAGE), cpu, address & ~U(PAGE - 1), page, np.int32(rights), mode, U(PAGE)
    )
    return True
