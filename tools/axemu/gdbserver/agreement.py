"""What is agreed with a client, and the descriptions that it reads at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from axemu.gdbserver import parsing
from axemu.gdbserver.memory_map import memory_map
from axemu.gdbserver.packets import MOST_READ, SIZE, escaped
from axemu.gdbserver.replies import ERROR_STRINGS, LISTING, OK, SUFFIXES, UNKNOWN

if TYPE_CHECKING:
    from axemu.gdbserver.conversation import Command, Conversation

OURS: Final = (
    "qXfer:features:read+", "qXfer:memory-map:read+", "qXfer:threads:read+", "vContSupported+", "swbreak+", "hwbreak+",
    "QStartNoAckMode+", "multiprocess-", "binary-upload+", "error-message+",
)  # fmt: skip


def supported(talk: Conversation, rest: bytes) -> bytes:
    offered = parsing.text_of(rest).lstrip(":").split(";")
    talk.features = frozenset(each[:-1] for each in offered if each.endswith("+"))
    return f"PacketSize={SIZE:x};{';'.join(OURS)}".encode()


def no_acknowledgements(talk: Conversation, rest: bytes) -> bytes:
    talk.acknowledging = False
    return OK


def suffixes(talk: Conversation, rest: bytes) -> bytes:
    """LLDB: packets about registers end with their thread."""
    talk.features |= {SUFFIXES}
    return OK


def listing(talk: Conversation, rest: bytes) -> bytes:
    """LLDB: a stop tells all threads."""
    talk.features |= {LISTING}
    return OK


def error_strings(talk: Conversation, rest: bytes) -> bytes:
    """LLDB: an error's number is followed by its text."""
    talk.features |= {ERROR_STRINGS}
    return OK


def extend(talk: Conversation, rest: bytes) -> bytes:
    talk.extended = True
    return OK


def transfer(talk: Conversation, rest: bytes) -> bytes:
    kind, colon, where = parsing.text_of(rest).partition(":read:")
    name, _, window = where.rpartition(":")
    if not colon or (kind == "features" and name != "target.xml"):
        return b"E00" if colon else UNKNOWN
    make = {
        "features": lambda: talk.target.layout.description,
        "memory-map": lambda: talk.target.call(lambda debugger: memory_map(debugger.machine.bus)),
        "threads": lambda: thread_list(talk),
    }.get(kind)
    if make is None:
        return UNKNOWN
    offset, length = parsing.numbers(window, 2)
    if offset == 0 or kind not in talk.xml:
        talk.xml[kind] = make().encode()
    part = talk.xml[kind][offset : offset + min(length, MOST_READ)]
    more = offset + len(part) < len(talk.xml[kind])
    return (b"m" if more else b"l") + escaped(part)


def thread_list(talk: Conversation) -> str:
    rows = "".join(
        f'  <thread id="{each:x}" core="{each - 1}" name="vCPU {each - 1}">'
        f"{quoteattr(talk.target.about(each))[1:-1]}</thread>\n"
        for each in range(1, talk.target.threads + 1)
    )
    return f'<?xml version="1.0"?>\n<threads>\n{rows}</threads>\n'


COMMANDS: Final[dict[bytes, Command]] = {
    b"qSupported": supported,
    b"QStartNoAckMode": no_acknowledgements,
    b"QThreadSuffixSupported": suffixes,
    b"QListThreadsInStopReply": listing,
    b"QEnableErrorStrings": error_strings,
    b"qXfer:": transfer,
    b"!": extend,
}
