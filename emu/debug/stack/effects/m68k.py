"""68000 and its successors."""

from __future__ import annotations

import re

from emu.debug.stack.symbolic import Flow, State, number

_PLACE = re.compile(r"^(-?\$[0-9a-f]+)?\((a\d)\)$")
_SIZES = {"b": 2, "w": 2, "l": 4}  # bytes that a push of that size takes
_NO_TARGET = ("cmp", "tst", "btst", "clr", "move", "nop", "stop", "pea", "trap")


def effect(state: State, mnemonic: str, operands: list[str]) -> Flow:
    name, _, suffix = mnemonic.partition(".")
    size = _SIZES.get(suffix, 4)
    if name in ("jsr", "bsr"):
        return Flow.CALL
    if name in ("rts", "rtd", "rtr"):
        return Flow.END
    if name == "rte":
        return Flow.TRAP_RETURN
    if name in ("bra", "jmp"):
        return Flow.JUMP if name == "bra" or number(operands[0].rstrip(".lw")) is not None else Flow.END
    if name[0] == "b" and name not in ("bclr", "bset", "bchg", "btst", "bkpt") and not name.startswith("bf"):
        return Flow.BRANCH
    if name.startswith("db") or not operands:
        return Flow.BRANCH if operands else Flow.NEXT
    last = operands[-1]
    if name == "link":
        amount = number(operands[1]) or 0
        bits = 16 if suffix == "w" else 32
        state.push([operands[0]])
        state.move(operands[0], "a7")
        state.add("a7", "a7", amount - (1 << bits) if amount >> (bits - 1) else amount)
    elif name == "unlk":
        state.move("a7", last)
        state.pop([last])
    elif name == "movem":
        _many(state, operands, size)
    elif name == "pea":
        state.push([""])
    elif last == "-(a7)":
        state.push([operands[0] if size == 4 and re.fullmatch(r"[ad]\d", operands[0]) else ""], size)
    elif operands[0] == "(a7)+":
        state.pop([last if re.fullmatch(r"[ad]\d", last) else ""], size)
    elif name in ("addq", "adda", "addi", "add", "subq", "suba", "subi", "sub") and last[0] == "a":
        amount_ = number(operands[0])
        if amount_ is None:
            state.add_register(last, last, operands[0], -1 if name.startswith("sub") else 1)
        else:
            state.add(last, last, -amount_ if name.startswith("sub") else amount_)
    elif name == "lea" and (place := _PLACE.match(operands[0])) is not None:
        state.add(last, place[2], number(place[1]) or 0 if place[1] else 0)
    elif name in ("move", "movea") and suffix == "l":
        _move(state, operands[0], last)
    elif not name.startswith(_NO_TARGET) and re.fullmatch(r"[ad]\d", last):
        state.forget(last)
    return Flow.NEXT


def _move(state: State, source: str, target: str) -> None:
    to, of = _PLACE.match(target), _PLACE.match(source)
    if re.fullmatch(r"[ad]\d", target):
        if re.fullmatch(r"[ad]\d", source):
            state.move(target, source)
        elif of is not None:
            state.load(target, of[2], number(of[1]) or 0 if of[1] else 0)
        elif source.startswith("#"):
            state.put(target, number(source))
        else:
            state.forget(target)
    elif to is not None and re.fullmatch(r"[ad]\d", source):
        state.store(source, to[2], number(to[1]) or 0 if to[1] else 0)


def _many(state: State, operands: list[str], size: int) -> None:
    first, last = operands
    listed = _listed(first if last.endswith(")") and not first.endswith((")", ")+")) else last)
    if last == "-(a7)":
        state.push(listed, size)
    elif first == "(a7)+":
        state.pop(listed, size)
    elif (place := _PLACE.match(last)) is not None:
        for index, register in enumerate(listed):
            state.store(register, place[2], (number(place[1]) or 0 if place[1] else 0) + size * index)
    elif (place := _PLACE.match(first)) is not None:
        for index, register in enumerate(listed):
            state.load(register, place[2], (number(place[1]) or 0 if place[1] else 0) + size * index)


def _listed(text: str) -> list[str]:
    found: list[str] = []
    for part in text.split("/"):
        first, dash, last = part.partition("-")
        if dash and last[:1] in "ad" and first[:1] in "ad":
            order = [f"{letter}{number}" for letter in "da" for number in range(8)]
            found += order[order.index(first) : order.index(last) + 1]
        else:
            found.append(first)
    return found
