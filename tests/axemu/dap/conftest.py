"""Conversations with a server in this process: each has a client's end and a thread that answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from axemu.dap.server import converse
from tests.axemu.conftest import ROOT
from tests.axemu.dap.client import Client


@pytest.fixture
def connect() -> Iterator[Callable[[], Client]]:
    made: list[tuple[socket.socket, threading.Thread]] = []

    def begin() -> Client:
        ours, its = socket.socketpair()

        def serve() -> None:
            converse(lambda: its.recv(65536), its.sendall)
            with suppress(OSError):
                its.shutdown(socket.SHUT_RDWR)
            its.close()

        thread = threading.Thread(target=serve)
        thread.start()
        made.append((ours, thread))
        return Client(lambda: ours.recv(65536), ours.sendall)

    yield begin
    for ours, _ in made:
        with suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)
    for ours, thread in made:
        thread.join(30)
        assert not thread.is_alive(), "the conversation outlives its client"
        ours.close()


@pytest.fixture
def client(connect: Callable[[], Client]) -> Client:
    return connect()


@pytest.fixture
def standing(client: Client) -> Client:
    """At the entry of the debuggee."""
    client.launched(ROOT / "guests/riscv64/debuggee", stopOnEntry=True)
    client.stopped()
    return client
