"""`--top`: the tables while the guest runs.

The guest's console goes to a file, whose last lines are shown below the tables; keys are ours, not the guest's.
"""

from __future__ import annotations

import os
import select
import sys
import tempfile
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.text import Text

from axemu.escape import Command
from axemu.plan import Plan
from axemu.quantities import show_time
from axemu.report import Report
from axemu.stat.output import Look
from axemu.stat.session import CountedSession
from axemu.stat.tables import everything
from axemu.terminal import Terminal
from emu.debug.sources import kallsyms
from emu.outcome import Outcome
from emu.statistics.summary import summary
from emu.symbols import SymbolTable

if TYPE_CHECKING:
    from emu.machine import Machine

PERIOD: Final = 0.5  # seconds between two pictures
RARELY: Final = 30  # times as long as looking for symbols took, until they are looked for again
TAIL: Final = 5  # lines of the guest's console
FAREWELL: Final = b"\x1b[?1049l\x1b[?25h"  # back from the alternate screen, with a cursor
_HEAD: Final = 16  # lines that are no rows of a table


class WatchedSession(CountedSession):
    """`q` and Ctrl-C end the run; the tables are printed as without --top then."""

    def __init__(self, plan: Plan, screen: Console, look: Look, symbols: tuple[str, ...]) -> None:
        stored = b"" if plan.stored is None else plan.stored
        super().__init__(replace(plan, stored=stored), screen, look, symbols)
        self._transcript = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the session
        self.output_fd = self._transcript.fileno()
        self._known: SymbolTable | None = None
        self._look_at = 0.0

    def run(self) -> Report:
        with Terminal(sys.stdin.fileno()).guarded(FAREWELL):
            return super().run()

    def _cause(self, outcome: Outcome) -> str:
        return "left with q" if self._left else super()._cause(outcome)

    def execute(self, machine: Machine) -> Outcome:
        over = threading.Event()
        terminal = Console(highlight=False)
        with _keys(), Live(console=terminal, screen=True, auto_refresh=False) as live:
            watch = threading.Thread(target=self._watch, args=(machine, live, over), daemon=True)
            watch.start()
            try:
                return super().execute(machine)
            finally:
                over.set()
                watch.join()

    def _watch(self, machine: Machine, live: Live, over: threading.Event) -> None:
        while not over.is_set():
            if _pressed(PERIOD) in (b"q", b"Q"):
                self.obey(Command.LEAVE)
                return
            if self._meter is not None:
                live.update(self._picture(machine, live.console), refresh=True)

    def _picture(self, machine: Machine, console: Console) -> RenderableType:
        assert self._meter is not None
        room = console.height - TAIL - 1
        counts = summary(self._meter, self._symbols_now(machine))
        traps = min(len(counts.traps), 8)
        rows = max(room - _HEAD - traps, 1)
        layout = Layout()
        layout.split_column(
            Layout(everything(counts, console, rows, histograms=False), size=room),
            Layout(Group(*self._tail(console.width)), size=TAIL),
            Layout(
                Text(
                    f"q ends   guest time {show_time(counts.guest_ns)}   the guest's console is above",
                    "reverse",
                ),
                size=1,
            ),
        )
        return layout

    def _symbols_now(self, machine: Machine) -> SymbolTable:
        """The guest's symbols, or a Linux kernel's own: looked for again and again, ever more seldom, until they are
        in memory."""
        if self._known is None and len(machine.symbols):
            self._known = machine.symbols
        if self._known is None and time.monotonic() >= self._look_at:
            begin = time.monotonic()
            self._known = kallsyms(machine)
            self._look_at = time.monotonic() + RARELY * (time.monotonic() - begin) + 1.0
        return self._known or machine.symbols

    def _tail(self, width: int) -> list[Text]:
        """The last lines of the guest's console."""
        size = os.fstat(self.output_fd).st_size
        data = os.pread(self.output_fd, 4096, max(size - 4096, 0)).decode("utf-8", "replace")
        lines = deque((line.rstrip() for line in data.replace("\r", "\n").split("\n") if line.strip()), TAIL)
        return [Text("".join(c for c in line if c.isprintable())[:width], "dim") for line in lines]


@contextmanager
def _keys() -> Iterator[None]:
    """Keys come at once and unechoed; Ctrl-C stays a signal. The terminal ends as it was."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _pressed(seconds: float) -> bytes:
    """The key that was pressed within that time; empty for none."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return os.read(sys.stdin.fileno(), 1) if ready else b""
