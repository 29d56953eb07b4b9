"""A client of the protocol, as a script: it asks, and waits for answers and events by name."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

TIMEOUT = 60
Message = dict[str, Any]


class Failure(Exception):
    """A response that says no; `message` is what it says."""

    def __init__(self, response: Message) -> None:
        super().__init__(response.get("message"))
        self.message = str(response.get("message"))
        self.text = str(response["body"]["error"]["variables"]["text"])
        self.shown = response["body"]["error"]["showUser"]


class Client:
    """`read` gives the next bytes, none at the end. `messages` are all that came."""

    def __init__(self, read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
        self._read, self._write = read, write
        self._sequence = 0
        self._inbox: queue.Queue[Message | None] = queue.Queue()
        self._kept: list[Message] = []
        self.messages: list[Message] = []
        self.ended = False
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        data = b""
        try:
            while piece := self._read():
                data += piece
                while b"\r\n\r\n" in data:
                    header, rest = data.split(b"\r\n\r\n", 1)
                    name, length = header.split(b": ")
                    assert name == b"Content-Length", header
                    if len(rest) < int(length):
                        break
                    message = json.loads(rest[: int(length)])
                    data = rest[int(length) :]
                    self.messages.append(message)
                    self._inbox.put(message)
        except OSError:
            pass
        self._inbox.put(None)

    def raw(self, data: bytes) -> None:
        self._write(data)

    def send(self, command: str, arguments: object = None, **named: object) -> int:
        """The request's number."""
        self._sequence += 1
        message: Message = {"seq": self._sequence, "type": "request", "command": command}
        if arguments is not None or named:
            message["arguments"] = named if arguments is None else arguments
        self.send_message(message)
        return self._sequence

    def send_message(self, message: Message) -> None:
        body = json.dumps(message).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def answer(self, request: Message, body: Message | None, refusal: str = "") -> None:
        """A response to a request of the server."""
        self._sequence += 1
        message = {
            "seq": self._sequence,
            "type": "response",
            "request_seq": request["seq"],
            "success": not refusal,
        }
        self.send_message(message | {"command": request["command"], "body": body or {}, "message": refusal})

    def wait(self, wanted: Callable[[Message], bool]) -> Message:
        """The first message, of those that nobody has waited for, that is wanted."""
        for at, each in enumerate(self._kept):
            if wanted(each):
                return self._kept.pop(at)
        while True:
            message = self._inbox.get(timeout=TIMEOUT)
            if message is None:
                self.ended = True
                self._inbox.put(None)
                raise EOFError("the server has closed")
            if wanted(message):
                return message
            self._kept.append(message)

    def response(self, number: int) -> Message:
        """The body of the response. Raises Failure."""
        found = self.wait(lambda each: each["type"] == "response" and each["request_seq"] == number)
        if not found["success"]:
            raise Failure(found)
        body: Message = found.get("body", {})
        return body

    def ask(self, command: str, arguments: object = None, **named: object) -> Message:
        return self.response(self.send(command, arguments, **named))

    def refused(self, command: str, arguments: object = None, **named: object) -> Failure:
        """The failure that the request must meet."""
        try:
            body = self.ask(command, arguments, **named)
        except Failure as failure:
            return failure
        raise AssertionError(f"{command} was answered: {body}")

    def event(self, name: str, having: Callable[[Message], bool] = lambda body: True) -> Message:
        found = self.wait(
            lambda each: each["type"] == "event" and each["event"] == name and having(each.get("body", {}))
        )
        body: Message = found.get("body", {})
        return body

    def output(self, text: str) -> Message:
        """The output event that has the text."""
        return self.event("output", lambda body: text in body["output"])

    def closed(self) -> bool:
        """Waits for the end of the connection."""
        try:
            self.wait(lambda each: False)
        except EOFError:
            return True
        return False

    def prints(self, text: str) -> None:
        """Waits until the guest has written it, in whatever pieces."""
        while text not in self.console:
            message = self._inbox.get(timeout=TIMEOUT)
            if message is None:
                raise EOFError("the server has closed")
            self._kept.append(message)

    def written(self, category: str) -> str:
        """All output of the category so far."""
        found = [each["body"] for each in self.messages if each.get("event") == "output"]
        return "".join(each["output"] for each in found if each["category"] == category)

    @property
    def console(self) -> str:
        """All that the guest wrote so far."""
        return self.written("stdout")

    # -- a session in few words ---------------------------------------------------------------------------------------

    def launched(
        self, program: object, breakpoints: dict[str, list[object]] | None = None, **more: object
    ) -> None:
        """Up to the response of configurationDone. breakpoints: path -> lines, or objects."""
        self.ask("initialize", adapterID="axemu", supportsMemoryEvent=True, supportsInvalidatedEvent=True)
        self.ask("launch", program=str(program), **more)
        self.event("initialized")
        for path, lines in (breakpoints or {}).items():
            rows = [each if isinstance(each, dict) else {"line": each} for each in lines]
            self.ask("setBreakpoints", source={"path": path}, breakpoints=rows)
        self.ask("configurationDone")

    def stopped(self) -> Message:
        return self.event("stopped")

    def top(self, thread: int = 1) -> Message:
        """The innermost frame."""
        frame: Message = self.ask("stackTrace", threadId=thread, levels=1)["stackFrames"][0]
        return frame

    def go(self) -> Message:
        """Continue to the next stop."""
        self.ask("continue", threadId=1)
        return self.stopped()

    def scope(self, name: str, frame: int | None = None) -> int:
        """The variablesReference of a scope."""
        number = self.top()["id"] if frame is None else frame
        found = self.ask("scopes", frameId=number)["scopes"]
        return int(next(each["variablesReference"] for each in found if each["name"].startswith(name)))

    def variables(self, reference: int, **more: object) -> dict[str, Message]:
        found = self.ask("variables", variablesReference=reference, **more)["variables"]
        return {each["name"]: each for each in found}

    def say(self, text: str) -> str:
        """A line in the debug console."""
        return str(self.ask("evaluate", expression=text, context="repl")["result"])


class Process:
    """`axemu dap` on pipes."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "axemu", "dap", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        source, sink = self.process.stdout.fileno(), self.process.stdin.fileno()
        self.client = Client(lambda: os.read(source, 65536), lambda data: os.write(sink, data))

    def end(self) -> tuple[int, str]:
        """Of a process that ends by itself: its exit code, and what it wrote on standard error."""
        code = self.process.wait(TIMEOUT)
        assert self.process.stderr is not None
        return code, self.process.stderr.read().decode()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for each in (self.process.stdin, self.process.stdout, self.process.stderr):
            if each is not None:
                each.close()


def connected(port: int) -> Client:
    link = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    client = Client(lambda: link.recv(65536), link.sendall)
    client.link = link  # type: ignore[attr-defined]
    return client
