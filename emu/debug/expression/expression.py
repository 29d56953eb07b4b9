"""An expression, and what it is worth in a scope.

Arithmetic is C's: operands are widened to a common type, results wrap."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from emu.debug.dwarf_registers import dwarf_register
from emu.debug.errors import ExpressionError, NotPossible, Unreadable
from emu.debug.expression.parser import parse, split_assignment
from emu.debug.expression.scope import Scope
from emu.debug.expression.tree import (
    At,
    Binary,
    Cast,
    Choice,
    Literal,
    MemberOf,
    Name,
    Node,
    RegisterName,
    SizeOf,
    Text,
    TypeName,
    Unary,
)
from emu.debug.info import VOID, Kind, Type
from emu.debug.info.codes import Encoding
from emu.debug.info.types import base, standard
from emu.debug.values.value import Value, read_value, variable_value
from emu.symbols import Symbol, SymbolKind
from isa.errors import UnknownRegister
from isa.register import Role

_MOST_ELEMENTS: Final = 1 << 16
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed text."""

    text: str
    tree: Node

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Raises ExpressionError with the position and what was expected there."""
        return cls(text, parse(text))

    def evaluate(self, scope: Scope) -> Value:
        """Its value now. Raises ExpressionError for names that nothing has and types that do not go together, and
        Unreadable, with this text, where memory is not there. A value that the compiler did not keep has its reason."""
        try:
            return _Evaluation(self.text, scope).of(self.tree)
        except Unreadable as error:
            raise Unreadable(error.address, error.size, error.text or self.text) from error
        except RecursionError:
            raise ExpressionError(self.text, 0, "a shorter expression, or fewer calls around it") from None


def assign(text: str, scope: Scope) -> Value:
    """Do the assignment `text` ("x = 3", "$a0 = 5", "*(int *)0x80001000 = 1"); the value that is there afterwards.

    A variable that lives in a register is written there. Raises ExpressionError, Unreadable where no memory can be
    written, and NotPossible for what only an outer frame's registers or a device have.
    """
    left, right, _ = split_assignment(text)
    target = Expression.parse(left)
    place = target.evaluate(scope)
    value = Expression.parse(right).evaluate(scope)
    evaluation = _Evaluation(text, scope)
    if place.type.scalar:
        held = evaluation.converted(len(left) + 1, value, place.type)
        if held.reason:
            raise ExpressionError(text, len(left) + 1, f"a value that is there: it is {held.reason}")
        if len(held.data) != place.type.strip().size:
            raise ExpressionError(text, 0, f"a type whose numbers can be written, not {place.type}")
    elif str(place.type) == str(value.type) and not value.reason:
        held = value
    else:
        raise ExpressionError(text, len(left) + 1, f"a value of type {place.type}")
    if place.name:
        scope.write_register(place.name, held.raw)
    elif place.register is not None:
        evaluation.keep(place.register, held)
    elif place.address is None:
        raise ExpressionError(text, 0, "a register, or something in memory, left of `=`")
    elif place.bits:
        size = (place.bit_offset + place.bits + 7) // 8
        low = 8 * size - place.bit_offset - place.bits if place.big_endian else place.bit_offset
        whole = int.from_bytes(scope.read(place.address, size), place.order)
        mask = (1 << place.bits) - 1
        whole = whole & ~(mask << low) | (held.raw & mask) << low
        scope.write(place.address, whole.to_bytes(size, place.order))
    else:
        assert isinstance(held.data, bytes)
        scope.write(place.address, held.data)
    return target.evaluate(scope)


class _Evaluation:
    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope, self.sizing = text, scope, False
        self.big = scope.isa.endian == "big"
        self.word = scope.isa.bits // 8

    def of(self, node: Node) -> Value:
        match node:
            case Literal():
                return self.make(node.type, node.value)
            case Text():
                data = node.data + b"\0"
                return Value(base("char", 1, Encoding.SIGNED_CHAR).array(len(data)), data, None, self.big)
            case Name():
                return self.named(node)
            case RegisterName():
                return self.register(node)
            case Unary():
                return self.unary(node)
            case Binary():
                return self.binary(node)
            case Choice():
                return self.of(node.yes if self.truth(node.condition) else node.no)
            case MemberOf():
                return self.member(node)
            case Cast():
                return self.converted(node.at, self.of(node.operand), self.type(node.type))
            case At():
                return self.load(self.type(node.type), self.integer(node.operand))
            case SizeOf():
                sized = node.operand
                type_ = self.type(sized) if isinstance(sized, TypeName) else self.sized(sized)
                return self.make("unsigned long", type_.strip().size)

    def sized(self, node: Node) -> Type:
        """The type of an operand of sizeof, which need not be readable."""
        before, self.sizing = self.sizing, True
        try:
            return self.of(node).type
        except ExpressionError:
            found = self.scope.info.type(node.name) if isinstance(node, Name) else None
            if found is None:
                raise
            return found  # the parser cannot know that a name is a type's
        finally:
            self.sizing = before

    def keep(self, number: int, held: Value) -> None:
        """Write the register that DWARF calls `number`: a whole number widened as calling conventions do, the low bytes
        for anything else."""
        isa, scope = self.scope.isa, self.scope
        name = dwarf_register(isa, number)
        if name is None:
            raise self.error(
                0, f"something that can be written: {isa.name} has no name for register {number}"
            )
        bits, width = isa.register(name).bits, 8 * held.type.strip().size
        if held.type.scalar and held.type.strip().encoding != Encoding.FLOAT:
            widened = int(held.scalar)
            if width == 32 and isa.name.startswith(("riscv", "mips")):  # also of unsigned ones
                widened = held.raw - (held.raw >> 31 << 32)
        elif isa.name.startswith("riscv"):
            widened = held.raw | -1 << width  # RISC-V unprivileged, "NaN Boxing of Narrower Values"
        else:
            widened = scope.register(name) >> width << width | held.raw
        scope.write_register(name, widened & (1 << bits) - 1)

    def make(self, name: str, number: int | float) -> Value:
        type_ = standard(name, self.word)
        assert type_ is not None
        return Value.number(type_, number, big_endian=self.big)

    def error(self, at: int, expected: str, nearest: tuple[str, ...] = ()) -> ExpressionError:
        return ExpressionError(self.text, at, expected, nearest)

    def named(self, node: Name) -> Value:
        scope = self.scope
        frame = scope.frame
        if frame is not None:
            for variable in scope.info.variables(frame.pc):
                if variable.name == node.name:
                    return variable_value(variable, frame, scope, big_endian=self.big)
        for variable in scope.info.globals(node.name):
            return variable_value(variable, frame, scope, big_endian=self.big)
        symbol = scope.symbols.find(node.name)
        if symbol is not None:
            return self.symbol(symbol)
        functions = scope.info.functions(node.name)
        if functions:
            return Value(_CODE, b"", functions[0].low, self.big)
        nearest = scope.symbols.nearest_names(node.name)
        if frame is not None:
            nearest = [each.name for each in scope.info.variables(frame.pc)][:200] + nearest
            nearest = _near(node.name, nearest)
        raise self.error(node.at, "the name of a variable or symbol", tuple(nearest))

    def symbol(self, symbol: Symbol) -> Value:
        if symbol.kind is SymbolKind.ABSOLUTE:
            return self.make("unsigned long", symbol.address)
        if symbol.kind is not SymbolKind.OBJECT:
            function = self.scope.info.function(symbol.address)
            known = function is not None and function.low == symbol.address
            type_ = self.scope.info.signature(function) if function is not None and known else None
            return Value(type_ or _CODE, b"", symbol.address, self.big)
        size = symbol.size if symbol.size in (1, 2, 4, 8) else self.word
        names = {1: "unsigned char", 2: "unsigned short", 4: "unsigned int", 8: "unsigned long long"}
        return self.load(standard(names[size], self.word) or VOID, symbol.address)

    def register(self, node: RegisterName) -> Value:
        isa = self.scope.isa
        missing = ""
        fact = self.scope.facts.get(node.name)
        if fact is not None:
            return Value.number(base("unsigned long long", 8, Encoding.UNSIGNED), fact, big_endian=self.big)
        try:
            row = isa.register("pc" if node.name == "pc" and not isa.of_role(Role.PC) else node.name)
            number = self.scope.register(node.name)
        except UnknownRegister as error:
            nearest = _near(node.name, list(error.known))
            raise self.error(
                node.at, f"a register of {isa.name}", tuple(f"${each}" for each in nearest)
            ) from None
        except NotPossible as error:
            number, missing = 0, error.reason
        size = max((row.bits + 7) // 8, 1)
        type_: Type | None = None
        if size == self.word and row.role in (Role.PC, Role.SP):
            type_ = (_CODE if row.role is Role.PC else VOID).pointer(size)
        elif row.role is Role.FP and size in (4, 8):
            type_ = base("float" if size == 4 else "double", size, Encoding.FLOAT)
        elif row.role in (Role.GENERAL, Role.RA, Role.ZERO):
            type_ = base({4: "int", 8: "long"}.get(size, "int"), size, Encoding.SIGNED)
        type_ = type_ or base(f"uint{8 * size}_t", size, Encoding.UNSIGNED)
        data = (number & (1 << 8 * size) - 1).to_bytes(size, "big" if self.big else "little")
        return Value(type_, missing or data, None, self.big, name=row.name)

    def load(self, type_: Type, address: int) -> Value:
        address &= (1 << 8 * self.word) - 1
        try:
            return read_value(self.scope, type_, address, self.big)
        except Unreadable:
            if not self.sizing:
                raise
            return Value(type_, "unreadable", address, self.big)

    def type(self, name: TypeName) -> Type:
        found = self.scope.info.type(name.name) or standard(name.name, self.word)
        if found is None:
            raise self.error(name.at, f"a type that the program has, not `{name.name}`")
        for _ in range(name.stars):
            found = found.pointer(self.word)
        for count in reversed(name.counts):
            found = found.array(count)
        return found

    def truth(self, node: Node) -> bool:
        return bool(self.scalar(node.at, self.of(node)))

    def integer(self, node: Node) -> int:
        return self.whole(node.at, self.of(node))

    def whole(self, at: int, value: Value) -> int:
        """The number without what is after its point."""
        number = self.scalar(at, value)
        if isinstance(number, float) and not math.isfinite(number):
            raise self.error(at, f"a number that is finite, not {number}")
        return int(number)

    def scalar(self, at: int, value: Value) -> int | float:
        try:
            return value.scalar
        except NotPossible as error:
            raise self.error(at, f"a number, not {error.reason}") from None

    def unary(self, node: Unary) -> Value:
        if node.operator == "&":
            return self.address_of(node)
        value = self.of(node.operand)
        if node.operator == "*":
            return self.followed(node.at, value)
        number = self.scalar(node.at, value)
        if node.operator == "!":
            return self.make("int", int(not number))
        type_ = self.promoted(value.type)
        if node.operator == "~":
            if isinstance(number, float):
                raise self.error(node.at, "a whole number after `~`")
            return Value.number(type_, ~number, big_endian=self.big)
        return Value.number(type_, -number if node.operator == "-" else number, big_endian=self.big)

    def address_of(self, node: Unary) -> Value:
        inner = node.operand
        if isinstance(inner, Unary) and inner.operator == "*":  # &*p and &a[i] need no memory
            pointer = self.of(inner.operand)
            if pointer.type.strip().kind is Kind.POINTER:
                return pointer
            value = self.followed(inner.at, pointer)
        elif isinstance(inner, MemberOf):
            place = self.of(inner.of)
            target = place.type.strip().target
            member = target.member(inner.name)
            if place.type.strip().kind is Kind.POINTER and member is not None and not member.bits:
                where = self.whole(node.at, place) + member.offset
                return Value.number(member.type.pointer(self.word), where, big_endian=self.big)
            value = self.member_of(inner, place)
        else:
            value = self.of(inner)
        if isinstance(inner, Name) and value.address is None:
            raise self.error(inner.at, f"something in memory: `{inner.name}` is in none")
        if value.address is None or value.bits:
            raise self.error(inner.at, "something in memory after `&`")
        return Value.number(value.type.pointer(self.word), value.address, big_endian=self.big)

    def followed(self, at: int, value: Value) -> Value:
        plain = value.type.strip()
        if plain.kind is Kind.ARRAY:
            return self.load(plain.target, value.address) if value.address is not None else value.element(0)
        if plain.kind is Kind.FUNCTION:
            return value
        if plain.kind in (Kind.STRUCT, Kind.UNION, Kind.VOID):
            raise self.error(at, f"a pointer, not a value of type {value.type}")
        address = self.whole(at, value)
        if plain.kind in (Kind.POINTER, Kind.REFERENCE):
            if plain.target.strip().kind is Kind.VOID:
                raise self.error(at, "a pointer to a known type: cast it, as in *(int *)p")
            return self.load(plain.target, address)
        if plain.kind is not Kind.BASE:
            raise self.error(at, f"a pointer, not a value of type {value.type}")
        wide = "unsigned int" if self.word == 4 else "unsigned long"
        return self.load(standard(wide, self.word) or VOID, address)  # as gdb's long, by the machine's word

    def member(self, node: MemberOf) -> Value:
        return self.member_of(node, self.of(node.of))

    def member_of(self, node: MemberOf, value: Value) -> Value:
        plain = value.type.strip()
        if plain.kind in (Kind.POINTER, Kind.REFERENCE):
            target = plain.target.strip()
            if target.kind in (Kind.STRUCT, Kind.UNION):
                member = target.member(node.name)
                if member is None:
                    raise self.unknown_member(node, target)
                address = self.whole(node.at, value)
                whole = self.load(member.type, address + member.offset) if not member.bits else None
                return whole if whole is not None else self.load(target, address).part(member)
            plain = target
        if plain.kind not in (Kind.STRUCT, Kind.UNION):
            raise self.error(node.at, f"no member: {value.type} has none")
        member = plain.member(node.name)
        if member is None:
            raise self.unknown_member(node, plain)
        return value.part(member)

    def unknown_member(self, node: MemberOf, type_: Type) -> ExpressionError:
        known = [each.name for each in type_.members if each.name]
        near = _near(node.name, known)
        what = "which is nowhere defined" if type_.incomplete else f"which has {len(known)}"
        return self.error(node.at, f"a member of {type_}, {what}", tuple(near))

    def binary(self, node: Binary) -> Value:
        if node.operator in ("&&", "||"):
            first = self.truth(node.left)
            wanted = first if first == (node.operator == "||") else self.truth(node.right)
            return self.make("int", int(wanted))
        left, right = self.of(node.left), self.of(node.right)
        if node.operator == "@":
            return self.slice(node, left, right)
        low, high = left.type.strip(), right.type.strip()
        if Kind.POINTER in (low.kind, high.kind) or Kind.ARRAY in (low.kind, high.kind):
            found = self.pointers(node, left, right)
            if found is not None:
                return found
        first_, second = self.scalar(node.at, left), self.scalar(node.at, right)
        type_ = self.common(left.type, right.type)
        if node.operator in ("<<", ">>"):
            return self.shifted(node, left, first_, second)
        if type_.encoding == Encoding.FLOAT:
            first_, second = float(first_), float(second)
        else:
            first_ = int(Value.number(type_, first_))
            second = int(Value.number(type_, second))
        if node.operator in _COMPARISONS:
            return self.make("int", int(_COMPARISONS[node.operator](first_, second)))
        if node.operator in ("/", "%"):
            return Value.number(type_, self.divided(node, first_, second), big_endian=self.big)
        if node.operator in "&|^" and isinstance(first_, float):
            raise self.error(node.at, f"whole numbers around `{node.operator}`")
        return Value.number(type_, _ARITHMETIC[node.operator](first_, second), big_endian=self.big)

    def shifted(self, node: Binary, left: Value, number: int | float, by: int | float) -> Value:
        type_ = self.promoted(left.type)
        if isinstance(number, float) or isinstance(by, float):
            raise self.error(node.at, f"whole numbers around `{node.operator}`")
        if not 0 <= by < 8 * type_.size:
            fill = -1 if node.operator == ">>" and number < 0 else 0
            return Value.number(type_, fill, big_endian=self.big)
        return Value.number(
            type_, number << by if node.operator == "<<" else number >> by, big_endian=self.big
        )

    def divided(self, node: Binary, first: int | float, second: int | float) -> int | float:
        if not second:
            raise self.error(node.at, "a divisor that is not zero")
        if isinstance(first, float) or isinstance(second, float):
            return (
                first / second
                if node.operator == "/"
                else math.fmod(first, second)
                if math.isfinite(first)
                else math.nan
            )
        quotient = abs(first) // abs(second)
        quotient = quotient if (first < 0) == (second < 0) else -quotient
        return quotient if node.operator == "/" else first - quotient * second

    def pointers(self, node: Binary, left: Value, right: Value) -> Value | None:
        """Arithmetic with pointers and arrays; None where it is a comparison or something bitwise: numbers then."""
        if node.operator not in ("+", "-"):
            return None
        kinds = (Kind.POINTER, Kind.ARRAY)
        first, second = left.type.strip(), right.type.strip()
        if node.operator == "+" and first.kind not in kinds:
            left, right, first, second = right, left, second, first
        if first.kind not in kinds:
            return None
        size = max(first.target.strip().size, 1)
        if second.kind in kinds:
            if node.operator == "+":
                raise self.error(node.at, "a number to add to a pointer, not another pointer")
            distance = self.whole(node.at, left) - self.whole(node.at, right)
            return self.make("long", distance // size)
        by = self.whole(node.at, right)
        by = -by if node.operator == "-" else by
        if first.kind is Kind.ARRAY and left.address is None:
            if isinstance(left.data, bytes) and 0 <= by < max(first.count or 0, 1):
                return Value(first.target.array(1), left.element(by).data, None, self.big)
            raise self.error(node.at, "an index inside the array, which is in no memory")
        where = self.whole(node.at, left) + by * size
        return Value.number(first.target.pointer(self.word), where, big_endian=self.big)

    def slice(self, node: Binary, left: Value, right: Value) -> Value:
        count = self.whole(node.at, right)
        if not 0 < count <= _MOST_ELEMENTS:
            raise self.error(node.at + 1, f"a count from 1 to {_MOST_ELEMENTS}")
        if left.address is None or left.bits:
            raise self.error(node.at, "something in memory before `@`")
        if not left.type.strip().size:
            raise self.error(
                node.at, f"something that has a size before `@`, not a value of type {left.type}"
            )
        whole = Type(
            Kind.ARRAY, size=count * left.type.strip().size, count=count, target_loader=lambda: left.type
        )
        return self.load(whole, left.address)

    def promoted(self, type_: Type) -> Type:
        """C's integer promotions (C11, 6.3.1.1)."""
        plain = type_.strip()
        if plain.kind in (Kind.POINTER, Kind.ARRAY, Kind.FUNCTION, Kind.REFERENCE):
            return base("unsigned long", self.word, Encoding.UNSIGNED)
        if plain.kind is Kind.BASE and plain.encoding == Encoding.FLOAT:
            return plain
        if plain.size < 4:
            return base("int", 4, Encoding.SIGNED)
        if plain.kind is Kind.ENUM:
            return base("int", plain.size, Encoding.SIGNED if plain.signed else Encoding.UNSIGNED)
        return plain

    def common(self, first: Type, second: Type) -> Type:
        """C's usual arithmetic conversions (C11, 6.3.1.8)."""
        left, right = self.promoted(first), self.promoted(second)
        if Encoding.FLOAT in (left.encoding, right.encoding):
            floats = [each for each in (left, right) if each.encoding == Encoding.FLOAT]
            return max(floats, key=lambda each: each.size)
        if left.size != right.size:
            return left if left.size > right.size else right
        return right if left.signed and not right.signed else left

    def converted(self, at: int, value: Value, type_: Type) -> Value:
        """A cast. One between types of one size that are no scalars looks at the same bytes."""
        plain = type_.strip()
        if type_.scalar:
            if value.reason:
                return Value(type_, value.reason, None, self.big)
            return Value.number(type_, self.scalar(at, value), big_endian=self.big)
        if plain.kind is Kind.VOID:
            return Value(VOID, b"", None, self.big)
        if value.address is not None and plain.size <= max(value.type.strip().size, 0):
            return self.load(type_, value.address)
        raise self.error(at, f"a type that {value.type} can be cast to, not {type_}")


_CODE: Final = Type(Kind.FUNCTION, size=1, prototyped=False, target_loader=lambda: VOID)


def _near(name: str, known: list[str]) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 - only where something went wrong

    return get_close_matches(name, known, 3)
