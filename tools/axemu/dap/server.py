"""A client on standard input and output, or clients of a socket, one at a time."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from axemu.dap.greeting import greeted
from axemu.dap.inbox import Inbox
from axemu.dap.outgoing import Outgoing

if TYPE_CHECKING:
    from axemu.dap.session import Session
    from axemu.tracer.guest import TracedGuest

CHUNK: Final = 1 << 16


class Terminated(BaseException):
    """SIGTERM or SIGHUP came."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


def converse(
    read: Callable[[], bytes], write: Callable[[bytes], None], held: TracedGuest | None = None
) -> Session:
    """With one client, until it has gone or has said all."""
    outgoing, inbox = Outgoing(write), Inbox(read)
    taken = inbox.take()
    client = None if taken is None else greeted(outgoing, taken[0])
    from axemu.dap.session import Session  # noqa: PLC0415 - loads all that debugs

    session = Session(outgoing, held)
    try:
        if client is not None:
            session.greet(client)
            taken = inbox.take()
        while taken is not None:
            session.take(*taken)
            taken = None if session.over else inbox.take()
    finally:
        session.close()
        outgoing.close()
    return session


@contextmanager
def private_streams() -> Iterator[tuple[int, int]]:
    """Standard input and output for the protocol alone: whoever else writes there writes on standard error."""
    streams = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    try:
        yield streams
    finally:
        for each in streams:
            os.close(each)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP raise Terminated in the main thread."""

    def leave(number: int, frame: object) -> None:
        raise Terminated(number)

    before = {each: signal.signal(each, leave) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def serve_streams(held: TracedGuest | None) -> None:
    """Raises Terminated."""
    with ended_by_signals(), private_streams() as (source, sink):

        def write(data: bytes) -> None:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(sink, rest) :]

        converse(lambda: os.read(source, CHUNK), write, held)


class Server:
    """Serves the clients of `listener`, which it closes. `say` tells the terminal a sentence; `once`: the first client
    is the last."""

    def __init__(
        self,
        listener: socket.socket,
        held: TracedGuest | None,
        *,
        once: bool = False,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._listener, self._held, self._once, self._say = listener, held, once, say
        self._waker, self._wake = socket.socketpair()
        self._link: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._ending = False

    def stop(self) -> None:
        """End `serve` soon; from any thread."""
        self._ending = True
        with suppress(OSError):
            self._wake.send(b".")

    def serve(self) -> None:
        """Until `stop`, a client that ends the guest, or the end of the first where that is the last."""
        try:
            while not self._ending:
                ready, _, _ = select.select([self._listener, self._waker], [], [])
                if self._waker in ready:
                    self._waker.recv(64)
                if self._listener in ready and not self._ending:
                    with suppress(OSError):
                        self._accept(*self._listener.accept())
        finally:
            self._listener.close()
            if self._link is not None:
                with suppress(OSError):
                    self._link.shutdown(socket.SHUT_RDWR)
            if self._thread is not None:
                self._thread.join()
            self._waker.close()
            self._wake.close()

    def _accept(self, link: socket.socket, address: tuple[str, int]) -> None:
        name = f"{address[0]}:{address[1]}"
        link.setblocking(True)
        if self._link is not None:
            self._say(f"client {name} was refused: there is one already")
            outgoing = Outgoing(link.sendall)
            outgoing.output("important", "axemu dap: another client is connected, and there can be one\n")
            outgoing.event("terminated")
            outgoing.close()
            link.close()
            return
        with suppress(OSError):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._say(f"client {name} is connected")
        self._link = link
        self._thread = threading.Thread(target=self._converse, args=(link, name), name="axemu-dap-client")
        self._thread.start()

    def _converse(self, link: socket.socket, name: str) -> None:
        ends = True
        try:
            ends = converse(lambda: link.recv(CHUNK), link.sendall, self._held).ends
        finally:
            self._link = None
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
            with suppress(OSError):
                self._say(f"client {name} has gone")
            if self._once or (ends and self._held is not None):
                self.stop()
