"""setBreakpoints and the like: each replaces what it said before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from axemu.dap.book import DATA, EXCEPTION, FUNCTION, INSTRUCTION, Describe, Make, Wanted
from axemu.dap.errors import Malformed, Refused
from axemu.dap.hits import decision
from axemu.dap.memory import number_of
from axvcpu.exits import AccessFlags
from emu.debug.points import Breakpoint, Watchpoint

if TYPE_CHECKING:
    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session
    from emu.debug.debugger import Debugger
    from emu.debug.points import Point

MOST: Final = 10_000
ACCESSES: Final = {
    "write": AccessFlags.WRITE,
    "read": AccessFlags.READ,
    "readWrite": AccessFlags.READ | AccessFlags.WRITE,
}
MOST_LINES: Final = 1000
"""That breakpointLocations looks at."""


def set_breakpoints(talk: Session, asked: Fields) -> Message:
    source = asked.fields("source")
    path = talk.places.path(source.text("path", ""))
    if not path:
        raise Refused(
            "Expected the path of a source file.", "Its source has none.", "Break in its disassembly instead."
        )
    rows = asked.each("breakpoints") if asked.has("breakpoints") else []
    lines = [talk.places.line(each.number("line")) for each in rows]
    makes = [partial(_at_line, talk, path, line) for line in lines]
    return _set(talk, path, "breakpoint", rows, makes, partial(_described, talk))


def set_function_breakpoints(talk: Session, asked: Fields) -> Message:
    rows = asked.each("breakpoints")
    makes = [partial(_at_name, each.text("name")) for each in rows]
    return _set(talk, FUNCTION, "function breakpoint", rows, makes, partial(_described, talk))


def set_instruction_breakpoints(talk: Session, asked: Fields) -> Message:
    rows = asked.each("breakpoints")
    places = [number_of(each.text("instructionReference")) + each.number("offset", 0) for each in rows]
    makes = [partial(_at_address, each) for each in places]
    return _set(talk, INSTRUCTION, "instruction breakpoint", rows, makes, partial(_described, talk))


def set_data_breakpoints(talk: Session, asked: Fields) -> Message:
    rows = asked.each("breakpoints")
    makes = [partial(_watch, each.text("dataId"), each.text("accessType", "write")) for each in rows]
    return _set(talk, DATA, "data breakpoint", rows, makes, _watched)


def set_exception_breakpoints(talk: Session, asked: Fields) -> Message:
    rows = [type(asked)(asked.owner, {"filterId": each}) for each in asked.texts("filters")]
    rows += asked.each("filterOptions")
    makes = [partial(_catch, each.text("filterId")) for each in rows]
    return _set(talk, EXCEPTION, "exception", rows, makes, lambda debugger, point: {})


def data_breakpoint_info(talk: Session, asked: Fields) -> Message:
    name, reference = asked.text("name"), asked.number("variablesReference", 0)
    size = asked.number("bytes", 0)
    if asked.flag("asAddress"):
        address, what = number_of(name), name
        return _watchable(f"{address:#x}/{size or 1}", what)
    from axemu.dap.evaluation import in_frame  # noqa: PLC0415 - which needs the variables
    from axemu.dap.variables import child_of  # noqa: PLC0415

    if reference:
        child = child_of(talk, reference, name)
        if child.address is None:
            return {"dataId": None, "description": f"{name} is in no memory that could be watched"}
        return _watchable(f"{child.address:#x}/{size or child.size or 1}", name)

    def find(debugger: Debugger) -> tuple[int, int]:
        address, size = debugger.extent(name)
        return address, size or 0

    address, own = talk.look(in_frame(talk, asked, find))
    return _watchable(f"{address:#x}/{size or own or 1}", name)


def breakpoint_locations(talk: Session, asked: Fields) -> Message:
    """The lines of a range that have code of their own."""
    path = talk.places.path(asked.fields("source").text("path", ""))
    first = talk.places.line(asked.number("line"))
    last = talk.places.line(asked.number("endLine")) if asked.has("endLine") else first

    def find(debugger: Debugger) -> list[int]:
        found = []
        for line in range(first, min(last, first + MOST_LINES) + 1):
            code = talk.places.code(debugger.info, path, line)
            here = None if code is None else [code[0].line(each) for each in code[1]]
            if here and any(each is not None and each.line == line for each in here):
                found.append(line)
        return found

    return {"breakpoints": [{"line": talk.places.shown_line(each)} for each in talk.reach(find)]}


def _set(
    talk: Session, group: str, reason: str, rows: Sequence[Fields], makes: Sequence[Make], describe: Describe
) -> Message:
    if len(rows) > MOST:
        raise Refused(f"Expected at most {MOST:,} breakpoints.", f"It got {len(rows):,}.")
    wanted = [
        Wanted(json.dumps(row.values, sort_keys=True), partial(_with_options, talk, row, make), describe)
        for row, make in zip(rows, makes, strict=True)
    ]
    entries = talk.reach(lambda debugger: talk.book.replace(debugger, group, reason, wanted))
    return {"breakpoints": [each.body for each in entries]}


def _with_options(talk: Session, row: Fields, make: Make, debugger: Debugger) -> Point:
    """The point with the row's condition, hit condition and log message."""
    write = talk.pump.log if talk.pump is not None else lambda text: None
    decide = decision(row.text("hitCondition", ""), row.text("logMessage", ""), write)
    point = make(debugger)
    try:
        debugger.set_condition(point.number, row.text("condition", ""))
    except Exception:
        debugger.points.delete(point.number)
        raise
    point.decide = decide
    return point


