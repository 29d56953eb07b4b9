"""What can be opened in a tree of variables: frames, structures, registers, exits, devices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from axemu.tracer.model import REFUSALS
from emu.debug.devices import describe, views
from emu.debug.expression import Expression
from emu.debug.info import Kind
from emu.debug.values import Printer
from emu.debug.values.value import Value, read_value, variable_value
from isa.register import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from emu.debug.debugger import Debugger
    from emu.debug.devices import DeviceView
    from emu.debug.info import Variable
    from emu.debug.scope import Scope
    from isa.register import Register

MOST: Final = 100_000  # children that are shown of one node
SHOWN_EXITS: Final = 100
LONGEST: Final = 400  # characters of a value
_CHILDLESS: Final = (Kind.VOID, Kind.FUNCTION)


class Node(Protocol):
    def children(self, debugger: Debugger, first: int, most: int) -> Iterable[Child]:
        """Those from index `first` on, `most` at the most. Raises what looking may be refused with."""
        ...


@dataclass(frozen=True, slots=True)
class Child:
    """`expression` evaluates to it, empty where nothing does; `node` is what opens, `named` and `indexed` its children.
    `address` is guest-virtual, `size` in bytes; `memory` is what one would look at: of a pointer, where it points."""

    name: str
    value: str
    type: str = ""
    node: Node | None = None
    expression: str = ""
    address: int | None = None
    size: int = 0
    memory: int | None = None
    named: int = 0
    indexed: int = 0
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class FrameOf:
    """A frame: what names and registers are looked up in."""

    vcpu: int
    level: int

    def scope(self, debugger: Debugger) -> Scope:
        """Selects the frame."""
        if debugger.vcpu != self.vcpu:
            debugger.vcpu = self.vcpu
        if debugger.frame != self.level:
            debugger.frame = self.level
        return debugger.scope()


def printer(debugger: Debugger) -> Printer:
    return Printer(debugger.symbols, debugger.memory)


def shown(debugger: Debugger, value: Value, letter: str = "") -> str:
    """A value as text of one line; what cannot be read says so."""
    try:
        text = printer(debugger).text(value, letter)
    except REFUSALS as error:
        return f"<{error}>"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def child(debugger: Debugger, name: str, value: Value, expression: str, letter: str = "") -> Child:
    """A value with what opens below it."""
    plain = value.type.strip()
    named = indexed = 0
    if not value.reason:
        if plain.kind in (Kind.STRUCT, Kind.UNION):
            named = len(plain.members)
        elif plain.kind is Kind.ARRAY:
            inner = plain.target.strip().size
            indexed = plain.count if plain.count is not None else len(value.data) // inner if inner else 0
        elif plain.kind is Kind.POINTER and plain.target.strip().kind not in _CHILDLESS and int(value):
            target = plain.target.strip()
            named = len(target.members) if target.kind in (Kind.STRUCT, Kind.UNION) else 1
    node = ValueNode(value, expression, letter) if named or indexed else None
    return Child(
        name,
        shown(debugger, value, letter),
        str(value.type),
        node,
        expression,
        value.address,
        plain.size,
        int(value) if plain.kind is Kind.POINTER and not value.reason else value.address,
        named,
        min(indexed, MOST),
    )


@dataclass(frozen=True, slots=True)
class ValueNode:
    """The members of a structure, the elements of an array, what a pointer points to."""

    value: Value
    expression: str
    letter: str = ""

    def children(self, debugger: Debugger, first: int, most: int) -> Iterator[Child]:
        value, plain = self.value, self.value.type.strip()
        whole = self.expression if self.expression.replace("_", "a").isalnum() else f"({self.expression})"
        if plain.kind is Kind.ARRAY:
            inner = plain.target.strip().size
            held = len(value.data) // inner if inner and not value.reason else 0
            for index in range(first, min(held, first + most)):
                yield child(debugger, f"[{index}]", value.element(index), f"{whole}[{index}]", self.letter)
            return
        if plain.kind is Kind.POINTER:
            target = read_value(debugger.memory, plain.target, int(value), value.big_endian)
            if plain.target.strip().kind not in (Kind.STRUCT, Kind.UNION):
                yield child(debugger, f"*{self.expression}", target, f"*{whole}", self.letter)
                return
            value, plain, whole = target, plain.target.strip(), f"{whole}->"
        else:
            whole = f"{whole}."
        for member in plain.members[first : first + most]:
            path = f"{whole}{member.name}" if member.name else self.expression
            yield child(debugger, member.name or "<anonymous>", value.part(member), path, self.letter)


@dataclass(frozen=True, slots=True)
class VariablesNode:
    """Those that `find` finds in a frame."""

    frame: FrameOf
    find: Callable[[Debugger, Scope], Iterable[Variable]]
    letter: str = ""

    def children(self, debugger: Debugger, first: int, most: int) -> Iterator[Child]:
        scope = self.frame.scope(debugger)
        seen: set[str] = set()
        for each in list(self.find(debugger, scope))[first : first + most]:
            hidden = each.name in seen  # by one of an inner block
            seen.add(each.name)
            big = scope.isa.endian == "big"
            try:
                value = variable_value(each, scope.frame, scope.memory, big_endian=big)
            except REFUSALS as error:
                yield Child(each.name, f"<{error}>", str(each.type))
                continue
            yield child(debugger, each.name, value, "" if hidden else each.name, self.letter)


def locals_of(debugger: Debugger, scope: Scope) -> list[Variable]:
    return debugger.info.variables(_code(scope))


def globals_of(debugger: Debugger, scope: Scope) -> list[Variable]:
    """Of the file that the code is from."""
    return sorted(debugger.info.file_globals(_code(scope)), key=lambda each: each.name)


def _code(scope: Scope) -> int:
    return scope.register("pc")


@dataclass(frozen=True, slots=True)
class RegistersNode:
    """The registers of one group; without one, the general ones and the other groups below them."""

    frame: FrameOf
    group: str = ""

    def children(self, debugger: Debugger, first: int, most: int) -> Iterator[Child]:
        scope = self.frame.scope(debugger)
        found = [
            partial(_register, debugger, scope, self.frame, each) for each in _of_group(debugger, self.group)
        ]
        if not self.group:
            groups = dict.fromkeys(
                each.group for each in debugger.machine.isa.registers if each.group != "general"
            )
            found += [partial(_group, self.frame, each, len(_of_group(debugger, each))) for each in groups]
        for make in found[first : first + most]:
            yield make()


def _of_group(debugger: Debugger, group: str) -> list[Register]:
    rows = [each for each in debugger.machine.isa.registers if each.group == (group or "general")]
    return sorted(rows, key=lambda each: each.role is not Role.PC)


def _group(frame: FrameOf, name: str, count: int) -> Child:
    return Child(name, f"{count} registers", node=RegistersNode(frame, name), named=count, read_only=True)


def _register(debugger: Debugger, scope: Scope, frame: FrameOf, row: Register) -> Child:
    kind = f"{row.bits} bits"
    try:
        value = scope.register("pc" if row.role is Role.PC else row.name)
    except REFUSALS as error:
        return Child(row.name, f"<{str(error).rstrip('.')}>", kind, read_only=True)
    name = debugger.symbols.name(value) if row.group == "general" else None
    return Child(
        row.name,
        f"{value:#x} <{name}>" if name else f"{value:#x}",
        kind,
        FieldsNode(row, value) if row.fields else None,
        f"${row.name}",
        named=len(row.fields),
        memory=value if row.group == "general" and debugger.memory.readable(value, 1) else None,
        read_only=row.read_only or frame.level > 0,
    )


@dataclass(frozen=True, slots=True)
class FieldsNode:
    """The fields of a register."""

    row: Register
    value: int

    def children(self, debugger: Debugger, first: int, most: int) -> Iterator[Child]:
        for each in self.row.fields[first : first + most]:
            number = each.of(self.value)
            named = dict(each.values).get(number)
            text = f"{number:#x} ({named})" if named else f"{number:#x}"
            yield Child(each.name, text, f"{each.width} bits", read_only=True)


class ExitsNode:
    """The last VM exits, and the traps that were recorded; the newest first."""

    def children(self, debugger: Debugger, first: int, most: int) -> Iterator[Child]:
        for row in debugger.exits.last(SHOWN_EXITS)[::-1][first : first + most]:
            what = describe(debugger.machine, row, debugger.exits)
            text = f"{row.kind.text} {what if what is not None else f'{row.address:#x} {row.value:#x}'}"
            place = debugger.place(row.pc)
            yield Child(f"exit {row.number}", f"{text}, by {place}", memory=row.pc, read_only=True)


class DevicesNode:
    """The devices; below each its registers, looked at without an effect."""

    def children(self, debugger: Debugger, first: int, most: int) -> Iterator[Child]:
        for each in views(debugger.machine)[first : first + most]:
            place = f"{'port ' if each.port else ''}{each.base:#x}"
            text = f"{each.kind} at {place}{f', {each.behind}' if each.behind else ''}"
            rows = len(each.registers)
            node = DeviceNode(each) if rows else None
            yield Child(each.name, text, node=node, named=rows, read_only=True)


@dataclass(frozen=True, slots=True)
class DeviceNode:
    view: DeviceView

    def children(self, debugger: Debugger, first: int, most: int) -> Iterator[Child]:
        for each in self.view.registers[first : first + most]:
            value = "not shown by the device" if each.value is None else f"{each.value:#x}"
            text = f"{value} ({each.text})" if each.text else value
            yield Child(each.name, text, f"{8 * each.width} bits", read_only=True)


def evaluated(debugger: Debugger, frame: FrameOf, text: str, letter: str = "") -> Child:
    """An expression as a child. Raises what the expression's evaluation raises."""
    value = Expression.parse(text).evaluate(frame.scope(debugger))
    return child(debugger, text, value, text, letter)
