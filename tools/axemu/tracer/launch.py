"""The tracer from its start to its end: the terminal is as before, whatever happens."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from rich.console import Console as RichConsole

from axemu import compilation
from axemu.cli import complain, paragraph
from axemu.options import Request
from axemu.plan import Plan
from axemu.signals import die_of
from axemu.terminal import Terminal

FAREWELL = (
    b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l"
    b"\x1b[?2004l\x1b[?2026l\x1b[<u\x1b[0m"
)
"""What undoes the full screen: xterm's ctlseqs, private modes."""


class _Screen:
    """The terminal as a file to draw on. What is drawn after it has been closed is lost: an error there would end
    Textual's writing thread, and its shutdown waits for that for ever."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError):
            return self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._file, name)


@contextmanager
def _drawing_on_the_terminal() -> Iterator[None]:
    """Textual draws on standard error: where that is a file, on standard output, which is the terminal."""
    before = sys.__stderr__
    file = before if before is not None and before.isatty() else sys.__stdout__
    assert file is not None
    sys.__stderr__ = _Screen(file)  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        sys.__stderr__ = before  # type: ignore[misc]


def launch(request: Request, *, run: bool, theme: str | None, symbols: tuple[str, ...] = ()) -> int:
    """Raises what a plan, a loader or the machine refuses; returns the exit code."""
    plan = Plan.of(request)
    if request.max_insns is None:
        plan = plan.unlimited()
    with Terminal(sys.stdin.fileno()).guarded(FAREWELL), compilation.announced(RichConsole(stderr=True)):
        from axemu.channel import HeldChannel  # noqa: PLC0415
        from axemu.tracer.app import Tracer  # noqa: PLC0415 - Textual is slow to load
        from axemu.tracer.guest import TracedGuest  # noqa: PLC0415
        from axemu.tracer.remembered import Remembered, key_of  # noqa: PLC0415

        guest = TracedGuest(plan, HeldChannel(plan.stored if request.input is not None else None), symbols)
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    with Terminal(sys.stdin.fileno()).guarded(FAREWELL), guest:
        files = guest.look(lambda debugger: debugger.machine.files).result()
        remembered = Remembered(key_of(files))
        app = Tracer(guest, run=run, remembered=remembered, theme=theme)
        with _drawing_on_the_terminal():
            code = app.run()
        remembered.save()
    if app.failure is not None:
        if os.environ.get("AXEMU_DEBUG"):
            raise app.failure
        return complain(paragraph(app.failure) if isinstance(app.failure, Exception) else str(app.failure), 2)
    if app.received in (signal.SIGTERM, signal.SIGHUP):
        die_of(signal.Signals(app.received))
    return code or 0
