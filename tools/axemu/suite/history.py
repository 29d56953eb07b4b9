"""The results folder: what earlier runs came to, bundles of failures, and a lock against two runs at once.

.axemu-suite/history.json   the last verdict and time of every case that ever ran from here
.axemu-suite/last.jsonl     the whole last run (`axemu suite report` reads it)
.axemu-suite/bundles/       failures
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from axemu.errors import InputUnreadable, UsageError
from axemu.suite.result import Result, Verdict

FOLDER = Path(".axemu-suite")


@dataclass(frozen=True, slots=True)
class Past:
    """A case's last run: whether its verdict was good, and host seconds."""

    good: bool
    seconds: float


@contextmanager
def opened(folder: Path) -> Iterator[Path]:
    """The results folder, made and locked for this run. Raises UsageError where another run has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise InputUnreadable.of(folder, error, "use the results folder") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise UsageError(
                f"The results folder {folder} is in use by another run.",
                f"Its process is {lock.read().strip() or 'unknown'}.",
                "Wait for it, or give this run a folder of its own with --results.",
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield folder


def read(folder: Path) -> dict[str, Past]:
    """What is known; a history that cannot be read is none."""
    try:
        values = json.loads((folder / "history.json").read_text(encoding="utf-8"))
        return {
            name: Past(bool(each["good"]), float(each["seconds"])) for name, each in values["cases"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write(folder: Path, past: Mapping[str, Past], results: Sequence[Result]) -> None:
    """Add a run. Raises InputUnreadable."""
    known = dict(past)
    for result in results:
        if result.verdict is not Verdict.SKIP:
            known[result.case] = Past(result.verdict.good, round(result.seconds, 4))
    values = {
        "schema": 1,
        "cases": {name: {"good": each.good, "seconds": each.seconds} for name, each in known.items()},
    }
    path = folder / "history.json"
    fresh = folder / "history.json.new"
    try:
        fresh.write_text(json.dumps(values), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise InputUnreadable.of(path, error, "write the history") from error
