"""What only LLDB asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from axemu.gdbserver import parsing
from axemu.gdbserver.regions import region
from axemu.gdbserver.target import MOST_POINTS

if TYPE_CHECKING:
    from axemu.gdbserver.conversation import Command, Conversation

_TRIPLES: Final = {
    "arm": "armv7", "i386": "i386", "ppc": "powerpc", "ppc64": "powerpc64", "sparc64": "sparcv9", "s390x": "s390x",
}  # fmt: skip


def host(talk: Conversation, rest: bytes) -> bytes:
    isa = talk.target.layout.isa
    triple = f"{_TRIPLES.get(isa.name, isa.name)}-unknown-none"
    return f"triple:{triple.encode().hex()};endian:{isa.endian};ptrsize:{isa.bits // 8};".encode()


def process(talk: Conversation, rest: bytes) -> bytes:
    return b"pid:1;" + host(talk, rest)


def memory_region(talk: Conversation, rest: bytes) -> bytes:
    """Without permissions: nothing is mapped there."""
    address, thread = parsing.number(parsing.text_of(rest)), talk.target.thread - 1
    found = talk.target.call(lambda debugger: region(debugger.machine, thread, address))
    permissions = f"permissions:{found.permissions};" if found.permissions else ""
    return f"start:{found.base:x};size:{found.size:x};{permissions}".encode()


def watchpoints(talk: Conversation, rest: bytes) -> bytes:
    return b"num:%d;" % MOST_POINTS


COMMANDS: Final[dict[bytes, Command]] = {
    b"qHostInfo": host,
    b"qProcessInfo": process,
    b"qMemoryRegionInfo:": memory_region,
    b"qWatchpointSupportInfo:": watchpoints,
}
