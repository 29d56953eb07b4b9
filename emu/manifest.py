"""Strict reading of a TOML manifest: every key asked for by type, every other key refused.

An error names the file, the dotted key, what was expected, and the nearest valid word.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from emu.errors import LoadError

UNITS: Mapping[str, int] = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Table:
    """One table of the manifest at `path`. `name` is its dotted key, empty for the whole document.

    Each method reads one key, and remembers that it was asked for;
    `finish` refuses the keys that nobody asked for. All raise LoadError.
    """

    __slots__ = ("known", "name", "path", "values")

    def __init__(self, path: Path, values: Mapping[str, Any], name: str = "") -> None:
        self.path, self.values, self.name = path, values, name
        self.known: list[str] = []

    @classmethod
    def load(cls, path: Path, hint: str) -> Table:
        """The document at `path`; `hint` is for a reader whose file is missing or unreadable."""
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise LoadError(path, "TOML", str(error), "Correct the line named above") from error
        except (OSError, UnicodeDecodeError) as error:
            raise LoadError(path, "a readable manifest", str(error), hint) from error
        return cls(path, values)

    def refuse(self, key: str, expected: str, actual: str, hint: str = "") -> NoReturn:
        dotted = f"{self.name}.{key}" if self.name else key
        raise LoadError(self.path, f"{dotted} to be {expected}", actual, hint)

    def take(self, key: str, expected: str, good: Callable[[Any], bool]) -> Any:  # noqa: ANN401
        """The value, or None for an absent key."""
        self.known.append(key)
        value = self.values.get(key)
        if value is not None and not good(value):
            self.refuse(key, expected, repr(value))
        return value

    def table(self, key: str) -> Table:
        """A table of its own; an absent one is empty."""
        return Table(self.path, self.take(key, "a table", lambda v: isinstance(v, dict)) or {}, key)

    def optional_text(self, key: str) -> str | None:
        value = self.take(key, "a string", lambda v: isinstance(v, str))
        return None if value is None else str(value)

    def text(self, key: str, default: str | None = None) -> str:
        """Required, unless there is a default."""
        value = self.optional_text(key)
        if value is None and default is None:
            self.refuse(key, "a string", "no such key", f"Add a line {key} = ...")
        return value if value is not None else default or ""

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self.take(key, "a list of strings", is_list_of_strings) or ())

    def patterns(self, key: str) -> tuple[str, ...]:
        """Python regular expressions."""
        patterns = self.texts(key)
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                self.refuse(key, "regular expressions (Python's re)", f"{pattern!r}: {error}")
        return patterns

    def optional_integer(self, key: str, low: int, high: int) -> int | None:
        value = self.take(
            key, f"an integer from {low} to {high}", lambda v: type(v) is int and low <= v <= high
        )
        return None if value is None else int(value)

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        value = self.optional_integer(key, low, high)
        return default if value is None else value

    def boolean(self, key: str) -> bool:
        """False where absent."""
        return bool(self.take(key, "true or false", lambda v: isinstance(v, bool)))

    def choice(self, key: str, words: Iterable[str], default: str) -> str:
        value = self.text(key, default)
        if value not in words:
            self.refuse(key, f"one of {', '.join(words)}", repr(value), nearest(value, words))
        return value

    def size(self, key: str) -> int | None:
        """Bytes: an integer, or digits with K, M or G (powers of 1024)."""
        value = self.take(key, 'a size in bytes such as "64M"', is_size)
        if isinstance(value, str):
            return int(value.rstrip("KMG")) * UNITS.get(value[-1], 1)
        return None if value is None else int(value)

    def finish(self) -> None:
        for key in self.values:
            if key not in self.known:
                where = f"a key of [{self.name}]" if self.name else "a key of the manifest"
                self.refuse(key, where, "an unknown key", nearest(key, self.known))


def is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def is_size(value: object) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[1-9][0-9]*[KMG]?", value) is not None
    return type(value) is int and value > 0


def nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(words)}"
