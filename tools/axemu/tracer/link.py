"""Between the screen's thread and the debugger's: questions go one way, messages come back. Nobody waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from textual.message import Message

from axemu.tracer.commands import Answer
from axemu.tracer.guest import TracedGuest
from axemu.tracer.model import Snapshot, View
from emu.debug.debugger import Debugger
from emu.debug.stop import Stop

T = TypeVar("T")


class Pictured(Message):
    """A snapshot is there."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot


class Unpictured(Message):
    """No snapshot could be made; `text` says why."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Stopped(Message):
    """A run has ended."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self.reason = stop


class Answered(Message):
    """A command has been carried out, or refused."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class Link:
    """To one guest. `post` takes messages from any thread."""

    def __init__(self, guest: TracedGuest, post: Callable[[Message], object]) -> None:
        self.guest: Final = guest
        self._post = post
        self._asked = self._again = False
        self._stop_asked: float | None = None
        self.stop_latency: float | None = None
        """Seconds from the last `interrupt` until the guest stood."""
        guest.stopped = self._stopped

    @property
    def pending(self) -> bool:
        """Whether a picture is on its way."""
        return self._asked

    def ask_picture(self, view: View) -> None:
        """One at a time; who asks meanwhile has `answered_picture` say so."""
        if self._asked:
            self._again = True
            return
        self._asked = True
        self.guest.picture(view).add_done_callback(self._pictured)

    def answered_picture(self) -> bool:
        """A picture has come, or none will; whether another one is wanted."""
        again, self._asked, self._again = self._again, False, False
        return again

    def run(self, function: Callable[[Debugger], Stop]) -> None:
        """`function` runs the guest. Raises RuntimeError while it runs."""
        self.guest.run(function).add_done_callback(self._refused)

    def interrupt(self) -> None:
        self._stop_asked = time.monotonic()
        self.guest.interrupt()

    def ask(self, look: Callable[[Debugger], Answer], echo: str = "") -> None:
        """Its answer comes as a message, also where it is a refusal."""

        def done(future: Future[Answer]) -> None:
            error = future.exception()
            answer = future.result() if error is None else Answer.refused(error)
            self._post(Answered(Answer(answer.text, echo, answer.bad, answer.view, answer.shows)))

        self.guest.look(look).add_done_callback(done)

    def ask_for(self, look: Callable[[Debugger], T], take: Callable[[T], object]) -> None:
        """`take` gets what `look` returns, on the debugger's thread; a refusal comes as a message."""

        def done(future: Future[T]) -> None:
            error = future.exception()
            if error is None:
                take(future.result())
            else:
                self._post(Answered(Answer.refused(error)))

        self.guest.look(look).add_done_callback(done)

    # -- on the debugger's thread -------------------------------------------------------------------------------------

    def _pictured(self, future: Future[Snapshot]) -> None:
        error = future.exception()
        if error is None:
            self._post(Pictured(future.result()))
        else:
            self._post(Unpictured(Answer.refused(error).text))

    def _refused(self, future: Future[Stop]) -> None:
        error = future.exception()
        if error is not None:
            self._post(Answered(Answer.refused(error)))

    def _stopped(self, stop: Stop) -> None:
        if self._stop_asked is not None:
            self.stop_latency, self._stop_asked = time.monotonic() - self._stop_asked, None
        self._post(Stopped(stop))
