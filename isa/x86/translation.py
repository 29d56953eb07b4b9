"""x86, native: memory while the guest does not page."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from axvcpu.control import Kind
from isa.fill import fill, leave_for_translation
from isa.native import Record, Word, as_control, engine_record
from isa.x86.causes import Cause
from isa.x86.svm import PRIVATE, STUB
from isa.x86.words import LMA, PG, U, canonical, control_register, hflags

DELIVER = int(Kind.DELIVER)
GENERAL_PROTECTION = int(Cause.GENERAL_PROTECTION)


@cfunc(types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)))
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Record) -> Word:
    """UC_HOOK_TLB_FILL while CR0.PG is 0: identity, of 32 bits outside of 64-bit mode; in it, #GP(0) for an address that
    is not canonical [Intel SDM 1, 3.3.7.1]. As soon as the guest pages, the engine's own MMU takes over."""
    engine = carray(user, 1)[0]
    if control_register(engine, 0) & U(PG) != U(0):
        engine.paging = U(1)
        return leave_for_translation(engine, kind)
    if hflags(engine) & U(LMA) == U(0):
        return fill(engine, address & U(0xFFFFFFFF), kind, entry)
    if not canonical(address) and (engine.resuming == U(0) or address != U(PRIVATE + STUB)):
        control = carray(as_control(np.intp(engine.control)), 1)[0]
        control.kind, control.cause, control.fault_address = U(DELIVER), U(GENERAL_PROTECTION), U(0)
        return False
    return fill(engine, address, kind, entry)
