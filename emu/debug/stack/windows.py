"""SPARC: callers keep their registers in windows, in the CPU as long as there is room, else on their stack.

The registers of the window above are in the CPU where no trap has spilled them (V8: up to the window that WIM marks, V9:
CANRESTORE of them); else they are at its stack pointer: 8 locals, then 8 ins (V8 app. D.1; V9: 2047 bytes further).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from emu.debug.stack.caller import Caller, Context, Here, Outermost
from emu.debug.stack.frame import Method
from isa.contract import Isa

_AFTER_CALL = 8  # bytes: %o7 and %i7 hold the call's own address


class HasRegisters(Protocol):
    """A stopped vCPU; `register` is None for one that cannot be read."""

    @property
    def isa(self) -> Isa: ...

    def register(self, name: str) -> int | None: ...


def resident(vcpu: HasRegisters) -> Iterator[tuple[int, list[int]]]:
    """(stack pointer, 8 locals and 8 ins) of each window above the current one that is in the CPU: what a flush of the
    windows would store, and where."""
    sp = vcpu.register("fp")
    for depth in range(1, _resident(vcpu) + 1):
        found = _in_cpu(vcpu, depth)
        if found is None or not sp:
            return
        yield sp, list(found.values())
        sp = found["fp"]


def caller(context: Context, here: Here, *, windowed: bool) -> Caller | Outermost | None:
    """windowed: the function has a window of its own, else it works in its caller's."""
    link = here.registers.get("i7" if windowed else "o7")
    if link is None:
        return None
    pc = (link + _AFTER_CALL) & context.reading.mask
    where = context.place(here)
    if not link:
        return Outermost(f"{where} is the outermost frame: its return address is 0")
    if not windowed:
        if not here.exact:  # its own call overwrote the only return address there is
            return Outermost(f"{where} is the outermost frame: it has saved no return address")
        return Caller(pc, here.sp, None, dict(here.registers), Method.LINK_REGISTER)
    sp = here.registers.get("fp")
    if not sp:
        return Outermost(f"{where} is the outermost frame: its frame pointer is 0")
    values = {
        _own(f"o{number}"): here.registers[_own(f"i{number}")]
        for number in range(8)
        if _own(f"i{number}") in here.registers
    }
    values |= {
        f"g{number}": here.registers[f"g{number}"] for number in range(8) if f"g{number}" in here.registers
    }
    values |= _window(context, here.depth + 1, sp)
    return Caller(pc, sp, sp + context.layout.bias, values, Method.WINDOW)


def _own(name: str) -> str:
    return {"o6": "sp", "i6": "fp"}.get(name, name)


def _window(context: Context, depth: int, sp: int) -> dict[str, int]:
    """Locals and ins of the window `depth` above the current one, whose stack pointer is `sp`."""
    if depth <= _resident(context):
        found = _in_cpu(context, depth)
        if found is not None:
            return found
    base, word = sp + context.layout.bias, context.reading.word_size
    values = [context.reading.word(base + index * word) for index in range(16)]
    names = [*(f"l{number}" for number in range(8)), *(_own(f"i{number}") for number in range(8))]
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _count(context: HasRegisters) -> int:
    return sum(row.group == "windows" for row in context.isa.registers) // 16


def _current(context: HasRegisters) -> int | None:
    """The number, among the `w0_o0` registers, of the current window; V9 counts the other way round."""
    count = _count(context)
    pointer = context.register("cwp" if context.isa.bits == 64 else "psr")
    if pointer is None or not count:
        return None
    pointer &= 31
    for window in (pointer, count - 1 - pointer):
        if all(context.register(f"w{window}_l{n}") == context.register(f"l{n}") for n in range(8)) and all(
            context.register(f"w{window}_o{n}") == context.register(_own(f"o{n}")) for n in range(8)
        ):
            return window
    return None


def _resident(context: HasRegisters) -> int:
    """How many windows above the current one the CPU holds."""
    if context.isa.bits == 64:
        return context.register("canrestore") or 0
    current, invalid = _current(context), context.register("wim")
    count = _count(context)
    if current is None or invalid is None:
        return 0
    depth = 0
    while depth < count - 1 and not invalid >> (current + depth + 1) % count & 1:
        depth += 1
    return depth


def _in_cpu(context: HasRegisters, depth: int) -> dict[str, int] | None:
    current, count = _current(context), _count(context)
    if current is None:
        return None
    window, above = (current + depth) % count, (current + depth + 1) % count
    locals_: dict[str, int] = {}
    ins: dict[str, int] = {}
    for number in range(8):
        local, in_ = context.register(f"w{window}_l{number}"), context.register(f"w{above}_o{number}")
        if local is None or in_ is None:
            return None
        locals_[f"l{number}"], ins[_own(f"i{number}")] = local, in_
    return locals_ | ins
