"""The stored run: JSON, one object a line. A header, a result as each case ends, an end.

Every line is with the kernel before the next case is looked at, so that a runner that is killed leaves all that ended.
That is why this report is written in place, where the others are written whole at the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from axemu.errors import CommandError, InputUnreadable
from axemu.suite.reports import stored
from axemu.suite.result import SCHEMA, Ended, Result, Run

PURPOSE = "write the stored run"


class JsonLines:
    """A Watcher. After a failure to write nothing more is written: a run with a hole would mislead."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: BinaryIO | None = None
        self._failure: OSError | None = None

    def begin(self, run: Run) -> None:
        try:
            self._stream = self.path.open("wb", buffering=0)
        except OSError as error:
            self._failure = error
        self._write(run.as_json())

    def started(self, worker: str, case: str) -> None:
        pass

    def finished(self, result: Result) -> None:
        self._write(result.as_json())

    def end(self, ended: Ended) -> None:
        self._write(end_line(ended))
        if self._stream is not None:
            try:
                self._stream.close()
            except OSError as error:
                self._failure = self._failure or error
        if self._failure is not None:
            raise InputUnreadable.of(self.path, self._failure, PURPOSE)

    def _write(self, values: Mapping[str, Any]) -> None:
        if self._stream is None or self._failure is not None:
            return
        try:
            rest = memoryview(line(values))
            while rest:
                rest = rest[self._stream.write(rest) or 0 :]
        except OSError as error:
            self._failure = error


def end_line(ended: Ended) -> dict[str, Any]:
    return {"kind": "end", "seconds": ended.seconds, "interrupted": ended.interrupted}


def line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def read(path: Path) -> Ended:
    """A stored run. The last line may be cut short, and the end may be missing: the run was interrupted then, and
    took until the last case that is known.

    Raises InputUnreadable where the file cannot be read, CommandError where it is something else.
    """
    run: Run | None = None
    end: Mapping[str, Any] | None = None
    results: list[Result] = []
    try:
        with path.open("rb") as stream:
            for number, raw in enumerate(stream, 1):
                values = _parsed(path, number, raw)
                if values is None:
                    break
                kind = values.get("kind")
                if run is None:
                    run = _header(path, number, values)
                elif kind == "result" and end is None:
                    results.append(_result(path, number, values))
                elif kind == "end" and end is None:
                    if bad := stored.wrong(values, stored.END):
                        raise _refused(path, number, f"'{bad}' has a value that no end line has")
                    end = values
                else:
                    raise _refused(path, number, "it is a second run" if end else f"its kind is {kind!r:.40}")
    except OSError as error:
        raise InputUnreadable.of(path, error, "read the stored run") from error
    if run is None:
        raise CommandError(
            f"'{path}' is expected to be a stored run, as axemu suite --json FILE writes it.",
            "It ends before its header does.",
            "The run was killed before its first case; run it again.",
        )
    if end is None:
        last = max((each.begun + each.seconds for each in results), default=run.begun)
        return Ended(run, tuple(results), max(0.0, last - run.begun), interrupted=True)
    return Ended(run, tuple(results), float(end.get("seconds", 0.0)), bool(end.get("interrupted", False)))


def _parsed(path: Path, number: int, raw: bytes) -> dict[str, Any] | None:
    """The object of a line; None for a last one that is cut short."""
    values: Any = None
    with suppress(ValueError, RecursionError):
        values = json.loads(raw)
    if isinstance(values, dict):
        return values
    if not raw.endswith(b"\n") and (number > 1 or raw.startswith(b'{"kind":')):
        return None
    raise _refused(path, number, "it begins with " + repr(raw[:32].decode(errors="replace").rstrip("\n")))


def _header(path: Path, number: int, values: Mapping[str, Any]) -> Run:
    if values.get("kind") != "run":
        raise _refused(path, number, "a run's header is missing")
    if bad := stored.wrong(values, stored.RUN):
        raise _refused(path, number, f"'{bad}' has a value that no header has")
    schema = values.get("schema", SCHEMA)
    if schema > SCHEMA:
        raise CommandError(
            f"'{path}' is expected to have schema {SCHEMA} or older.",
            f"Line {number} says schema {schema}, written by axemu {values.get('axemu', '?')}.",
            "Read it with that version, or newer.",
        )
    try:
        return Run.from_json(values)
    except (KeyError, ValueError, TypeError) as error:
        raise _refused(path, number, f"its header is not complete ({error})") from error


def _result(path: Path, number: int, values: Mapping[str, Any]) -> Result:
    if bad := stored.wrong(values, stored.RESULT):
        raise _refused(path, number, f"'{bad}' has a value that no result has")
    try:
        return Result.from_json(values)
    except (KeyError, ValueError, TypeError) as error:
        raise _refused(path, number, f"its result is not complete ({error})") from error


def _refused(path: Path, number: int, what: str) -> CommandError:
    return CommandError(
        f"'{path}' is expected to be a stored run, as axemu suite --json FILE writes it.",
        f"Line {number} is none of its lines: {what}.",
        "Check that this is the right file; a JUnit or TAP file cannot be read back.",
    )
