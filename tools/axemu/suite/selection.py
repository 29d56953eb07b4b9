"""Which cases run, and in what order: -k, -t, --only-failed, --shard, --order."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable, Mapping, Sequence

from axemu.errors import UsageError
from axemu.suite.case import Case
from axemu.suite.history import Past

ORDERS = ("smart", "manifest", "random")
_WORD = re.compile(r"\s*(\(|\)|'[^']*'|\"[^\"]*\"|[^\s()]+)")
Test = Callable[[Case], bool]


def expression(text: str) -> Test:
    """-k: words that occur in a case's name, `and`, `or`, `not`, brackets. Words that hold blanks are quoted. Raises
    UsageError."""
    words = _WORD.findall(text)
    if not words or "".join(words) != re.sub(r"\s+(?=(?:[^'\"]*['\"][^'\"]*['\"])*[^'\"]*$)", "", text):
        raise UsageError("-k takes words, and, or, not and brackets.", f"Got {text!r}.")
    test, rest = _either(words, text)
    if rest:
        raise UsageError(
            "-k takes words, and, or, not and brackets.", f"Nothing is expected at {rest[0]!r} in {text!r}."
        )
    return test


def _either(words: list[str], text: str) -> tuple[Test, list[str]]:
    test, rest = _both(words, text)
    while rest and rest[0] == "or":
        other, rest = _both(rest[1:], text)
        test = _or(test, other)
    return test, rest


def _both(words: list[str], text: str) -> tuple[Test, list[str]]:
    test, rest = _one(words, text)
    while rest and rest[0] == "and":
        other, rest = _one(rest[1:], text)
        test = _and(test, other)
    return test, rest


def _one(words: list[str], text: str) -> tuple[Test, list[str]]:
    if not words or words[0] in (")", "and", "or"):
        at = repr(words[0]) if words else "the end"
        raise UsageError(
            "-k: a word is expected.", f"Got {at} in {text!r}.", "Example: -k 'hello and not arm'"
        )
    word, *rest = words
    if word == "not":
        test, rest = _one(rest, text)
        return lambda case: not test(case), rest
    if word == "(":
        test, rest = _either(rest, text)
        if not rest or rest[0] != ")":
            raise UsageError("-k: a closing bracket is expected.", f"There is none in {text!r}.")
        return test, rest[1:]
    part = word.strip("'\"")
    return lambda case: part in case.name, rest


def _or(left: Test, right: Test) -> Test:
    return lambda case: left(case) or right(case)


def _and(left: Test, right: Test) -> Test:
    return lambda case: left(case) and right(case)


def tagged(cases: Sequence[Case], tags: Sequence[str]) -> tuple[Case, ...]:
    """-t TAG, several: any of them; -t '!TAG': none of these. Raises UsageError for a tag that no case has."""
    known = {tag for case in cases for tag in case.tags}
    for tag in tags:
        if tag.removeprefix("!") not in known:
            raise UsageError(
                f"-t: no case has the tag {tag!r}.",
                "",
                f"There are: {', '.join(sorted(known)) or 'none at all'}.",
            )
    wanted = {tag for tag in tags if not tag.startswith("!")}
    unwanted = {tag[1:] for tag in tags if tag.startswith("!")}
    return tuple(
        case for case in cases if (not wanted or wanted & set(case.tags)) and not unwanted & set(case.tags)
    )


def sharded(cases: Sequence[Case], shard: str) -> tuple[Case, ...]:
    """--shard i/n: every n-th case by name, from the i-th. Raises UsageError."""
    match = re.fullmatch(r"(\d+)/(\d+)", shard)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError("--shard takes I/N with 1 <= I <= N.", f"Got {shard!r}.", "Example: --shard 2/4")
    number, count = int(match[1]), int(match[2])
    mine = {case.name for case in sorted(cases, key=lambda case: case.name)[number - 1 :: count]}
    return tuple(case for case in cases if case.name in mine)


def ordered(cases: Sequence[Case], order: str, past: Mapping[str, Past], seed: int) -> tuple[Case, ...]:
    """smart: what failed last time, then what took longest, then the rest. Cases of one prefix stay together."""
    if order == "random":
        mixed = list(cases)
        random.Random(seed).shuffle(mixed)
        return tuple(mixed)
    if order == "manifest":
        return tuple(cases)
    nothing = Past(True, 0.0)

    def rank(case: Case) -> tuple[bool, float]:
        known = past.get(case.name, nothing)
        return (known.good, -known.seconds)

    return tuple(sorted(cases, key=rank))


def skip_reason(case: Case) -> str:
    """Why the case is left out here, "" where it is not."""
    skip = case.guest.skip_if
    said = f"{skip.reason}: " if skip.reason else ""
    if skip.always:
        return skip.reason or "always skipped"
    for name in skip.env:
        if os.environ.get(name):
            return f"{said}{name} is set in the environment"
    for name in skip.no_env:
        if not os.environ.get(name):
            return f"{said}{name} is not set in the environment"
    for name in skip.no_command:
        if shutil.which(name) is None:
            return f"{said}the command {name} is not installed"
    for path in skip.no_file:
        if not path.exists():
            return f"{said}{path} does not exist"
    if case.guest.isa in skip.isa:
        return f"{said}not on {case.guest.isa}"
    return ""
