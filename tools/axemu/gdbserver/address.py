"""Where a server listens, as it is written."""

from __future__ import annotations

from axemu.errors import NotInThisVersion, UsageError

HOST, PORT = "127.0.0.1", 1234
_FORM = "tcp:HOST:PORT"


def port(text: str, option: str) -> int:
    """Raises UsageError."""
    if not text.isdecimal() or int(text) > 0xFFFF:
        raise UsageError(f"{option} expects a port from 0 (any free one) to 65535.", f"It got '{text}'.")
    return int(text)


def address(text: str) -> tuple[str, int]:
    """(host, port) of QEMU's `tcp:HOST:PORT`, `tcp::PORT` and of `HOST:PORT`. Raises UsageError."""
    place, *properties = text.split(",")
    kind, colon, rest = place.partition(":")
    if kind in ("unix", "stdio", "pipe", "none", "chardev"):
        raise NotInThisVersion(
            f"--gdb listens at {_FORM}.", f"It got '{text}'.", "tcp::1234 is what -s takes."
        )
    if kind == "tcp" and colon:
        place = rest
    for each in properties:
        if each.partition("=")[0] not in ("server", "wait", "nowait", "nodelay", "ipv4"):
            raise UsageError(f"--gdb takes {_FORM}.", f"'{each}' is no property of it.")
    host, _, number = place.rpartition(":")
    return host.strip("[]") or HOST, port(number, "--gdb")
