"""The tracer by its keys and the mouse, on a screen that is none."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.geometry import Size

from axemu.tracer.panes.code import Code
from axemu.tracer.panes.memory import Memory
from axemu.tracer.panes.timeline import Timeline
from axemu.tracer.remembered import Remembered
from axemu.tracer.texts import TextScreen
from axemu.tracer.themes import THEMES
from emu.debug.stop import StopKind
from tests.axemu.conftest import ROOT
from tests.axemu.tracer.hands import Hands, at_the_tracer

ECHO = ROOT / "guests" / "riscv64" / "uart-echo"
FLOOD = ROOT / "guests" / "riscv64" / "uart-flood"


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


def test_the_screen_follows_the_terminal_through_every_size() -> None:
    async def body(hands: Hands) -> None:
        app = hands.app
        for size in (Size(132, 43), Size(20, 5), Size(60, 15), Size(300, 80), Size(80, 24)):
            await hands.pilot.resize_terminal(*size)
            tiny = size.width < 40
            await hands.until(lambda tiny=tiny: app.screen.has_class("tiny") is tiny)
            if not tiny:
                width = size.width
                await hands.until(
                    lambda width=width: max(pane.region.right for pane in app.desk.panes.values()) == width
                )
        assert "regs" in app.desk.panes["registers"].border_title

    at_the_tracer(body)


def test_keys_reach_a_guest_that_reads_its_console() -> None:
    async def body(hands: Hands) -> None:
        app = hands.app
        app.carry_out("c")
        await hands.pilot.press("i")
        await hands.until(lambda: app.console_pane.typing)
        await hands.pilot.press("q", "y", "enter")
        text = app.console_pane.text
        await hands.until(lambda: any("you typed 2 bytes: qy" in line.plain for line in text.lines))
        await hands.pilot.press("ctrl+a", "x")
        assert not app.console_pane.typing
        await hands.press("ctrl+c")
        assert not app.guest.running

    at_the_tracer(body, ECHO)


def test_a_guest_that_floods_its_console_stops_at_a_key_and_loses_no_terminal() -> None:
    async def body(hands: Hands) -> None:
        app = hands.app
        app.carry_out("c")
        await hands.until(lambda: app.snapshot.running and len(app.snapshot.exits) > 10_000)
        await hands.press("ctrl+c")
        assert app.snapshot.stop.kind is StopKind.INTERRUPTED
        assert len(app.console_pane.text.lines) <= 10_000
        assert app.link.stop_latency is not None

    at_the_tracer(body, FLOOD, size=(80, 24))


def test_memory_is_edited_in_its_pane_and_the_edit_undone() -> None:
    async def body(hands: Hands) -> None:
        app = hands.app
        await hands.ask("mem main")
        memory = app.desk.query_one(Memory)
        memory.focus()
        at = memory.per_line + 1
        before = app.snapshot.memory.data[at : at + 2]
        await hands.press("down", "right", "enter")
        await hands.until(lambda: app.command_line.has_focus)
        await hands.press(*"dead", "enter")
        await hands.until(lambda: app.snapshot.memory.data[at : at + 2] == (0xDE, 0xAD))
        assert memory.chosen == app.snapshot.memory.address + at
        await hands.press("ctrl+z")
        await hands.until(lambda: app.snapshot.memory.data[at : at + 2] == before)

    at_the_tracer(body, size=(200, 60))


def test_memory_and_code_go_on_beyond_their_edge() -> None:
    async def body(hands: Hands) -> None:
        app = hands.app
        await hands.ask("mem main")
        first = app.snapshot.memory.address
        app.screen.set_focus(app.desk.query_one(Memory))
        await hands.press("end", "down")
        await hands.until(lambda: app.snapshot.memory.address > first)
        code = app.desk.query_one(Code)
        app.screen.set_focus(code)
        last = app.snapshot.code[-1].address
        await hands.press("end", "down")
        await hands.until(lambda: app.snapshot.code[-1].address > last)
        assert any(row.address == last for row in app.snapshot.code)

    at_the_tracer(body)


def test_the_mouse_chooses_panes_breakpoints_tabs_and_exits() -> None:
    async def body(hands: Hands) -> None:
        app, pilot = hands.app, hands.pilot
        await pilot.click("#registers")
        assert app.focused.id == "registers"
        code = app.desk.query_one(Code)
        row = next(at for at, each in enumerate(code.rows) if each is not None and at >= code.scroll_offset.y)
        await pilot.click("#code", offset=(1, row - code.scroll_offset.y + 1))
        await hands.until(lambda: app.snapshot.points)
        assert app.snapshot.points[0].kind == "break"
        await pilot.click("#code", offset=(1, row - code.scroll_offset.y + 1))
        await hands.until(lambda: not app.snapshot.points)
        await hands.press("c")
        await hands.until(lambda: app.exits.count == 39)
        await pilot.pause()
        top = app.exits.scroll_offset.y
        await pilot._post_mouse_events([events.MouseScrollUp], "#exits", (5, 3), button=0)
        await hands.until(lambda: app.exits.scroll_offset.y < top)
        await pilot.double_click("#exits", offset=(5, 3))
        await hands.until(lambda: isinstance(app.screen, TextScreen))
        await pilot.press("escape")
        app.desk.show_pane("timeline")
        await pilot.pause()
        timeline = app.desk.query_one(Timeline)
        await pilot.click("#timeline", offset=(timeline.size.width, 3))
        await hands.until(lambda: app.exits.display)
        assert app.exits.cursor >= 37

    at_the_tracer(body)


FILTERS = {
    "mmio-write": 19, "uart -read": 19, "reg:STATUS": 19, "value:0x6e..0x6f": 5, "pc:third": 1, "crash": 1,
    "kind:mmio exit:1..4": 4, "device:power": 0, "addr:0x10000000 vcpu:0": 19, "": 39,
}  # fmt: skip


def test_exits_are_filtered_by_every_column() -> None:
    async def body(hands: Hands) -> None:
        await hands.ask("c")
        for words, count in FILTERS.items():
            await hands.ask(f"filter {words}")
            assert hands.app.exits.count == count, words
        await hands.press("slash", *"reg:DATA", "enter")
        assert hands.app.exits.count == FILTERS["mmio-write"]

    at_the_tracer(body, size=(80, 24))


def test_themes_change_every_colour_and_come_back(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    async def body(hands: Hands) -> None:
        app = hands.app
        seen = set()
        for _ in THEMES:
            await hands.press("T")
            seen.add(app.export_screenshot())
        assert len(seen) == len(THEMES)
        await hands.ask("theme light")
        assert app.remembered.theme == "light"

    at_the_tracer(body, remembered=Remembered("guest"))


def test_f12_saves_the_screen(tmp_path, monkeypatch) -> None:
    async def body(hands: Hands) -> None:
        monkeypatch.chdir(tmp_path)
        await hands.press("f12")
        (found,) = tmp_path.glob("axemu-*.svg")
        assert "_start" in found.read_text()
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        await hands.press("f12")
        assert any("cannot be written" in note for note in hands.app.notes)

    at_the_tracer(body)


def test_the_palette_knows_every_key_pane_and_theme() -> None:
    async def body(hands: Hands) -> None:
        app = hands.app
        found = {each.title: each for each in app.get_system_commands(app.screen)}
        assert "pane: console" in found and "theme: mono" in found
        found["step (s F7)"].callback()
        await hands.until(lambda: app.snapshot.position.instruction == 1)
        found["zoom (z)"].callback()
        await hands.until(lambda: app.desk.arrangement.alone == "code")
        await hands.pilot.press("ctrl+p")
        await hands.until(lambda: len(app.screen_stack) == 2)

    at_the_tracer(body)


def test_the_command_line_completes_and_recalls() -> None:
    async def body(hands: Hands) -> None:
        app = hands.app
        await hands.press("colon", *"disa", "tab")
        assert app.command_line.value.startswith("disa")
        await hands.press("escape", "colon", *"x/2i thi", "tab")
        assert app.command_line.value == "x/2i third "
        await hands.press("enter", "colon", "up")
        assert app.command_line.value == "x/2i third "
        await hands.press("escape")
        assert not app.command_line.has_focus
        await asyncio.sleep(0)

    at_the_tracer(body)
