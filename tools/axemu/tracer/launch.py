"""The tracer from its start to its end: the terminal is as before, whatever happens."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def _drawing_on_the_terminal() -> Iterator[None]:
    """Textual draws on standard error: where that is a file, on standard output, which is the terminal."""
    before = sys.__stderr__
    if before is None or not before.isatty():
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc]
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
        from axemu.tracer.app import Tracer  # noqa: PLC0415 - Textual is slow to load
        from axemu.tracer.channel import TracerChannel  # noqa: PLC0415
        from axemu.tracer.guest import TracedGuest  # noqa: PLC0415
        from axemu.tracer.remembered import Remembered, key_of  # noqa: PLC0415

        guest = TracedGuest(plan, TracerChannel(plan.stored if request.input is not None else None), symbols)
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
