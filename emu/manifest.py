"""Strict reading of a TOML manifest: every key asked for by type, every other key refused.

An error names the file and the line, the dotted key, what was expected, and the nearest valid word.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from emu.errors import LoadError
from emu.expectation import bad_pattern
from emu.toml_lines import KeyPath, line_of

UNITS: Mapping[str, int] = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Table:
    """One table of the manifest at `path`. `keys` leads to it from the top of the document, whose text is `source`;
    `fallback` is where keys stand that are not there (defaults).

    Each method reads one key, and remembers that it was asked for;
    `finish` refuses the keys that nobody asked for. All raise LoadError.
    """

    __slots__ = ("fallback", "keys", "known", "path", "source", "values")

    def __init__(
        self,
        path: Path,
        values: Mapping[str, Any],
        keys: KeyPath = (),
        source: str = "",
        fallback: KeyPath | None = None,
    ) -> None:
        self.path, self.values, self.keys, self.source, self.fallback = path, values, keys, source, fallback
        self.known: list[str] = []

    @classmethod
    def load(cls, path: Path, hint: str) -> Table:
        """The document at `path`; `hint` is for a reader whose file is missing or unreadable."""
        try:
            text = path.read_text(encoding="utf-8")
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            where = f"{path}:{line[1]}" if line else path
            raise LoadError(where, "TOML", str(error), "Correct the line named above") from error
        except RecursionError as error:
            raise LoadError(path, "TOML", "brackets nested too deeply", "Nest less") from error
        except (OSError, UnicodeDecodeError) as error:
            raise LoadError(path, "a readable manifest", str(error), hint) from error
        return cls(path, values, (), text)

    @property
    def name(self) -> str:
        """Its dotted key, empty for the whole document."""
        return dotted(self.keys)

    def refuse(self, key: str, expected: str, actual: str, hint: str = "") -> NoReturn:
        line = line_of(self.source, (*self.keys, key))
        if self.fallback is not None and key not in self._written():
            line = line_of(self.source, (*self.fallback, key)) or line
        where = self.path if line is None else f"{self.path}:{line}"
        raise LoadError(where, f"{dotted((*self.keys, key))} to be {expected}", actual, hint)

    def _written(self) -> Mapping[str, Any]:
        """The values of the document itself at `keys`, without defaults."""
        values: Any = tomllib.loads(self.source) if self.source else {}
        for key in self.keys:
            try:
                values = values[key]
            except (KeyError, IndexError, TypeError):
                return {}
        return values if isinstance(values, dict) else {}

    def take(self, key: str, expected: str, good: Callable[[Any], bool]) -> Any:  # noqa: ANN401
        """The value, or None for an absent key."""
        self.known.append(key)
        value = self.values.get(key)
        if value is not None and not good(value):
            self.refuse(key, expected, repr(value))
        return value

    def table(self, key: str) -> Table:
        """A table of its own; an absent one is empty."""
        values = self.take(key, "a table", lambda v: isinstance(v, dict)) or {}
        return self._within(values, key)

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables, `[[key]]`."""
        values = self.take(
            key,
            "a list of tables",
            lambda v: isinstance(v, list) and all(isinstance(each, dict) for each in v),
        )
        return tuple(self._within(each, key, index) for index, each in enumerate(values or ()))

    def _within(self, values: Mapping[str, Any], *keys: str | int) -> Table:
        fallback = None if self.fallback is None else (*self.fallback, *keys)
        return Table(self.path, values, (*self.keys, *keys), self.source, fallback)

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
        """Regular expressions, as Python's re has them; matched by `emu.expectation.search`."""
        patterns = self.texts(key)
        for pattern in patterns:
            self.pattern_in(key, pattern)
        return patterns

    def pattern_in(self, key: str, pattern: str) -> str:
        """`pattern`, which is a part of `key`, checked."""
        reason = bad_pattern(pattern)
        if reason is not None:
            self.refuse(key, "a regular expression (as Python's re has them)", f"{pattern!r}: {reason}")
        return pattern

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


def dotted(keys: Sequence[str | int]) -> str:
    """A path of keys as people write it: case[2].expect."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def is_size(value: object) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[1-9][0-9]*[KMG]?", value) is not None
    return type(value) is int and value > 0


def nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(words)}"
