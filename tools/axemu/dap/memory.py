"""readMemory and writeMemory, by guest-virtual address."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from axemu.dap.errors import Malformed, Refused

if TYPE_CHECKING:
    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session
    from emu.debug.debugger import Debugger
    from emu.debug.memory import GuestMemory

MOST: Final = 16 << 20  # bytes of one request
_PAGE: Final = 4096


def number_of(reference: str) -> int:
    """A memory reference's address: decimal, or hexadecimal with 0x. Raises Malformed."""
    try:
        return int(reference, 0) if not reference.isdecimal() else int(reference)
    except ValueError:
        raise Malformed(
            "A memory reference is an address such as 0x80000000.", f"It got '{reference}'."
        ) from None


def read_memory(talk: Session, asked: Fields) -> Message:
    begin = number_of(asked.text("memoryReference")) + asked.number("offset", 0)
    count = asked.number("count")
    if not 0 <= count <= MOST:
        raise Refused(f"Expected a count from 0 to {MOST:,} bytes.", f"It got {count:,}.")

    def read(debugger: Debugger) -> Message:
        memory, mask = debugger.memory, (1 << debugger.machine.isa.bits) - 1
        address = begin & mask
        data = memory.readable(address, count)
        body: Message = {"address": f"{address:#x}"}
        if data:
            body["data"] = base64.b64encode(data).decode()
        if len(data) < count:
            body["unreadableBytes"] = _hole(memory, address + len(data), count - len(data))
        return body

    return talk.look(read)


def _hole(memory: GuestMemory, address: int, most: int) -> int:
    """Bytes from `address` on that are not there."""
    found = 0
    while found < most and not memory.readable(address + found, 1):
        found += _PAGE - (address + found) % _PAGE
    return min(max(found, 1), most)


def write_memory(talk: Session, asked: Fields) -> Message:
    reference = asked.text("memoryReference")
    address = number_of(reference) + asked.number("offset", 0)
    partial = asked.flag("allowPartial")
    try:
        data = base64.b64decode(asked.text("data"), validate=True)
    except binascii.Error as error:
        raise Malformed("Expected data in base64.", f"{error}.") from None

    def write(debugger: Debugger) -> int:
        memory = debugger.memory
        count = len(memory.readable(address, len(data))) if partial else len(data)
        memory.write(address, data[:count])
        return count

    count = talk.look(write)
    talk.afterwards(lambda: changed(talk, f"{address:#x}", count))
    return {"bytesWritten": count}


def changed(talk: Session, reference: str = "", count: int = 0) -> None:
    """Tell that the guest's state is another, of `count` bytes of memory at `reference` where they are known."""
    if reference and count and talk.client.memory_events:
        talk.outgoing.event("memory", {"memoryReference": reference, "offset": 0, "count": count})
    if talk.client.invalidated_events:
        talk.outgoing.event("invalidated", {"areas": ["all"]})
