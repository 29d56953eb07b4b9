"""A stop of the guest in the protocol's words, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from axemu.report import exit_code
from axemu.tracer.origin import stop_text
from emu.debug.stop import Stop, StopKind
from emu.outcome import Ending

if TYPE_CHECKING:
    from axemu.dap.framing import Message
    from axemu.dap.session import Session

REASONS: Final = {
    StopKind.START: "entry",
    StopKind.BREAKPOINT: "breakpoint",
    StopKind.WATCHPOINT: "data breakpoint",
    StopKind.CATCHPOINT: "exception",
    StopKind.STEP: "step",
    StopKind.POSITION: "step",
    StopKind.INTERRUPTED: "pause",
    StopKind.TIMEOUT: "pause",
    StopKind.BLOCKED: "exception",
    StopKind.CRASHED: "exception",
}
LIMIT: Final = 124
"""The exit code where the instruction budget is used up."""
STOPPED: Final = 130


@dataclass(frozen=True, slots=True)
class Hit:
    """Why the guest stands."""

    reason: str
    text: str
    stop: Stop | None
    ids: tuple[int, ...] = ()

    def body(self, vcpu: int) -> Message:
        """Of a stopped event."""
        body: Message = {
            "reason": self.reason,
            "description": self.text[:1].upper() + self.text[1:],
            "threadId": vcpu + 1,
            "allThreadsStopped": True,
        }
        if self.reason == "exception":
            body["text"] = self.text
        if self.ids:
            body["hitBreakpointIds"] = list(self.ids)
        return body


def report(talk: Session, stop: Stop) -> None:
    """On the debugger's thread: the guest stands, tell the client."""
    assert talk.guest is not None
    debugger = talk.guest.debugger
    no_debug = talk.launch is not None and talk.launch.no_debug
    fatal = stop.kind in (StopKind.CRASHED, StopKind.BLOCKED)
    used_up = stop.kind is StopKind.POSITION and stop.exit is None and talk.left(debugger) == 0
    if stop.kind is StopKind.ENDED or used_up or (no_debug and fatal):
        end(talk, stop)
        return
    if fatal:
        talk.outgoing.output("important", f"{stop.text}\n")
    for note in stop.notes:
        talk.outgoing.output("important", f"{note}\n")
    talk.outgoing.event("stopped", hit_of(talk, stop, stop_text(debugger, stop)).body(stop.vcpu))


def hit_of(talk: Session, stop: Stop, text: str) -> Hit:
    entries = talk.book.hit(stop)
    reason = entries[0].reason if entries else REASONS[stop.kind]
    return Hit(reason, text, stop, tuple(each.id for each in entries))


def end(talk: Session, stop: Stop | None) -> None:
    """Nothing more will run: the exit code is that of `axemu run`. None: the client ends it."""
    from axemu.dap.session import State  # noqa: PLC0415 - which needs this

    if talk.state is State.ENDED:
        return
    talk.state = State.ENDED
    talk.outgoing.output("console", f"{_ending(talk, stop)}\n")
    talk.outgoing.event("exited", {"exitCode": _code(talk, stop)})
    talk.outgoing.event("terminated")


def _ending(talk: Session, stop: Stop | None) -> str:
    if stop is None:
        return "axemu: ended by the client"
    what = "the instruction budget is used up" if stop.kind is StopKind.POSITION else stop.text.rstrip(".")
    return f"axemu: {what}; {stop.position.instruction:,} instructions"


def _code(talk: Session, stop: Stop | None) -> int:
    if stop is None:
        return STOPPED
    if stop.kind is StopKind.POSITION:
        return LIMIT
    if stop.outcome is None or talk.launch is None or talk.guest is None:
        return 1
    guest, transcript = talk.launch.plan.guest, talk.guest.channel.transcript
    missed = None
    if guest is not None and transcript is not None and stop.outcome.ending is not Ending.INTERRUPTED:
        missed = guest.expect.differences(stop.outcome, bytes(transcript))
    return exit_code(stop.outcome, guest, missed, guest_exit_code=talk.launch.plan.guest_exit_code)
