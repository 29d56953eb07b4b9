"""What one ELF file's DWARF says of its program, question by question."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property, wraps
from pathlib import Path
from posixpath import basename
from typing import Any, Final, TypeVar, cast

from emu.debug.info.codes import At, Tag
from emu.debug.info.dies import Damaged, Die, Unit, Units
from emu.debug.info.functions import Function, InlinedCall, UnitCode
from emu.debug.info.lines import LineTable
from emu.debug.info.lists import ranges
from emu.debug.info.search import entries, symbol_addresses
from emu.debug.info.sections import Sections
from emu.debug.info.typereader import TypeReader
from emu.debug.info.types import Type, spellings
from emu.debug.info.unitindex import UnitIndex
from emu.debug.info.variables import Variable, VariableKind
from emu.symbols import SourceLine

_ASSEMBLER: Final = 0x8001  # DW_LANG_Mips_Assembler, which everybody uses
_KEYWORDS: Final = {
    "struct": frozenset({Tag.STRUCT, Tag.CLASS}),
    "class": frozenset({Tag.STRUCT, Tag.CLASS}),
    "union": frozenset({Tag.UNION}),
    "enum": frozenset({Tag.ENUM}),
}
_PLAIN: Final = frozenset({Tag.TYPEDEF, Tag.BASE})
_CPLUSPLUS: Final = frozenset({Tag.STRUCT, Tag.CLASS, Tag.UNION, Tag.ENUM})
_VARIABLES: Final = frozenset({Tag.VARIABLE})
_FUNCTIONS: Final = frozenset({Tag.SUBPROGRAM})

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _survives(empty: Callable[[], Any]) -> Callable[[_Method], _Method]:
    """The method answers `empty()` where damage was not foreseen, and notes it."""

    def around(method: _Method) -> _Method:
        @wraps(method)
        def ask(self: DebugInfo, /, *given: object, **named: object) -> object:
            try:
                return method(self, *given, **named)
            except Exception as error:  # damaged bytes may be anything
                self.units.trouble(f"The debugging information is damaged ({type(error).__name__}: {error}).")
                return empty()

        return cast(_Method, ask)

    return around


class DebugInfo:
    """The debugging information of one ELF file; nothing is read before it is asked for.

    `base` is added to the file's link addresses: what is given and returned is guest-virtual. Damaged information never
    raises: it gives less, and `troubles` says in sentences what is missing and why. Types belong to their DebugInfo: one
    object for each type.
    """

    def __init__(self, path: Path | None, data: bytes | None = None, base: int = 0) -> None:
        self.path, self.base = path, base
        self.troubles: list[str] = []
        self._data = data

    @cached_property
    def sections(self) -> Sections:
        return Sections(self.path, self._data, self.troubles)

    @cached_property
    def units(self) -> Units:
        return Units(self.sections)

    @property
    def big_endian(self) -> bool:
        return self.sections.big_endian

    @property
    def address_size(self) -> int:
        """Bytes of a pointer."""
        return self.sections.address_size

    def __bool__(self) -> bool:
        """Whether the file has debugging information at all."""
        return ".debug_info" in self.sections

    @_survives(lambda: None)
    def function(self, address: int) -> Function | None:
        """The function whose code is at `address`: the innermost that has a frame of its own."""
        found = self._code(address)
        if found is None:
            return None
        code, linked = found
        die = code.function(linked)
        return None if die is None else self._function(code, die)

    @_survives(lambda: [])
    def functions(self, name: str) -> list[Function]:
        """Every function of that name that has code, by address: static ones of several files, and the compiler's
        variants (name.constprop.0)."""
        found: dict[int, Function] = {}
        for linked in symbol_addresses(self.units, name):
            function = self.function(linked + self.base)
            if function is not None and name in (function.name, function.linkage_name):
                found[function.die] = function
        if not found:
            for die in entries(self.units, name, _FUNCTIONS):
                for each in self._instances(die):
                    found[each.die] = each
        return sorted(found.values(), key=lambda each: each.low)

    @_survives(lambda: None)
    def line(self, address: int) -> SourceLine | None:
        """The source line of the instruction at `address`."""
        found = self._code(address)
        if found is None or found[0].lines is None:
            return None
        return found[0].lines.line(found[1])

    @_survives(lambda: [])
    def every_function(self) -> list[Function]:
        """All functions that have code, by address."""
        found: list[Function] = []
        for unit in self.units.list:
            code = self._unit_code(unit)
            found += [self._function(code, unit.die(die)) for die in {part[2] for part in code.functions}]
        return sorted(found, key=lambda each: each.low)

    @_survives(lambda: [])
    def statements(self) -> list[tuple[int, SourceLine]]:
        """Every address at which the line tables say that a statement of a line begins, in the tables' order."""
        found: list[tuple[int, SourceLine]] = []
        seen: set[int | None] = set()  # units may share a table
        for unit in self.units.list:
            lines, table = self._unit_code(unit).lines, unit.top.number(At.STMT_LIST)
            if lines is None or table in seen:
                continue
            seen.add(table)
            found += [(address + self.base, line) for address, line in lines.statements()]
        return found

    @_survives(lambda: [])
    def addresses(self, file: str, line: int) -> list[int]:
        """Where to break for `file`:`line`; by address, empty where that file has no code there or after.

        The file matches by the end of its path. A line without code stands for the nearest one after it that has some.
        One address for each function and inlined copy with code of the line; where that is a function's entry, the
        one after its prologue.
        """
        key = file, line
        if key not in self._places:
            self._places[key] = self._addresses(file, line)
        return list(self._places[key])

    @cached_property
    def _places(self) -> dict[tuple[str, int], list[int]]:
        return {}

    def _addresses(self, file: str, line: int) -> list[int]:
        best = 0
        found: list[tuple[Unit, int]] = []
        for unit in self._units_of(file):
            lines = self._unit_code(unit).lines
            numbers = lines.numbers(file) if lines is not None else set()
            if lines is None or not numbers:
                continue
            here, places = lines.places(numbers, line)
            if here and (not best or here < best):
                best, found = here, []
            if here == best and here:
                found.extend((unit, address) for address, _ in places)
        return self._one_each(found)

    @_survives(lambda: [])
    def files(self) -> list[SourceLine]:
        """The first line of every file that some line table names."""
        found = {
            (name, folder)
            for unit in self.units.list
            if (lines := self._unit_code(unit).lines) is not None
            for name, folder in lines.files
        }
        return [SourceLine(name, 1, folder) for name, folder in sorted(found)]

    @_survives(lambda: [])
    def file_globals(self, address: int) -> list[Variable]:
        """The variables outside of functions that the unit with the code at `address` defines."""
        found = self._code(address)
        if found is None:
            return []
        top = found[0].unit.top
        named = [self._global(die) for die in _declared_in(top) if die.tag == Tag.VARIABLE]
        return [each for each in named if each.name]

    @_survives(lambda: None)
    def _body(self, function: Function) -> int | None:
        found = self._code(function.low)
        if found is None or found[0].lines is None:
            return None
        code, linked = found
        assert code.lines is not None
        top = code.unit.top
        producer = top.text(At.PRODUCER)
        optimized = " -O" in producer and " -O0" not in producer
        if top.number(At.LANGUAGE) == _ASSEMBLER or (producer.startswith("GNU ") and optimized):
            return None  # there is no prologue, or the locations hold in it
        return _after_prologue(code.lines, linked, function.high - self.base) + self.base

    def body(self, function: Function) -> int:
        """Where to break for the function: after its prologue, where arguments are in their places.

        That is the line table's end of the prologue, or where its second line begins. In assembly, and in what
        GCC optimized (its locations hold everywhere), it is the entry, as in gdb.
        """
        found = self._body(function)
        return function.low if found is None else found

    def signature(self, function: Function) -> Type | None:
        """The type of the function; None where `function` is of another file."""
        unit = self.units.at(function.die)
        try:
            return None if unit is None else self._reader.function(unit.die(function.die))
        except (Damaged, IndexError):
            return None

    @_survives(lambda: [])
    def inlined(self, address: int) -> list[InlinedCall]:
        """The calls inlined at `address`, innermost first; empty where the code is its function's own."""
        found = self._code(address)
        die = None if found is None else found[0].function(found[1])
        if found is None or die is None:
            return []
        code, linked = found
        calls: list[InlinedCall] = []
        for scope in code.scopes(die, linked):
            if scope.tag == Tag.INLINED:
                low, high = next(part for part in ranges(scope) if part[0] <= linked < part[1])
                call = code.declared(scope, At.CALL_FILE, At.CALL_LINE)
                place = low + self.base, high + self.base
                calls.append(InlinedCall(scope.name, call, *place, scope.offset, code.declared(scope)))
        return calls[::-1]

    @_survives(lambda: [])
    def variables(self, address: int) -> list[Variable]:
        """The arguments, then the locals that are declared at `address`, those of inner blocks first.

        Where calls are inlined, those of the innermost call come first, then its callers': so the first of a name is the
        visible one. Variables that the compiler dropped are there too: their place is Unavailable.
        """
        found = self._code(address)
        die = None if found is None else found[0].function(found[1])
        if found is None or die is None:
            return []
        code, linked = found
        levels: list[list[tuple[int, Die]]] = [[(0, die)]]  # one list of scopes for each function
        for depth, scope in enumerate(code.scopes(die, linked), 1):
            if scope.tag in (Tag.INLINED, Tag.SUBPROGRAM):
                levels.append([])
            levels[-1].append((depth, scope))
        listed: list[Variable] = []
        for level in reversed(levels):
            arguments: list[Variable] = []
            locals_: list[Variable] = []
            for depth, scope in reversed(level):
                for child in _declared_in(scope):
                    kind = VariableKind.ARGUMENT if child.tag == Tag.PARAMETER else VariableKind.LOCAL
                    into = arguments if kind is VariableKind.ARGUMENT else locals_
                    into.append(self._variable(code, child, kind, die, depth))
            listed += arguments + locals_
        return [each for each in listed if each.name]

    @_survives(lambda: [])
    def globals(self, name: str) -> list[Variable]:
        """Variables of that name outside of functions, also static ones. One that is only declared in what was compiled
        with debugging information is there where the symbol table has its address."""
        found: dict[int, Variable] = {}
        declaration: Die | None = None
        for die in entries(self.units, name, _VARIABLES):
            for each in self._definitions(die):
                variable = self._global(each)
                if variable.fixed is not None:
                    found.setdefault(variable.fixed, variable)
                elif At.CONST_VALUE in each.values:
                    found.setdefault(-each.offset, variable)
            if found and die.inherited(At.EXTERNAL) is not None:
                break  # there is one of it in the whole program
            declaration = declaration or die
        if not found and declaration is not None:
            for linked in symbol_addresses(self.units, name)[:1]:
                variable = self._global(declaration)
                variable.known_address = linked + self.base
                found[linked] = variable
        return list(found.values())

    def type(self, name: str) -> Type | None:
        """The type of that name: "struct foo", "union u", "enum e", "foo_t", "unsigned int"; C++'s "foo" too. A complete
        one if there is any; None where the program has no such type."""
        words = name.split()
        if not words:
            return None
        key = " ".join(words)
        if key not in self._types:
            self._types[key] = None  # while it is looked for: a declaration of itself inside finds nothing
            self._types[key] = self._type(words)
        return self._types[key]

    @cached_property
    def _types(self) -> dict[str, Type | None]:
        return {}

    @_survives(lambda: None)
    def _type(self, words: list[str]) -> Type | None:
        if words[0] in _KEYWORDS and len(words) == 2:
            choices = [(words[1], _KEYWORDS[words[0]])]
        else:
            choices = [(each, _PLAIN) for each in spellings(" ".join(words))]
            choices += [(words[0], _CPLUSPLUS)] if len(words) == 1 else []
        for name, tags in choices:
            for die in entries(self.units, name, tags):
                if die.flag(At.DECLARATION):
                    continue
                if tags is _CPLUSPLUS and (die.unit.top.number(At.LANGUAGE) or 0) in _C_LANGUAGES:
                    continue
                return self._reader.read(die)
        return None

    @cached_property
    def _reader(self) -> TypeReader:
        return TypeReader(self.units, self.type)

    @cached_property
    def _codes(self) -> dict[int, UnitCode]:
        return {}

    def _unit_code(self, unit: Unit) -> UnitCode:
        code = self._codes.get(unit.offset)
        if code is None:
            code = self._codes[unit.offset] = UnitCode(unit)
        return code

    @cached_property
    def _index(self) -> UnitIndex:
        return UnitIndex.of(self.units)

    @cached_property
    def _loose(self) -> list[tuple[int, int, Unit]]:
        """Code of units that do not say where it is, by their line tables."""
        found: list[tuple[int, int, Unit]] = []
        for unit in (self.units.list[each] for each in self._index.loose):
            lines = self._unit_code(unit).lines
            if lines is not None:
                found.extend((low, high, unit) for low, high, _, _ in lines.spans)
        return found

    def _code(self, address: int) -> tuple[UnitCode, int] | None:
        """The unit with code at `address`, and the address as linked."""
        linked = address - self.base
        parts = self._index.parts
        index = bisect_right(parts, (linked, 1 << 65)) - 1
        for low, high, unit in reversed(parts[max(0, index - 8) : index + 1]):
            if low <= linked < high:
                return self._unit_code(self.units.list[unit]), linked
        for low, high, held in self._loose:
            if low <= linked < high:
                return self._unit_code(held), linked
        return None

    def _function(self, code: UnitCode, die: Die) -> Function:
        parts = ranges(die)
        held = die.inherited(At.LINKAGE_NAME)
        entry = die.address(At.ENTRY_PC) if At.LOW_PC not in die.values else die.address(At.LOW_PC)
        own = next((part for part in parts if entry == part[0]), parts[0])
        external = die.inherited(At.EXTERNAL)
        return Function(
            die.name,
            own[0] + self.base,
            own[1] + self.base,
            die.offset,
            code.declared(die),
            tuple((low + self.base, high + self.base) for low, high in parts),
            external is not None,
            "" if held is None else held.text(At.LINKAGE_NAME),
        )

    def _instances(self, die: Die) -> Iterator[Function]:
        """The functions with code that the entry is, declares, or is the abstract one of."""
        for each in self._definitions(die):
            if ranges(each):
                yield self._function(self._unit_code(each.unit), each)

    def _definitions(self, die: Die) -> Iterator[Die]:
        """The entry, and those of its unit that refer to it: definitions of what it declares."""
        yield die
        if not (die.flag(At.DECLARATION) or die.number(At.INLINE)):
            return
        unit = die.unit
        needle = (die.offset - unit.offset).to_bytes(4, self.units.order)
        if self.units.info.find(needle, unit.first, unit.end) < 0:
            return
        for offset, tag in unit.outline:
            if tag == die.tag and offset != die.offset:
                other = unit.die(offset)
                for attribute in (At.SPECIFICATION, At.ABSTRACT_ORIGIN):
                    held = other.values.get(attribute)
                    if held is not None and held[1] == die.offset:
                        yield other

    def _variable(
        self, code: UnitCode, die: Die, kind: VariableKind, function: Die | None, depth: int = 0
    ) -> Variable:
        return Variable(
            die.name,
            self._reader.of(die),
            kind,
            die,
            function,
            self.base,
            code.declared(die),
            depth,
            die.flag(At.ARTIFICIAL),
        )

    def _global(self, die: Die) -> Variable:
        return self._variable(self._unit_code(die.unit), die, VariableKind.GLOBAL, None)

    def _units_of(self, file: str) -> list[Unit]:
        """The units whose line tables may name that file."""
        tables = self._index.tables
        starts = sorted(tables)
        lines = self.sections.section(".debug_line")
        texts = self.sections.section(".debug_line_str")
        found: set[int] = set()

        def held(position: int) -> None:
            place = bisect_right(starts, position) - 1
            if place >= 0:
                found.add(starts[place])

        ending = basename(file).encode() + b"\0"
        for position in texts.all(ending):
            before = bytes(texts.view[max(0, position - 4096) : position])
            for start in {position, position - len(before) + before.rfind(b"\0") + 1}:
                for place in lines.all(start.to_bytes(4, self.units.order)):
                    held(place)
        for position in lines.all(ending):
            held(position)
        return [self.units.list[each] for start in sorted(found) for each in tables[start]]

    def _one_each(self, places: list[tuple[Unit, int]]) -> list[int]:
        """The first address in each function or inlined copy, after the prologue where it is a function's entry."""
        found: dict[tuple[int, ...], int] = {}
        for unit, linked in sorted(places, key=lambda each: each[1]):
            code = self._unit_code(unit)
            die = code.function(linked)
            if die is None:
                found.setdefault((unit.offset, linked), linked + self.base)
                continue
            inlined = [each.offset for each in code.scopes(die, linked) if each.tag == Tag.INLINED]
            key = (die.offset, *inlined)
            if key in found:
                continue
            address = linked + self.base
            if any(low == linked for low, _ in ranges(die)) and not inlined:
                address = self.body(self._function(code, die))
            found[key] = address
        return sorted(set(found.values()))