def _at_line(talk: Session, path: str, line: int, debugger: Debugger) -> Point:
    found = talk.places.code(debugger.info, path, line)
    if found is None:
        raise Refused(f"No code is known for line {line} or after it.", attempt=_why_no_code(debugger, path))
    name = path.replace("\\", "/").rpartition("/")[2]
    return _added(debugger, f"{name}:{line}", found[1])


def _why_no_code(debugger: Debugger, path: str) -> str:
    if not any(debugger.info):
        return "The guest has no debugging information: build it with -g."
    return "Is the file compiled into the guest with -g? launch's sourceMap maps paths."


def _at_name(name: str, debugger: Debugger) -> Point:
    place = debugger.locate(name)
    return _added(debugger, place.text, place.addresses)


def _at_address(address: int, debugger: Debugger) -> Point:
    return _added(debugger, f"*{address:#x}", [address])


def _added(debugger: Debugger, text: str, addresses: Sequence[int]) -> Point:
    point = Breakpoint(debugger.points.take_number(), location=text, addresses=tuple(addresses))
    debugger.points.add(point)
    return point


def _watch(data: str, access: str, debugger: Debugger) -> Point:
    place, slash, size = data.partition("/")
    if not (slash and size.isdecimal() and access in ACCESSES):
        raise Malformed(
            "Expected a dataId of dataBreakpointInfo, and read, write or readWrite.", f"It got '{data}'."
        )
    point = debugger.watch(number_of(place), int(size), ACCESSES[access])
    point.text = debugger.place(point.address)
    return point


def _catch(kind: str, debugger: Debugger) -> Point:
    return debugger.catch(kind)


def _watched(debugger: Debugger, point: Point) -> Message:
    assert isinstance(point, Watchpoint)
    return {"message": "slow: the guest executes code in this page"} if debugger.slow(point) else {}


def _watchable(data: str, what: str) -> Message:
    return {"dataId": data, "description": what, "accessTypes": list(ACCESSES), "canPersist": False}


def _described(talk: Session, debugger: Debugger, point: Point) -> Message:
    """Where a breakpoint is."""
    assert isinstance(point, Breakpoint)
    address = point.addresses[0]
    body: Message = {"instructionReference": f"{address:#x}"}
    info = debugger.info.holder(address)
    line = None if info is None else info.line(address)
    if info is not None and line is not None:
        body |= {"line": talk.places.shown_line(line.line), "source": talk.places.source(info, line)}
    return body
