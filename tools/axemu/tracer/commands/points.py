"""Commands about breakpoints, watchpoints and catchpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from axemu.errors import UsageError
from axemu.tracer.commands.command import Answer
from axemu.tracer.commands.running import count
from axvcpu.exits import AccessFlags
from emu.debug.debugger import Debugger
from emu.debug.points import Breakpoint, Point


def _split(text: str) -> tuple[str, str]:
    """(what, condition)"""
    what, *rest = re.split(r"(?:^|\s)if\s", text, maxsplit=1)
    return what.strip(), rest[0].strip() if rest else ""


def break_(debugger: Debugger, text: str, temporary: bool = False) -> Answer:
    where, condition = _split(text)
    point = debugger.break_at(where, condition, temporary=temporary)
    kind = "Temporary breakpoint" if temporary else "Breakpoint"
    return Answer(f"{kind} {point.number} at {', '.join(map(debugger.place, point.addresses))}")


def toggle(debugger: Debugger, text: str) -> Answer:
    address = debugger.locate(text).address
    found = [each for each in debugger.points if isinstance(each, Breakpoint) and address in each.addresses]
    for each in found:
        debugger.points.delete(each.number)
    if found:
        return Answer(f"Breakpoint {found[0].number} deleted")
    point = debugger.break_at(address)
    return Answer(f"Breakpoint {point.number} at {debugger.place(address)}")


def tbreak(debugger: Debugger, text: str) -> Answer:
    return break_(debugger, text, temporary=True)


def watch(debugger: Debugger, text: str, access: AccessFlags = AccessFlags.WRITE) -> Answer:
    what, condition = _split(text)
    if not what:
        raise UsageError(
            "Expected an expression with an address.", attempt="Try: watch *(int *)$sp, or watch counter."
        )
    point = debugger.watch(what, None, access, condition)
    slow = "; it slows the guest: code runs in its page" if debugger.slow(point) else ""
    return Answer(
        f"Watchpoint {point.number}: {point.text}, {point.size} bytes at {debugger.place(point.address)}{slow}"
    )


def rwatch(debugger: Debugger, text: str) -> Answer:
    return watch(debugger, text, AccessFlags.READ)


def awatch(debugger: Debugger, text: str) -> Answer:
    return watch(debugger, text, AccessFlags.READ | AccessFlags.WRITE)


def catch(debugger: Debugger, text: str) -> Answer:
    what, condition = _split(text)
    kind, *rest = what.split() or ["exit"]
    rest = [each for each in rest if each != "device"]
    cause = next((int(each, 0) for each in rest if each[0].isdigit()), None)
    device = next((each for each in rest if not each[0].isdigit()), None)
    point = debugger.catch(kind, condition, device=device, cause=cause)
    return Answer(f"Catchpoint {point.number} ({point.what})")


def _chosen(debugger: Debugger, text: str) -> Iterator[Point]:
    if not text.strip():
        yield from debugger.points
    for each in text.split():
        yield debugger.points.find(count(each))


def delete(debugger: Debugger, text: str) -> Answer:
    found = list(_chosen(debugger, text))
    for point in found:
        debugger.points.delete(point.number)
    return Answer(f"Deleted {', '.join(str(each.number) for each in found) or 'none'}")


def enable(debugger: Debugger, text: str, on: bool = True) -> Answer:
    found = list(_chosen(debugger, text))
    for point in found:
        point.enabled = on
    return Answer(
        f"{'Enabled' if on else 'Disabled'} {', '.join(str(each.number) for each in found) or 'none'}"
    )


def disable(debugger: Debugger, text: str) -> Answer:
    return enable(debugger, text, on=False)


def condition(debugger: Debugger, text: str) -> Answer:
    number, _, rest = text.partition(" ")
    debugger.set_condition(count(number, 0), rest.strip())
    return Answer(f"Point {number} stops " + (f"if {rest.strip()}" if rest.strip() else "always"))


def ignore(debugger: Debugger, text: str) -> Answer:
    number, _, rest = text.partition(" ")
    debugger.points.find(count(number, 0)).ignore = count(rest, 0)
    return Answer(f"Point {number} lets {count(rest, 0)} hits pass")
