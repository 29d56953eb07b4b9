"""The arguments of a request, with their types checked as they are asked for."""

from __future__ import annotations

from typing import Any, Final

from axemu.dap.errors import Malformed

_NAMES: Final = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
_LARGEST: Final = 1 << 53
SHOWN: Final = 60


class Fields:
    """Of `owner`, which is named in refusals. Every method raises Malformed for a value of another type, and those
    without a default for one that is missing; null counts as missing."""

    def __init__(self, owner: str, values: object = None) -> None:
        if values is not None and not isinstance(values, dict):
            raise Malformed(f"{owner} expects an object as arguments.", f"It got {_shown(values)}.")
        self.owner: Final = owner
        self.values: Final[dict[str, Any]] = values or {}

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        return str(self._typed(name, str, default))

    def number(self, name: str, default: int | None = None) -> int:
        return int(self._typed(name, int, default))

    def flag(self, name: str, default: bool = False) -> bool:
        return bool(self._typed(name, bool, default))

    def fields(self, name: str) -> Fields:
        """Empty where it is missing."""
        return Fields(f"{self.owner}: {name}", self._typed(name, dict, {}))

    def each(self, name: str) -> list[Fields]:
        """The objects of a list; none where it is missing."""
        return [Fields(f"{self.owner}: {name}", each) for each in self._typed(name, list, [])]

    def texts(self, name: str) -> list[str]:
        """The texts of a list; none where it is missing."""
        found = self._typed(name, list, [])
        for each in found:
            if not isinstance(each, str):
                raise Malformed(f"{self.owner} expects texts in '{name}'.", f"It got {_shown(each)}.")
        return list(found)

    def _typed(self, name: str, kind: type, default: Any) -> Any:  # noqa: ANN401
        value = self.values.get(name)
        if value is None:
            if default is None:
                raise Malformed(f"{self.owner} expects {_NAMES[kind]} as '{name}'.", "It is missing.")
            return default
        if kind is int and isinstance(value, float) and value.is_integer():
            value = int(value)
        wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        if wrong or (kind is int and abs(value) >= _LARGEST):
            raise Malformed(f"{self.owner} expects {_NAMES[kind]} as '{name}'.", f"It got {_shown(value)}.")
        return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
