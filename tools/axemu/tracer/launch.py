"""The tracer from its start to its end: the terminal is as before, whatever happens."""

from __future__ import annotations

import gc
import os
import signal
import sys

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
        code = app.run()
        remembered.save()
    if app.failure is not None:
        if os.environ.get("AXEMU_DEBUG"):
            raise app.failure
        return complain(paragraph(app.failure) if isinstance(app.failure, Exception) else str(app.failure), 2)
    if app.received in (signal.SIGTERM, signal.SIGHUP):
        die_of(signal.Signals(app.received))
    return code or 0