_C_LANGUAGES: Final = frozenset({0x01, 0x02, 0x0C, 0x1D, 0x2C, _ASSEMBLER})  # DW_LANG_C89, C, C99, C11, C17


def _declared_in(scope: Die) -> Iterator[Die]:
    """The parameters and variables of one scope; of an instance also those that only its origin has."""
    seen: set[int] = set()
    for child in scope.nested():
        if child.tag in (Tag.PARAMETER, Tag.VARIABLE):
            held = child.values.get(At.ABSTRACT_ORIGIN)
            if held is not None:
                seen.add(held[1])
            if not child.flag(At.DECLARATION):
                yield child
    origin = scope.reference(At.ABSTRACT_ORIGIN)
    if origin is not None:
        for child in origin.nested():
            if child.tag in (Tag.PARAMETER, Tag.VARIABLE) and child.offset not in seen:
                yield child


def _after_prologue(lines: LineTable, low: int, high: int) -> int:
    rows = [row for row in lines.rows(low, high) if not row.end and row.line]
    for row in rows:
        if row.prologue_end:
            return row.address
    if len({row.line for row in rows if row.address == low and row.statement}) > 1:
        return low  # the first line of the body begins at the entry: there is no prologue
    for row in rows:
        if row.address > low and row.statement:
            return row.address
    return low
