"""Types of C as a debugger sees them. Their parts are read when they are asked for: a kernel's types all hang together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Final

from emu.debug.info.codes import Encoding

_DEEPEST: Final = 64  # types in a chain of typedefs, qualifiers and arrays before it counts as circular


class Kind(Enum):
    BASE = "base"
    POINTER = "pointer"
    REFERENCE = "reference"
    ARRAY = "array"
    STRUCT = "struct"
    UNION = "union"
    ENUM = "enum"
    TYPEDEF = "typedef"
    FUNCTION = "function"
    CONST = "const"
    VOLATILE = "volatile"
    RESTRICT = "restrict"
    ATOMIC = "_Atomic"
    VOID = "void"


_QUALIFIERS: Final = frozenset({Kind.CONST, Kind.VOLATILE, Kind.RESTRICT, Kind.ATOMIC})
_THROUGH: Final = _QUALIFIERS | {Kind.TYPEDEF}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct or union: `offset` in bytes from its start; `name` empty for anonymous ones.

    A bit field has `bits` > 0 of width, and begins `bit_offset` bits into the bytes from `offset` on: counted from the
    least significant bit on little-endian machines, from the most significant on big-endian ones.
    """

    name: str
    type: Type
    offset: int
    bits: int = 0
    bit_offset: int = 0


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function type."""

    name: str
    type: Type


@dataclass(eq=False)
class Type:
    """One type. `size` in bytes, 0 where unknown (an incomplete type, an array without a bound).

    `count`: elements of an array, None where its length is not written down. `enumerators` are (name, value).
    `incomplete`: only declared, nowhere in this file defined. `variadic`: a function with "...".
    """

    kind: Kind
    name: str = ""
    size: int = 0
    encoding: int = 0
    count: int | None = None
    enumerators: tuple[tuple[str, int], ...] = ()
    incomplete: bool = False
    variadic: bool = False
    prototyped: bool = True
    keyword: str = ""  # "class" for what C++ calls so
    target_loader: Callable[[], Type] | None = field(default=None, repr=False)
    members_loader: Callable[[], tuple[Member, ...]] | None = field(default=None, repr=False)
    parameters_loader: Callable[[], tuple[Parameter, ...]] | None = field(default=None, repr=False)

    @cached_property
    def target(self) -> Type:
        """What a pointer points to, an array has, a typedef or qualifier names, a function returns; else void."""
        return VOID if self.target_loader is None else self.target_loader()

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """Of a struct or union, in order."""
        return () if self.members_loader is None else self.members_loader()

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Of a function."""
        return () if self.parameters_loader is None else self.parameters_loader()

    def strip(self) -> Type:
        """This type without typedefs and qualifiers around it."""
        found = self
        for _ in range(_DEEPEST):
            if found.kind not in _THROUGH:
                return found
            found = found.target
        return VOID

    def member(self, name: str) -> Member | None:
        """The member of that name, also one of an anonymous struct or union inside, with the offset from here."""
        return _member(self.strip(), name, 0)

    @property
    def signed(self) -> bool:
        """Whether a scalar of it is read as a signed number."""
        plain = self.strip()
        if plain.kind is Kind.ENUM:
            return any(value < 0 for _, value in plain.enumerators)
        return plain.kind is Kind.BASE and plain.encoding in (Encoding.SIGNED, Encoding.SIGNED_CHAR)

    @property
    def character(self) -> bool:
        """Whether it is printed as a character: one byte with a character's encoding."""
        plain = self.strip()
        chars = (Encoding.SIGNED_CHAR, Encoding.UNSIGNED_CHAR, Encoding.UTF)
        return plain.kind is Kind.BASE and plain.encoding in chars and plain.size == 1

    @property
    def scalar(self) -> bool:
        """Whether arithmetic knows it: numbers, pointers, enums."""
        return self.strip().kind in (Kind.BASE, Kind.POINTER, Kind.ENUM, Kind.REFERENCE)

    def pointer(self, size: int) -> Type:
        """The type of a pointer to it; `size` of an address in bytes."""
        return Type(Kind.POINTER, size=size, target_loader=lambda: self)

    def array(self, count: int) -> Type:
        """The type of `count` of it in a row."""
        return Type(Kind.ARRAY, size=count * self.size, count=count, target_loader=lambda: self)

    def declare(self, name: str = "") -> str:
        """The text that gdb's ptype prints after "type = ": the outermost struct, union or enum written out.

        With `name`, the declaration of something of that name instead.
        """
        from emu.debug.info.declaration import declaration, definition  # noqa: PLC0415 - they need each other

        return declaration(self, name) if name else definition(self)

    def __str__(self) -> str:
        """As gdb's whatis: its name, nothing written out."""
        from emu.debug.info.declaration import declaration  # noqa: PLC0415

        return declaration(self, "")


