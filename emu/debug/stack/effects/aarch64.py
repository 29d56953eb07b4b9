"""AArch64."""

from __future__ import annotations

import re

from emu.debug.stack.symbolic import Flow, State, number

_PLACE = re.compile(r"^\[(\w+)(?:, (#[-\w]+))?\](!?)$")
_BRANCHES = ("cbz", "cbnz", "tbz", "tbnz")
_NO_TARGET = ("cmp", "cmn", "tst", "ccmp", "strb", "strh", "sturb", "sturh", "msr", "nop", "hint", "prfm", "svc", "brk")
_PLAIN = ("paciasp", "pacibsp", "autiasp", "autibsp", "bti", "isb", "dsb", "dmb", "wfi", "wfe", "hvc", "smc")


def effect(state: State, mnemonic: str, operands: list[str]) -> Flow:
    operands = [_wide(each) for each in operands]
    name = mnemonic
    if name in ("bl", "blr", "blraa", "blraaz", "blrab", "blrabz"):
        state.forget("x30")
        return Flow.CALL
    if name.startswith("ret"):
        return Flow.END
    if name.startswith("eret"):
        return Flow.TRAP_RETURN
    if name == "b":
        return Flow.JUMP
    if name.startswith("br") and name != "brk":
        return Flow.END
    if name in _BRANCHES or name.startswith("b."):
        return Flow.BRANCH
    if name in _NO_TARGET or name in _PLAIN or not operands:
        return Flow.NEXT
    if name in ("stp", "str", "stur", "ldp", "ldr", "ldur"):
        _memory(state, name, operands)
        return Flow.NEXT
    target = operands[0]
    amount = number(operands[2]) if len(operands) > 2 else None
    if amount is not None and len(operands) > 3:
        amount = amount << 12 if operands[3] == "lsl #12" else None
    if name in ("add", "sub") and len(operands) > 2:
        if amount is not None:
            state.add(target, operands[1], amount if name == "add" else -amount)
        elif len(operands) == 3:
            state.add_register(target, operands[1], operands[2], 1 if name == "add" else -1)
        else:
            state.forget(target)
    elif name in ("mov", "movz"):
        constant = number(operands[1]) if len(operands) == 2 else None
        if constant is not None:
            state.put(target, constant)
        elif len(operands) == 2:
            state.move(target, operands[1])
        else:
            state.forget(target)
    elif name == "movk" and len(operands) == 3:
        old, part = state.get(target), number(operands[1])
        shift = number(operands[2].removeprefix("lsl "))
        known = isinstance(old, int) and part is not None and shift is not None
        state.put(target, old & ~(0xFFFF << shift) | part << shift if known else None)  # type: ignore[operator]
    else:
        state.forget(target)
    return Flow.NEXT


def _wide(name: str) -> str:
    return "x" + name[1:] if name[0] == "w" and name[1:].isdigit() else name


def _memory(state: State, name: str, operands: list[str]) -> None:
    registers = operands[:2] if name in ("stp", "ldp") else operands[:1]
    rest = operands[len(registers) :]
    place = _PLACE.match(rest[0]) if rest else None
    loads = name.startswith("ld")
    if place is None or not registers[0].startswith("x"):
        for register in registers if loads else ():
            state.forget(register)
        if place is None:
            return
    base, offset = place[1], number(place[2] or "0")
    after = number(rest[1]) if len(rest) > 1 else 0
    if offset is None or after is None:
        return
    if place[3]:  # pre-indexed
        state.add(base, base, offset)
        offset = 0
    if registers[0].startswith("x"):
        for index, register in enumerate(registers):
            if loads:
                state.load(register, base, offset + 8 * index)
            else:
                state.store(register, base, offset + 8 * index)
    if after:
        state.add(base, base, after)
