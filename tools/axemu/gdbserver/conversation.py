"""One client: what was agreed with it, and the table of its commands.

No I/O: a packet's data goes in, packets' data come out; whoever has the socket sends them. While the guest runs, only
the client's interrupt and the guest's stop have a meaning; other packets are answered with an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from axemu.gdbserver import agreement, contents, execution, lldb, parsing, threads
from axemu.gdbserver.errors import Refused
from axemu.gdbserver.packets import escaped
from axemu.gdbserver.replies import ERROR_STRINGS, OK, PLAIN, SUFFIXES, UNKNOWN, said, stop_reply
from axemu.gdbserver.target import Step, Target
from emu.debug.stop import Stop, StopKind

Reply: TypeAlias = bytes | list[bytes] | None


class Conversation:
    """With one client. `resume` runs the guest, or makes that step; the owner then calls `stopped`. `acknowledging`:
    each packet is answered with + or -; `over` and `killed`: what the client wants."""

    def __init__(self, target: Target, resume: Callable[[Step | None], None]) -> None:
        self.target: Final = target
        self.resume: Final = resume
        self.acknowledging = True
        self.over = False
        self.killed = False
        self.running = False
        self.extended = False
        self.features: frozenset[str] = frozenset()
        self.stop: Stop = target.debugger.stop
        self.stepped = 0  # the thread that Hc chose
        self.xml: Final[dict[str, bytes]] = {}  # texts that are read in pieces
        target.thread = self.stop.vcpu + 1

    def handle(self, data: bytes) -> list[bytes]:
        """The packets that answer one; none where the answer comes with the next stop."""
        if self.running:
            return [b"E01"]
        name = data[:1] if data[:1] not in _FAMILIES else next(filter(data.startswith, _LONG), b"")
        command = COMMANDS.get(name)
        if command is None:
            return [UNKNOWN]
        try:
            if SUFFIXES in self.features and name in _OF_THREADS:
                data = self._without_thread(data)
            reply = command(self, data[len(name) :])
        except Refused as error:
            reply = self.refusal(error)
        if reply is None:
            return []
        return reply if isinstance(reply, list) else [reply]

    def _without_thread(self, data: bytes) -> bytes:
        """A packet about registers without its end, which chooses the thread."""
        rest, _, thread = data.partition(b";thread:")
        if thread:
            self.target.thread = threads.known(self, parsing.thread(parsing.text_of(thread).rstrip(";")))
        return rest.rstrip(b";")

    def refusal(self, error: Refused) -> bytes:
        text = str(error).encode("utf-8", "replace")
        if "error-message" in self.features:
            return b"E." + escaped(text)
        return b"E%02x" % error.number + (
            b";" + text.hex().encode() if ERROR_STRINGS in self.features else b""
        )

    def stopped(self, stop: Stop) -> list[bytes]:
        """The guest has stopped: what the client is told. Words come first where a signal does not say it all."""
        self.running, self.stop = False, stop
        self.target.thread = stop.vcpu + 1
        told = [] if stop.kind in PLAIN or stop.kind is StopKind.ENDED else [said(f"axemu: {stop.text}\n")]
        return [*told, stop_reply(self.target, stop, self.features)]

    def failed(self, error: BaseException) -> list[bytes]:
        """The guest could not be run on."""
        self.running = False
        return [said(f"axemu: {error}\n"), stop_reply(self.target, self.stop, self.features)]


Command: TypeAlias = Callable[[Conversation, bytes], Reply]

COMMANDS: Final[dict[bytes, Command]] = {
    **agreement.COMMANDS,
    **threads.COMMANDS,
    **contents.COMMANDS,
    **execution.COMMANDS,
    **lldb.COMMANDS,
    b"qAttached": lambda talk, rest: b"1",
    b"qSymbol:": lambda talk, rest: OK,
}
"""By what a packet begins with."""
_FAMILIES: Final = (b"q", b"Q", b"v")
_LONG: Final = sorted((name for name in COMMANDS if len(name) > 1), key=len, reverse=True)
_OF_THREADS: Final = (b"g", b"G", b"p", b"P")
