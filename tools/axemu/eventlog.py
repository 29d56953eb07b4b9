"""The event log of -d: one line an event, in the order in which they happen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from axemu.errors import InputUnreadable
from emu.event import Event


class EventLog:
    """A listener for `Machine.listen`. When the log cannot be written any more, `failure` says why and `stop`
    is called once: a log with a hole would mislead."""

    def __init__(self, stream: TextIO, stop: Callable[[], None]) -> None:
        self._stream, self._stop = stream, stop
        self.failure: OSError | None = None

    def __call__(self, event: Event) -> None:
        if self.failure is not None:
            return
        try:
            self._stream.write(line(event))
        except OSError as error:
            self.failure = error
            self._stop()


def line(event: Event) -> str:
    """retired instructions, vCPU, pc, kind, text: columns that a person can scan and a script can split."""
    return f"{event.retired:>14} cpu{event.vcpu_id} {event.pc:#018x} {event.kind:<9} {event.text}\n"


@contextmanager
def opened(path: Path | None, stop: Callable[[], None]) -> Iterator[EventLog]:
    """The log into `path`, None is standard error. Raises InputUnreadable where it cannot be opened or
    completed."""
    if path is None:
        log = EventLog(sys.stderr, stop)
        yield log
        return
    try:
        stream = path.open("w", encoding="utf-8")
    except OSError as error:
        raise InputUnreadable.of(path, error, "write the event log") from error
    log = EventLog(stream, stop)
    try:
        yield log
    finally:
        try:
            stream.close()
        except OSError as error:
            log.failure = log.failure or error
            with suppress(OSError):
                stream.close()
    if log.failure is not None:
        raise InputUnreadable.of(path, log.failure, "write the event log")
