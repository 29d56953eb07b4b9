"""-serial, -chardev, and the consoles of -device: where the guest's lines lead.

There is one terminal (or whatever standard input and output are), which QEMU's options call `stdio`. The first serial
line leads there unless -serial says otherwise; a virtio console leads there too, or to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from axemu import properties
from axemu.errors import NotInThisVersion, UsageError
from emu.config import VirtioConsole
from emu.errors import UnknownName

_KINDS = {"stdio": True, "null": False}
_CONTROLLER = "virtio-serial-device"


def backends(texts: Sequence[str]) -> dict[str, bool]:
    """-chardev stdio,id=NAME and -chardev null,id=NAME, by name: whether it is the terminal."""
    found: dict[str, bool] = {}
    for text in texts:
        pairs = properties.parse(text, "-chardev", "backend")
        kind = pairs.get("backend", "")
        if kind not in _KINDS:
            raise NotInThisVersion(
                "-chardev knows stdio and null here.",
                f"It got '{kind}'.",
                "Redirect standard input and output, or take --input FILE.",
            )
        properties.only(pairs, ("backend", "id", "mux", "signal"), "-chardev")
        if properties.switch(pairs, "signal", "-chardev", default=False):
            raise NotInThisVersion(
                "-chardev has signal=off here: Ctrl-C goes to the guest.", attempt="Ctrl-A x leaves it."
            )
        properties.switch(pairs, "mux", "-chardev", default=False)
        name = pairs.get("id", "")
        if not name or name in found:
            raise UsageError("-chardev expects an id=NAME of its own.", f"It got '{text}'.")
        found[name] = _KINDS[kind]
    return found


def serial(texts: Sequence[str], known: Mapping[str, bool]) -> bool:
    """-serial: whether the first serial line leads to the terminal."""
    if len(texts) > 1:
        raise NotInThisVersion("-serial is for the one serial line there is.", f"It came {len(texts)} times.")
    for text in texts:
        if text in ("stdio", "mon:stdio"):
            return True
        if text in ("none", "null"):
            return False
        kind, _, name = text.partition(":")
        if kind == "chardev":
            return _backend(name, known)
        raise NotInThisVersion(
            "-serial knows stdio, mon:stdio, none, null and chardev:NAME here.",
            f"It got '{text}'.",
            "Redirect standard input and output, or take --input FILE.",
        )
    return True


@dataclass(slots=True)
class Consoles:
    """The consoles that a command line asks for. A controller (virtio-serial-device) has one; `virtconsole` without a
    controller before it brings its own."""

    known: Mapping[str, bool]
    _free: dict[str, int | None] = field(
        default_factory=dict
    )  # windows of controllers without a console, by bus
    _unnamed: int = 0
    _terminal: bool = False

    def controller(self, pairs: Mapping[str, str], bus: int | None) -> None:
        properties.only(pairs, ("driver", "id", "max_ports", "bus"), f"-device {_CONTROLLER}")
        name = f"{pairs['id']}.0" if "id" in pairs else f"virtio-serial-bus.{self._unnamed}"
        self._unnamed += "id" not in pairs
        if name in self._free:
            raise UsageError(
                f"-device {_CONTROLLER} expects an id of its own.", f"It got '{pairs['id']}' twice."
            )
        self._free[name] = bus

    def console(self, pairs: Mapping[str, str]) -> VirtioConsole:
        option = "-device virtconsole"
        properties.only(pairs, ("driver", "id", "chardev", "bus", "name", "nr"), option)
        where = pairs.get("bus")
        if where is not None and where not in self._free:
            raise UnknownName.among(
                f"bus of {option}", where, self._free, f"-device {_CONTROLLER},id=NAME makes the bus NAME.0"
            )
        bus = self._free.pop(where or next(iter(self._free))) if self._free else None
        connected = _backend(pairs["chardev"], self.known) if "chardev" in pairs else True
        if connected and self._terminal:
            hint = "Give the others a -chardev null."
            raise UsageError("One virtio console can lead to the terminal.", "There are two.", hint)
        self._terminal = self._terminal or connected
        return VirtioConsole(connected, bus)

    def check(self) -> None:
        """After the last device."""
        if self._free:
            hint = "Add -device virtconsole, or leave it out."
            raise UsageError(f"-device {_CONTROLLER} expects a console.", "It got none.", hint)


def _backend(name: str, known: Mapping[str, bool]) -> bool:
    if name not in known:
        raise UnknownName.among("chardev", name, known, "-chardev stdio,id=NAME makes one")
    return known[name]
