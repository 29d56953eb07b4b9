"""The context of a hook in compiled code: its fields are read where they are used, and cost nothing elsewhere."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import carray, njit, types
from numba.core import cgutils, errors
from numba.extending import (
    intrinsic,
    make_attribute_wrapper,
    models,
    overload_attribute,
    overload_method,
    register_model,
)

from emu.hook.contexts import FIELDS, METHODS
from emu.hook.native_functions import code_now, guest_number, ram_value, retired_before
from emu.hook.registers import NoRegister, Registers
from isa.native import (
    as_control,
    as_engine,
    as_hooks,
    as_u8,
    as_u16,
    as_u32,
    as_u64,
    save,
    uc_reg_read,
)
from isa.records import HOOK_STOP

U = np.uint64


class ContextType(types.Type):  # type: ignore[misc]
    """`kind` is one of FIELDS; `stops` gets the texts and codes of stops, by number. `serial` tells compilations apart:
    numba takes types of the same name for the same, and an address may come again."""

    def __init__(
        self, kind: str, hooks: int, registers: Registers, stops: list[tuple[str, int]], serial: int
    ) -> None:
        self.kind, self.hooks, self.registers, self.stops = kind, hooks, registers, stops
        super().__init__(f"context of on_{kind} in compilation {serial}")


class InstructionType(ContextType):
    pass


class BlockType(ContextType):
    pass


class AccessType(ContextType):
    pass


class ExitType(ContextType):
    pass


TYPES: Final = {
    "insn": InstructionType,
    "block": BlockType,
    "read": AccessType,
    "write": AccessType,
    "exit": ExitType,
}
_FIELDS: Final = ("engine", "code", "bytes", "place", "data")


class _Model(models.StructModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(
            manager, kind, [("engine", types.intp), *((each, types.uint64) for each in _FIELDS[1:])]
        )


for _type in (InstructionType, BlockType, AccessType, ExitType):
    register_model(_type)(_Model)
    for _field in _FIELDS:
        make_attribute_wrapper(_type, _field, f"_{_field}")
for _type, _names in (
    (InstructionType, {"bytes": "size"}),
    (BlockType, {"code": "pc", "bytes": "size"}),
    (AccessType, {"place": "address", "bytes": "size"}),
    (ExitType, {"code": "pc", "place": "address", "bytes": "size", "data": "value"}),
):
    for _field, _name in _names.items():
        make_attribute_wrapper(_type, _field, _name)
make_attribute_wrapper(InstructionType, "code", "pc")


def make_context(kind: ContextType) -> Any:
    """An intrinsic that makes one of (address of the engine block, code, bytes, place, data)."""

    @intrinsic
    def make(typing_context: Any, engine: Any, code: Any, size: Any, place: Any, data: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            struct = cgutils.create_struct_proxy(kind)(context, builder)
            for name, value in zip(_FIELDS, arguments, strict=True):
                setattr(struct, name, value)
            return struct._getvalue()

        return kind(types.intp, types.uint64, types.uint64, types.uint64, types.uint64), generate

    return make


@overload_attribute(AccessType, "pc")
def _access_pc(ctx: Any) -> Any:
    def pc(ctx: Any) -> Any:
        return code_now(ctx._engine)

    return pc


@overload_attribute(ContextType, "vcpu")
def _vcpu(ctx: Any) -> Any:
    def vcpu(ctx: Any) -> Any:
        return carray(as_control(np.intp(carray(as_engine(ctx._engine), 1)[0].control)), 1)[0].vcpu_id

    return vcpu


@overload_attribute(ContextType, "retired")
def _retired(ctx: Any) -> Any:
    kind = ctx.kind

    def block(ctx: Any) -> Any:
        control = carray(as_control(np.intp(carray(as_engine(ctx._engine), 1)[0].control)), 1)[0]
        return control.retired - control.block_count

    def left(ctx: Any) -> Any:
        return carray(as_control(np.intp(carray(as_engine(ctx._engine), 1)[0].control)), 1)[0].retired

    def inside(ctx: Any) -> Any:
        return retired_before(ctx._engine, ctx.pc)

    return block if kind == "block" else left if kind == "exit" else inside


@overload_attribute(BlockType, "count")
def _count(ctx: Any) -> Any:
    def count(ctx: Any) -> Any:
        return carray(as_control(np.intp(carray(as_engine(ctx._engine), 1)[0].control)), 1)[0].block_count

    return count


@overload_attribute(ExitType, "reason")
def _reason(ctx: Any) -> Any:
    def reason(ctx: Any) -> Any:
        return np.int64(carray(as_control(np.intp(carray(as_engine(ctx._engine), 1)[0].control)), 1)[0].kind)

    return reason


@overload_attribute(AccessType, "value")
def _value(ctx: Any) -> Any:
    def written(ctx: Any) -> Any:
        return ctx._data

    def there(ctx: Any) -> Any:
        return ram_value(ctx._engine, ctx._place, ctx._bytes)

    return written if ctx.kind == "write" else there


_POINTERS: Final = {1: as_u8, 2: as_u16, 4: as_u32, 8: as_u64}


def _register(registers: Registers, name: str) -> Any:
    """A function of a context that reads it. Raises TypingError."""
    try:
        found = registers.find(name)
    except NoRegister as error:
        raise errors.TypingError(str(error)) from error
    if found.zero:
        return njit(lambda ctx: U(0))
    if found.number is not None:
        number = found.number

        def through(ctx: Any) -> Any:
            engine = carray(as_engine(ctx._engine), 1)[0]
            word = carray(as_u64(np.intp(engine.scratch)), 1)
            word[0] = U(0)
            uc_reg_read(np.intp(engine.uc), np.int32(number), np.intp(engine.scratch))
            return word[0]

        return njit(through)
    offset, pointer = found.offset, _POINTERS[found.size]

    def inside(ctx: Any) -> Any:
        engine = carray(as_engine(ctx._engine), 1)[0]
        save(engine)
        return U(carray(pointer(np.intp(engine.state) + offset), 1)[0])

    return njit(inside, forceinline=True)


def _constant(value: Any) -> Any:
    """What an argument of compiled code is, where that is known."""
    if isinstance(value, types.Omitted):
        return value.value
    return value.literal_value if isinstance(value, types.Literal) else value


@overload_method(ContextType, "reg", prefer_literal=True)
def _reg(ctx: Any, name: Any) -> Any:
    wanted = _constant(name)
    if not isinstance(wanted, str):
        raise errors.TypingError("ctx.reg(NAME) expects a constant in quotation marks as the register's name")
    read = _register(ctx.registers, wanted)

    def reg(ctx: Any, name: Any) -> Any:
        return read(ctx)

    return reg


@overload_attribute(ContextType, "level")
def _level(ctx: Any) -> Any:
    try:
        name, mask = ctx.registers.privilege()
    except NoRegister as error:
        raise errors.TypingError(str(error)) from error
    read = _register(ctx.registers, name)

    def level(ctx: Any) -> Any:
        return read(ctx) & U(mask)

    return level


def _reader(size: int) -> None:
    @overload_method(ContextType, f"read_u{8 * size}")
    def _read(ctx: Any, address: Any) -> Any:
        if not isinstance(address, types.Integer):
            raise errors.TypingError(f"ctx.read_u{8 * size}(ADDRESS) expects a whole number")

        def read(ctx: Any, address: Any) -> Any:
            result = np.intp(carray(as_engine(ctx._engine), 1)[0].scratch) + 8
            if guest_number(ctx._engine, U(address), U(size), result) == 0:
                raise LookupError("no memory is there to be read")
            return carray(as_u64(result), 1)[0]

        return read


for _size in _POINTERS:
    _reader(_size)


@overload_method(ContextType, "stop", prefer_literal=True)
def _stop(ctx: Any, text: Any = "a hook asked for it", code: Any = 1) -> Any:
    words, number = _constant(text), _constant(code)
    if not isinstance(words, str) or not isinstance(number, int) or not 0 <= number <= 255:
        raise errors.TypingError(
            "ctx.stop(TEXT, CODE) expects constants: a text, and an exit code from 0 to 255"
        )
    if (words, number) not in ctx.stops:
        ctx.stops.append((words, number))
    which, address = ctx.stops.index((words, number)), ctx.hooks

    def stop(ctx: Any, text: Any = "a hook asked for it", code: Any = 1) -> None:
        hooks = carray(as_hooks(np.intp(address)), 1)[0]
        if hooks.asks & U(HOOK_STOP) == U(0):
            hooks.asks |= U(HOOK_STOP)
            hooks.stop = U(which)

    return stop


def fields_text(kind: str) -> str:
    """What a context has, for a message."""
    return f"a context of on_{kind} has {', '.join(FIELDS[kind])}, {', '.join(METHODS)}"
