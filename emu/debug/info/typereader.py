"""Types out of DWARF entries (DWARF 5, chapter 5). A damaged entry gives void, or a type that has less."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from emu.debug.info.codes import At, Tag
from emu.debug.info.dies import Damaged, Die, uleb
from emu.debug.info.types import VOID, Kind, Member, Parameter, Type

if TYPE_CHECKING:
    from emu.debug.info.dies import Units

_MOST_MEMBERS: Final = 20_000
_DEEPEST: Final = 64
_LINKS: Final = {
    Tag.TYPEDEF: Kind.TYPEDEF,
    Tag.CONST: Kind.CONST,
    Tag.VOLATILE: Kind.VOLATILE,
    Tag.RESTRICT: Kind.RESTRICT,
    Tag.ATOMIC: Kind.ATOMIC,
}
_POINTERS: Final = {
    Tag.POINTER: Kind.POINTER,
    Tag.REFERENCE: Kind.REFERENCE,
    Tag.RVALUE_REFERENCE: Kind.REFERENCE,
}
_AGGREGATES: Final = {Tag.STRUCT: Kind.STRUCT, Tag.CLASS: Kind.STRUCT, Tag.UNION: Kind.UNION}


class TypeReader:
    """Types by entry; one object for one entry. `complete` finds the definition of a struct that is only declared."""

    def __init__(self, units: Units, complete: Callable[[str], Type | None]) -> None:
        self._units = units
        self._complete = complete
        self._known: dict[int, Type] = {}
        self._depth = 0

    def of(self, die: Die) -> Type:
        """The type of what the entry declares; void where it has none."""
        held = die.inherited(At.TYPE)
        referred = None if held is None else held.reference(At.TYPE)
        return VOID if referred is None else self.read(referred)

    def read(self, die: Die) -> Type:
        """The type that the entry is."""
        found = self._known.get(die.offset)
        if found is None:
            if self._depth > _DEEPEST:
                return VOID
            self._depth += 1
            try:
                found = self._read(die)
            except (Damaged, IndexError) as error:
                self._units.trouble(f"The type at {die.offset:#x} of .debug_info is damaged: {error}.")
                found = VOID
            finally:
                self._depth -= 1
            self._known[die.offset] = found
        return found

    def _read(self, die: Die) -> Type:
        tag, size = die.tag, die.number(At.BYTE_SIZE) or 0
        if tag in _AGGREGATES:
            return self._aggregate(die, _AGGREGATES[Tag(tag)], size)
        if tag == Tag.BASE:
            return Type(Kind.BASE, die.text(At.NAME), size, die.number(At.ENCODING) or 0)
        if tag in _POINTERS:
            return Type(_POINTERS[Tag(tag)], "", size or die.unit.address_size, target_loader=self._loader(die))
        if tag in _LINKS:
            # the size is that of the target, which may be this type's own maker: looked up through the chain of entries
            return Type(
                _LINKS[Tag(tag)], die.text(At.NAME), self._size(die), target_loader=self._loader(die)
            )
        if tag == Tag.ENUM:
            return self._enum(die, size)
        if tag == Tag.ARRAY:
            return self._array(die)
        if tag in (Tag.FUNCTION_TYPE, Tag.SUBPROGRAM):
            return self.function(die)
        if tag == Tag.UNSPECIFIED:
            return Type(Kind.VOID, die.text(At.NAME) or "void", 1)
        return Type(Kind.VOID, f"<type of DWARF tag {tag:#x}>", size or 1)

    def _loader(self, die: Die) -> Callable[[], Type]:
        return lambda: self._safely(lambda: self.of(die), VOID)

    def _safely(self, load: Callable[[], Type], otherwise: Type) -> Type:
        try:
            return load()
        except (Damaged, IndexError) as error:
            self._units.trouble(f"A type in .debug_info is damaged: {error}.")
            return otherwise

    def _size(self, die: Die) -> int:
        """Bytes of the type of the entry, through typedefs and qualifiers."""
        for _ in range(_DEEPEST):
            held = die.number(At.BYTE_SIZE)
            if held is not None:
                return held
            if die.tag in _POINTERS:
                return die.unit.address_size
            if die.tag == Tag.ARRAY:
                return self.read(die).size
            referred = die.reference(At.TYPE)
            if referred is None:
                return 1 if die.tag in _LINKS else 0
            if die.tag == Tag.FUNCTION_TYPE:
                return 1
            if die.flag(At.DECLARATION):
                return 0
            die = referred
        return 0

    def _aggregate(self, die: Die, kind: Kind, size: int) -> Type:
        name = die.name
        keyword = "class" if die.tag == Tag.CLASS else ""
        if die.flag(At.DECLARATION):
            whole = self._complete(f"{kind.value} {name}") if name else None
            if whole is not None:
                return whole
            return Type(kind, name, 0, incomplete=True, keyword=keyword)
        return Type(kind, name, size, keyword=keyword, members_loader=lambda: self._members(die))

    def _members(self, die: Die) -> tuple[Member, ...]:
        found: list[Member] = []
        try:
            for child in die.nested():
                if child.tag in (Tag.MEMBER, Tag.INHERITANCE) and not child.flag(At.EXTERNAL):
                    found.append(self._member(child))
                if len(found) > _MOST_MEMBERS:
                    break
        except (Damaged, IndexError) as error:
            self._units.trouble(f"The members of the type at {die.offset:#x} are damaged: {error}.")
        return tuple(found)

    def _member(self, die: Die) -> Member:
        type_ = self.of(die)
        offset = self._offset(die)
        name = die.text(At.NAME)
        bits = die.number(At.BIT_SIZE)
        if not bits:
            return Member(name, type_, offset)
        big = self._units.sections.big_endian
        start = die.number(At.DATA_BIT_OFFSET)
        if start is None:
            # DWARF 2 and 3: from the most significant bit of a storage unit of that many bytes
            storage = die.number(At.BYTE_SIZE) or type_.size
            start = die.number(At.BIT_OFFSET) or 0
            if not big:
                start = 8 * storage - start - bits
        start += 8 * offset
        return Member(name, type_, start // 8, bits, start % 8)

    def _offset(self, die: Die) -> int:
        held = die.number(At.DATA_MEMBER_LOCATION)
        if held is not None:
            return held
        block = die.block(At.DATA_MEMBER_LOCATION)
        if block and block[0] == 0x23:  # DW_OP_plus_uconst, DWARF 2
            return uleb(memoryview(block), 1)[0]
        return 0

    def _enum(self, die: Die, size: int) -> Type:
        found: list[tuple[str, int]] = []
        for child in die.nested():
            if child.tag == Tag.ENUMERATOR and len(found) < _MOST_MEMBERS:
                found.append((child.text(At.NAME), self._constant(child)))
        name = die.name
        if die.flag(At.DECLARATION):
            whole = self._complete(f"enum {name}") if name else None
            return whole or Type(Kind.ENUM, name, size, incomplete=True)
        return Type(Kind.ENUM, name, size or 4, enumerators=tuple(found), target_loader=self._loader(die))

    def _constant(self, die: Die) -> int:
        return die.number(At.CONST_VALUE) or 0

    def _array(self, die: Die) -> Type:
        counts: list[int | None] = []
        for child in die.nested():
            if child.tag == Tag.SUBRANGE and len(counts) < _DEEPEST:
                counts.append(self._count(child))
        element = self.of(die)
        for count in reversed(counts or [None]):
            element = self._row(element, count)
        return element

    def _row(self, element: Type, count: int | None) -> Type:
        size = element.size * (count or 0)
        return Type(Kind.ARRAY, size=size, count=count, target_loader=lambda: element)

    def _count(self, die: Die) -> int | None:
        held = die.number(At.COUNT)
        if held is None:
            upper = die.number(At.UPPER_BOUND)
            if upper is None:
                return None
            held = upper - (die.number(At.LOWER_BOUND) or 0) + 1
        bits = 8 * die.unit.address_size
        return 0 if held < 0 or held >> bits - 1 else held  # an upper bound of -1: int a[0]

    def function(self, die: Die) -> Type:
        """The type of the function that the entry is or declares."""
        variadic = False
        children = []
        for child in die.nested():
            variadic = variadic or child.tag == Tag.UNSPECIFIED_PARAMETERS
            if child.tag == Tag.PARAMETER:
                children.append(child)
        held = die.inherited(At.PROTOTYPED)
        prototyped = held is not None and held.flag(At.PROTOTYPED)

        def parameters() -> tuple[Parameter, ...]:
            return tuple(Parameter(child.name, self.of(child)) for child in children)

        return Type(
            Kind.FUNCTION,
            size=1,
            variadic=variadic,
            prototyped=prototyped,
            target_loader=self._loader(die),
            parameters_loader=parameters,
        )
