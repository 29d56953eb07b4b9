"""Statistics as JSON, and read back; docs/statistics.md describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from axemu import version
from axemu.errors import InputUnreadable, UsageError
from axemu.report import Report
from emu.statistics.summary import ExitCount, ExitKey, Spread, Summary, TrapCount, TrapKey

KIND: Final = "axemu stat"
SCHEMA: Final = 1  # grows when a key changes its meaning or goes


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds: the counts, and whose they are."""

    title: str
    summary: Summary


def as_json(summary: Summary, report: Report) -> dict[str, Any]:
    """The object of --json. Shares are of 1; host times are in ns."""
    exits, traps = summary.exit_count, summary.trap_count
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "axemu": version(),
        "run": report.as_json(),
        "instructions": summary.instructions,
        "guest_ns": summary.guest_ns,
        "exit_count": exits,
        "trap_count": traps,
        "exits": [
            {
                "reason": key.reason,
                "device": key.device,
                "register": key.register,
                "symbol": key.symbol,
                "count": each.count,
                "share": _share(each.count, exits),
                "instructions_between": spread_json(each.between),
                "host_ns": spread_json(each.host),
            }
            for key, each in summary.exits.items()
        ],
        "traps": [
            {
                "kind": key.kind,
                "cause": key.cause,
                "count": each.count,
                "share": _share(each.count, traps),
                "instructions_between": spread_json(each.between),
                "latency": spread_json(each.latency),
            }
            for key, each in summary.traps.items()
        ],
    }


def _share(count: int, total: int) -> float:
    return round(count / total, 6) if total else 0.0


def spread_json(spread: Spread) -> dict[str, Any] | None:
    """None where nothing was measured. Element 0 of the histogram counts zeros, element n what is in
    [2**(n - 1), 2**n)."""
    if not spread.count:
        return None
    used = max(index for index, each in enumerate(spread.histogram) if each) + 1
    return {
        "count": spread.count,
        "sum": spread.sum,
        "min": spread.least,
        "avg": round(spread.mean, 3),
        "max": spread.most,
        "log2": spread.histogram[:used],
    }


def load(path: Path) -> Document:
    """What --json wrote to `path`. Raises InputUnreadable, and UsageError for another file."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputUnreadable.of(path, error, "read the statistics") from error
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _refusal(path, f"it is no JSON ({error})") from error
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise _refusal(path, "it is another JSON document")
    if found.get("schema") != SCHEMA:
        raise _refusal(path, f"its schema is {found.get('schema')}, and this version reads {SCHEMA}")
    try:
        return _document(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refusal(path, f"a part of it is missing or wrong ({error})") from error


def _refusal(path: Path, reason: str) -> UsageError:
    return UsageError(
        "Expected a file that `axemu stat GUEST --json FILE` has written.",
        f"'{path}': {reason}.",
        "Run the guest again with this version.",
    )


def _document(found: Mapping[str, Any]) -> Document:
    exits = {
        ExitKey(*(_text(row[name]) for name in ("reason", "device", "register", "symbol"))): ExitCount(
            _number(row["count"]), _spread(row["instructions_between"]), _spread(row["host_ns"])
        )
        for row in found["exits"]
    }
    traps = {
        TrapKey(_text(row["kind"]), _text(row["cause"])): TrapCount(
            _number(row["count"]), _spread(row["instructions_between"]), _spread(row["latency"])
        )
        for row in found["traps"]
    }
    summary = Summary(exits, traps, _number(found["instructions"]), _number(found["guest_ns"]))
    return Document(_text(found["run"]["guest"]), summary)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is expected, not {value!r}")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"a number is expected, not {value!r}")
    return value


def _spread(row: Mapping[str, Any] | None) -> Spread:
    spread = Spread()
    if row is not None:
        spread.count, spread.sum = _number(row["count"]), _number(row["sum"])
        spread.least, spread.most = _number(row["min"]), _number(row["max"])
        for index, each in enumerate(row["log2"]):
            spread.histogram[index] = _number(each)
    return spread
