"""The points that the client has asked for, each with the debugger's for it.

A request replaces all of its group; what was there in the same words stays, with its hits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from axemu.dap.errors import Refused
from axemu.tracer.model import REFUSALS

if TYPE_CHECKING:
    from axemu.dap.framing import Message
    from axemu.dap.places import Places
    from emu.debug.debugger import Debugger
    from emu.debug.points import Point
    from emu.debug.stop import Stop

FUNCTION, INSTRUCTION, DATA, EXCEPTION = "function", "instruction", "data", "exception"
"""Groups; that of a source file is its path."""
Make = Callable[["Debugger"], "Point"]
Describe = Callable[["Debugger", "Point"], "Message"]


@dataclass(slots=True)
class Wanted:
    """`key`: the client's words. `make` makes the debugger's point, and refuses; `describe` says where it is."""

    key: str
    make: Make
    describe: Describe


@dataclass(slots=True)
class Entry:
    """`number` is the debugger's, None where it could not be made: `message` says why."""

    id: int
    reason: str
    wanted: Wanted
    number: int | None = None
    message: str = ""
    shown: Message = field(default_factory=dict)

    @property
    def body(self) -> Message:
        """The protocol's Breakpoint."""
        body: Message = {"id": self.id, "verified": self.number is not None, **self.shown}
        if self.message:
            body["message"] = self.message
        if self.number is None:
            body["reason"] = "failed"
        return body


class Book:
    def __init__(self, places: Places) -> None:
        self.places: Final = places
        self._groups: dict[str, list[Entry]] = {}
        self._ids: Final = count(1)

    def __iter__(self) -> Iterator[Entry]:
        return (each for group in self._groups.values() for each in group)

    def replace(self, debugger: Debugger, group: str, reason: str, wanted: Sequence[Wanted]) -> list[Entry]:
        """The group's entries now."""
        before = {each.wanted.key: each for each in self._groups.get(group, ())}
        now: list[Entry] = []
        for each in wanted:
            kept = before.pop(each.key, None)
            if kept is not None and kept.number is not None:
                now.append(kept)
                continue
            entry = Entry(next(self._ids), reason, each)
            self._make(debugger, entry)
            now.append(entry)
        for gone in before.values():
            _delete(debugger, gone)
        self._groups[group] = now
        return now

    def renew(self, debugger: Debugger) -> list[Entry]:
        """For another machine, or for more symbols: those that are not there are made; these are they."""
        present = {point.number for point in debugger.points}
        missing = [each for each in self if each.number not in present]
        for each in missing:
            self._make(debugger, each)
        return [each for each in missing if each.number is not None]

    def forget_numbers(self) -> None:
        """The debugger that had them is gone."""
        for each in self:
            each.number = None

    def clear(self, debugger: Debugger) -> None:
        for each in self:
            _delete(debugger, each)
        self._groups.clear()

    def hit(self, stop: Stop) -> list[Entry]:
        return [each for each in self if each.number in stop.points]

    def _make(self, debugger: Debugger, entry: Entry) -> None:
        entry.number, entry.message = None, ""
        try:
            point = entry.wanted.make(debugger)
            entry.number, entry.shown = point.number, entry.wanted.describe(debugger, point)
        except (Refused, *REFUSALS) as error:
            entry.message = str(error)


def _delete(debugger: Debugger, entry: Entry) -> None:
    if any(point.number == entry.number for point in debugger.points):
        assert entry.number is not None
        debugger.points.delete(entry.number)
    entry.number = None
