"""SPARC, native: memory while the guest's MMU is off, and the two halves of an entry into the engine.

The engine enters at a pc, and takes npc to be the word after it: wrong behind a branch whose delay slot is next. So the
entry is made as the engine wants it, and its first block, which has not begun then, puts npc right and leaves the block
for the engine to find the one that both say.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.fill import fill, leave_for_translation
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u32,
    call_word,
    engine_record,
    get32,
    get64,
)
from isa.sparc.words import (
    KEPT_LIMIT,
    KEPT_NPC,
    KEPT_STEP,
    LSU,
    MMU,
    NPC,
    U,
    cut,
    follow,
    get,
    keep,
    kept,
    point,
    put,
)

MMU_ON = 1
MMUS_ON = 0xC


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Record) -> Word:
    """UC_HOOK_TLB_FILL while the guest's MMU is off. As soon as it is on, the engine's own takes over."""
    engine = carray(user, 1)[0]
    on = get64(engine, LSU) & U(MMUS_ON) if engine.wide != U(0) else get32(engine, MMU) & U(MMU_ON)
    if on != U(0):
        engine.paging = U(1)
        return leave_for_translation(engine, kind)
    return fill(engine, address, kind, entry)


@cfunc(types.uint64(types.intp))
def begin(address: Word) -> Word:
    """Where to enter; what is to be put right at the first block is kept."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    follow(engine, control)
    point(engine)
    npc = get(engine, NPC)
    engine.resuming = U(0)
    limit = kept(engine, KEPT_LIMIT)
    if limit != U(0):
        keep(engine, KEPT_LIMIT, U(0))
        step = carray(as_u32(np.intp(engine.step)), 1)
        step[0] = min(step[0], np.uint32(limit))
    if npc != cut(engine, control.pc + U(4)):
        engine.resuming = U(1)
        control.attention = U(1)
        keep(engine, KEPT_NPC, npc)
        if engine.step != U(0):
            keep(engine, KEPT_STEP, carray(as_u32(np.intp(engine.step)), 1)[0])
    return control.pc


@cfunc(types.int32(types.intp))
def settle(address: Word) -> Word:
    """The engine has come back: where no block has begun, npc is still to be put right."""
    engine = carray(as_engine(address), 1)[0]
    if engine.resuming != U(0):
        engine.resuming = U(0)
        put(engine, NPC, kept(engine, KEPT_NPC))
    return 0


@cfunc(types.int32(types.intp))
def resume(address: Word) -> Word:
    """At the first block of an entry: go on with the npc that is right, and with the length asked for."""
    engine = carray(as_engine(address), 1)[0]
    put(engine, NPC, kept(engine, KEPT_NPC))
    if engine.step != U(0):
        carray(as_u32(np.intp(engine.step)), 1)[0] = np.uint32(kept(engine, KEPT_STEP))
    call_word(np.intp(engine.loop_exit), np.intp(engine.cpu))
    return 0
