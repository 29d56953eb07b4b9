"""Places in code, as people name them: `main`, `main+8`, `*0x80000000`, `0x80000000`, `file.c:12`, `12`, `$pc`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emu.debug.errors import BadLocation

if TYPE_CHECKING:
    from emu.debug.scope import Scope

_LINE: Final = re.compile(r"^(?:(?P<file>[^:]+):)?(?P<line>\d+)$")
_NAME: Final = re.compile(r"^[A-Za-z_.$][\w.$@]*$")
_OFFSET: Final = re.compile(r"^(?P<name>[A-Za-z_.$][\w.$@]*)\s*\+\s*(?P<offset>0x[0-9a-fA-F]+|\d+)$")


@dataclass(frozen=True, slots=True)
class Location:
    """`text` as it was given; the guest-virtual `addresses` that it means, lowest first."""

    text: str
    addresses: tuple[int, ...]

    @property
    def address(self) -> int:
        return self.addresses[0]


def locate(text: str | int, scope: Scope, *, body: bool = True) -> Location:
    """Where `text` is. `body`: of a function, where its body begins (behind the prologue, where DWARF tells), else its
    entry. Raises BadLocation with what was wrong and the nearest names."""
    if isinstance(text, int):
        return Location(f"*{text:#x}", (text & scope.mask,))
    text = text.strip()
    if not text:
        return Location("*$pc", (scope.register("pc"),))
    if text.startswith("*"):
        return Location(text, (_number(text[1:], scope),))
    if re.match(r"^0[xX][0-9a-fA-F]+$", text):
        return Location(f"*{text}", (int(text, 16) & scope.mask,))
    line = _LINE.match(text)
    if line is not None:
        return _of_line(text, line["file"], int(line["line"]), scope)
    offset = _OFFSET.match(text)
    if offset is not None:
        address = _entry(offset["name"], scope)
        return Location(text, ((address + int(offset["offset"], 0)) & scope.mask,))
    if _NAME.match(text) and not text.startswith("$"):
        return Location(text, _of_name(text, scope, body=body))
    return Location(text, (_number(text, scope),))


def _of_name(name: str, scope: Scope, *, body: bool) -> tuple[int, ...]:
    functions = scope.info.functions(name) if body else []
    if functions:
        return tuple(sorted({scope.info.body(function) for function in functions}))
    return (_entry(name, scope),)


def _entry(name: str, scope: Scope) -> int:
    address = scope.symbols.entry(name)
    if address is None:
        functions = scope.info.functions(name)
        if functions:
            return functions[0].low
        nearest = tuple(scope.symbols.nearest_names(name))
        what = "there is no symbol of this name"
        raise BadLocation(name, what if len(scope.symbols) else f"{what}: the guest has no symbols", nearest)
    return address


def _of_line(text: str, file: str | None, line: int, scope: Scope) -> Location:
    if file is None:
        here = scope.info.line(scope.register("pc"))
        if here is None:
            raise BadLocation(
                text, "a line number alone needs a current source file, and the pc is in none that is known"
            )
        file = here.file
    addresses = scope.info.addresses(file, line)
    if not addresses:
        raise BadLocation(
            text, "no code is known for this line (is the guest compiled with -g, and the file's name right?)"
        )
    return Location(f"{file}:{line}", tuple(sorted(set(addresses))))


def _number(text: str, scope: Scope) -> int:
    from emu.debug.expression import Expression, ExpressionError  # noqa: PLC0415  it is big, and seldom needed

    try:
        return int(Expression.parse(text).evaluate(scope)) & scope.mask
    except ExpressionError as error:
        raise BadLocation(text, str(error).rstrip(".")) from error
