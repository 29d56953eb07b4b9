"""Runs to report on, and a terminal to look at."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axemu.suite.result import Ended, Result, Run, Sub, Verdict, Where

NASTY = (
    b"</script><script>document.title='hurt'</script><img src=x onerror=alert(1)> ]]> <!-- &amp;\r\n"
    b"\x00\x01\x07\x7f \x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\x1b[H \x1bP1$q\n\xff\xfe \xed\xa0\x80 \xc2\x9b1m "
    b"\xef\xbf\xbf \xe2\x80\xa8 \xe2\x80\xae # not ok 99\n...\n---\n"
)
BEGUN = 1_790_000_000.0


def run(total: int = 0, **changes: object) -> Run:
    values: dict[str, object] = {
        "title": "guests", "command": "axemu suite guests -j 2", "axemu": "0.1.0", "host": "Linux x86_64, 2 CPUs",
        "begun": BEGUN, "seed": 7, "total": total, "workers": 2,
    }  # fmt: skip
    return Run(**{**values, **changes})  # type: ignore[arg-type]


def full(verdict: Verdict, name: str = "riscv64/all", **changes: object) -> Result:
    """A result with something in every field."""
    values: dict[str, object] = {
        "reason": "exit code 1, expected 0" if verdict is not Verdict.PASS else "",
        "details": ("console: no line matches 'passed'", "exit code: expected 0, got 1"),
        "suite": "guests/riscv64/suite.toml", "summary": "Every field.", "isa": "riscv64", "machine": "virt",
        "cpu": "max", "tags": ("smoke", "irq"), "parameters": {"smp": "2"}, "seconds": 1.25, "overhead": 0.25,
        "instructions": 123456, "guest_ns": 123456, "exits": {"MmioRead": 3, "MmioWrite": 40}, "ending": "powered_off",
        "exit_code": 1, "console": NASTY, "console_bytes": len(NASTY) + 1000,
        "where": Where(0x80000A1C, "handle_trap", "trap.c:118", 1, {"a0": 0xDEADBEEF, "f": 1 << 90}, ("insn 7: Mmio",)),
        "subresults": (
            Sub("maps", True), Sub("faults # here", False, text="cause 13\nnot 15"), Sub("huge", True, True, "no"),
        ),
        "state_hash": "ab" * 32, "bundle": "failures/all", "replay": "axemu suite -k all --seed 7", "seed": 7,
        "worker": "1", "attempt": 2, "begun": BEGUN + 1,
    }  # fmt: skip
    return Result(name, verdict, **{**values, **changes})  # type: ignore[arg-type]


def ended_with(*results: Result, **changes: object) -> Ended:
    values: dict[str, object] = {"run": run(len(results)), "seconds": 2.5}
    return Ended(results=results, **{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def every_verdict() -> Ended:
    """A run with a case of each verdict, each with something in every field."""
    return ended_with(*(full(each, f"riscv64/{each.value}") for each in Verdict))


@pytest.fixture
def result_of() -> Callable[..., Result]:
    return full


@pytest.fixture
def run_of() -> Callable[..., Ended]:
    return ended_with


@pytest.fixture
def nasty() -> bytes:
    return NASTY


class Glass:
    """A terminal as far as a redrawn foot needs one: it folds long lines, and folds them anew when it is resized."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.lines = [""]  # what was written, a line each however wide

    def write(self, text: str) -> int:
        for piece in re.split(r"(\r|\n|\x1b\[[0-9;]*[A-Za-z])", text):
            if piece == "\n":
                self.lines.append("")
            elif match := re.fullmatch(r"\x1b\[(\d+)A", piece):
                assert self.lines[-1] == "", "moves up from within a line"
                self._up(int(match[1]))
            elif piece == "\x1b[J":
                assert self.lines[-1] == ""
            elif piece and piece != "\r" and not piece.startswith("\x1b"):
                self.lines[-1] += piece
        return len(text)

    def _up(self, rows: int) -> None:
        """The lines that the cursor moves over are gone: an erase follows. Half of a folded one stays."""
        self.lines.pop()
        while rows:
            line = self.lines.pop()
            folds = max(1, -(-len(line) // self.width))
            if folds > rows:
                self.lines.append(line[: (folds - rows) * self.width])
                rows = 0
            else:
                rows -= folds
        self.lines.append("")

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


@pytest.fixture
def glass() -> Callable[[int, int], Glass]:
    return Glass


class Browser:
    """Chromium without a window, by the DevTools protocol over two pipes."""

    def __init__(self, program: str, profile: Path) -> None:
        theirs, ours = os.pipe(), os.pipe()
        self._to, self._from = theirs[1], ours[0]
        options = [
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ]
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [program, *options, f"--user-data-dir={profile}", "--remote-debugging-pipe"]
        # Chromium reads its commands from descriptor 3 and answers on 4.
        shell = f'exec 3<&{theirs[0]} 4>&{ours[1]}; exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *command],
            pass_fds=(theirs[0], ours[1]),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs[0])
        os.close(ours[1])
        self._buffer, self._number, self.events = b"", 0, list[dict[str, Any]]()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.page(f"{domain}.enable")

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        os.write(self._to, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def page(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.call(method, self._session, **parameters)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.page("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, path: Path, fragment: str = "", width: int = 1280, height: int = 900) -> None:
        """Load a report and wait until its table is there."""
        self.page("Page.navigate", url="about:blank")
        self.events.clear()
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.page("Emulation.setDeviceMetricsOverride", **size)
        self.page("Page.navigate", url=path.as_uri() + fragment)
        end = time.monotonic() + 60
        while self.run("document.documentElement?.dataset.ready || ''") == "":
            assert time.monotonic() < end, "the page was never ready"
            time.sleep(0.01)

    def complaints(self) -> list[str]:
        """Exceptions in the page, and what its security policy stopped."""
        self.run("0")
        kinds = ("Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening")
        return [str(each["params"]) for each in self.events if each.get("method") in kinds]

    def key(self, name: str) -> None:
        for kind in ("keyDown", "keyUp"):
            text = {"text": name} if len(name) == 1 and kind == "keyDown" else {}
            text = {"text": "\r"} if name == "Enter" and kind == "keyDown" else text
            self.page("Input.dispatchKeyEvent", type=kind, key=name, **text)

    def close(self) -> None:
        os.close(self._to)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from)

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            assert select.select([self._from], [], [], 60)[0], "the browser says nothing"
            piece = os.read(self._from, 1 << 16)
            assert piece, "the browser has gone"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    program = next(found, None)
    if program is None:
        pytest.skip("needs Chromium")
    made = Browser(program, tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()
