"""What is typed into the tracer without waiting for it, and what the guest writes into its console pane."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import events

from axemu.options import Request
from axemu.plan import Plan
from axemu.tracer.app import Tracer
from axemu.tracer.channel import TracerChannel
from axemu.tracer.commandline import CommandLine
from axemu.tracer.guest import TracedGuest
from tests.axemu.tracer.test_app import until

CRASH = Path(__file__).resolve().parents[3] / "guests" / "riscv64" / "crash"


def on_screen(steps) -> None:
    async def body() -> None:
        plan = Plan.of(Request(guest=CRASH)).unlimited()
        with TracedGuest(plan, TracerChannel()) as guest:
            app = Tracer(guest)
            async with app.run_test(size=(120, 40)) as pilot:
                await until(pilot, lambda: app.snapshot is not None and app.snapshot.whole)
                await steps(app, pilot)

    asyncio.run(body())


def test_keys_typed_ahead_reach_what_the_keys_before_them_opened() -> None:
    async def steps(app, pilot) -> None:
        for character in ":break third\r:tbreak first\rc":
            name = {":": "colon", " ": "space", "\r": "enter"}.get(character, character)
            app.post_message(events.Key(name, None if character == "\r" else character))
        await until(pilot, lambda: "<first>" in app.snapshot.place and app.snapshot.whole)
        line = app.query_one(CommandLine)
        assert line.history[-2:] == ["break third", "tbreak first"]
        assert not line.has_class("open")

    on_screen(steps)


def test_the_console_shows_the_end_of_what_comes_until_a_person_scrolls_back() -> None:
    async def steps(app, pilot) -> None:
        console = app.console_pane
        rows = console.scrollable_content_region.height

        async def write(first: int, last: int) -> None:
            app.guest.channel.write(b"".join(b"line %d\n" % number for number in range(first, last)))
            await until(pilot, lambda: console.count == last + 1)
            await pilot.pause()

        await write(0, 3)
        await write(3, 50)
        assert console.scroll_offset.y == console.count - rows
        await write(50, 120)
        assert console.scroll_offset.y == console.count - rows
        console.scroll_to(y=10, animate=False)
        await until(pilot, lambda: console.scroll_offset.y == 10)
        await write(120, 160)
        assert console.scroll_offset.y == 10

    on_screen(steps)
