"""The types in a stored run. A file may be written by anybody: what passes here, every report can take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[object], bool]


def text(value: object) -> bool:
    return isinstance(value, str)


def whole(value: object) -> bool:
    """Wide enough for a vector register, and a ratio of two is still a float."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 1000


def number(value: object) -> bool:
    """Finite: JSON of Python's would take NaN and Infinity too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def moment(value: object) -> bool:
    """Seconds since the epoch, before the year 8000."""
    return isinstance(value, int | float) and number(value) and 0 <= value < 19e10


def flag(value: object) -> bool:
    return isinstance(value, bool)


def texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def of_whole(value: object) -> bool:
    return isinstance(value, dict) and all(whole(each) for each in value.values())


def of_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def whole_or_none(value: object) -> bool:
    return value is None or whole(value)


def console(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, dict) and set(value) == {"base64"} and text(value["base64"])
    )


def where(value: object) -> bool:
    return value is None or (isinstance(value, dict) and "pc" in value and not wrong(value, WHERE))


def subresults(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and {"name", "passed"} <= set(each) and not wrong(each, SUB) for each in value
    )


WHERE: Mapping[str, Check] = {
    "pc": whole, "symbol": text, "line": text, "vcpu": whole, "registers": of_whole, "exits": texts,
}  # fmt: skip
SUB: Mapping[str, Check] = {"name": text, "passed": flag, "skipped": flag, "text": text}
RESULT: Mapping[str, Check] = {
    "case": text, "verdict": text, "reason": text, "details": texts, "suite": text, "summary": text,
    "isa": text, "machine": text, "cpu": text, "tags": texts, "parameters": of_texts,
    "seconds": number, "overhead": number, "instructions": whole, "guest_ns": whole, "exits": of_whole,
    "ending": text, "exit_code": whole_or_none, "console": console, "console_bytes": whole,
    "where": where, "subresults": subresults, "state_hash": text, "bundle": text, "replay": text,
    "seed": whole, "worker": text, "attempt": whole, "begun": moment,
    "coverage": of_whole,
}  # fmt: skip
RUN: Mapping[str, Check] = {
    "title": text, "command": text, "axemu": text, "host": text, "begun": moment, "seed": whole,
    "total": whole, "workers": whole, "schema": whole,
}  # fmt: skip
END: Mapping[str, Check] = {"seconds": number, "interrupted": flag}


def wrong(values: Mapping[str, Any], checks: Mapping[str, Check]) -> str:
    """The first key whose value has the wrong type, "" where there is none. Unknown keys pass."""
    return next((key for key, right in checks.items() if key in values and not right(values[key])), "")
