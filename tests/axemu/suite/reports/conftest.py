"""Runs to report on, and a terminal to look at."""

from __future__ import annotations

import re
from collections.abc import Callable

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
        "where": Where(0x80000A1C, "handle_trap", "trap.c:118", 1, {"a0": 0xDEADBEEF, "f": 1 << 90}, ("insn 7: MmioWrite",)),
        "subresults": (Sub("maps", True), Sub("faults # here", False, text="cause 13\nnot 15"), Sub("huge", True, True, "no")),
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
