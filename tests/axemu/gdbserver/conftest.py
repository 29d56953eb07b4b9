"""A server in this process, around a machine with a few lines of RISC-V; a client of raw sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from axemu.gdbserver.packets import framed
from axemu.gdbserver.server import Manners, Server
from axemu.listening import listen
from emu.config import MachineConfig
from emu.debug.debugger import Debugger
from emu.machine import Machine
from isa.riscv.assembly import assemble64

RAM = 0x8000_0000


class Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._bytes = b""

    def raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, text: str | bytes) -> None:
        self.raw(framed(text.encode() if isinstance(text, str) else text))

    def reply(self) -> str:
        """The next packet's data; it is acknowledged."""
        while True:
            start = self._bytes.find(b"$")
            end = self._bytes.find(b"#", start)
            if start >= 0 and end >= 0 and len(self._bytes) >= end + 3:
                break
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the server has closed")
            self._bytes += more
        data, self._bytes = self._bytes[start + 1 : end], self._bytes[end + 3 :]
        self.raw(b"+")
        return data.decode("latin-1")

    def ask(self, text: str | bytes) -> str:
        self.send(text)
        return self.reply()

    def close(self) -> None:
        self.socket.close()


class Served:
    def __init__(self, text: str, manners: Manners, **options: object) -> None:
        self.machine = Machine(MachineConfig(isa="riscv64", board="bare", **options))  # type: ignore[arg-type]
        self.machine.memory.write(RAM, assemble64(text, RAM))
        self.said: list[str] = []
        self.debugger = Debugger(self.machine)
        self.server = Server(self.debugger, listen("127.0.0.1", 0), manners, self.said.append)
        self.port = self.server.address[1]
        self.thread = threading.Thread(target=self.server.serve)
        self.thread.start()
        self.clients: list[Client] = []

    def client(self) -> Client:
        self.clients.append(Client(self.port))
        return self.clients[-1]

    def close(self) -> None:
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.close()
        self.server.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()
        self.debugger.close()
        self.machine.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def start(text: str, manners: Manners = Manners(), **options: object) -> Served:  # noqa: B008
        made.append(Served(text, manners, **options))
        return made[-1]

    yield start
    for each in made:
        each.close()
