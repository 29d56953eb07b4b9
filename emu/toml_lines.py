"""Where in a TOML text a key stands: for error messages, since the standard parser keeps no positions.

Theory: a key is written as `a.b.key = ...` under the header `[t]` or the n-th `[[t]]`, or inside the inline value of a
key above it. The text is cut into headers and keys by line, strings over several lines left out; of the path that is
looked for, the line that names the longest part of it wins.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

KeyPath = tuple[str | int, ...]
"""Keys from the top; a number is an index into an array of tables."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_WORD = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line (from 1) of the key at `path`, or of the nearest table around it that is written down."""
    wanted, best, found = tuple(path), 0, None
    for number, key in _keys(text):
        common = _common(key, wanted)
        if common == len(key) and common > best:
            best, found = common, number
    return found


def _common(left: KeyPath, right: KeyPath) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _keys(text: str) -> Iterator[tuple[int, KeyPath]]:
    """Every header and key: (line, path)."""
    prefix: KeyPath = ()
    counts: Counter[KeyPath] = Counter()
    closing = ""
    for number, line in enumerate(text.splitlines(), 1):
        if closing:
            if closing in line:
                closing = ""
            continue
        if header := _HEADER.match(line):
            words = tuple(word.strip("\"'") for word in _WORD.findall(header[2]))
            prefix = _indexed(words, counts)
            if header[1] == "[[":
                prefix = (*prefix[:-1], words[-1], counts[words])
                counts[words] += 1
            yield number, prefix
        elif key := _KEY.match(line):
            yield number, (*prefix, *(word.strip("\"'") for word in _WORD.findall(key[1])))
            for quotes in ('"""', "'''"):
                if line.count(quotes) % 2:
                    closing = quotes


def _indexed(words: tuple[str, ...], counts: Counter[KeyPath]) -> KeyPath:
    """A header's words, with the index of the last table where a part of them is an array of tables."""
    path: list[str | int] = []
    for position, word in enumerate(words):
        path.append(word)
        if position < len(words) - 1 and counts[words[: position + 1]]:
            path.append(counts[words[: position + 1]] - 1)
    return tuple(path)
