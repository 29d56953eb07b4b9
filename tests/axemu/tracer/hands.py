"""A person before the tracer, on a screen that is none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from axemu.channel import HeldChannel
from axemu.options import Request
from axemu.plan import Plan
from axemu.tracer.app import Tracer
from axemu.tracer.commands import Answer
from axemu.tracer.guest import TracedGuest
from tests.axemu.conftest import PATIENCE, ROOT

CRASH = ROOT / "guests" / "riscv64" / "crash"


class Noting(Tracer):
    """Keeps what was answered, and what was notified."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.answers: list[Answer] = []
        self.notes: list[str] = []

    def show_answer(self, answer: Answer) -> None:
        super().show_answer(answer)
        self.answers.append(answer)

    def notify(self, message: str, **options: Any) -> None:
        self.notes.append(message)
        super().notify(message, **options)


class Hands:
    def __init__(self, app: Noting, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    async def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.app.failure is not None:
                raise self.app.failure
            assert time.monotonic() < end, "it never came"
            await asyncio.sleep(0.002)

    async def settled(self) -> None:
        """The guest stands, and the screen shows where."""
        app = self.app

        def shown() -> bool:
            found = app.snapshot
            if app.guest.running or app.link.pending or found is None or not found.whole:
                return False
            # a pane is laid out some time after it was told to be shown
            return app.screen_stack[0].has_class("tiny") or all(
                pane.current for pane in app.desk.panes.values() if pane.display and pane.snapshot is not None
            )

        while True:
            stop = await asyncio.wrap_future(app.guest.look(lambda debugger: debugger.stop))
            await self.until(shown)
            if app.snapshot.stop is stop:
                return

    async def press(self, *keys: str) -> None:
        """Keys, one after the other, until the guest stands again."""
        await self.pilot.press(*keys)
        await self.settled()

    async def ask(self, text: str) -> Answer | None:
        """Types a command; what was answered once the guest stands."""
        app = self.app
        app.answers.clear()
        before = app.snapshot.stop if app.snapshot is not None else None
        app.carry_out(text)
        try:
            call = app.commands.parse(text)
        except Exception:
            assert app.answers, f"{text!r} was not refused"
        else:
            if call is not None and call.command.look is not None:
                await self.until(lambda: app.answers)
            elif call is not None and (call.command.run is not None or call.command.names[0] == "c"):
                await self.until(lambda: app.answers or app.snapshot.stop is not before)
        await self.settled()
        return app.answers[-1] if app.answers else None


def at_the_tracer(
    body: Callable[[Hands], Awaitable[None]],
    guest_file=CRASH,
    size: tuple[int, int] = (120, 40),
    **options: Any,
) -> None:
    """`body(hands)` with the tracer of a guest that is frozen at its first instruction."""

    async def run() -> None:
        plan = Plan.of(Request(guest=guest_file)).unlimited()
        with TracedGuest(plan, HeldChannel()) as guest:
            app = Noting(guest, **options)
            async with app.run_test(size=size, notifications=True) as pilot:
                hands = Hands(app, pilot)
                await hands.settled()
                await body(hands)
                assert app.failure is None

    asyncio.run(run())
