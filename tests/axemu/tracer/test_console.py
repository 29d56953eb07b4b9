"""What is typed into the tracer without waiting for it, and what the guest writes into its console pane."""

from __future__ import annotations

from textual import events

from tests.axemu.tracer.hands import Hands, at_the_tracer


def test_keys_typed_ahead_reach_what_the_keys_before_them_opened() -> None:
    async def body(hands: Hands) -> None:
        app = hands.app
        for character in ":break third\r:tbreak first\rc":
            name = {":": "colon", " ": "space", "\r": "enter"}.get(character, character)
            app.post_message(events.Key(name, None if character == "\r" else character))
        await hands.until(lambda: "<first>" in app.snapshot.place)
        await hands.settled()
        assert app.command_line.history[-2:] == ["break third", "tbreak first"]
        assert not app.command_line.has_class("open")

    at_the_tracer(body)


def test_the_console_shows_the_end_of_what_comes_until_a_person_scrolls_back() -> None:
    async def body(hands: Hands) -> None:
        app, console = hands.app, hands.app.console_pane
        rows = console.scrollable_content_region.height

        async def write(first: int, last: int) -> None:
            app.guest.channel.write(b"".join(b"line %d\n" % number for number in range(first, last)))
            await hands.until(lambda: console.count == last + 1)
            await hands.pilot.pause()

        await write(0, 3)
        await write(3, 50)
        assert console.scroll_offset.y == console.count - rows
        await write(50, 120)
        assert console.scroll_offset.y == console.count - rows
        console.scroll_to(y=10, animate=False)
        await hands.until(lambda: console.scroll_offset.y == 10)
        await write(120, 160)
        assert console.scroll_offset.y == 10

    at_the_tracer(body)
