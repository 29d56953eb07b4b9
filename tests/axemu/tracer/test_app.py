"""The tracer by its keys, on a screen that is none."""

from __future__ import annotations

import pytest

from tests.axemu.tracer.hands import Hands, at_the_tracer


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (300, 80)])
def test_a_guest_crashes_and_the_screen_says_where(size) -> None:
    async def body(hands: Hands) -> None:
        app = hands.app
        assert not app.snapshot.troubles
        await hands.press("c")
        await hands.until(lambda: app.snapshot.stop.over)
        assert "third" in app.snapshot.place
        assert len(app.snapshot.exits) == 39
        app.carry_out("filter mmio-write")
        assert 0 < app.exits.count < 39

    at_the_tracer(body, size=size)
