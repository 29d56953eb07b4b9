"""The guest's console, VM exits and log messages as output events.

The guest waits for none of them: what the client does not take in time is left out, and how much that was is said.
"""

from __future__ import annotations

import codecs
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from axemu.channel import PENDING
from axemu.tracer.exitview import KINDS
from emu.debug.devices import describe
from emu.debug.exits import Event

if TYPE_CHECKING:
    from axemu.dap.session import Session
    from axemu.tracer.guest import TracedGuest
    from emu.debug.debugger import Debugger
    from emu.debug.exits import ExitRow, Rows

PERIOD: Final = 0.05  # seconds
SLOWER: Final = 5  # periods between two looks at the exits of a guest that runs
ROWS: Final = 50  # exits of one look that are shown
LINES: Final = 200  # log messages of one period that are shown
TRAPS: Final = frozenset({Event.TRAP.text, Event.INTERRUPT.text})


class Pump:
    """Of one guest. `exits`: kinds of events, empty for all VM exits, None for none."""

    def __init__(self, talk: Session, guest: TracedGuest, exits: frozenset[str] | None) -> None:
        self._talk, self._guest = talk, guest
        self._decoder: Final = codecs.getincrementaldecoder("utf-8")("replace")
        self._dropped = guest.channel.dropped
        self._lines: deque[str] = deque()
        self._left_out = 0
        self._seen: int | None = None  # rows of the exit table
        self._kinds: frozenset[str] | None = None
        self._lock: Final = threading.Lock()
        self._closing: Final = threading.Event()
        if exits is not None:
            self.exits = exits
        self._thread: Final = threading.Thread(target=self._turn, name="axemu-dap-pump", daemon=True)
        self._thread.start()

    @property
    def exits(self) -> frozenset[str] | None:
        return self._kinds

    @exits.setter
    def exits(self, kinds: frozenset[str] | None) -> None:
        def begin(debugger: Debugger) -> None:
            self._kinds = kinds
            self._seen = len(debugger.exits)
            debugger.recording_traps = bool(kinds and kinds & TRAPS)

        self._guest.look(begin).result()

    def log(self, text: str) -> None:
        """A line of a log point."""
        with self._lock:
            if len(self._lines) < LINES:
                self._lines.append(text)
            else:
                self._left_out += 1

    def flush(self, debugger: Debugger) -> None:
        """All that there is; on the debugger's thread."""
        self._rows(debugger)
        self._tell()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _turn(self) -> None:
        turn = 0
        while not self._closing.wait(PERIOD):
            turn += 1
            if self._talk.outgoing.full:
                continue
            self._tell()
            if turn % SLOWER == 0 and self._kinds is not None and self._guest.running:
                self._guest.look(self._rows)

    def _tell(self) -> None:
        with self._lock:
            text = "" if self._in_window() else self._console()
            lines = [*self._lines]
            if self._left_out:
                lines.append(f"({self._left_out:,} more log messages)")
            self._lines.clear()
            self._left_out = 0
            if text:
                self._talk.outgoing.output("stdout", text)
            if lines:
                self._talk.outgoing.output("console", "".join(f"{each}\n" for each in lines))

    def _in_window(self) -> bool:
        """Whether the console is in a terminal; what there is to show goes there."""
        window = self._talk.window
        if window is None or not (window.open or window.waiting):
            return False
        if window.open:
            window.write(b"" if window.full else self._guest.channel.take(PENDING))
        return True

    def _console(self) -> str:
        channel = self._guest.channel
        data = channel.take(PENDING)
        text = self._decoder.decode(data)
        gone, self._dropped = channel.dropped - self._dropped, channel.dropped
        return f"\n[{gone:,} bytes of the console are left out]\n{text}" if gone else text

    def _rows(self, debugger: Debugger) -> None:
        """VM exits since the last look."""
        kinds, log = self._kinds, debugger.exits
        if kinds is None or self._seen is None or self._talk.outgoing.full:
            return
        begin = self._seen if self._seen <= len(log) else 0  # it is counted anew after a restart
        self._seen = len(log)
        wanted = [int(KINDS[each]) for each in kinds] or [int(each) for each in Event if each <= Event.CRASH]

        def chosen(rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
            return np.isin(rows["kind"], wanted)

        found = log.select(chosen, begin)
        lines = [_line(debugger, log[int(index)]) for index in found[:ROWS]]
        if len(found) > ROWS:
            lines.append(f"({len(found) - ROWS:,} more)")
        if lines:
            self._talk.outgoing.output("console", "".join(f"{each}\n" for each in lines))


def _line(debugger: Debugger, row: ExitRow) -> str:
    found = describe(debugger.machine, row, debugger.exits)
    what = str(found) if found is not None else f"{row.address:#x} {row.value:#x}"
    return f"exit {row.number}: {row.kind.text} {what}, vCPU {row.vcpu}, by {debugger.place(row.pc)}"
