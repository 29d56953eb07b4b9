"""`axemu dap` as a process: on pipes, and at a port."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from axemu.cli import dispatch
from axemu.dap.configuration import launch_of
from axemu.dap.fields import Fields
from axemu.dap.server import Server
from axemu.dap.starting import made
from axemu.listening import listen
from tests.axemu.conftest import ROOT
from tests.axemu.dap.client import TIMEOUT, Client, Process, connected

DEBUGGEE = ROOT / "guests/riscv64/debuggee"
SPIN = ROOT / "guests/riscv64/spin"
SOURCE = str(ROOT / "guests/portable/debuggee.c")


@pytest.fixture
def process() -> Iterator[Process]:
    made = Process()
    yield made
    made.close()


@contextmanager
def server(program: Path | None = None, *, running: bool = False) -> Iterator[tuple[threading.Thread, int]]:
    """A server in this process, with a guest or without, and its port. The thread ends with the server."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    with ExitStack() as stack:
        held = None
        if program is not None:
            held = stack.enter_context(made(launch_of(Fields("launch", {"program": str(program)}))))
            if running:
                held.run(lambda debugger: debugger.go())
        serving = Server(listener, held, once=program is None)
        thread = threading.Thread(target=serving.serve)
        thread.start()
        try:
            yield thread, port
        finally:
            serving.stop()
            thread.join(TIMEOUT)
            assert not thread.is_alive()


def ended(thread: threading.Thread) -> bool:
    thread.join(TIMEOUT)
    return not thread.is_alive()


def test_a_session_on_pipes(process: Process) -> None:
    client = process.client
    client.launched("debuggee.elf", {SOURCE: [26]}, cwd=str(DEBUGGEE), machine="bare")
    assert client.stopped()["reason"] == "breakpoint"
    client.ask("disconnect")
    assert process.end() == (0, "")


def test_a_client_that_vanishes_ends_the_process_and_its_guest(process: Process) -> None:
    process.client.launched(SPIN)
    assert process.process.stdin is not None
    process.process.stdin.close()
    assert process.end() == (0, "")


def test_sigterm_ends_a_process_that_listens_and_its_guest() -> None:
    command = [sys.executable, "-m", "axemu", "dap", "--listen", "127.0.0.1:0", str(SPIN), "--running"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as made:
        assert made.stderr is not None
        line = made.stderr.readline()
        found = re.search(r"DAP server at 127\.0\.0\.1:(\d+); the guest runs", line)
        assert found is not None, line
        assert attached(int(found[1])).top()["line"]
        made.terminate()
        assert made.wait(TIMEOUT) == -signal.SIGTERM


def test_clients_attach_to_a_guest_that_outlives_them() -> None:
    with server(DEBUGGEE) as (thread, port):
        first = connected(port)
        first.ask("initialize")
        assert "attach instead" in first.refused("launch", program=str(SPIN)).text
        first.ask("attach")
        first.event("initialized")
        first.ask("setBreakpoints", source={"path": SOURCE}, breakpoints=[{"line": 26}])
        first.ask("configurationDone")
        assert first.stopped()["reason"] == "entry"
        first.go()
        second = connected(port)
        second.output("another client is connected")
        assert second.closed()
        first.ask("disconnect", suspendDebuggee=True)
        assert first.closed()
        third = attached(port)
        assert third.top()["line"] == 26
        assert third.say("info b").startswith("No breakpoints")
        third.ask("restart")
        assert third.stopped()["reason"] == "entry"
        third.ask("disconnect", terminateDebuggee=True)
        assert ended(thread)


def attached(port: int) -> Client:
    """A client that has stopped the guest of the server."""
    while True:
        client = connected(port)
        try:
            client.ask("initialize")
        except (EOFError, ConnectionError):
            continue  # the client before has not quite gone
        client.ask("attach")
        client.ask("configurationDone")
        client.stopped()
        return client


def test_a_guest_runs_until_a_client_comes_and_after_it_has_gone() -> None:
    with server(SPIN, running=True) as (_, port):
        first = attached(port)
        before = first.say("when")
        first.ask("disconnect")
        assert first.closed()
        second = attached(port)
        assert second.say("when") != before


def test_a_server_without_a_guest_launches_one_for_each_client() -> None:
    with server() as (thread, port):
        client = connected(port)
        client.ask("initialize")
        assert "no guest to attach to" in client.refused("attach").text
        client.ask("launch", program=str(DEBUGGEE))
        client.ask("configurationDone")
        client.event("terminated")
        client.ask("disconnect")
        assert ended(thread)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--port", "70000"), "a port from 0"),
        (("--listen", "127.0.0.1"), "HOST:PORT"),
        (("--listen", "127.0.0.1:1", "--port", "2"), "one port"),
        (("--port", "0", "--running"), "There is none"),
        (("--port", "0", "/not/here.elf"), "no such file"),
    ],
)
def test_wrong_options_are_refused(
    arguments: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dispatch(["dap", *arguments]) == 2
    assert text in capsys.readouterr().err.replace("\n", " ")


def test_a_taken_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert dispatch(["dap", "--port", str(port)]) == 2
    assert str(port) in capsys.readouterr().err
