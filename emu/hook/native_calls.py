"""The callbacks that the engine calls, around a user's hooks: when they are called, and what becomes of a stop.

A hook is called once for each thing that it is to see. An instruction whose access to a device was refused is begun
anew when the answer is there (gate and latch): what it does before that answer has been seen. A stop, and a hook that
fails, end the run before the instruction: the block hook takes back the block, the others what the block was charged
from there on.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, njit, types
from numba.extending import intrinsic

from axvcpu.control import Kind
from emu.hook.native_functions import code_now, leave_before, put_right, seen
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_hooks,
    engine_record,
    uc_emu_stop,
)
from isa.records import HOOK_STOP, HOOKS

U = np.uint64
KICK = int(Kind.KICK)
WORDS: Final = (int(Kind.HALT), int(Kind.HYPERCALL), int(Kind.SEMIHOST))
"""Exits of which the control block's address, width and data say nothing."""
LONGEST: Final = np.uint32(64)


@njit
def must_stop(hooks: Record) -> Word:
    return hooks.asks & U(HOOK_STOP) != U(0) or hooks.failed != U(0)


def instruction_callback(make: Any, call: Any, address: int) -> Any:
    """UC_HOOK_CODE."""

    @cfunc(
        types.void(types.intp, types.uint64, types.uint32, types.CPointer(engine_record)), error_model="numpy"
    )
    def callback(uc: Word, pc: Word, size: Word, user: Record) -> None:
        engine = carray(user, 1)[0]
        control = carray(as_control(np.intp(engine.control)), 1)[0]
        hooks = carray(as_hooks(np.intp(address)), 1)[0]
        if (control.kind | control.latch_count | hooks.again) != U(0) and seen(np.intp(engine.address)) != 0:
            return
        length = U(size) if size <= LONGEST else U(0)
        if call(make(np.intp(engine.address), pc, length, U(0), U(0))) != 0 or hooks.asks != U(0):
            control.attention = U(1)
            if must_stop(hooks):
                control.kick = U(1)
                leave_before(np.intp(engine.address), pc)

    return callback


def block_callback(make: Any, call: Any, address: int) -> Any:
    """UC_HOOK_BLOCK, behind the one that counts."""

    @cfunc(
        types.void(types.intp, types.uint64, types.uint32, types.CPointer(engine_record)), error_model="numpy"
    )
    def callback(uc: Word, pc: Word, size: Word, user: Record) -> None:
        engine = carray(user, 1)[0]
        control = carray(as_control(np.intp(engine.control)), 1)[0]
        hooks = carray(as_hooks(np.intp(address)), 1)[0]
        if (control.kind | control.latch_count | hooks.again) != U(0) and seen(np.intp(engine.address)) != 0:
            return
        if call(make(np.intp(engine.address), pc, U(size), U(0), U(0))) != 0 or hooks.asks != U(0):
            control.attention = U(1)
            if must_stop(hooks):
                control.kick = U(1)
                control.retired -= control.block_count
                control.block_count = control.counter_register = U(0)
                control.kind = U(KICK)
                uc_emu_stop(uc)

    return callback


def access_callback(make: Any, call: Any, address: int) -> Any:
    """UC_HOOK_MEM_READ or WRITE. An access across the end of a page comes once, whole."""

    @cfunc(
        types.void(
            types.intp, types.int32, types.uint64, types.int32, types.int64, types.CPointer(engine_record)
        ),
        error_model="numpy",
    )
    def callback(uc: Word, kind: Word, place: Word, size: Word, value: Word, user: Record) -> None:
        engine = carray(user, 1)[0]
        control = carray(as_control(np.intp(engine.control)), 1)[0]
        hooks = carray(as_hooks(np.intp(address)), 1)[0]
        plain = (control.kind | control.latch_count | hooks.again) == U(0)
        if plain or seen(np.intp(engine.address)) == 0:
            width = U(size)
            data = U(value) if size >= 8 else U(value) & ((U(1) << (U(8) * width)) - U(1))
            if call(make(np.intp(engine.address), U(0), width, place, data)) != 0 or hooks.asks != U(0):
                control.attention = U(1)
                if must_stop(hooks):
                    control.kick = U(1)
                    leave_before(np.intp(engine.address), code_now(np.intp(engine.address)))
                    return
        put_right(np.intp(engine.address))

    return callback


def exit_callback(make: Any, call: Any, address: int) -> Any:
    """What `isa.native.tell_exit` calls."""

    @cfunc(types.int32(types.intp, types.uint64), error_model="numpy")
    def callback(block: Word, value: Word) -> Word:
        engine = carray(as_engine(block), 1)[0]
        control = carray(as_control(np.intp(engine.control)), 1)[0]
        hooks = carray(as_hooks(np.intp(address)), 1)[0]
        if must_stop(hooks):
            return 0
        described = np.int64(control.kind) not in WORDS
        size, place = (control.width, control.address) if described else (U(0), U(0))
        ctx = make(block, control.pc + engine.code_base, size, place, value if described else U(0))
        if call(ctx, control.window) != 0 or hooks.asks != U(0):
            control.attention = U(1)
            if must_stop(hooks):
                control.kick = U(1)
        return 0

    return callback


def caller(
    hooks: list[tuple[int, Any, tuple[int, ...] | None]], address: int, *, of_window: bool = False
) -> Any:
    """An intrinsic int32 (context, and with `of_window` a window's number) that calls compiled hooks one after the
    other, each (its number, what numba has compiled, the windows that it asks for): not 0 where one has raised, which is
    noted."""
    failed, exception = (address + int(HOOKS.fields[name][1]) for name in ("failed", "exception"))  # type: ignore[index]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        result = builder.alloca(ir.IntType(32))
        builder.store(ir.Constant(ir.IntType(32), 0), result)
        done = builder.append_basic_block("done")
        for number, compiled, windows in hooks:
            after = builder.append_basic_block("after")
            if windows is not None:
                wanted = ir.Constant(ir.IntType(1), 0)
                for each in windows:
                    wanted = builder.or_(wanted, builder.icmp_unsigned("==", arguments[1], word(each)))
                inside = builder.append_basic_block("inside")
                builder.cbranch(wanted, inside, after)
                builder.position_at_end(inside)
            context.active_code_library.add_linking_library(compiled.library)
            function = context.declare_function(builder.module, compiled.fndesc)
            status, _ = context.call_conv.call_function(
                builder, function, compiled.fndesc.restype, compiled.fndesc.argtypes, [arguments[0]]
            )
            wrong = builder.append_basic_block("wrong")
            builder.cbranch(status.is_error, wrong, after)
            builder.position_at_end(wrong)
            for place, value in (
                (failed, word(number + 1)),
                (exception, builder.ptrtoint(status.excinfoptr, word)),
            ):
                builder.store(value, builder.inttoptr(word(place), word.as_pointer()))
            builder.store(ir.Constant(ir.IntType(32), 1), result)
            builder.branch(done)
            builder.position_at_end(after)
        builder.branch(done)
        builder.position_at_end(done)
        return builder.load(result)

    @intrinsic
    def call(typing_context: Any, ctx: Any) -> Any:
        return types.int32(ctx), generate

    @intrinsic
    def call_of_window(typing_context: Any, ctx: Any, window: Any) -> Any:
        return types.int32(ctx, window), generate

    return call_of_window if of_window else call
