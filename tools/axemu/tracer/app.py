"""The tracer's screen: panes on a desk, a status line, a command line."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Static

from axemu.errors import CommandError, UsageError
from axemu.tracer import desk, origin, palette
from axemu.tracer.camera import REFUSALS
from axemu.tracer.commandline import CommandLine
from axemu.tracer.commands import Answer, Call, CommandTable
from axemu.tracer.desk import Arrangement, Desk
from axemu.tracer.exitview import Filter
from axemu.tracer.guest import TracedGuest
from axemu.tracer.keys import KEYS
from axemu.tracer.memory import Patch
from axemu.tracer.model import Snapshot, View
from axemu.tracer.pane import Pane
from axemu.tracer.panes import PANES
from axemu.tracer.panes.code import Code
from axemu.tracer.panes.console import Console
from axemu.tracer.panes.exits import Exits
from axemu.tracer.panes.frames import Frames
from axemu.tracer.panes.memory import Memory
from axemu.tracer.panes.output import Output
from axemu.tracer.panes.points import Points
from axemu.tracer.panes.vcpus import Vcpus
from axemu.tracer.remembered import Remembered
from axemu.tracer.statusline import StatusLine
from axemu.tracer.texts import HelpScreen, TextScreen
from axemu.tracer.why import why_lines
from emu.debug.debugger import Debugger
from emu.debug.points import Breakpoint
from emu.debug.stop import Stop, StopKind

KEYED: Final = frozenset(each.action.partition("(")[0] for each in KEYS)
WHILE_WRITING: Final = frozenset({"stop", "picture"})
PATIENCE: Final = 0.5  # seconds a key may take before the next one is looked at
PERIOD: Final = 0.1  # seconds between two looks at a running guest
LEAST: Final = (40, 10)
NO_TIME_TRAVEL: Final = (
    "Going back in time is not in this version. `r` restarts the guest, and `t` runs to an instruction or exit by "
    "number: the run is the same again."
)


def _theme(name: str, primary: str, background: str, panel: str, foreground: str) -> Theme:
    return Theme(
        f"axemu-{name}",
        primary=primary,
        background=background,
        surface=background,
        panel=panel,
        foreground=foreground,
        dark=name != "light",
    )


THEMES: Final = {
    "dark": (palette.DARK, _theme("dark", "#61afef", "#11151c", "#1a202b", "#d7dae0")),
    "light": (palette.LIGHT, _theme("light", "#0550ae", "#ffffff", "#eef1f5", "#24292f")),
    "mono": (palette.MONO, _theme("mono", "#c0c0c0", "#000000", "#000000", "#ffffff")),
}


class Tracer(App[int]):
    """Shows one guest. The screen's thread asks it by futures and never waits for it."""

    ENABLE_COMMAND_PALETTE = True
    TITLE = "axemu"
    AUTO_FOCUS = "#code"
    CSS = """
    Screen { layout: vertical; }
    Pane { border: round $panel-lighten-2; border-title-color: $foreground; border-subtitle-color: $foreground 60%;
           scrollbar-size: 0 1; background: $background; }
    Pane:focus { border: round $primary; border-title-color: $primary; border-title-style: bold; }
    Console.typing { border: heavy $primary; }
    #status { height: 1; background: $panel; }
    #keys { height: 1; background: $panel; color: $foreground 70%; }
    CommandLine { height: 1; border: none; padding: 0; display: none; background: $background; }
    CommandLine.open { display: block; }
    #tiny { display: none; width: 100%; height: 100%; content-align: center middle; text-align: center; }
    .tiny #tiny { display: block; }
    .tiny Desk, .tiny #status, .tiny #keys { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                ",".join(each.keys),
                each.action,
                each.help,
                show=False,
                priority=True,  # done before the next key is looked at
            )
            for each in KEYS
        ),
        *(Binding(str((number + 1) % 10), f"bring({number})", "pane", show=False) for number in range(10)),
    ]

    class Pictured(Message):
        """A snapshot is there."""

        def __init__(self, snapshot: Snapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

    class Stopped(Message):
        """A run has ended."""

        def __init__(self, stop: Stop) -> None:
            super().__init__()
            self.reason = stop

    class Answered(Message):
        """A command has been carried out, or refused."""

        def __init__(self, answer: Answer) -> None:
            super().__init__()
            self.answer = answer

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
        self.remembered = remembered or Remembered(None)
        self.view = View()
        self.snapshot: Snapshot | None = None
        self.commands = CommandTable()
        self.failure: BaseException | None = None
        self.received = 0
        self._start_running = run
        self._asked = False  # a picture is on its way
        self._again = False
        self._stop_asked: float | None = None
        self.stop_latency: float | None = None
        self._class = ""
        self._patches: list[Patch] = []
        self._names: tuple[str, ...] = ()
        if theme is None:
            theme = "mono" if os.environ.get("NO_COLOR") else self.remembered.theme
        self._theme_name = theme if theme in THEMES else "dark"
        for _, each in THEMES.values():
            self.register_theme(each)
        self.theme = THEMES[self._theme_name][1].name

    @property
    def palette(self) -> palette.Palette:
        return THEMES[self._theme_name][0]

    # -- composition --------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Static("", id="tiny")
        yield Desk(*(kind(name) for name, kind in PANES.items()))
        yield CommandLine(self.commands, self.remembered.history, self.carry_out)
        yield StatusLine(id="status")
        yield Static("", id="keys")

    @property
    def desk(self) -> Desk:
        return self.query_one(Desk)

    def pane(self, name: str) -> Pane:
        return self.query_one(f"#{name}", Pane)

    @property
    def exits(self) -> Exits:
        return self.query_one(Exits)

    @property
    def console_pane(self) -> Console:
        return self.query_one(Console)

    @property
    def output(self) -> Output:
        return self.query_one(Output)

    def on_mount(self) -> None:
        self.console_pane.channel = self.guest.channel
        self.exits.places = self.guest.places
        self.guest.stopped = self._stopped
        self.fit(self.size.width, self.size.height)
        self.set_interval(PERIOD, self.tick)
        for number in (signal.SIGTERM, signal.SIGHUP):
            try:
                self._loop_signal(number)
            except (RuntimeError, ValueError, NotImplementedError):
                break  # not the main thread: a test
        for note in self.guest.notes:
            self.notify(note, markup=False)
        self.guest.look(self._prepare).add_done_callback(self._prepared)
        self.pane("code").focus()
        if self._start_running:
            self.action_go()
        else:
            self.refresh_picture()

    def _loop_signal(self, number: signal.Signals) -> None:
        def leave() -> None:
            self.received = int(number)
            self.exit(128 + int(number))

        asyncio.get_running_loop().add_signal_handler(number, leave)

    def _prepare(self, debugger: Debugger) -> tuple[dict[tuple[int, bool], str], tuple[str, ...], list[str]]:
        isa = debugger.machine.isa
        names = tuple(sorted({symbol.name for symbol in debugger.symbols if not symbol.name.startswith("$")}))
        registers = tuple(f"${row.name}" for row in isa.registers)
        vectors = {(each.number, each.interrupt): each.name for each in isa.vectors}
        return vectors, (*names, *registers), self.remembered.restore_points(debugger)

    def _prepared(self, future: Future[Any]) -> None:
        if future.exception() is None:
            self.call_later(self._take_names, *future.result())

    def _take_names(
        self, vectors: dict[tuple[int, bool], str], names: tuple[str, ...], said: list[str]
    ) -> None:
        self.exits.vector_name = vectors
        self.query_one(CommandLine).names = names
        for text in said:
            self.notify(text, markup=False)
        self.refresh_picture()

    # -- size ---------------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self.fit(event.size.width, event.size.height)

    def fit(self, width: int, height: int) -> None:
        """The layout for a terminal of this size."""
        tiny = width < LEAST[0] or height < LEAST[1]
        self.screen.set_class(tiny, "tiny")
        if tiny:
            self.query_one("#tiny", Static).update(
                Text(
                    f"{width}x{height} is too small: the tracer needs {LEAST[0]}x{LEAST[1]}, better 80x24. "
                    "Enlarge the terminal, or q."
                )
            )
            return
        wanted = desk.size_class(width, height)
        if wanted != self._class:
            if self._class:
                self.remembered.layouts[self._class] = self.desk.arrangement.save()
            self._class = wanted
            self.desk.arrangement = Arrangement(desk.SIZES[wanted]())
            self.desk.arrangement.load(self.remembered.layouts.get(wanted, {}))
        self.rearrange()
        self._show_keys(width)

    def rearrange(self) -> None:
        arrangement = self.desk.arrangement
        self.desk.rearrange()
        for stack in arrangement.stacks():
            names = arrangement.shown(stack)
            for name in names:
                title = Text(" ")
                for other in names if arrangement.alone is None else [name]:
                    title.append(PANES[other].title, "reverse" if other == name and len(names) > 1 else "")
                    title.append(" ")
                self.pane(name).border_title = self._tabs(
                    names if arrangement.alone is None else [name], name
                )
        if self.snapshot is not None:
            self._show_panes()

    def _tabs(self, names: list[str], front: str) -> str:
        parts = []
        for name in names:
            title = PANES[name].title
            if len(names) > 1:
                title = f"[@click=app.show_pane('{name}')]{title}[/]"
                title = f"[reverse]{title}[/]" if name == front else title
            parts.append(title)
        return " ".join(parts)

    def _show_keys(self, width: int) -> None:
        line = Text(no_wrap=True)
        for each in KEYS:
            if each.label:
                part = f" {each.shown.split(' ')[0]} "
                if line.cell_len + len(part) + len(each.label) > width:
                    break
                line.append(part, "bold")
                line.append(each.label + " ")
        self.query_one("#keys", Static).update(line)

    # -- pictures -----------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Ten times a second."""
        found = self.screen_stack[0].query(Console) if self.screen_stack else None
        if not found:
            return  # the screen is being taken down
        console = found.first()
        if console.display:
            console.drain()
        if self.guest.running:
            self.refresh_picture()

    def refresh_picture(self) -> None:
        """Ask for a picture; one at a time."""
        if self._asked:
            self._again = True
            return
        self._asked = True
        self.guest.picture(self.view).add_done_callback(self._pictured)

    def _pictured(self, future: Future[Snapshot]) -> None:
        """On the debugger's thread."""
        error = future.exception()
        if error is None:
            self.post_message(self.Pictured(future.result()))
        else:
            self._asked = False
            self.post_message(self.Answered(Answer.refused(error)))

    def on_tracer_pictured(self, message: Tracer.Pictured) -> None:
        self._asked = False
        self.snapshot = message.snapshot
        self._show_panes()
        if self._again:
            self._again = False
            self.refresh_picture()

    def _show_panes(self) -> None:
        snapshot = self.snapshot
        assert snapshot is not None
        live = ("exits", "timeline", "vcpus")
        for name in PANES:
            if snapshot.whole or name in live:
                self.pane(name).show(snapshot)
        self.query_one(StatusLine).show(snapshot, self.palette)

    # -- running ------------------------------------------------------------------------------------------------------

    def run_guest(self, function: Any, text: str = "") -> None:  # noqa: ANN401
        """Have the guest run; refused while it runs."""
        if self.guest.running:
            self.notify("The guest runs. Ctrl-C stops it.", severity="warning")
            return
        self.view = View(memory=self.view.memory, memory_text=self.view.memory_text)
        try:
            self.guest.run(function).add_done_callback(self._ran)
        except RuntimeError:
            return

    def _ran(self, future: Future[Stop]) -> None:
        error = future.exception()
        if error is not None:
            self.post_message(self.Answered(Answer.refused(error)))

    def _stopped(self, stop: Stop) -> None:
        """On the debugger's thread."""
        self.post_message(self.Stopped(stop))

    def on_tracer_stopped(self, message: Tracer.Stopped) -> None:
        stop = message.reason
        if self._stop_asked is not None:
            self.stop_latency, self._stop_asked = time.monotonic() - self._stop_asked, None
        self.console_pane.drain(always=True)
        for note in stop.notes:
            self.notify(note, severity="warning", markup=False)
        if stop.over and stop.kind is StopKind.CRASHED:
            self.notify("y explains it", title="The guest crashed", severity="error")
        self.refresh_picture()

    def action_step(self) -> None:
        self.run_guest(lambda debugger: debugger.step())

    def action_over(self) -> None:
        self.run_guest(lambda debugger: debugger.step_over())

    def action_out(self) -> None:
        self.run_guest(lambda debugger: debugger.step_out())

    def action_go(self) -> None:
        limit = self.guest.plan.budget

        def go(debugger: Debugger) -> Stop:
            left = None if limit is None else max(limit - debugger.machine.retired, 0)
            return debugger.go(left)

        self.run_guest(go)
        self.refresh_picture()

    def action_next_exit(self) -> None:
        self.run_guest(lambda debugger: debugger.run_exits())

    def action_stop(self) -> None:
        if self.console_pane.typing and self.console_pane.has_focus:
            self.console_pane.send(b"\x03")
            return
        if self.guest.running:
            self._stop_asked = time.monotonic()
            self.guest.interrupt()
        else:
            self.notify("The guest stands still. q leaves.")

    def action_restart(self) -> None:
        self.run_guest(origin.restart)

    def action_back_in_time(self) -> None:
        self.notify(NO_TIME_TRAVEL, severity="warning")

    # -- commands -----------------------------------------------------------------------------------------------------

    def action_command(self, text: str = "") -> None:
        self.query_one(CommandLine).open(":", text)

    def action_go_to_time(self) -> None:
        self.query_one(CommandLine).open("run to (instruction, or exit:N): ", before="goto ")

    def action_go_to_address(self) -> None:
        self.query_one(CommandLine).open("code at: ", before="disas ")

    def action_memory(self) -> None:
        self.query_one(CommandLine).open("memory at: ", before="mem ")

    def action_watch(self) -> None:
        self.query_one(CommandLine).open("watch: ", before="watch ")

    def action_search(self) -> None:
        if isinstance(self.focused, Memory):
            self.query_one(CommandLine).open("find in memory (text, or 0x bytes): ", before="find ")
        else:
            self.show_pane("exits")
            self.query_one(CommandLine).open("filter: ", self.exits.filter.text, before="filter ")

    def carry_out(self, text: str) -> None:
        """One command line."""
        try:
            call = self.commands.parse(text)
        except CommandError as error:
            self.show_answer(Answer(str(error), bad=True))
            return
        if call is None:
            return
        command, argument = call.command, call.argument
        if command.screen is not None:
            try:
                command.screen(self, argument)
            except CommandError as error:
                self.show_answer(Answer(str(error), bad=True))
            return
        if command.run is not None:
            run = command.run
            self.output.write([Text(f":{text}", "bold")])
            self.run_guest(lambda debugger: run(debugger, argument))
            return
        self._look(call)

    def _look(self, call: Call) -> None:
        look, argument = call.command.look, call.argument
        assert look is not None

        def done(future: Future[Answer]) -> None:
            error = future.exception()
            answer = future.result() if error is None else Answer.refused(error)
            self.post_message(self.Answered(Answer(answer.text, f":{call.text}", answer.bad, answer.view)))

        self.guest.look(lambda debugger: look(debugger, argument)).add_done_callback(done)

    def on_tracer_answered(self, message: Tracer.Answered) -> None:
        self.show_answer(message.answer)

    def show_answer(self, answer: Answer) -> None:
        lines = [Text(answer.echo, "bold")] if answer.echo else []
        style = self.palette.bad if answer.bad else ""
        lines += [Text(line.expandtabs(), style) for line in answer.text.splitlines()]
        self.output.write(lines)
        if answer.bad:
            self.notify(answer.text, severity="error", markup=False)
        elif answer.text:
            if answer.text.count("\n") == 0 and not self.output.display:
                self.notify(answer.text, markup=False)
            else:
                self.show_pane("output", focus=False)
        if answer.view is not None:
            self.view = answer.view(self.view)
            if answer.shows:
                self.show_pane(answer.shows, focus=False)
        self.refresh_picture()

    # -- points -------------------------------------------------------------------------------------------------------

    def action_breakpoint(self) -> None:
        code = self.query_one(Code)
        address = code.address_at(code.cursor)
        if address is None:
            self.notify(
                "Choose an instruction in the disassembly; `:b NAME` breaks anywhere.", severity="warning"
            )
            return

        def toggle(debugger: Debugger) -> Answer:
            found = [
                each for each in debugger.points if isinstance(each, Breakpoint) and address in each.addresses
            ]
            for each in found:
                debugger.points.delete(each.number)
            if found:
                return Answer(f"Breakpoint {found[0].number} deleted")
            point = debugger.break_at(address)
            return Answer(f"Breakpoint {point.number} at {debugger.place(address)}")

        self._do(toggle)

    def _do(self, look: Any) -> None:  # noqa: ANN401
        def done(future: Future[Answer]) -> None:
            error = future.exception()
            self.post_message(self.Answered(future.result() if error is None else Answer.refused(error)))

        self.guest.look(look).add_done_callback(done)

    def on_pane_chosen(self, message: Pane.Chosen) -> None:
        pane, line = message.pane, message.line
        if isinstance(pane, Exits):
            if pane.count:
                self.explain(pane.row_at(line).index)
        elif isinstance(pane, Code):
            self.action_breakpoint()
        elif isinstance(pane, Frames):
            self.carry_out(f"frame {line}")
        elif isinstance(pane, Vcpus):
            self.carry_out(f"vcpu {line}")
        elif isinstance(pane, Points) and self.snapshot is not None and line < len(self.snapshot.points):
            row = self.snapshot.points[line]
            self.carry_out(f"{'disable' if row.enabled else 'enable'} {row.number}")
        elif isinstance(pane, Memory):
            self.action_edit()

    def action_edit(self) -> None:
        memory = self.query_one(Memory)
        address = memory.address_at(memory.cursor)
        self.query_one(CommandLine).open(
            f"bytes at {address:#x} (hexadecimal, or text in quotes): ", before=f"poke {address:#x} "
        )

    def action_undo(self) -> None:
        self.carry_out("undo")

    # -- looking ------------------------------------------------------------------------------------------------------

    def action_why(self) -> None:
        self.explain(None)

    def explain(self, index: int | None) -> None:
        """Why it stopped, or what the exit with this row was."""

        def done(future: Future[list[Text]]) -> None:
            error = future.exception()
            lines = future.result() if error is None else [Text(Answer.refused(error).text)]
            self.call_from_anywhere(
                self.push_screen, TextScreen("why did it stop?" if index is None else "VM exit", lines)
            )

        colours, places = self.palette, self.guest.places
        self.guest.look(lambda debugger: why_lines(debugger, places, colours, index)).add_done_callback(done)

    def call_from_anywhere(self, function: Any, *arguments: Any) -> None:  # noqa: ANN401
        self.call_later(function, *arguments)

    def action_type(self) -> None:
        self.show_pane("console")
        self.console_pane.begin_typing()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and self.console_pane_typing and event.key not in ("f12",):
            self.console_pane.take_key(event)
            return
        await super().on_event(event)
        if isinstance(event, events.Key) and self.screen_stack and isinstance(self.focused, CommandLine):
            await self._handled_by(self.focused)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """The tracer's keys are letters where something is being written, and another screen's above the panes."""
        if action not in KEYED:
            return True
        writing = isinstance(self.focused, CommandLine)
        return len(self.screen_stack) == 1 and (not writing or action in WHILE_WRITING)

    async def _handled_by(self, widget: Widget) -> None:
        """Wait until `widget` has done what its key asks for: the key typed after it may be for another."""
        done = asyncio.Event()
        if widget.call_later(done.set):
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), PATIENCE)

    @property
    def console_pane_typing(self) -> bool:
        if len(self.screen_stack) != 1:
            return False
        found = self.query(Console)
        return bool(found) and found.first().typing

    # -- the screen ---------------------------------------------------------------------------------------------------

    def show_pane(self, name: str, *, focus: bool = True) -> None:
        self.desk.arrangement.raise_(name)
        self.rearrange()
        if focus:
            self.call_after_refresh(self.pane(name).focus)

    def action_show_pane(self, name: str) -> None:
        self.show_pane(name)

    def action_bring(self, number: int) -> None:
        self.show_pane(list(PANES)[number])

    def _focused_pane(self) -> Pane:
        return self.focused if isinstance(self.focused, Pane) else self.pane("code")

    def action_focus_pane(self, step: int) -> None:
        if len(self.screen_stack) > 1 or self.query_one(CommandLine).has_focus:
            return
        shown = [each.id or "" for each in self.desk.children if each.display]
        shown.sort(key=lambda name: (self.pane(name).region.y, self.pane(name).region.x))
        here = self._focused_pane().id
        at = shown.index(here) if here in shown else 0
        self.screen.set_focus(self.pane(shown[(at + step) % len(shown)]))

    def action_turn(self, step: int) -> None:
        front = self.desk.arrangement.turn(self._focused_pane().id or "code", step)
        self.show_pane(front)

    def action_zoom(self) -> None:
        arrangement = self.desk.arrangement
        arrangement.alone = None if arrangement.alone else self._focused_pane().id
        self.rearrange()

    def action_grow(self, factor: float) -> None:
        self.desk.arrangement.grow(self._focused_pane().id or "code", factor)
        self.rearrange()

    def action_hide(self) -> None:
        name = self._focused_pane().id or "code"
        if len([each for each in PANES if each not in self.desk.arrangement.hidden]) < 2:
            return
        self.desk.arrangement.hide(name)
        self.rearrange()
        self.action_focus_pane(1)

    def action_theme(self) -> None:
        names = list(THEMES)
        self.set_theme(names[(names.index(self._theme_name) + 1) % len(names)])

    def set_theme(self, name: str) -> None:
        self._theme_name = name
        self.remembered.theme = name
        self.theme = THEMES[name][1].name
        if self.snapshot is not None:
            self._show_panes()

    def action_picture(self) -> None:
        path = Path(f"axemu-{time.strftime('%Y%m%d-%H%M%S')}.svg").resolve()
        try:
            path.write_text(
                self.export_screenshot(title=f"axemu trace {self.guest.plan.title}"), encoding="utf-8"
            )
        except OSError as error:
            self.notify(
                f"The picture cannot be written to {path}: {error.strerror}.", severity="error", markup=False
            )
            return
        self.notify(f"Saved {path}", markup=False)

    def action_help(self) -> None:
        self.push_screen(HelpScreen(self.commands))

    def action_leave(self) -> None:
        self.leave()

    def leave(self) -> None:
        """Save what is remembered, and end."""
        self.remembered.layouts[self._class] = self.desk.arrangement.save()
        self.remembered.history = self.query_one(CommandLine).history
        self.guest.interrupt()
        self.guest.look(self.remembered.note_points).add_done_callback(
            lambda _: self.call_later(self.exit, 0)
        )

    async def action_quit(self) -> None:
        self.leave()

    def set_filter(self, text: str) -> None:
        """Raises UsageError."""
        if self.snapshot is None:
            raise UsageError("Nothing to filter yet.")
        self.exits.set_filter(
            Filter.parse(text, self.guest.places, self.snapshot.symbols, self.snapshot.exits.origin)
        )
        self.show_pane("exits", focus=False)

    def _fatal_error(self) -> None:
        """A fault of ours ends the screen; the caller says what it was."""
        self.failure = self._exception
        self._close_messages_no_wait()


__all__ = ["REFUSALS", "Tracer"]
