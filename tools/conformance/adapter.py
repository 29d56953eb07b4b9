"""A session with `axemu dap` on each instruction set, every message of it held against the protocol's JSON schema.

The schema says what must be there and of which type; that nothing else is there is looked at too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

Message = dict[str, Any]
ROOT: Final = Path(__file__).resolve().parents[2]
ISAS: Final = sorted(each.parent.parent.name for each in ROOT.glob("guests/*/debuggee/guest.toml"))
SOURCE: Final = str(ROOT / "guests/portable/debuggee.c")
LINE: Final = 26
"""Of the debuggee, in the innermost function that has variables."""


class Schema:
    """Of debugAdapterProtocol.json. Raises OSError, ValueError for another file, ImportError without jsonschema."""

    def __init__(self, path: Path) -> None:
        self._whole = json.loads(path.read_text(encoding="utf-8"))
        self._kinds: Message = self._whole["definitions"]
        self._validator = import_module("jsonschema").Draft7Validator

    def faults(self, message: Message) -> list[str]:
        """What is wrong with a message of a debug adapter."""
        kind = _kind(message)
        if kind not in self._kinds:
            return [f"the protocol has no {kind}"]
        validator = self._validator({"definitions": self._kinds, "$ref": f"#/definitions/{kind}"})
        found = [f"{kind}: {error.json_path}: {error.message}" for error in validator.iter_errors(message)]
        return found + [
            f"{kind}: it has no {path}" for path in self._unknown(self._kinds[kind], message, "$")
        ]

    def _unknown(self, schema: Message, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401
        """Paths of what the schema does not name."""
        known = dict(self._properties(schema))
        if isinstance(value, dict) and known:
            for name, each in value.items():
                if name not in known:
                    yield f"{path}.{name}"
                else:
                    yield from self._unknown(known[name], each, f"{path}.{name}")
        elif isinstance(value, list):
            for each in value:
                yield from self._unknown(schema.get("items", {}), each, f"{path}[]")

    def _properties(self, schema: Message) -> Iterator[tuple[str, Message]]:
        if "$ref" in schema:
            yield from self._properties(self._kinds[schema["$ref"].rpartition("/")[2]])
        for part in schema.get("allOf", ()):
            yield from self._properties(part)
        yield from schema.get("properties", {}).items()


def _kind(message: Message) -> str:
    """The name of its definition."""
    if message["type"] == "response" and not message["success"]:
        return "ErrorResponse"
    name = str(message["event"] if message["type"] == "event" else message["command"])
    return f"{name[:1].upper()}{name[1:]}{str(message['type']).capitalize()}"


@dataclass
class Talk:
    """With one server; `messages` are all that it sent."""

    process: subprocess.Popen[bytes]
    messages: list[Message] = field(default_factory=list)
    _sent: int = 0

    def _next(self) -> Message:
        stream = self.process.stdout
        assert stream is not None
        header = stream.readline()
        if not header:
            raise EOFError("axemu dap has ended")
        stream.readline()
        self.messages.append(json.loads(stream.read(int(header.partition(b":")[2]))))
        return self.messages[-1]

    def ask(self, command: str, **arguments: Any) -> Message:  # noqa: ANN401
        """The body of the response; that of a refusal has `error`."""
        self._sent += 1
        request = {"seq": self._sent, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(request).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()
        while (answer := self._next()).get("request_seq") != self._sent:
            pass
        found: Message = answer.get("body", {})
        return found

    def event(self, name: str) -> None:
        while self._next().get("event") != name:
            pass


def messages(isa: str) -> list[Message]:
    """All that the server says in a session that asks for everything that it offers. Raises EOFError, KeyError."""
    command = [sys.executable, "-m", "axemu", "dap"]
    places = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tools")))}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=places) as process:
        talk = Talk(process)
        try:
            _session(talk, isa)
        finally:
            process.kill()
    return talk.messages


def _session(talk: Talk, isa: str) -> None:
    talk.ask("initialize", supportsMemoryEvent=True, supportsInvalidatedEvent=True)
    talk.ask("launch", program=str(ROOT / "guests" / isa / "debuggee"), exits=True)
    talk.event("initialized")
    rows = [{"line": LINE}, {"line": 4000}, {"line": LINE, "logMessage": "{i}"}]
    talk.ask("setBreakpoints", source={"path": SOURCE}, breakpoints=rows)
    talk.ask("setFunctionBreakpoints", breakpoints=[{"name": "nowhere"}])
    talk.ask("setExceptionBreakpoints", filters=[], filterOptions=[{"filterId": "crash"}])
    talk.ask("configurationDone")
    talk.event("stopped")
    talk.ask("threads")
    frames = talk.ask("stackTrace", threadId=1)["stackFrames"]
    place = frames[0]["instructionPointerReference"]
    for scope in talk.ask("scopes", frameId=frames[0]["id"])["scopes"]:
        _open(talk, scope["variablesReference"], 3)
    talk.ask("evaluate", expression="*shape", frameId=frames[0]["id"], context="watch")
    talk.ask("evaluate", expression="bt", context="repl")
    talk.ask("evaluate", expression="nothing", context="hover")
    talk.ask("setExpression", expression="i", value="0", frameId=frames[0]["id"])
    talk.ask("completions", text="sha", column=4, frameId=frames[0]["id"])
    talk.ask(
        "disassemble", memoryReference=place, instructionOffset=-20, instructionCount=40, resolveSymbols=True
    )
    data = talk.ask("readMemory", memoryReference=place, count=16)["data"]
    talk.ask("writeMemory", memoryReference=place, data=data)
    watched = talk.ask("dataBreakpointInfo", name="total")["dataId"]
    talk.ask("setDataBreakpoints", breakpoints=[{"dataId": watched, "accessType": "write"}])
    talk.ask("setInstructionBreakpoints", breakpoints=[{"instructionReference": place}])
    talk.ask("breakpointLocations", source={"path": SOURCE}, line=LINE)
    talk.ask("modules")
    talk.ask("loadedSources")
    talk.ask("source", sourceReference=1)
    talk.ask("setBreakpoints", source={"path": SOURCE}, breakpoints=[])
    talk.ask("setInstructionBreakpoints", breakpoints=[])
    for step in ("next", "stepIn", "stepOut", "continue"):
        talk.ask(step, threadId=1)
        talk.event("stopped")
    talk.ask("exceptionInfo", threadId=1)
    talk.ask("setDataBreakpoints", breakpoints=[])
    talk.ask("continue", threadId=1)
    talk.event("terminated")
    talk.ask("restart")
    talk.event("terminated")
    talk.ask("disconnect")


def _open(talk: Talk, reference: int, depth: int) -> None:
    """The variables below, to that depth."""
    for each in talk.ask("variables", variablesReference=reference, count=20)["variables"]:
        if each["variablesReference"] and depth:
            _open(talk, each["variablesReference"], depth - 1)
