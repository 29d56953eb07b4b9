"""Parts of sentences."""

from __future__ import annotations


def times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count:,} times"


def after(first: int, last: int) -> str:
    """When, in instruction numbers."""
    return (
        f"by instruction {first:,}" if first == last else f"first by instruction {first:,}, last by {last:,}"
    )


def count_of(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
