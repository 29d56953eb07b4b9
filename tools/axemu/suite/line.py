"""The host's end of a case's serial line: prompts are answered, forbidden words seen at once, a flood is cut.

Everything it does follows from what the guest wrote, at the instruction where the machine delivered it: so a case with
prompts is as repeatable as one without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emu.expectation import search
from emu.guest import Prompt

WINDOW = 4096  # bytes at the end of the console in which a prompt is looked for


class Line:
    """An `emu.device.Channel`. `stopped` says why the run is to end, "" while it is not: then `stop` was called."""

    live = False

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.stop: Callable[[], None] = lambda: None
        self._notify: Callable[[], None] = lambda: None
        self.begin(b"")

    def begin(
        self,
        input: bytes,
        prompts: Sequence[Prompt] = (),
        forbidden: Sequence[str] = (),
        awaited: Sequence[str] = (),
    ) -> None:
        """A new case: an empty console. awaited: patterns after which, in this order, the run may end."""
        self.output = bytearray()
        self.position = 0  # of what was read, in `input`; part of a machine's state
        self._input = input
        self._prompts, self._forbidden, self._awaited = list(prompts), tuple(forbidden), list(awaited)
        self._watching = bool(prompts or awaited)
        self._seen = 0  # output before it belongs to prompts that were answered
        self._line = 0  # where the last line begins that was not looked through
        self.stopped = ""
        self.satisfied = False  # every awaited pattern was found

    # -- what the machine uses ----------------------------------------------------------------------------------------

    def subscribe(self, notify: Callable[[], None]) -> None:
        """`notify` is called when there is more to read."""
        self._notify = notify

    def read(self, limit: int) -> bytes:
        data = self._input[self.position : self.position + limit]
        self.position += len(data)
        return data

    def write(self, data: bytes) -> None:
        if self.stopped:
            return
        self.output += data
        if len(self.output) > self.limit:
            self._end(f"the console has more than {self.limit:,} bytes")
        elif self._forbidden and b"\n" in data:
            self._look_for_forbidden()
        if self._watching:
            self._look_for_prompts()

    # -- what the guest's words lead to -------------------------------------------------------------------------------

    def type(self, data: bytes) -> None:
        """Input for the guest, from now on."""
        self._input += data
        self._notify()

    def _look_for_forbidden(self) -> None:
        end = self.output.rfind(b"\n") + 1
        text = self.output[self._line : end].decode("utf-8", "replace").replace("\r\n", "\n")
        self._line = end
        for pattern in self._forbidden:
            found = search(pattern, text)
            if found is not None:
                self._end(
                    found
                    if isinstance(found, str)
                    else f"the console matches {pattern!r}, which is forbidden"
                )
                return

    def _look_for_prompts(self) -> None:
        while self._prompts and (end := self._found(self._prompts[0].expect)):
            self._seen = end
            self.type(self._prompts.pop(0).send)
        while not self._prompts and self._awaited and (end := self._found(self._awaited[0])):
            self._seen = end
            self._awaited.pop(0)
            if not self._awaited:
                self.satisfied = True
                self._end("every line that was waited for has come")
        self._watching = bool(self._prompts or self._awaited)

    def _found(self, pattern: str) -> int:
        """The offset behind the first match in what is new, 0 where there is none."""
        begin = max(self._seen, len(self.output) - WINDOW)
        text = self.output[begin:].decode("utf-8", "surrogateescape")
        found = search(pattern, text)
        if isinstance(found, str):
            self._end(found)
        if found is None or isinstance(found, str):
            return 0
        return begin + max(len(text[: found[1]].encode("utf-8", "surrogateescape")), 1)

    def _end(self, reason: str) -> None:
        self.stopped = reason
        self.stop()
