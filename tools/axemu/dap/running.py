"""Requests that run the guest, and pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axemu.dap.errors import RUNNING, Refused
from axemu.dap.stacks import thread_of
from axemu.dap.stops import end
from emu.debug.stop import Stop, StopKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session
    from emu.debug.debugger import Debugger


def go_on(talk: Session, asked: Fields) -> Message:
    thread_of(talk, asked)
    _run(talk, None, lambda debugger: debugger.go(talk.left(debugger)))
    return {"allThreadsContinued": True}


def over(talk: Session, asked: Fields) -> None:
    """next"""
    by = _by_instruction(asked)
    _run(talk, thread_of(talk, asked), lambda debugger: debugger.step_over() if by else debugger.next_line())


def into(talk: Session, asked: Fields) -> None:
    by = _by_instruction(asked)
    _run(
        talk,
        thread_of(talk, asked),
        lambda debugger: debugger.step_within(over_interrupts=True) if by else debugger.step_line(),
    )


def out(talk: Session, asked: Fields) -> None:
    thread = thread_of(talk, asked)

    def depth(debugger: Debugger) -> int:
        if debugger.vcpu != thread:
            debugger.vcpu = thread
        return len(debugger.backtrace(2))

    if talk.look(depth) < 2:
        raise Refused(
            "No caller of this function is known.", attempt="Step, or set a breakpoint.", shown=True
        )
    _run(talk, thread, lambda debugger: debugger.step_out())


def pause(talk: Session, asked: Fields) -> None:
    thread_of(talk, asked)
    assert talk.guest is not None
    talk.guest.interrupt()


def _by_instruction(asked: Fields) -> bool:
    return asked.text("granularity", "line") == "instruction"


def _run(talk: Session, thread: int | None, function: Callable[[Debugger], Stop]) -> None:
    """When the response has been sent."""
    if talk.running:
        raise Refused("The guest runs.", attempt="Pause it first.", kind=RUNNING)
    stop = talk.look(lambda debugger: debugger.stop)
    if stop.kind in (StopKind.CRASHED, StopKind.BLOCKED):
        talk.afterwards(lambda: end(talk, stop))
    else:
        talk.afterwards(lambda: talk.resume(function, thread))
