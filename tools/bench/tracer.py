"""The numbers of the terminal tracer: its start, a million exits, what looking costs the guest, how soon it stops."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import statistics
import struct
import sys
import termios
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.guests import ROOT
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from bench.usage import resident

if TYPE_CHECKING:
    from axemu.tracer.app import Tracer
    from axemu.tracer.guest import TracedGuest
    from emu.debug.debugger import Debugger
    from emu.debug.stop import Stop

CRASH: Final = ROOT / "guests" / "riscv64" / "crash"
FLOOD: Final = ROOT / "guests" / "riscv64" / "uart-flood"
SPIN: Final = ROOT / "guests" / "riscv64" / "spin"
ROWS: Final = 1_000_000
WORK: Final = 500_000_000  # instructions of one run
PERIOD: Final = 0.1  # seconds between two looks
MORE: Final = 5
COLUMNS, LINES = 120, 40
INSTRUCTIONS: Final = 12  # of the flooding guest for an exit
PATIENCE: Final = 300.0  # seconds
MIB: Final = 1 << 20


def tracer_numbers() -> tuple[Number, ...]:
    rows = (str(FLOOD), str(ROWS))
    return (
        Number(
            "tracer-start",
            "axemu trace: from the start of the process to the first whole screen of 120x40, warm",
            "s",
            (Limit(2.0),),
            (Task(AXEMU, "tracer:started", (str(CRASH), "0")),),
        ),
        Number(
            "tracer-stop",
            "from Ctrl-C in the terminal to the screen that shows the stopped guest",
            "s",
            (Limit(0.25),),
            (Task(AXEMU, "tracer:stopped", (str(SPIN), "0")),),
        ),
        Number(
            "tracer-rows",
            "memory of 1,000,000 exits in the tracer's table",
            "MiB",
            (Limit(190.0),),
            (Task(AXEMU, "tracer:rows_memory", rows),),
            rounds=1,
        ),
        Number(
            "tracer-scroll",
            "a page down in a table of 1,000,000 exits, on the screen",
            "s",
            (Limit(0.1),),
            (Task(AXEMU, "tracer:rows_scroll", rows),),
            rounds=1,
        ),
        Number(
            "tracer-filter",
            "a filter over 1,000,000 exits, on the screen",
            "s",
            (Limit(0.5),),
            (Task(AXEMU, "tracer:rows_filter", rows),),
            rounds=1,
        ),
        Number(
            "tracer-live",
            "CPU of the guest's thread, looked at 10 times a second over not looked at",
            "x",
            (Limit(1.05),),
            (Task(AXEMU, "tracer:looked_at", (str(SPIN), str(WORK))),),
        ),
    )


class Terminal:
    """`axemu trace GUEST` on a pseudo-terminal."""

    def __init__(self, guest: Path) -> None:
        self.begin = time.monotonic()
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
            os.execv(sys.executable, [sys.executable, "-m", "axemu", "trace", str(guest)])

    def wait_for(self, text: str) -> float:
        """Seconds from the start of the process, or from the last key, until it is written."""
        seen = b""
        while text.encode() not in seen:
            ready, _, _ = select.select([self._fd], [], [], PATIENCE)
            if not ready:
                raise TimeoutError(f"the tracer did not write {text!r}: {seen[-200:]!r}")
            seen = seen[-200:] + os.read(self._fd, 1 << 16)
        return time.monotonic() - self.begin

    def key(self, key: bytes) -> None:
        self.begin = time.monotonic()
        os.write(self._fd, key)

    def close(self) -> None:
        os.write(self._fd, b"q")
        try:
            while os.read(self._fd, 1 << 16):
                pass
        except OSError:
            pass  # the terminal's other side is closed
        os.waitpid(self._pid, 0)
        os.close(self._fd)


def started(guest: Path, _: int) -> float:
    """Seconds; the first start warms up."""
    for _round in range(2):
        terminal = Terminal(guest)
        seconds = terminal.wait_for("nothing has run yet")
        terminal.close()
    return seconds


def stopped(guest: Path, _: int) -> float:
    terminal = Terminal(guest)
    terminal.wait_for("nothing has run yet")
    terminal.key(b"c")
    terminal.wait_for("RUNNING")
    time.sleep(0.5)
    terminal.key(b"\x03")
    seconds = terminal.wait_for("INTERRUPTED")
    terminal.close()
    return seconds


def with_rows(guest: Path, rows: int, body: Callable[[Tracer, int], Awaitable[float]]) -> float:
    """`body` of a tracer whose guest left so many exits, and of the bytes that were resident before them."""

    def until(debugger: Debugger) -> Stop:
        return debugger.go(INSTRUCTIONS * rows)

    async def run(app: Tracer) -> float:
        before = resident()
        await ran(app, until)
        await shown(app, lambda: app.exits.count >= rows)
        return await body(app, before)

    return on_screen(guest, run)


def rows_memory(guest: Path, rows: int) -> float:
    async def body(app: Tracer, before: int) -> float:
        return (resident() - before) / MIB

    return with_rows(guest, rows, body)


def rows_scroll(guest: Path, rows: int) -> float:
    """Seconds a page, the median of 50 all over the table."""

    async def body(app: Tracer, before: int) -> float:
        app.exits.focus()
        spent = []
        for part in range(50):
            app.exits.put_cursor(rows * part // 50)
            await drawn(app)
            begin = time.perf_counter()
            app.exits.action_move_page(1)
            await drawn(app)
            spent.append(time.perf_counter() - begin)
        return statistics.median(spent)

    return with_rows(guest, rows, body)


def rows_filter(guest: Path, rows: int) -> float:
    async def body(app: Tracer, before: int) -> float:
        begin = time.perf_counter()
        app.set_filter("uart value:0x41..0x5a pc:main")
        await drawn(app)
        return time.perf_counter() - begin

    return with_rows(guest, rows, body)


def looked_at(guest_file: Path, instructions: int) -> float:
    """The screen's looks cost so little that they are made MORE times as often, and their share is divided by it.
    Runs with and without looks take turns."""
    from axemu.tracer.model import View  # noqa: PLC0415 - see on_screen

    spent = [0.0, 0.0]
    with traced(guest_file) as guest:
        for turn in range(12):
            begin = guest.look(lambda _: time.thread_time()).result()
            run = guest.run(lambda debugger: debugger.go(instructions))
            while not run.done():
                time.sleep(PERIOD / MORE)
                if turn % 2:
                    guest.picture(View()).result()
            spent[turn % 2] += guest.look(lambda _: time.thread_time()).result() - begin
    return 1 + (spent[1] / spent[0] - 1) / MORE


async def ran(app: Tracer, run: Callable[[Debugger], Stop]) -> None:
    """Has the guest run to its stop, and the screen show it."""
    before = app.snapshot.stop if app.snapshot is not None else None
    app.run_guest(run)
    await shown(
        app, lambda: app.snapshot is not None and app.snapshot.whole and app.snapshot.stop is not before
    )


async def shown(app: Tracer, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the screen never showed it")
        await asyncio.sleep(0.01)


async def drawn(app: Tracer) -> None:
    """All messages are handled and the screen is painted."""
    done = asyncio.Event()
    app.call_after_refresh(done.set)
    await done.wait()


def on_screen(guest_file: Path, body: Callable[[Tracer], Awaitable[float]]) -> float:
    """`body` of a tracer without a terminal, whose guest stands at its first instruction."""

    async def run() -> float:
        from axemu.tracer.app import Tracer  # noqa: PLC0415 - other numbers must not pay for it

        with traced(guest_file) as guest:
            app = Tracer(guest)
            async with app.run_test(size=(COLUMNS, LINES)):
                await shown(app, lambda: app.snapshot is not None and app.snapshot.whole)
                return await body(app)

    return asyncio.run(run())


def traced(guest_file: Path) -> TracedGuest:
    from axemu.channel import HeldChannel  # noqa: PLC0415
    from axemu.options import Request  # noqa: PLC0415 - see on_screen
    from axemu.plan import Plan  # noqa: PLC0415
    from axemu.tracer.guest import TracedGuest  # noqa: PLC0415

    return TracedGuest(Plan.of(Request(guest=guest_file)).unlimited(), HeldChannel())
