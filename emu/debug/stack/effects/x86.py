"""x86, 32 and 64 bits."""

from __future__ import annotations

import re

from emu.debug.stack.symbolic import Flow, State, number

_PLACE = re.compile(r"\[(\w+)(?: ([-+]) (\w+))?\]$")
_NO_TARGET = ("cmp", "test", "nop", "out", "hlt", "cli", "sti", "cld", "std", "lgdt", "lidt", "int", "ltr", "f", "endbr")


def effect(state: State, mnemonic: str, operands: list[str]) -> Flow:
    name = mnemonic
    sp = state.sp
    bp = "rbp" if sp == "rsp" else "ebp"
    if name.startswith("ret"):
        return Flow.END
    if name.startswith("iret"):
        return Flow.TRAP_RETURN
    if name == "call":
        return Flow.CALL
    if name == "jmp":
        return Flow.JUMP if number(operands[0]) is not None else Flow.END
    if name[0] == "j" or name.startswith("loop"):
        return Flow.BRANCH
    if name == "leave":
        state.move(sp, bp)
        state.pop([bp])
    elif name == "push":
        state.push([operands[0] if operands[0].isalnum() and number(operands[0]) is None else ""])
    elif name == "pop":
        state.pop([operands[0] if operands[0].isalnum() else ""])
    elif name in ("pushfq", "pushfd", "popfq", "popfd"):
        state.add(sp, sp, -state.word if name.startswith("push") else state.word)
    elif not operands or name.startswith(_NO_TARGET):
        return Flow.NEXT
    elif name in ("sub", "add") and (amount := number(operands[1])) is not None:
        state.add(operands[0], operands[0], -amount if name == "sub" else amount)
    elif name in ("mov", "movabs", "lea"):
        _move(state, name, *operands)
    elif operands[0].isalnum():
        state.forget(operands[0])
    return Flow.NEXT


def _move(state: State, name: str, target: str, source: str) -> None:
    if target.isalnum():
        place = _place(source)
        if name == "lea":
            state.add(target, *place) if place is not None else state.forget(target)
        elif place is not None and state.word == (8 if "qword" in source else 4):
            state.load(target, *place)
        elif (constant := number(source)) is not None:
            state.put(target, constant)
        elif source.isalnum():
            state.move(target, source)
        else:
            state.forget(target)
    elif (place := _place(target)) is not None and source.isalnum() and number(source) is None:
        state.store(source, *place)


def _place(text: str) -> tuple[str, int] | None:
    found = _PLACE.search(text)
    if found is None or ":" in text:
        return None
    offset = number(found[3]) if found[3] else 0
    return None if offset is None else (found[1], -offset if found[2] == "-" else offset)
