"""The tracer by its keys, on a screen that is none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from axemu.options import Request
from axemu.plan import Plan
from axemu.tracer.app import Tracer
from axemu.tracer.channel import TracerChannel
from axemu.tracer.guest import TracedGuest

CRASH = Path(__file__).resolve().parents[3] / "guests" / "riscv64" / "crash"


async def until(pilot, condition) -> None:
    for _ in range(400):
        if condition():
            return
        await pilot.pause(0.05)
    raise AssertionError("it never came")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (300, 80)])
def test_a_guest_crashes_and_the_screen_says_where(size) -> None:
    async def body() -> None:
        plan = Plan.of(Request(guest=CRASH)).unlimited()
        with TracedGuest(plan, TracerChannel()) as guest:
            app = Tracer(guest)
            async with app.run_test(size=size) as pilot:
                await until(pilot, lambda: app.snapshot is not None and app.snapshot.whole)
                assert not app.snapshot.troubles
                await pilot.press("c")
                await until(pilot, lambda: app.snapshot.stop.over and app.snapshot.whole)
                assert "third" in app.snapshot.place
                assert len(app.snapshot.exits) == 39
                app.carry_out("filter mmio-write")
                assert 0 < app.exits.count < 39

    asyncio.run(body())
