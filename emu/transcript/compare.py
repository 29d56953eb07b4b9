"""Two transcripts side by side: what one says that the other does not. When something was said is no difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from emu.transcript.entry import Entry, Transcript

WINDOW: Final = 2_000
"""Entries that are compared at a time, once two have been found to differ."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`removed` are entries of the old transcript from index `old` on, in whose place the new one has `added`, from its
    index `new` on."""

    old: int
    new: int
    removed: tuple[Entry, ...]
    added: tuple[Entry, ...]


def differences(old: Transcript, new: Transcript) -> Iterator[Difference]:
    """In order. Equal stretches cost no more than being looked at; a difference is searched for `WINDOW` entries."""
    left, right = old.entries, new.entries
    i = j = 0
    while i < len(left) or j < len(right):
        while i < len(left) and j < len(right) and left[i].said == right[j].said:
            i, j = i + 1, j + 1
        if i == len(left) and j == len(right):
            return
        a, b = left[i : i + WINDOW], right[j : j + WINDOW]
        matcher = SequenceMatcher(None, [each.said for each in a], [each.said for each in b], autojunk=False)
        last_a = last_b = 0
        for tag, low, high, first, end in matcher.get_opcodes():
            last_a, last_b = high, end
            if tag != "equal":
                yield Difference(i + low, j + first, a[low:high], b[first:end])
        i, j = i + last_a, j + last_b
