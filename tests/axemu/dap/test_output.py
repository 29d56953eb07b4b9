"""What the guest writes, its exits, and what is typed into it."""

from __future__ import annotations

import os
import pty
import subprocess
import threading

import pytest

from axemu.cli import dispatch
from axemu.dap.outgoing import Outgoing
from tests.axemu.conftest import ROOT
from tests.axemu.dap.client import Client, Message

ECHO = ROOT / "guests/riscv64/uart-echo/uart-echo.elf"
SOURCE = str(ROOT / "guests/portable/debuggee.c")


def test_what_the_guest_wrote_comes_before_its_stop(client: Client) -> None:
    client.launched(ROOT / "guests/riscv64/debuggee", {SOURCE: [44]})
    client.stopped()
    assert client.console == "triangle: total 168\n"


def test_exits_are_output_where_asked(client: Client) -> None:
    client.launched(ROOT / "guests/riscv64/debuggee", exits=["mmio-write"])
    client.event("terminated")
    text = client.output("mmio-write")["output"]
    assert "uart" in text
    assert "main" not in text.splitlines()[0]
    assert "mmio-read" not in text


def test_exits_are_switched_at_the_console(client: Client) -> None:
    client.launched(ROOT / "guests/riscv64/debuggee", {SOURCE: [43, 44]})
    client.stopped()
    assert client.say("exits on") == "VM exits are shown: all."
    assert (
        "exits takes on, off, or kinds"
        in client.refused("evaluate", expression="exits many", context="repl").text
    )
    client.go()
    assert "more)" not in client.output("exit 1: ")["output"]
    assert client.say("exits off") == "VM exits are not shown."
    seen = len(client.messages)
    client.ask("continue", threadId=1)
    client.event("terminated")
    assert not [each for each in client.messages[seen:] if "mmio" in str(each)]


def test_many_exits_and_log_messages_are_cut_short(client: Client) -> None:
    rows = [{"line": 26, "logMessage": "here"}]
    client.launched(ROOT / "guests/riscv64/uart-flood", exits=True, maxInsns=2_000_000, stopOnEntry=True)
    client.stopped()
    client.ask("setFunctionBreakpoints", breakpoints=[])
    client.ask("setBreakpoints", source={"path": SOURCE}, breakpoints=rows)
    client.ask("continue", threadId=1)
    client.event("terminated")
    text = client.output(" more)")["output"]
    assert len(text.splitlines()) == 51


def test_lines_are_typed_into_the_guest(client: Client) -> None:
    client.launched(ECHO, machine="bare")
    client.prints("type a line")
    client.say(r"> ab\c")
    client.ask("pause", threadId=1)
    client.stopped()
    client.say(r"> c\x21")
    client.ask("continue", threadId=1)
    client.prints("you typed 4 bytes: abc!")


def test_a_guest_with_a_file_as_input_cannot_be_typed_into(client: Client) -> None:
    client.launched(ROOT / "guests/riscv64/debuggee", input="/dev/null", stopOnEntry=True)
    client.stopped()
    assert "comes from a file" in client.refused("evaluate", expression="> ls", context="repl").text


def test_a_client_that_does_not_read_holds_up_nobody() -> None:
    def stuck(data: bytes) -> None:
        raise BlockingIOError

    outgoing = Outgoing(stuck)
    for _ in range(3):
        outgoing.output("stdout", "x" * 1000)
    outgoing.close()
    assert outgoing.lost


def test_output_is_held_back_while_the_client_is_behind() -> None:
    gate = threading.Event()
    outgoing = Outgoing(lambda data: gate.wait() and None)
    while not outgoing.full:
        outgoing.output("stdout", "x" * 100_000)
    gate.set()
    outgoing.close()
    assert not outgoing.full


def asked_terminal(client: Client, **more: object) -> Message:
    """The request of a terminal, after a launch with one."""
    client.ask("initialize", supportsRunInTerminalRequest=True)
    client.ask("launch", program=str(ECHO), machine="bare", console="integratedTerminal", **more)
    return client.wait(lambda each: each.get("command") == "runInTerminal" and each["type"] == "request")


def test_the_console_in_a_terminal_of_the_client(client: Client) -> None:
    request = asked_terminal(client)
    assert request["arguments"]["kind"] == "integrated"
    client.answer(request, {"processId": 1})
    ours, its = pty.openpty()
    command = request["arguments"]["args"]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, start_new_session=True) as relay:
        os.close(its)
        client.ask("configurationDone")
        seen = until(ours, b"type a line")
        os.write(ours, b"abcd\r")
        seen += until(ours, b"abcd")
        client.event("terminated")
        client.ask("disconnect")
        assert relay.wait(60) == 0
    os.close(ours)
    assert b"you typed 4 bytes" in seen
    assert client.console == ""


def until(terminal: int, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        seen += os.read(terminal, 4096)
    return seen


def test_a_terminal_that_does_not_come_leaves_the_console_in_the_client(client: Client) -> None:
    request = asked_terminal(client)
    client.answer(request, None, "no terminals here")
    client.output("no terminals here")
    client.ask("configurationDone")
    client.prints("type a line")


def test_a_client_without_terminals_is_told_so(client: Client) -> None:
    client.launched(ECHO, machine="bare", console="externalTerminal")
    client.output("opens no terminals")
    client.prints("type a line")


def test_a_relay_without_a_server_says_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(["dap", "--console-at", "/not/here"]) == 2
    assert "asks an editor for" in capsys.readouterr().err.replace("\n", " ")
