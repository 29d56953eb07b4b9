"""A stop in the protocol's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from axemu.gdbserver.target import ACCESS, READ, SOFTWARE, WRITE, Target
from axvcpu.exits import GuestException
from emu.debug.stop import Stop, StopKind

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

OK: Final = b"OK"
UNKNOWN: Final = b""
KILLED: Final = b"X09"
SUFFIXES, LISTING, ERROR_STRINGS = "thread-suffixes", "thread-listing", "error-strings"
"""What LLDB has asked for, beside the features that a client names itself."""
SIGINT, SIGILL, SIGTRAP, SIGSEGV = 2, 4, 5, 11  # GDB's own numbers, which are these on Linux
_WATCH: Final = {WRITE: "watch", READ: "rwatch", ACCESS: "awatch"}
_ILLEGAL: Final = ("illegal", "undefined", "reserved instruction", "invalid opcode", "operation")
PLAIN: Final = (StopKind.START, StopKind.BREAKPOINT, StopKind.WATCHPOINT, StopKind.STEP, StopKind.INTERRUPTED)
"""Stops that a client understands without words."""


def said(text: str) -> bytes:
    """An O packet: gdb prints it."""
    return b"O" + text.encode("utf-8", "replace").hex().encode()


def signal_of(target: Target, stop: Stop) -> int:
    if stop.kind in (StopKind.INTERRUPTED, StopKind.TIMEOUT):
        return SIGINT
    if stop.kind is not StopKind.CRASHED:
        return SIGTRAP
    if isinstance(stop.exit, GuestException):
        name = target.layout.isa.vector_name(stop.exit.vector).lower()
        return SIGILL if any(word in name for word in _ILLEGAL) else SIGSEGV
    return SIGSEGV


def stop_reply(target: Target, stop: Stop, features: AbstractSet[str]) -> bytes:
    """T with thread, reason and first registers; W where the guest has ended. `features` are the client's."""
    if stop.kind is StopKind.ENDED:
        code = stop.outcome.code if stop.outcome is not None else 0
        return b"W%02x" % (code if code < 0x100 else 0xFF)
    thread = stop.vcpu + 1
    parts = [f"thread:{thread:x};"]
    found = target.hit(stop)
    if found is not None:
        key, address = found
        if key.kind in _WATCH:
            parts.insert(0, f"{_WATCH[key.kind]}:{address:x};")
        else:
            word = "swbreak" if key.kind == SOFTWARE else "hwbreak"
            parts += [f"{word}:;"] if word in features else []
    if LISTING in features:
        parts.append(f"threads:{','.join(f'{each:x}' for each in range(1, target.threads + 1))};")
    registers = "".join(f"{slot.number:02x}:{value.decode()};" for slot, value in target.told(thread))
    return f"T{signal_of(target, stop):02x}{''.join(parts)}{registers}".encode()