VOID: Final = Type(Kind.VOID, "void", size=1)


def base(name: str, size: int, encoding: Encoding) -> Type:
    """A base type that no program needs to define."""
    return Type(Kind.BASE, name, size, int(encoding))


def standard(name: str, address_size: int) -> Type | None:
    """C's type of that name ("unsigned long", "uint8_t") where addresses are `address_size` bytes; None: no such type."""
    words = sorted(name.split())
    fixed = _FIXED.get(name)
    if fixed is not None:
        return base(name, *fixed)
    if name in ("size_t", "uintptr_t", "ssize_t", "intptr_t", "ptrdiff_t"):
        unsigned = name in ("size_t", "uintptr_t")
        return base(name, address_size, Encoding.UNSIGNED if unsigned else Encoding.SIGNED)
    if words == ["void"]:
        return VOID
    spelled = _SPELLINGS.get(tuple(words))
    if spelled is None:
        return None
    text, size, encoding = spelled
    return base(text, size or address_size, encoding)


def spellings(name: str) -> tuple[str, ...]:
    """The ways in which compilers write that base type's name, as given first."""
    words = tuple(sorted(name.split()))
    spelled = _SPELLINGS.get(words)
    if spelled is None:
        return (name,)
    same = [" ".join(words_) for words_ in _WRITTEN.get(spelled[0], ())]
    return tuple(dict.fromkeys((name, spelled[0], *same)))


_FIXED: Final = {
    f"{'' if sign else 'u'}int{bits}_t": (bits // 8, Encoding.SIGNED if sign else Encoding.UNSIGNED)
    for bits in (8, 16, 32, 64)
    for sign in (True, False)
}
_WRITTEN: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "char": (("char",),),
    "signed char": (("signed", "char"),),
    "unsigned char": (("unsigned", "char"),),
    "short": (("short", "int"), ("short",), ("signed", "short"), ("signed", "short", "int")),
    "unsigned short": (("short", "unsigned", "int"), ("unsigned", "short"), ("unsigned", "short", "int")),
    "int": (("int",), ("signed",), ("signed", "int")),
    "unsigned int": (("unsigned", "int"), ("unsigned",)),
    "long": (("long", "int"), ("long",), ("signed", "long"), ("signed", "long", "int")),
    "unsigned long": (("long", "unsigned", "int"), ("unsigned", "long"), ("unsigned", "long", "int")),
    "long long": (("long", "long", "int"), ("long", "long"), ("signed", "long", "long")),
    "unsigned long long": (
        ("long", "long", "unsigned", "int"),
        ("unsigned", "long", "long"),
        ("unsigned", "long", "long", "int"),
    ),
    "float": (("float",),),
    "double": (("double",),),
    "_Bool": (("_Bool",), ("bool",)),
}
_MEANT: Final = {
    "char": (1, Encoding.SIGNED_CHAR),
    "signed char": (1, Encoding.SIGNED_CHAR),
    "unsigned char": (1, Encoding.UNSIGNED_CHAR),
    "short": (2, Encoding.SIGNED),
    "unsigned short": (2, Encoding.UNSIGNED),
    "int": (4, Encoding.SIGNED),
    "unsigned int": (4, Encoding.UNSIGNED),
    "long": (0, Encoding.SIGNED),
    "unsigned long": (0, Encoding.UNSIGNED),
    "long long": (8, Encoding.SIGNED),
    "unsigned long long": (8, Encoding.UNSIGNED),
    "float": (4, Encoding.FLOAT),
    "double": (8, Encoding.FLOAT),
    "_Bool": (1, Encoding.BOOLEAN),
}
_SPELLINGS: Final[dict[tuple[str, ...], tuple[str, int, Encoding]]] = {
    tuple(sorted(words)): (name, *_MEANT[name]) for name, all_ in _WRITTEN.items() for words in all_
}


def _member(type_: Type, name: str, start: int, depth: int = 0) -> Member | None:
    if type_.kind not in (Kind.STRUCT, Kind.UNION) or depth > _DEEPEST:
        return None
    for each in type_.members:
        if each.name == name:
            return Member(name, each.type, start + each.offset, each.bits, each.bit_offset)
    for each in type_.members:
        if not each.name:
            found = _member(each.type.strip(), name, start + each.offset, depth + 1)
            if found is not None:
                return found
    return None
