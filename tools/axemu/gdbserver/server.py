"""The sockets around a conversation: one client at a time, and what it does wrong ends at its connection.

One thread (the one that calls `serve`) answers the client and runs the guest. While the guest runs, a second one looks
at the sockets, and has it come to an exact boundary to hear what came. What a client sends is taken only as fast as it
reads the answers.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from axemu.gdbserver.connection import Connection
from axemu.gdbserver.conversation import Conversation
from axemu.gdbserver.lookout import Lookout
from axemu.gdbserver.packets import Damaged, Interrupt, Oversized, Packet, Received, Repeat
from axemu.gdbserver.target import NO, Step, Target
from emu.debug.stop import Stop, StopKind
from emu.outcome import Ending

if TYPE_CHECKING:
    from emu.debug.debugger import Debugger

LOOPBACK: Final = "127.0.0.1"
CHUNK: Final = 1 << 16
Result: TypeAlias = Stop | Exception


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server behaves. frozen: the guest waits for a client at the start. once: the first client is the last.
    ends: the server ends with the guest, as one beside `axemu run`."""

    frozen: bool = True
    once: bool = False
    ends: bool = False


class Server:
    """Serves `debugger` at `listener`, which it closes. `say` tells the terminal a sentence. `stop` may be called
    from any thread."""

    def __init__(
        self,
        debugger: Debugger,
        listener: socket.socket,
        manners: Manners,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._debugger, self._listener, self._manners, self._say = debugger, listener, manners, say
        self.target: Final = Target(debugger)
        self._waker, self._wake = socket.socketpair()
        for end in (self._waker, self._wake):
            end.setblocking(False)
        self._stopping = False
        self._ending = False
        self._running = False  # or about to
        self._advance: Callable[[], Stop] | None = None  # what the guest is to do next
        self._wanted = False  # a client waits for the guest to stand
        self._connection: Connection | None = None
        self._conversation: Conversation | None = None
        self.last: Stop | None = None
        self.limit: int | None = None
        """Instructions after which it is over."""
        self.deadline: float | None = None
        """Of time.monotonic(), after which it is over."""
        self.limited: Ending | None = None
        """Which of them has ended it."""

    @property
    def stopped(self) -> bool:
        """Whether `stop` ended it."""
        return self._stopping

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()[:2]
        return host, port

    @property
    def running(self) -> bool:
        return self._running

    def stop(self) -> None:
        """End `serve` soon."""
        self._stopping = True
        with suppress(OSError):
            self._wake.send(b".")

    def serve(self) -> Stop | None:
        """Until `stop`, or until the manners say that it is over. The guest stands then; the stop that ended it, if one
        did."""
        with (
            selectors.DefaultSelector() as selector,
            Lookout(selector.fileno(), self._debugger.machine.stop, self.deadline) as self._lookout,
        ):
            self._selector = selector
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._waker, selectors.EVENT_READ)
            self._debugger.between = self._between
            try:
                if not self._manners.frozen:
                    self._resume(None)
                while not (self._stopping or self._ending):
                    if self._advance is None:
                        self._turn()
                    else:
                        self._run(self._advance)
            finally:
                self._drop(None)
                self._listener.close()
                self._waker.close()
                self._wake.close()
        return self.last

    # -- one turn of the loop -----------------------------------------------------------------------------------------

    def _turn(self, *, wait: bool = True) -> None:
        connection = self._connection
        if connection is not None:
            events = 0 if connection.full else selectors.EVENT_READ
            events |= selectors.EVENT_WRITE if connection.unread else 0
            self._selector.modify(connection.socket, events or selectors.EVENT_WRITE)
        rest = None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)
        if rest == 0.0:
            self.limited, self._ending = Ending.TIMEOUT, True
            return
        for key, events in self._selector.select(rest if wait else 0.0):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._waker:
                with suppress(BlockingIOError):
                    self._waker.recv(CHUNK)
            elif self._connection is not None and key.fileobj is self._connection.socket:
                self._exchange(self._connection, events)

    def _exchange(self, connection: Connection, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                connection.flush()
            if events & selectors.EVENT_READ and not connection.full:
                piece = connection.socket.recv(CHUNK)
                if not piece:
                    self._drop("has gone")
                    return
                self._obey(connection, connection.receiver.feed(piece))
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._drop(f"is lost ({error.strerror or error})")

    def _accept(self) -> None:
        try:
            link, address = self._listener.accept()
        except OSError:
            return  # it has gone before it was let in
        name = f"{address[0]}:{address[1]}"
        if self._connection is not None:
            self._say(
                f"client {name} was refused: {self._connection.name} is connected, and there can be one"
            )
            link.close()
            return
        link.setblocking(False)
        with suppress(OSError):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = Connection(link, name)
        self._selector.register(link, selectors.EVENT_READ)
        self._say(f"client {name} is connected")
        if self._running:
            self._wanted = True
            self._debugger.interrupt()
        else:
            self._begin()

    def _begin(self) -> None:
        """The guest stands, and the client may ask."""
        self._wanted = False
        connection = self._connection
        assert connection is not None
        if self._debugger.stop.kind is StopKind.ENDED:
            self._say("the guest had ended: it starts anew")
            self.target.restart()
        self._conversation = Conversation(self.target, self._resume)
        waiting, connection.waiting = connection.waiting, []
        self._obey(connection, waiting)

    def _obey(self, connection: Connection, received: list[Received]) -> None:
        conversation = self._conversation
        if conversation is None:
            connection.waiting += received[:64]  # before the guest stands
            return
        for at, each in enumerate(received):
            if self._connection is not connection:
                return
            match each:
                case Interrupt():
                    if self._running:
                        self._debugger.interrupt()
                case Repeat():
                    if conversation.acknowledging and connection.last:
                        connection.put(connection.last)
                case Damaged():
                    connection.put(b"-")
                case Packet() if conversation.acknowledging and at and each == received[at - 1]:
                    pass  # sent again while the guest was being made: a client waits for its answer otherwise
                case Oversized() | Packet():
                    self._answer(connection, conversation, each)
            if connection.full and at % 64 == 63:
                connection.flush()

    def _answer(self, connection: Connection, conversation: Conversation, packet: Packet | Oversized) -> None:
        if conversation.acknowledging:
            connection.put(b"+")
        if isinstance(packet, Oversized):
            connection.send(b"E16")
            return
        for reply in conversation.handle(packet.data):
            connection.send(reply)
        connection.receiver.verify = conversation.acknowledging
        if conversation.over:
            self._drop("has killed the guest" if conversation.killed else "has detached")

    # -- running ------------------------------------------------------------------------------------------------------

    def _resume(self, step: Step | None) -> None:
        self._running = True
        self._advance = partial(self.target.advance, step, self.limit)

    def _run(self, advance: Callable[[], Stop]) -> None:
        self._advance = None
        self._lookout.begin()
        try:
            result: Result = advance()
        except NO as error:
            result = error
        finally:
            self._lookout.end()
            self._running = False
            self._debugger.forget_interrupt()  # it came while the guest stopped by itself
        self._stands(result)

    def _between(self) -> None:
        """The guest is at an exact boundary: something has come."""
        self._turn(wait=False)
        if self._stopping or self._ending:
            self._debugger.interrupt()
        else:
            self._lookout.begin()

    def _stands(self, result: Result) -> None:
        """The guest has stopped, for whatever reason."""
        if isinstance(result, Stop):
            self.last = result
            if result.kind is StopKind.POSITION:
                self.limited, self._ending = Ending.BUDGET, True
                return
        connection, conversation = self._connection, self._conversation
        final = not isinstance(result, Stop) or result.kind in (
            StopKind.ENDED,
            StopKind.CRASHED,
            StopKind.BLOCKED,
        )
        if final:
            self._say(str(result) if not isinstance(result, Stop) else result.text)
        if connection is not None and conversation is not None:
            try:
                for reply in (
                    conversation.stopped(result) if isinstance(result, Stop) else conversation.failed(result)
                ):
                    connection.send(reply)
            except OSError:
                self._drop("is lost")
            ended = isinstance(result, Stop) and result.kind is StopKind.ENDED
        elif connection is not None and self._wanted:
            if final and self._manners.ends:
                self._ending = True
            else:
                self._begin()
            return
        else:
            ended = final
        self._ending = self._ending or (ended and self._manners.ends)

    def _drop(self, how: str | None) -> None:
        """The client is gone: its points go, the guest goes on."""
        connection, conversation = self._connection, self._conversation
        self._connection = self._conversation = None
        self._wanted = False
        if connection is None:
            return
        with suppress(OSError, KeyError, ValueError):
            self._selector.unregister(connection.socket)
        with suppress(OSError):
            connection.flush()
        connection.socket.close()
        if how is None:
            return
        self._say(f"client {connection.name} {how}")
        self.target.forget_points()
        killed = conversation is not None and conversation.killed
        if self._manners.once or self.target.quitting or (killed and self._manners.ends):
            self._ending = True
        elif not (killed or self._running) and self._debugger.stop.kind is not StopKind.ENDED:
            self._resume(None)
