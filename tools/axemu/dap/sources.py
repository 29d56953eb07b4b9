"""modules, loadedSources and source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axemu.dap.errors import Refused

if TYPE_CHECKING:
    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session
    from emu.debug.debugger import Debugger


def modules(talk: Session, asked: Fields) -> Message:
    """The files that the guest is made of."""
    first, most = asked.number("startModule", 0), asked.number("moduleCount", 0)

    def find(debugger: Debugger) -> list[Message]:
        with_lines = {each.path for each in debugger.info if each}
        paths = dict.fromkeys(
            [*debugger.machine.files, *(each.path for each in debugger.info if each.path is not None)]
        )
        return [
            {
                "id": str(path),
                "name": path.name,
                "path": talk.places.shown_path(path.resolve()),
                "symbolStatus": "debugging information" if path in with_lines else "no debugging information",
            }
            for path in paths
        ]

    rows = talk.reach(find)
    chosen = rows[max(first, 0) : max(first, 0) + most] if most > 0 else rows[max(first, 0) :]
    return {"modules": chosen, "totalModules": len(rows)}


def loaded_sources(talk: Session, asked: Fields) -> Message:
    """The files that the guest was compiled from."""

    def find(debugger: Debugger) -> list[Message]:
        return [talk.places.source(info, line) for info in debugger.info for line in info.files()]

    return {"sources": talk.reach(find)}


def source(talk: Session, asked: Fields) -> Message:
    """A file that the client could not read by its path is not here either: why."""
    reference = asked.fields("source").number("sourceReference", 0) or asked.number("sourceReference", 0)
    reason = talk.places.reason(reference)
    if not reason:
        raise Refused(f"No source has the reference {reference}.", "A file with a path is read by that.")
    raise Refused(reason, attempt="In launch: sourceMap, or sourceDirectories.")
