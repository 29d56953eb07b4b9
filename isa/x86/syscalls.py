"""x86, native: SYSCALL and SYSENTER [Intel SDM 2B]. The engine leaves them to hooks and adds their length afterwards."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Record, Word, engine_record, get32, get64, put64
from isa.x86.causes import Cause
from isa.x86.layout import Slot
from isa.x86.words import (
    CS,
    CS64,
    EFER,
    FLAGS,
    IF,
    LMA,
    PC,
    RCX,
    RSP,
    SS,
    VM,
    U,
    helper_read_eflags,
    helper_write_eflags,
    hflags,
    hide,
    linear,
    load_flat,
    put_general,
    raise_exception_err,
    size_at,
)

STAR, LSTAR, CSTAR, FMASK = int(Slot.STAR), int(Slot.LSTAR), int(Slot.CSTAR), int(Slot.FMASK)
SYSENTER_CS, SYSENTER_ESP, SYSENTER_EIP = (
    int(Slot.SYSENTER_CS),
    int(Slot.SYSENTER_ESP),
    int(Slot.SYSENTER_EIP),
)
R11, RF = 11, 1 << 16
CODE_64, CODE_32, DATA = 0xAF9B00, 0xCF9B00, 0xCF9300
ALL = np.uint32(0xFFFFFFFF)
INVALID_OPCODE, GENERAL_PROTECTION = np.int32(Cause.INVALID_OPCODE), np.int32(Cause.GENERAL_PROTECTION)


@cfunc(types.void(types.intp, types.CPointer(engine_record)))
def on_syscall(uc: Word, user: Record) -> None:
    engine = carray(user, 1)[0]
    state = np.intp(engine.state)
    if get64(engine, EFER) & U(1) == U(0):
        raise_exception_err(state, INVALID_OPCODE, np.int32(0))
    star, size = get64(engine, STAR), U(size_at(engine, linear(engine)))
    flags, after = helper_read_eflags(state), get64(engine, PC) + size
    selector = (star >> U(32)) & U(0xFFFC)
    if hflags(engine) & U(LMA) != U(0):
        target = get64(engine, LSTAR) if hflags(engine) & U(CS64) != U(0) else get64(engine, CSTAR)
        put_general(engine, RCX, after)
        put_general(engine, R11, flags & ~U(RF))
        helper_write_eflags(state, flags & ~(get64(engine, FMASK) | U(RF)), ALL)
        load_flat(engine, CS, selector, U(CODE_64))
    else:
        target = star & U(0xFFFFFFFF)
        put_general(engine, RCX, after & U(0xFFFFFFFF))
        put64(engine, FLAGS, get64(engine, FLAGS) & ~U(IF | RF | VM))
        load_flat(engine, CS, selector, U(CODE_32))
    load_flat(engine, SS, selector + U(8), U(DATA))
    hide(engine)
    put64(engine, PC, target - size)


@cfunc(types.void(types.intp, types.CPointer(engine_record)))
def on_sysenter(uc: Word, user: Record) -> None:
    engine = carray(user, 1)[0]
    state = np.intp(engine.state)
    selector = get32(engine, SYSENTER_CS) & U(0xFFFC)
    if selector == U(0):
        raise_exception_err(state, GENERAL_PROTECTION, np.int32(0))
    size = U(size_at(engine, linear(engine)))
    put64(
        engine, FLAGS, get64(engine, FLAGS) & ~U(IF | RF | VM)
    )  # the translated code keeps the condition codes
    long = hflags(engine) & U(LMA) != U(0)
    load_flat(engine, CS, selector, U(CODE_64 if long else CODE_32))
    load_flat(engine, SS, selector + U(8), U(DATA))
    hide(engine)
    put_general(engine, RSP, get64(engine, SYSENTER_ESP))
    put64(engine, PC, get64(engine, SYSENTER_EIP) - size)
