"""Order, refusals, and what comes at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from axemu.dap.requests import REQUESTS
from tests.axemu.conftest import ROOT
from tests.axemu.dap.client import Client

DEBUGGEE = ROOT / "guests/riscv64/debuggee"


def test_a_run_without_breakpoints_ends_with_its_console_and_exit_code(client: Client) -> None:
    client.launched(DEBUGGEE)
    assert client.event("exited") == {"exitCode": 0}
    client.event("terminated")
    assert client.console == "triangle: total 168\nok total\n"
    client.ask("disconnect")
    assert client.closed()


@pytest.mark.parametrize(("guest", "code"), [("must-fail", 0), ("exit-code", 0)])
def test_the_exit_code_is_that_of_run(client: Client, guest: str, code: int) -> None:
    client.launched(ROOT / "guests/riscv64" / guest)
    assert client.event("exited") == {"exitCode": code}


def test_the_guests_own_exit_code_is_passed_on(client: Client) -> None:
    program = ROOT / "guests/riscv64/exit-code/exit-code.elf"
    client.launched(program, machine="bare", args=["--exit-code", "guest"])
    assert client.event("exited") == {"exitCode": 7}


def test_the_instruction_budget_ends_the_guest(client: Client) -> None:
    client.launched(ROOT / "guests/riscv64/spin", maxInsns=1000)
    assert client.event("exited") == {"exitCode": 124}


def test_requests_in_the_wrong_order_say_what_comes_first(client: Client) -> None:
    assert "initialize comes first" in client.refused("launch", program=str(DEBUGGEE)).text
    client.ask("initialize")
    assert "no place" in client.refused("initialize").text
    assert "launch or attach" in client.refused("threads").text
    assert "launch or attach" in client.refused("configurationDone").text
    client.ask("launch", program=str(DEBUGGEE))
    assert "configurationDone" in client.refused("continue", threadId=1).text
    assert "no place" in client.refused("launch", program=str(DEBUGGEE)).text
    client.ask("configurationDone")
    client.event("terminated")
    assert "has ended" in client.refused("stackTrace", threadId=1).text


def test_an_unknown_request_names_the_nearest(client: Client) -> None:
    assert "Did you mean stackTrace?" in client.refused("stackTraces").text
    assert "No request is named 'stepBack'" in client.refused("stepBack", threadId=1).text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "Nothing to run"),
        ({"program": "/not/here.elf"}, "no such file"),
        ({"program": 5}, "expects a text as 'program'"),
        ({"program": str(DEBUGGEE), "args": ["--smp", "many"]}, "smp"),
        ({"program": str(DEBUGGEE), "args": ["--no-such-option"]}, "no option --no-such-option"),
        ({"program": str(DEBUGGEE), "args": "--smp 2"}, "expects a list as 'args'"),
        ({"program": str(DEBUGGEE), "args": [2]}, "expects texts in 'args'"),
        ({"program": str(DEBUGGEE), "args": ["--help"]}, "axemu run --help"),
        ({"program": str(DEBUGGEE), "cwd": "/not/here"}, "'cwd'"),
        ({"program": str(DEBUGGEE), "exits": ["nothing"]}, "exits takes"),
        ({"program": str(DEBUGGEE), "console": "window"}, "'console' is one of"),
        ({"program": str(DEBUGGEE), "sourceMap": "/a=/b"}, "'sourceMap' is an object"),
        ({"program": str(DEBUGGEE), "isa": "z80"}, "z80"),
        ({"program": str(DEBUGGEE), "symbols": ["/not/here"]}, "/not/here"),
        (["program"], "expects an object as arguments"),
    ],
)
def test_a_guest_that_cannot_be_launched_is_a_response_to_show(
    client: Client, arguments: object, text: str
) -> None:
    client.ask("initialize")
    failure = client.refused("launch", arguments)
    assert text in failure.text
    client.ask("launch", program=str(DEBUGGEE))  # and another may follow


def test_a_failed_launch_is_shown_to_the_user(client: Client) -> None:
    client.ask("initialize")
    assert client.refused("launch", program="/not/here.elf").shown is True


def test_attributes_that_were_misspelt_are_named(client: Client) -> None:
    client.launched(DEBUGGEE, stopOnEnty=True)
    client.output("did you mean 'stopOnEntry'?")


def test_damaged_messages_are_told_and_passed_over(client: Client) -> None:
    client.raw(b"Content-Length: 9\r\n\r\n{nonsense")
    client.output("Expected a message in JSON")
    client.raw(b"\x00\x01\x02 nonsense\r\n\r\n")
    client.output("Expected a header")
    client.send_message({"seq": "one", "type": "request"})
    client.output("Expected a request")
    client.send_message({"type": "response", "request_seq": 77, "success": True})
    client.send_message({"type": "event", "event": "hello"})
    assert client.ask("initialize")["supportsDisassembleRequest"] is True


def test_wrong_arguments_are_refused(standing: Client) -> None:
    for command in (
        "setFunctionBreakpoints",
        "stackTrace",
        "variables",
        "readMemory",
        "disassemble",
        "setVariable",
    ):
        for arguments in (
            {"breakpoints": [{"name": 3}], "threadId": "x", "variablesReference": [], "memoryReference": 1},
            {"breakpoints": {}, "threadId": True, "variablesReference": 1e300, "memoryReference": "here"},
            {"breakpoints": [[]]},
            3,
            [],
        ):
            text = standing.refused(command, arguments).text
            assert "expects" in text or "memory reference is" in text
    assert "path" in standing.refused("setBreakpoints", source={}).text
    assert standing.top()["line"] > 0


def test_a_cancelled_request_is_not_answered(client: Client) -> None:
    client.ask("initialize")
    numbers = [client.send("launch", program=str(DEBUGGEE)), client.send("threads"), client.send("threads")]
    client.ask("cancel", requestId=numbers[2])
    messages = {
        each["request_seq"]: each.get("message") for each in client.messages if each["type"] == "response"
    }
    assert messages[numbers[1]] is None
    assert messages[numbers[2]] == "cancelled"


def test_the_guest_ends_with_a_client_that_vanishes(connect: Callable[[], Client]) -> None:
    client = connect()
    client.launched(ROOT / "guests/riscv64/spin")
    # the fixture closes the connection, and fails where the conversation does not end


def test_terminate_ends_a_guest_that_runs(client: Client) -> None:
    client.launched(ROOT / "guests/riscv64/spin")
    client.ask("terminate")
    assert client.event("exited") == {"exitCode": 130}
    client.event("terminated")


def test_a_crash_can_be_looked_at_and_then_ends(client: Client) -> None:
    client.launched(ROOT / "guests/riscv64/crash/crash.elf", machine="bare")
    stop = client.stopped()
    assert stop["reason"] == "exception"
    info = client.ask("exceptionInfo", threadId=stop["threadId"])
    assert info["breakMode"] == "unhandled"
    assert info["description"] == stop["text"]
    assert client.ask("stackTrace", threadId=1)["totalFrames"] > 0
    client.ask("continue", threadId=1)
    assert client.event("exited")["exitCode"] == 1


def test_a_run_without_debugging_does_not_stop(client: Client) -> None:
    client.launched(ROOT / "guests/riscv64/crash/crash.elf", machine="bare", noDebug=True, stopOnEntry=True)
    assert client.event("exited")["exitCode"] == 1


def test_lines_and_paths_are_counted_and_spelt_as_the_client_does(client: Client) -> None:
    source = ROOT / "guests/portable/debuggee.c"
    client.ask("initialize", linesStartAt1=False, columnsStartAt1=False, pathFormat="uri")
    client.ask("launch", program=str(DEBUGGEE))
    rows = client.ask("setBreakpoints", source={"path": source.as_uri()}, breakpoints=[{"line": 25}])
    assert rows["breakpoints"][0]["line"] == 25
    assert rows["breakpoints"][0]["source"]["path"] == source.as_uri()
    client.ask("configurationDone")
    client.stopped()
    assert (client.top()["line"], client.top()["column"]) == (25, 0)


def test_restart_reads_the_program_anew_and_keeps_breakpoints(client: Client, tmp_path: Path) -> None:
    program = tmp_path / "program.elf"
    program.write_bytes((ROOT / "guests/riscv64/hello/hello.elf").read_bytes())
    client.launched(program, machine="bare")
    client.event("terminated")
    program.write_bytes((DEBUGGEE / "debuggee.elf").read_bytes())
    client.ask("restart")
    client.prints("168")
    client.event("terminated")
    again = {"program": str(program), "machine": "bare"}
    client.ask("restart", {"arguments": {**again, "stopOnEntry": True}})
    assert client.stopped()["reason"] == "entry"
    client.ask("setFunctionBreakpoints", breakpoints=[{"name": "cross"}])
    client.go()
    client.ask("restart", {"arguments": again})
    assert client.stopped()["reason"] == "function breakpoint"


def test_a_restart_of_what_has_gone_ends_the_session(client: Client, tmp_path: Path) -> None:
    program = tmp_path / "program.elf"
    program.write_bytes((DEBUGGEE / "debuggee.elf").read_bytes())
    client.launched(program, machine="bare", stopOnEntry=True)
    client.stopped()
    program.unlink()
    assert client.refused("restart").shown is True
    client.event("terminated")


def test_only_what_is_there_is_offered(client: Client) -> None:
    offered = client.ask("initialize")
    for capability, request in {
        "supportsStepBack": "stepBack",
        "supportsGotoTargetsRequest": "gotoTargets",
        "supportsRestartFrame": "restartFrame",
        "supportsDisassembleRequest": "disassemble",
        "supportsCompletionsRequest": "completions",
        "supportsDataBreakpoints": "setDataBreakpoints",
        "supportsModulesRequest": "modules",
    }.items():
        assert offered.get(capability, False) is (request in REQUESTS)
    json.dumps(offered)
