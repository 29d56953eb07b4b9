"""AArch32: A32 and T32."""

from __future__ import annotations

import re

from emu.debug.stack.symbolic import Flow, State, number

_PLACE = re.compile(r"^\[(\w+)(?:, (#[-\w]+))?\](!?)$")
_CONDITIONS = "eq|ne|hs|cs|lo|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
_CONDITIONAL = re.compile(
    rf"^(b|bl|bx|pop|push|ldm|stm|mov|add|sub|ldr|str|rsb|and|orr|eor|mvn|mul|movw|movt)({_CONDITIONS})$"
)
_NO_TARGET = ("cmp", "cmn", "tst", "teq", "strb", "strh", "nop", "msr", "mcr", "svc", "bkpt", "cps", "dsb", "isb")
_NUMBERED = {"sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": 15}


def effect(state: State, mnemonic: str, operands: list[str]) -> Flow:
    name = mnemonic.removesuffix(".w")
    if (conditional := _CONDITIONAL.match(name)) is not None and name != "bls":
        if conditional[1] == "b":
            return Flow.BRANCH
        if conditional[1] == "bl":
            state.forget("lr")
            return Flow.CALL
        if conditional[1] in ("bx", "pop", "push", "ldm", "stm", "str") or not operands:
            return Flow.NEXT  # a conditional return: what follows is as before it
        state.forget(operands[0])
        return Flow.NEXT
    if name in ("bl", "blx"):
        state.forget("lr")
        return Flow.CALL
    if name in ("cbz", "cbnz", "bls"):
        return Flow.BRANCH
    if name in ("b", "b.n"):
        return Flow.JUMP
    if name in ("rfe", "rfeia", "rfedb", "eret", "movs", "subs") and operands and operands[0] in ("pc", "sp!", "sp"):
        return Flow.TRAP_RETURN
    if name in ("bx", "tbb", "tbh"):
        return Flow.END
    if not operands or name.startswith(_NO_TARGET):
        return Flow.NEXT
    if name in ("push", "pop", "vpush", "vpop") or name.startswith(("stm", "ldm", "vstm", "vldm")):
        return _many(state, name, operands)
    if name in ("str", "ldr", "strd", "ldrd"):
        _memory(state, name, operands)
        return Flow.END if operands[0] == "pc" else Flow.NEXT
    target = operands[0]
    if name in ("add", "sub", "addw", "subw", "adds", "subs"):
        source = operands[1] if len(operands) > 2 else target
        amount = number(operands[-1])
        sign = -1 if name.startswith("sub") else 1
        if amount is not None:
            state.add(target, source, sign * amount)
        elif len(operands) <= 3:
            state.add_register(target, source, operands[-1], sign)
        else:
            state.forget(target)
    elif name in ("mov", "movw", "movs"):
        constant = number(operands[1])
        if constant is not None:
            state.put(target, constant)
        else:
            state.move(target, operands[1])
    elif name == "movt":
        low, high = state.get(target), number(operands[1])
        known = isinstance(low, int) and high is not None
        state.put(target, low & 0xFFFF | high << 16 if known else None)  # type: ignore[operator]
    elif not name.startswith(("v", ".")):
        state.forget(target)
    return Flow.END if target == "pc" else Flow.NEXT


def _many(state: State, name: str, operands: list[str]) -> Flow:
    """Load and store multiple; only those that move the stack pointer, or that begin at a known place, matter."""
    listed = _registers(operands[-1])
    size = 8 if name.startswith("v") else 4
    if name in ("push", "vpush"):
        state.push(listed if size == 4 else [""] * len(listed), size)
        return Flow.NEXT
    if name in ("pop", "vpop"):
        state.pop(listed if size == 4 else [""] * len(listed), size)
        return Flow.END if "pc" in listed else Flow.NEXT
    base, update = operands[0].rstrip("!"), operands[0].endswith("!")
    loads, down = name.startswith(("ld", "vld")), name.endswith("db")
    begin = -size * len(listed) if down else size if name.endswith("ib") else 0
    if size == 4:
        places = [(register, begin + 4 * index) for index, register in enumerate(listed) if register != base]
        for register, offset in places:
            (state.load if loads else state.store)(register, base, offset)
    if update:
        state.add(base, base, -size * len(listed) if down else size * len(listed))
    elif loads and base in listed and size == 4:  # ldmdb fp, {fp, sp, pc}: everything comes back at once
        state.forget(base)
    return Flow.END if loads and "pc" in listed else Flow.NEXT


def _registers(text: str) -> list[str]:
    found: list[str] = []
    for part in text.strip("{}^ ").split(","):
        first, dash, last = part.strip().partition("-")
        if dash:
            found += [f"{first[0]}{number}" for number in range(int(first[1:]), int(last[1:]) + 1)]
        else:
            found.append(first)
    return sorted(found, key=lambda each: _NUMBERED.get(each, 0) or int(each[1:] or 0))


def _memory(state: State, name: str, operands: list[str]) -> None:
    count = 2 if name.endswith("d") and len(operands) > 2 else 1
    registers, rest = operands[:count], operands[count:]
    place = _PLACE.match(rest[0]) if rest else None
    loads = name.startswith("ld")
    offset = number(place[2] or "0") if place is not None else None
    if place is None or offset is None:
        for register in registers if loads else ():
            state.forget(register)
        return
    base, after = place[1], number(rest[1]) if len(rest) > 1 else 0
    if place[3]:
        state.add(base, base, offset)
        offset = 0
    for index, register in enumerate(registers):
        (state.load if loads else state.store)(register, base, offset + 4 * index)
    if after:
        state.add(base, base, after)
    elif after is None:
        state.forget(base)
