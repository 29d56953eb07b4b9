"""DWARF expressions as call frame information uses them (DWARF 5, 2.5 and 6.4.2): a small stack machine."""

from __future__ import annotations

from collections.abc import Callable
from operator import and_, or_, xor
from typing import Any

from elftools.dwarf.dwarf_expr import DWARFExprParser
from elftools.dwarf.structs import DWARFStructs

from emu.debug.stack.reading import Reading

_STEPS = 4096  # an expression may branch backwards
_DEPTH = 1024
_BITS: dict[str, Callable[[int, int], int]] = {"and": and_, "or": or_, "xor": xor}


def evaluate(
    code: bytes, reading: Reading, register: Callable[[int], int | None], initial: tuple[int, ...] = ()
) -> int | None:
    """The value left on the stack, which begins as `initial`; None where the expression is damaged, or needs a register
    or memory that is not known. register: DWARF number -> value."""
    try:
        return _run(code, reading, register, [*initial])
    except Exception:  # the parser raises anything at all on damaged bytes
        return None


def _run(
    code: bytes, reading: Reading, register: Callable[[int], int | None], stack: list[int]
) -> int | None:
    bits = reading.word_size * 8
    structs = DWARFStructs(
        little_endian=reading.order == "little", dwarf_format=32, address_size=reading.word_size
    )
    operations = DWARFExprParser(structs).parse_expr(code)
    places = {operation.offset: index for index, operation in enumerate(operations)}
    places[len(code)] = len(operations)
    at = steps = 0
    while at < len(operations):
        steps += 1
        if steps > _STEPS or len(stack) > _DEPTH:
            return None
        operation = operations[at]
        at += 1
        name, args = operation.op_name.removeprefix("DW_OP_"), operation.args
        if name in ("skip", "bra"):
            if name == "skip" or stack.pop():
                at = places[operation.offset + 3 + args[0]]
        elif (value := _value(name, args, stack, reading, register, bits)) is None:
            return None
        else:
            stack.append(value & reading.mask)
    return stack[-1]


def _value(
    name: str,
    args: list[Any],
    stack: list[int],
    reading: Reading,
    register: Callable[[int], int | None],
    bits: int,
) -> int | None:
    """What the operation pushes; it takes its operands from the stack. Stack shuffles push their last entry here."""
    if name.startswith("breg"):
        base = register(args[0] if name == "bregx" else int(name[4:]))
        return None if base is None else base + int(args[-1])
    if name.startswith("lit"):
        return int(name[3:])
    if name.startswith(("const", "addr")):
        return int(args[0])
    if name in _STACK:
        return _STACK[name](stack, args)
    top = stack.pop()
    if name in ("deref", "deref_size"):
        return reading.word(top, args[0] if args else None)
    if name == "plus_uconst":
        return top + int(args[0])
    if name in ("abs", "neg", "not"):
        signed = _signed(top, bits)
        return abs(signed) if name == "abs" else -top if name == "neg" else ~top
    return _binary(name, stack.pop(), top, bits)


def _binary(name: str, under: int, top: int, bits: int) -> int | None:
    if name in _BITS:
        return _BITS[name](under, top)
    if name in ("plus", "minus", "mul"):
        return under + top if name == "plus" else under - top if name == "minus" else under * top
    if name == "div":
        left, right = _signed(under, bits), _signed(top, bits)
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    if name == "mod":
        return under % top
    if name in ("shl", "shr", "shra"):
        distance = min(top, bits)
        if name == "shl":
            return under << distance
        return (under if name == "shr" else _signed(under, bits)) >> distance
    left, right = _signed(under, bits), _signed(top, bits)
    compared = {
        "eq": left == right,
        "ne": left != right,
        "lt": left < right,
        "le": left <= right,
        "gt": left > right,
        "ge": left >= right,
    }
    return int(compared[name]) if name in compared else None


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _swap(stack: list[int], args: list[Any]) -> int:
    stack[-1], stack[-2] = stack[-2], stack[-1]
    return stack.pop()


def _rotate(stack: list[int], args: list[Any]) -> int:
    stack[-3:] = [stack[-1], stack[-3], stack[-2]]
    return stack.pop()


def _drop(stack: list[int], args: list[Any]) -> int:
    stack.pop()
    return stack.pop()


_STACK: dict[str, Callable[[list[int], list[Any]], int]] = {
    "dup": lambda stack, args: stack[-1],
    "over": lambda stack, args: stack[-2],
    "pick": lambda stack, args: stack[-1 - int(args[0])],
    "drop": _drop,
    "swap": _swap,
    "rot": _rotate,
    "nop": lambda stack, args: stack.pop(),
}
