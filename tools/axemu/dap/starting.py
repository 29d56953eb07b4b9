"""initialize, launch, attach, configurationDone, restart, terminate, disconnect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axemu import compilation
from axemu.channel import HeldChannel
from axemu.dap.capabilities import capabilities
from axemu.dap.configuration import CONSOLES, Launch, launch_of
from axemu.dap.errors import Refused
from axemu.dap.greeting import Client
from axemu.dap.session import State
from axemu.dap.stops import end, hit_of
from axemu.dap.window import Window
from axemu.tracer import origin
from axemu.tracer.guest import TracedGuest
from emu.debug.stop import StopKind

if TYPE_CHECKING:
    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session


def initialize(talk: Session, asked: Fields) -> Message:
    talk.greet(Client.of(asked))
    return capabilities()


def launch(talk: Session, asked: Fields) -> None:
    if talk.held is not None:
        raise Refused("This server has a guest already.", attempt="Use attach instead of launch.", shown=True)
    _make(talk, launch_of(asked))
    talk.state = State.CONFIGURING
    talk.afterwards(lambda: talk.outgoing.event("initialized"))


def _make(talk: Session, wanted: Launch) -> None:
    """The guest of the session, frozen at its first instruction."""
    talk.places.substitutions = list(wanted.source_map)
    talk.places.directories = list(wanted.source_directories)
    talk.places.forget()
    say = talk.outgoing.output
    with compilation.told(lambda: say("console", f"axemu: {compilation.TEXT}\n")):
        guest = made(wanted)
    talk.adopt(guest, wanted)
    for each in (*wanted.warnings, *guest.notes):
        say("console", f"axemu: {each}\n")
    if wanted.console != CONSOLES[0] and (talk.window is None or not talk.window.open):
        talk.afterwards(lambda: _open(talk, wanted))


def _open(talk: Session, wanted: Launch) -> None:
    """Have the client open a terminal for the guest's console."""
    say = talk.outgoing.output
    if talk.window is not None:
        talk.window.close()
        talk.window = None
    if not talk.client.terminals:
        say(
            "important", "This client opens no terminals: the guest's console is here, and > types into it.\n"
        )
        return
    window = talk.window = Window(talk.type)

    def answered(success: bool, text: str) -> None:
        if not success:
            window.close()
            say("important", f"The client opened no terminal: {text}. The guest's console is here.\n")

    kind = wanted.console.removesuffix("Terminal")
    talk.ask("runInTerminal", window.request(kind, f"axemu: {wanted.plan.title}"), answered)


def made(wanted: Launch) -> TracedGuest:
    """The guest of a launch. Raises what its loading raises."""
    transcript = bytearray() if wanted.plan.guest is not None else None
    return TracedGuest(wanted.plan, HeldChannel(wanted.plan.stored, transcript), wanted.symbols)


def attach(talk: Session, asked: Fields) -> None:
    guest = talk.held
    if guest is None:
        raise Refused(
            "There is no guest to attach to.",
            attempt="Use launch, or start a server that has one: axemu dap GUEST --port 4711.",
            shown=True,
        )
    wanted = Launch(guest.plan, stop_on_entry=asked.flag("stopOnEntry", True))
    talk.adopt(guest, wanted)
    if not guest.running and talk.look(lambda debugger: debugger.stop.kind) is StopKind.ENDED:
        talk.look(origin.restart)
        talk.outgoing.output("console", "axemu: the guest had ended: it starts anew\n")
    talk.state = State.CONFIGURING
    talk.afterwards(lambda: talk.outgoing.event("initialized"))


def configuration_done(talk: Session, asked: Fields) -> None:
    talk.state = State.DEBUGGING
    talk.afterwards(lambda: _begin(talk))


def _begin(talk: Session) -> None:
    guest, wanted = talk.guest, talk.launch
    assert guest is not None and wanted is not None
    if guest.running:
        if wanted.stop_on_entry:
            guest.interrupt()
    elif wanted.stop_on_entry:
        stop = talk.look(lambda debugger: debugger.stop)
        talk.outgoing.event("stopped", hit_of(talk, stop, stop.text).body(stop.vcpu))
    else:
        talk.go_on()


def restart(talk: Session, asked: Fields) -> None:
    """A guest that was launched is made anew, from its files as they are now; another one is powered on anew."""
    assert talk.launch is not None
    again = asked.fields("arguments")
    if talk.held is None:
        wanted = launch_of(again) if again.values else talk.launch
        talk.release()
        talk.book.forget_numbers()
        try:
            _make(talk, wanted)
        except Exception:
            talk.afterwards(lambda: end(talk, None))
            raise
        talk.reach(talk.book.renew)
    else:
        talk.halt()
        talk.look(origin.restart)
    talk.forget()
    talk.state = State.DEBUGGING
    talk.afterwards(lambda: _begin(talk))


def terminate(talk: Session, asked: Fields) -> None:
    talk.ends = True

    def finish() -> None:
        talk.release()
        end(talk, None)

    talk.afterwards(finish)


def disconnect(talk: Session, asked: Fields) -> None:
    talk.over = True
    talk.suspends = asked.flag("suspendDebuggee")
    talk.ends = talk.ends or asked.flag("terminateDebuggee", talk.held is None)


def cancel(talk: Session, asked: Fields) -> None:
    """The inbox has done it: what was waiting is refused when its turn comes."""
