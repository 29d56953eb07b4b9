"""The tracer's screen: panes on a desk, a status line, a command line."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from axemu.errors import CommandError, UsageError
from axemu.tracer import keys
from axemu.tracer.commandline import CommandLine
from axemu.tracer.commands import Answer, CommandTable
from axemu.tracer.desk import Desk
from axemu.tracer.exitview import Filter
from axemu.tracer.guest import TracedGuest
from axemu.tracer.link import Answered, Link, Pictured, Stopped, Unpictured
from axemu.tracer.model import Snapshot, View
from axemu.tracer.offers import offers
from axemu.tracer.palette import Palette
from axemu.tracer.pane import Pane
from axemu.tracer.panes import PANES
from axemu.tracer.panes.code import Code
from axemu.tracer.panes.console import Console
from axemu.tracer.panes.exits import Exits
from axemu.tracer.panes.memory import Memory
from axemu.tracer.panes.output import Output
from axemu.tracer.panes.points import Points
from axemu.tracer.panes.timeline import Timeline
from axemu.tracer.remembered import Remembered
from axemu.tracer.statusline import StatusLine
from axemu.tracer.texts import HelpScreen, TextScreen
from axemu.tracer.themes import THEMES
from axemu.tracer.why import why_lines
from emu.debug.debugger import Debugger
from emu.debug.stop import Stop
from isa.contract import Isa

KEYED: Final = frozenset(each.action.partition("(")[0] for each in keys.KEYS)
WHILE_WRITING: Final = frozenset({"stop", "picture"})
PATIENCE: Final = 0.5  # seconds a key may take before the next one is looked at
PERIOD: Final = 0.1  # seconds between two looks at a running guest
LEAST: Final = Size(40, 10)
LIVE: Final = ("exits", "timeline", "vcpus")
"""Panes that change while the guest runs."""


class Tracer(App[int]):
    """Shows one guest. The screen's thread asks it over a link and never waits for it."""

    ENABLE_COMMAND_PALETTE = True
    TITLE = "axemu"
    AUTO_FOCUS = "#code"
    CSS_PATH = Path(__file__).with_name("tracer.tcss")
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(desk=False)

    def __init__(
        self,
        guest: TracedGuest,
        *,
        run: bool = False,
        remembered: Remembered | None = None,
        theme: str | None = None,
    ) -> None:
        super().__init__()
        self.guest = guest
        self.link = Link(guest, self.post_message)
        self.remembered = remembered or Remembered(None)
        self.view = View()
        self.snapshot: Snapshot | None = None
        self.commands = CommandTable()
        self.failure: BaseException | None = None
        self.received = 0
        self._start_running = run
        if theme is None:
            theme = "mono" if os.environ.get("NO_COLOR") else self.remembered.theme
        self.theme_name = theme if theme in THEMES else "dark"
        for _, frame in THEMES.values():
            self.register_theme(frame)
        self.theme = THEMES[self.theme_name][1].name

    @property
    def palette(self) -> Palette:
        return THEMES[self.theme_name][0]

    # -- composition --------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Static("", id="tiny")
        yield Desk(*(kind(name) for name, kind in PANES.items()))
        yield StatusLine(id="status")
        yield CommandLine(self.commands, self.remembered.history, self.carry_out)
        yield Static("", id="keys")

    @property
    def desk(self) -> Desk:
        return self.screen_stack[0].query_one(Desk)

    @property
    def exits(self) -> Exits:
        return self.desk.query_one(Exits)

    @property
    def console_pane(self) -> Console:
        return self.desk.query_one(Console)

    @property
    def output(self) -> Output:
        return self.desk.query_one(Output)

    @property
    def command_line(self) -> CommandLine:
        return self.screen_stack[0].query_one(CommandLine)

    def on_mount(self) -> None:
        self.console_pane.channel = self.guest.channel
        self.exits.places = self.guest.places
        self.fit(self.size)
        self.set_interval(PERIOD, self.tick)
        self._watch_signals()
        for note in self.guest.notes:
            self.notify(note, markup=False)
        self.link.ask_for(self._prepare, lambda found: self.call_later(self._prepared, *found))
        self.desk.panes["code"].focus()
        if self._start_running:
            self.go()
        self.refresh_picture()

    def _watch_signals(self) -> None:
        def leave(number: signal.Signals) -> None:
            self.received = int(number)
            self.exit(128 + int(number))

        for number in (signal.SIGTERM, signal.SIGHUP):
            try:
                asyncio.get_running_loop().add_signal_handler(number, leave, number)
            except (RuntimeError, ValueError, NotImplementedError):
                return  # not the main thread: a test

    def _prepare(self, debugger: Debugger) -> tuple[Isa, tuple[str, ...], list[str]]:
        isa = debugger.machine.isa
        names = sorted({symbol.name for symbol in debugger.symbols if not symbol.name.startswith("$")})
        registers = [f"${row.name}" for row in isa.registers]
        return isa, (*names, *registers), self.remembered.restore_points(debugger)

    def _prepared(self, isa: Isa, names: tuple[str, ...], said: list[str]) -> None:
        self.exits.isa = isa
        self.command_line.names = names
        for text in said:
            self.notify(text, markup=False)
        self.refresh_picture()

    # -- size ---------------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self.fit(event.size)

    def fit(self, size: Size) -> None:
        """The layout for a terminal of this size."""
        tiny = size.width < LEAST.width or size.height < LEAST.height
        self.screen_stack[0].set_class(tiny, "tiny")
        if tiny:
            text = (
                f"{size.width}x{size.height} is too small: {LEAST.width}x{LEAST.height} at least. q leaves."
            )
            self.screen_stack[0].query_one("#tiny", Static).update(Text(text))
            return
        self.desk.fit(size, self.remembered.layouts)
        self.screen_stack[0].query_one("#keys", Static).update(keys.footer(size.width))

    def _follow_terminal(self) -> None:
        """A change of size whose signal was lost, or that the terminal never tells."""
        if self.is_headless:
            return
        try:
            size = Size(*os.get_terminal_size(0))
        except OSError:
            return
        if size.area and size != self.size:
            self.post_message(events.Resize(size, size))

    # -- pictures -----------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Ten times a second."""
        found = self.screen_stack[0].query(Console) if self.screen_stack else None
        if not found:
            return  # the screen is being taken down
        self._follow_terminal()
        console = found.first()
        if console.display:
            console.drain()
        if self.guest.running:
            self.refresh_picture()

    def refresh_picture(self) -> None:
        """Ask for a picture of as much as the screen can show; one at a time."""
        rows = max(self.size.height, 40)
        self.link.ask_picture(replace(self.view, code_rows=rows, stack_rows=rows, memory_size=16 * rows))

    def on_pictured(self, message: Pictured) -> None:
        again = self.link.answered_picture()
        self.snapshot = message.snapshot
        self._show_panes()
        if again:
            self.refresh_picture()

    def on_unpictured(self, message: Unpictured) -> None:
        self.link.answered_picture()
        self.notify(message.text, severity="error", markup=False)

    def _show_panes(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        for name, pane in self.desk.panes.items():
            if snapshot.whole or name in LIVE:
                pane.show(snapshot)
        self.screen_stack[0].query_one(StatusLine).show(snapshot, self.palette)

    # -- running ------------------------------------------------------------------------------------------------------

    def run_guest(self, function: Callable[[Debugger], Stop]) -> None:
        """Have the guest run; refused while it runs."""
        self.view = replace(self.view, code=None)
        try:
            self.link.run(function)
        except RuntimeError:
            self.notify("The guest runs. Ctrl-C stops it.", severity="warning")

    def go(self) -> None:
        """Run until something stops the guest, `--max-insns` included."""
        limit = self.guest.plan.budget
        self.run_guest(
            lambda debugger: debugger.go(None if limit is None else max(limit - debugger.machine.retired, 0))
        )
        self.refresh_picture()

    def on_stopped(self, message: Stopped) -> None:
        self.console_pane.drain(always=True)
        before = self.snapshot.stop if self.snapshot is not None else None
        if before is not None and before.over and message.reason.position == before.position:
            self.notify("The guest is at its end. r restarts it.")
        for note in message.reason.notes:
            self.notify(note, severity="warning", markup=False)
        self.refresh_picture()

    def action_stop(self) -> None:
        if self.console_pane.typing and self.console_pane.has_focus:
            self.console_pane.send(b"\x03")
        elif self.guest.running:
            self.link.interrupt()
        else:
            self.notify("The guest stands still. q leaves.")

    # -- commands -----------------------------------------------------------------------------------------------------

    def action_ask(self, prompt: str, before: str = "") -> None:
        """`before` is put before what is entered."""
        self.command_line.open(prompt, before=before)

    def action_search(self) -> None:
        if isinstance(self.focused, Memory):
            self.action_ask("find in memory (text, or 0x bytes): ", "find ")
        else:
            self.desk.show_pane("exits", focus=False)
            self.command_line.open("filter: ", self.exits.filter.text, before="filter ")

    def action_edit(self) -> None:
        self.desk.show_pane("memory", focus=False)
        address = self.desk.query_one(Memory).chosen
        self.action_ask(f"bytes at {address:#x} (hexadecimal, or text in quotes): ", f"poke {address:#x} ")

    def action_assemble(self) -> None:
        code = self.desk.query_one(Code)
        address = code.address_at(code.cursor)
        if address is not None:
            self.action_ask(f"instructions at {address:#x}, apart by ; : ", f"asm {address:#x} ")

    def action_perform(self, text: str) -> None:
        """A command, by a key."""
        self.carry_out(text, echo=False)

    def carry_out(self, text: str, *, echo: bool = True) -> None:
        """One command line."""
        try:
            call = self.commands.parse(text)
            if call is None:
                return
            command, argument = call.command, call.argument
            if command.screen is not None:
                command.screen(self, argument)
            elif command.run is not None:
                run = command.run
                if echo:
                    self.output.write([Text(f":{text}", "bold")])
                self.run_guest(lambda debugger: run(debugger, argument))
            elif command.look is not None:
                look = command.look
                self.link.ask(lambda debugger: look(debugger, argument), f":{call.text}" if echo else "")
        except CommandError as error:
            self.show_answer(Answer(str(error), bad=True))

    def on_answered(self, message: Answered) -> None:
        self.show_answer(message.answer)

    def show_answer(self, answer: Answer) -> None:
        lines = [Text(answer.echo, "bold")] if answer.echo else []
        style = self.palette.bad if answer.bad else ""
        lines += [Text(line.expandtabs(), style) for line in answer.text.splitlines()]
        self.output.write(lines)
        if answer.bad:
            self.notify(answer.text, severity="error", markup=False)
        elif "\n" in answer.text:
            self.desk.show_pane("output", focus=False)
        elif answer.text and not self.output.display:
            self.notify(answer.text, markup=False)
        if answer.view is not None:
            self.view = answer.view(self.view)
        if answer.shows:
            self.desk.show_pane(answer.shows, focus=False)
        self.refresh_picture()

    def set_filter(self, text: str) -> None:
        """Raises UsageError."""
        if self.snapshot is None:
            raise UsageError("Nothing to filter yet.")
        exits = self.snapshot.exits
        self.exits.set_filter(Filter.parse(text, self.guest.places, self.snapshot.symbols, exits.origin))
        self.desk.show_pane("exits", focus=False)

    def explain(self, index: int | None = None) -> None:
        """Why it stopped, or what the exit with this row was."""
        colours, places = self.palette, self.guest.places
        title = "why did it stop?" if index is None else "VM exit"
        self.link.ask_for(
            lambda debugger: why_lines(debugger, places, colours, index),
            lambda lines: self.call_later(self.push_screen, TextScreen(title, lines)),
        )

    def help(self) -> None:
        self.push_screen(HelpScreen(self.commands))

    # -- panes --------------------------------------------------------------------------------------------------------

    def action_breakpoint(self) -> None:
        self.desk.query_one(Code).toggle_point()

    def on_code_toggled(self, message: Code.Toggled) -> None:
        self.carry_out(f"toggle {message.address:#x}", echo=False)

    def on_pane_chosen(self, message: Pane.Chosen) -> None:
        pane, line = message.pane, message.line
        if isinstance(pane, Exits):
            if pane.count:
                self.explain(pane.row_at(line).index)
        elif isinstance(pane, Memory):
            self.action_edit()
        elif pane.choose:
            self.carry_out(f"{pane.choose} {line}", echo=False)

    def on_pane_beyond(self, message: Pane.Beyond) -> None:
        """Another part of the code or the memory; the line that was at the edge stays in view."""
        snapshot, step = self.snapshot, message.step
        if snapshot is None or not snapshot.whole or self.guest.running:
            return
        if isinstance(message.pane, Memory):
            base, size = snapshot.memory.address, len(snapshot.memory.data)
            address = (base + step * size // 2) & (1 << snapshot.bits) - 1
            self.view = replace(self.view, memory=address, memory_text=f"{address:#x}")
        elif snapshot.code:
            self.view = replace(self.view, code=snapshot.code[-1 if step > 0 else 0].address)
        self.refresh_picture()

    def on_points_changed(self, message: Points.Changed) -> None:
        self.carry_out(f"{message.command} {message.number}", echo=False)

    def on_timeline_pointed(self, message: Timeline.Pointed) -> None:
        self.desk.show_pane("exits", focus=False)
        self.exits.choose_instruction(message.instruction)

    def action_show_pane(self, name: str) -> None:
        self.desk.show_pane(name)

    # -- typing -------------------------------------------------------------------------------------------------------

    def action_type(self) -> None:
        self.desk.show_pane("console")
        self.console_pane.begin_typing()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and event.key != "f12" and self._typing:
            self.console_pane.take_key(event)
            return
        await super().on_event(event)
        if isinstance(event, events.Key) and self.screen_stack and self.focused is self.command_line:
            await self._handled(self.command_line)

    async def _handled(self, widget: Widget) -> None:
        """Wait until `widget` has done what its key asks for: the key typed after it may be for another."""
        done = asyncio.Event()
        if widget.call_later(done.set):
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), PATIENCE)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """The keys are letters where something is being written, and another screen's where one is above the panes."""
        if action not in KEYED:
            return True
        writing = self.focused is self.command_line
        return len(self.screen_stack) == 1 and (not writing or action in WHILE_WRITING)

    @property
    def _typing(self) -> bool:
        if len(self.screen_stack) != 1:
            return False
        found = self.screen.query(Console)
        return bool(found) and found.first().typing

    # -- the screen ---------------------------------------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        return offers(self)

    def next_theme(self) -> None:
        names = list(THEMES)
        self.set_theme(names[(names.index(self.theme_name) + 1) % len(names)])

    def set_theme(self, name: str) -> None:
        """Raises UsageError for one that is none."""
        if name not in THEMES:
            raise UsageError(f"No theme is named '{name}'.", f"There are {', '.join(THEMES)}.")
        self.theme_name = self.remembered.theme = name
        self.theme = THEMES[name][1].name
        self._show_panes()

    def action_picture(self) -> None:
        path = Path(f"axemu-{time.strftime('%Y%m%d-%H%M%S')}.svg")
        picture = self.export_screenshot(title=f"axemu trace {self.guest.plan.title}")
        try:
            path.write_text(picture, encoding="utf-8")
            self.notify(f"Saved {path.resolve()}", markup=False)
        except OSError as error:
            text = f"The picture cannot be written to {path}, in the current folder: {error.strerror}."
            self.notify(text, severity="error", markup=False)

    def leave(self) -> None:
        """Save what is remembered, and end."""
        self.desk.note(self.remembered.layouts)
        self.remembered.history = self.command_line.history
        self.guest.interrupt()
        self.link.ask_for(self.remembered.note_points, lambda _: self.call_later(self.exit, 0))

    async def action_quit(self) -> None:
        self.leave()

    def _fatal_error(self) -> None:
        """A fault of ours ends the screen; the caller says what it was."""
        self.failure = self._exception
        self._close_messages_no_wait()
