"""Types as C text, as gdb's whatis and ptype print them."""

from __future__ import annotations

from typing import Final

from emu.debug.info.types import Kind, Type

_DEEPEST: Final = 32
_AGGREGATES: Final = frozenset({Kind.STRUCT, Kind.UNION, Kind.ENUM})
_QUALIFIERS: Final = {
    Kind.CONST: "const",
    Kind.VOLATILE: "volatile",
    Kind.RESTRICT: "restrict",
    Kind.ATOMIC: "_Atomic",
}


def declaration(type_: Type, name: str) -> str:
    """`type_` by its name, around `name`: "int (*name)[4]"."""
    return _declare(type_, name, "", False, 0)


def definition(type_: Type) -> str:
    """As ptype: the typedefs around it resolved, the struct, union or enum in it written out."""
    return _declare(_resolved(type_), "", "", True, 0)


def _resolved(type_: Type) -> Type:
    """Typedefs at the outside resolved, also behind qualifiers, pointers and arrays, as ptype does."""
    for _ in range(_DEEPEST):
        if type_.kind is not Kind.TYPEDEF:
            break
        type_ = type_.target
    return type_


def _declare(type_: Type, inner: str, indent: str, written: bool, depth: int) -> str:
    """C's declarators grow outwards from the name; `written`: expand the struct, union or enum at the core."""
    if depth > _DEEPEST:
        return f"... {inner}".rstrip()
    kind = type_.kind
    qualifiers: list[str] = []
    while kind in _QUALIFIERS and len(qualifiers) < _DEEPEST:
        qualifiers.append(_QUALIFIERS[kind])
        type_ = type_.target
        kind = type_.kind
    if written and kind is Kind.TYPEDEF:
        return _declare(_qualified(_resolved(type_), qualifiers), inner, indent, written, depth + 1)
    if kind in (Kind.POINTER, Kind.REFERENCE):
        star = "*" if kind is Kind.POINTER else "&"
        marks = " ".join(reversed(qualifiers))
        held = f"{star} {marks}" + (f" {inner}" if inner else "") if marks else star + inner
        target = _resolved(type_.target) if written else type_.target
        if target.kind in (Kind.ARRAY, Kind.FUNCTION):
            held = f"({held})"
        return _declare(type_.target, held, indent, written, depth + 1)
    if kind is Kind.ARRAY:
        length = "" if type_.count is None else str(type_.count)
        return _declare(_qualified(type_.target, qualifiers), f"{inner}[{length}]", indent, written, depth + 1)
    if kind is Kind.FUNCTION:
        given = [_declare(each.type, "", indent, False, depth + 1) for each in type_.parameters]
        if type_.variadic:
            given.append("...")
        listed = ", ".join(given) or ("void" if type_.prototyped else "")
        return _declare(type_.target, f"{inner}({listed})", indent, written, depth + 1)
    words = [*reversed(qualifiers), _core(type_, indent, written, depth)]
    text = " ".join(words)
    return f"{text} {inner}" if inner else text


def _qualified(type_: Type, qualifiers: list[str]) -> Type:
    kinds = {word: kind for kind, word in _QUALIFIERS.items()}
    for word in reversed(qualifiers):
        target = type_
        type_ = Type(kinds[word], size=target.size, target_loader=lambda target=target: target)  # type: ignore[misc]
    return type_


def _core(type_: Type, indent: str, written: bool, depth: int) -> str:
    if type_.kind not in _AGGREGATES:
        return type_.name or type_.kind.value
    word = type_.keyword or type_.kind.value
    head = f"{word} {type_.name}" if type_.name else word
    if not written:
        return head if type_.name else head + " {...}"
    if type_.kind is Kind.ENUM:
        return f"{head} {{{_enumerators(type_)}}}"
    if type_.incomplete:
        return head + " {\n" + indent + "    <incomplete type>\n" + indent + "}"
    lines = [head + " {"]
    for member in type_.members:
        expand = not _named(member.type)
        text = _declare(member.type, member.name, indent + "    ", expand, depth + 1)
        bits = f" : {member.bits}" if member.bits else ""
        lines.append(f"{indent}    {text}{bits};")
    if not type_.members:
        lines.append(f"{indent}    <no data fields>")
    return "\n".join([*lines, indent + "}"])


def _named(type_: Type) -> bool:
    """Whether what a member's declaration is built on has a name: structs without one are written out in place."""
    for _ in range(_DEEPEST):
        if type_.kind in (Kind.POINTER, Kind.REFERENCE, Kind.ARRAY, *_QUALIFIERS):
            type_ = type_.target
        else:
            break
    return type_.kind not in _AGGREGATES or bool(type_.name)


def _enumerators(type_: Type) -> str:
    parts, expected = [], 0
    for name, value in type_.enumerators:
        parts.append(name if value == expected else f"{name} = {value}")
        expected = value + 1
    return ", ".join(parts)
