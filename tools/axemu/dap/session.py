"""One client: what it may ask in which state, and the table of its requests.

A request comes in, its response goes out, and what follows from it (the guest runs, an event) after that. While the
guest runs, what only a standing guest can answer is refused as "notStopped"; the rest is answered at an exact boundary.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from axemu.dap.book import Book
from axemu.dap.errors import CANCELLED, RUNNING, Malformed, Refused
from axemu.dap.fields import Fields
from axemu.dap.framing import Damaged, Message
from axemu.dap.greeting import Client
from axemu.dap.places import Places
from axemu.dap.pump import Pump
from axemu.dap.stops import Hit, report
from axemu.tracer.model import REFUSALS
from emu.debug.stop import Stop, StopKind

if TYPE_CHECKING:
    from concurrent.futures import Future

    from axemu.dap.configuration import Launch
    from axemu.dap.outgoing import Outgoing
    from axemu.dap.tree import Node
    from axemu.dap.window import Window
    from axemu.tracer.guest import TracedGuest
    from emu.debug.debugger import Debugger

T = TypeVar("T")
Body: TypeAlias = Message | None
Request: TypeAlias = Callable[["Session", Fields], Body]


class State(Enum):
    NEW = "new"  # nothing was said
    GREETED = "initialized"
    CONFIGURING = "configuring"  # there is a guest, and it waits for configurationDone
    DEBUGGING = "debugging"
    ENDED = "ended"  # the guest is over, or was never started


class Session:
    """With one client. `held` is a guest that the server has and clients attach to; it outlives the session."""

    def __init__(self, outgoing: Outgoing, held: TracedGuest | None = None) -> None:
        self.outgoing: Final = outgoing
        self.held: Final = held
        self.state = State.NEW
        self.over = False
        """The client has nothing more to say."""
        self.ends = False
        """The client wants the held guest to end."""
        self.suspends = False
        """The held guest is to stand when the client has gone."""
        self.guest: TracedGuest | None = None
        self.launch: Launch | None = None
        self.places: Final = Places()
        self.book: Final = Book(self.places)
        self.pump: Pump | None = None
        self.window: Window | None = None
        self.nodes: Final[dict[int, Node]] = {}
        """What variablesReference names, until the guest runs."""
        self.frames: Final[dict[int, tuple[int, int]]] = {}
        """frameId: (vCPU, level), until the guest runs."""
        self._next = 1
        self._after: list[Callable[[], object]] = []
        self._closing = False
        self.client = Client()
        self._asked: dict[int, Callable[[bool, str], None]] = {}  # by us, by number

    def greet(self, client: Client) -> None:
        """It has introduced itself."""
        self.client = client
        self.places.first_line, self.places.first_column = client.first_line, client.first_column
        self.places.uris = client.uris
        self.state = State.GREETED

    # -- messages -----------------------------------------------------------------------------------------------------

    def take(self, message: Message | Damaged, cancelled: bool = False) -> None:
        """Answer it."""
        if isinstance(message, Damaged):
            self.outgoing.output("important", f"axemu dap: {message.text}\n")
            return
        kind, number = message.get("type"), message.get("seq")
        if kind == "response":
            self._take_response(message)
        elif kind == "request" and isinstance(number, int) and isinstance(message.get("command"), str):
            self._answer(number, str(message["command"]), message.get("arguments"), cancelled)
        elif kind != "event":
            said = "Expected a request with 'seq', 'type' and 'command'."
            if isinstance(number, int):
                self._respond(number, str(message.get("command")), None, Malformed(said))
            else:
                self.outgoing.output("important", f"axemu dap: {said}\n")

    def _take_response(self, message: Message) -> None:
        done = self._asked.pop(message.get("request_seq", 0), None)
        if done is not None:
            done(message.get("success") is True, str(message.get("message") or ""))

    def ask(self, command: str, arguments: Message, done: Callable[[bool, str], None]) -> None:
        """A request of ours; `done` gets whether it succeeded, and the client's message."""
        number = self.outgoing.send({"type": "request", "command": command, "arguments": arguments})
        self._asked[number] = done

    def _answer(self, number: int, command: str, arguments: object, cancelled: bool) -> None:
        from axemu.cli import paragraph  # noqa: PLC0415 - which offers this verb

        self._after = []
        body: Body = None
        error: Exception | None = None
        try:
            if cancelled:
                raise Refused("The request was cancelled.", kind=CANCELLED)
            body = self._request(command)(self, Fields(command, arguments))
        except Refused as refusal:
            error = refusal
        except Exception as fault:
            error = Refused(paragraph(fault), shown=command in ("launch", "attach", "restart"))
        self._respond(number, command, body, error)
        for action in self._after:
            action()

    def _respond(self, number: int, command: str, body: Body, error: Exception | None) -> None:
        answer: Message = {
            "type": "response",
            "request_seq": number,
            "success": error is None,
            "command": command,
        }
        if error is not None:
            kind = error.kind if isinstance(error, Refused) else ""
            shown = isinstance(error, Refused) and error.shown
            text = str(error)
            answer["message"] = kind or text
            answer["body"] = {
                "error": {"id": 1, "format": "{text}", "variables": {"text": text}, "showUser": shown}
            }
        elif body is not None:
            answer["body"] = body
        self.outgoing.send(answer)

    def _request(self, command: str) -> Request:
        from axemu.dap.requests import REQUESTS, STATES  # noqa: PLC0415 - they need this

        found = REQUESTS.get(command)
        if found is None:
            near = difflib.get_close_matches(command, REQUESTS, 1)
            raise Refused(
                f"No request is named '{command}' here.", attempt=f"Did you mean {near[0]}?" if near else ""
            )
        states = STATES.get(command, (State.CONFIGURING, State.DEBUGGING))
        if self.state not in states:
            wanted = {
                State.NEW: "initialize comes first",
                State.GREETED: "launch or attach comes before it",
                State.CONFIGURING: "configurationDone comes before it",
                State.DEBUGGING: "the guest is there already",
                State.ENDED: "the guest has ended",
            }[self.state]
            raise Refused(f"'{command}' has no place here: {wanted}.")
        return found

    def afterwards(self, action: Callable[[], object]) -> None:
        """`action` is made when the response of this request is sent."""
        self._after.append(action)

    # -- the guest ----------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self.guest is not None and self.guest.running

    def look(self, function: Callable[[Debugger], T]) -> T:
        """What `function` finds in a guest that stands. Raises Refused."""
        if self.running:
            raise Refused("The guest runs.", attempt="Pause it first.", kind=RUNNING)
        return self.reach(function)

    def reach(self, function: Callable[[Debugger], T]) -> T:
        """As `look`, also of a guest that runs, at an exact boundary."""
        if self.guest is None:
            raise Refused("There is no guest yet.")
        try:
            return self.guest.look(function).result()
        except REFUSALS as error:
            raise Refused(str(error)) from error

    def resume(self, function: Callable[[Debugger], Stop], thread: int | None = None) -> None:
        """`function` runs the guest; its stop is reported. `thread`: the vCPU that it steps."""
        guest = self.guest
        assert guest is not None
        if guest.running:
            return
        self.forget()

        def run(debugger: Debugger) -> Stop:
            if thread is not None and debugger.vcpu != thread:
                debugger.vcpu = thread
            return self._within_budget(debugger, function)

        guest.run(run).add_done_callback(self._ran)

    def go_on(self) -> None:
        self.resume(lambda debugger: debugger.go(self.left(debugger)))

    def left(self, debugger: Debugger) -> int | None:
        """Instructions of the budget."""
        budget = None if self.launch is None else self.launch.plan.budget
        return None if budget is None else max(budget - debugger.machine.retired, 0)

    def _within_budget(self, debugger: Debugger, function: Callable[[Debugger], Stop]) -> Stop:
        if self.left(debugger) == 0:
            return debugger.go(0)
        return function(debugger)

    def forget(self) -> None:
        """References that end when the guest runs."""
        self.nodes.clear()
        self.frames.clear()

    def number(self) -> int:
        """For a reference."""
        self._next += 1
        return self._next

    def named(self, node: Node) -> int:
        """A variablesReference for it."""
        number = self.number()
        self.nodes[number] = node
        return number

    # -- on the debugger's thread -------------------------------------------------------------------------------------

    def stopped(self, stop: Stop) -> None:
        """The guest stands."""
        if self._closing or self.guest is None:
            return
        if self.pump is not None:
            self.pump.flush(self.guest.debugger)
        report(self, stop)

    def _ran(self, future: Future[Stop]) -> None:
        error = future.exception()
        if error is None or self._closing:
            return
        from axemu.cli import paragraph  # noqa: PLC0415

        text = paragraph(error) if isinstance(error, Exception) else str(error)
        self.outgoing.output("important", f"{text}\n")
        hit = Hit("pause", text, None)
        self.outgoing.event(
            "stopped", hit.body(self.guest.debugger.vcpu) if self.guest is not None else {"reason": "pause"}
        )

    # -- its end ------------------------------------------------------------------------------------------------------

    def adopt(self, guest: TracedGuest, launch: Launch) -> None:
        """It is the session's guest from now on."""
        self.guest, self.launch = guest, launch
        guest.stopped = self.stopped
        self.pump = Pump(self, guest, launch.exits)

    def halt(self) -> None:
        """The guest stands, and nobody is told."""
        guest = self.guest
        assert guest is not None
        guest.stopped = lambda stop: None
        guest.interrupt()
        while guest.running:
            time.sleep(0.001)
        guest.look(lambda debugger: None).result()  # it comes after all that a stop is told to
        guest.stopped = self.stopped

    def type(self, data: bytes) -> None:
        """Keys for the guest that there is now; from any thread."""
        guest = self.guest
        if guest is not None:
            guest.channel.type(data)

    def release(self) -> None:
        """Let the guest go: one that was launched to its end, another on without a debugger."""
        guest, pump, self.guest, self.pump = self.guest, self.pump, None, None
        if pump is not None:
            pump.close()
        if guest is None:
            return
        guest.stopped = lambda stop: None
        if guest is not self.held:
            guest.close()
            return
        guest.look(self.book.clear).result()
        standing = not guest.running and guest.look(lambda debugger: debugger.stop.kind).result()
        if standing and standing is not StopKind.ENDED and not (self.ends or self.suspends):
            guest.run(lambda debugger: debugger.go())

    def close(self) -> None:
        """The client has gone, or has said all."""
        self._closing = True
        self.release()
        if self.window is not None:
            self.window.close()
