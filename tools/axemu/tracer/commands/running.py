"""Commands that run the guest."""

from __future__ import annotations

from axemu.errors import UsageError
from axemu.tracer import origin
from emu.debug.debugger import Debugger
from emu.debug.stop import Stop


def count(text: str, default: int = 1) -> int:
    """A number of C's, `1_000` and `1,000` too. Raises UsageError."""
    if not text.strip():
        return default
    try:
        return int(text.replace(",", ""), 0)
    except ValueError:
        raise UsageError("Expected a number.", f"It got '{text}'.") from None


def stepi(debugger: Debugger, text: str) -> Stop:
    return debugger.step(count(text))


def nexti(debugger: Debugger, text: str) -> Stop:
    return debugger.step_over()


def step(debugger: Debugger, text: str) -> Stop:
    return debugger.step_line()


def next_(debugger: Debugger, text: str) -> Stop:
    return debugger.next_line()


def finish(debugger: Debugger, text: str) -> Stop:
    return debugger.step_out()


def until(debugger: Debugger, text: str) -> Stop:
    return debugger.until(text) if text else debugger.next_line()


def exits(debugger: Debugger, text: str) -> Stop:
    return debugger.run_exits(count(text))


def goto(debugger: Debugger, text: str) -> Stop:
    kind, colon, number = text.partition(":")
    if colon and kind.strip() == "exit":
        return origin.run_to_exit(debugger, count(number))
    here = origin.since(debugger, debugger.position).instruction
    return origin.run_to_instruction(debugger, count(text, here))


def restart(debugger: Debugger, text: str) -> Stop:
    return origin.restart(debugger)
