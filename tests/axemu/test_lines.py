"""-serial, -chardev and consoles, as QEMU spells them."""

from __future__ import annotations

import pytest

from axemu.devices import changes
from axemu.errors import CommandError
from emu.config import VirtioConsole
from emu.errors import UnknownName

CONTROLLER, CONSOLE = "virtio-serial-device", "virtconsole"


def found(*devices: str, serials: tuple[str, ...] = (), chardevs: tuple[str, ...] = ()) -> dict[str, object]:
    return changes((), devices, serials=serials, chardevs=chardevs)


@pytest.mark.parametrize("where", ["stdio", "mon:stdio", "chardev:c"])
def test_the_serial_line_leads_to_the_terminal(where: str) -> None:
    assert found(serials=(where,), chardevs=("stdio,id=c,mux=on,signal=off",)) == {}


@pytest.mark.parametrize("where", ["none", "null", "chardev:c"])
def test_the_serial_line_leads_nowhere(where: str) -> None:
    assert found(serials=(where,), chardevs=("null,id=c",)) == {"serial": False}


def test_a_console_leads_to_the_terminal_with_few_words_or_many() -> None:
    assert found(CONSOLE) == {"virtio": (VirtioConsole(),)}
    assert found(CONTROLLER, CONSOLE) == {"virtio": (VirtioConsole(),)}
    spelled = found(
        "virtio-serial-device,id=ser0,bus=virtio-mmio-bus.3",
        "virtconsole,chardev=c,bus=ser0.0,name=console",
        serials=("none",),
        chardevs=("stdio,id=c",),
    )
    assert spelled == {"virtio": (VirtioConsole(True, 3),), "serial": False}


def test_a_console_may_lead_nowhere() -> None:
    devices = found(CONSOLE, f"{CONSOLE},chardev=n", chardevs=("null,id=n",))
    assert devices == {"virtio": (VirtioConsole(True), VirtioConsole(False))}


@pytest.mark.parametrize(
    ("devices", "serials", "chardevs", "words"),
    [
        ((), ("pty",), (), "stdio"),
        ((), ("chardev:x",), ("stdio,id=c",), "no chardev is called 'x'"),
        ((), ("stdio", "none"), (), "one serial line"),
        ((), (), ("socket,id=s",), "stdio and null"),
        ((), (), ("stdio",), "id=NAME"),
        ((), (), ("stdio,id=a", "null,id=a"), "of its own"),
        ((), (), ("stdio,id=a,signal=on",), "signal=off"),
        ((), (), ("stdio,id=a,muxx=on",), "muxx"),
        ((CONTROLLER,), (), (), "expects a console"),
        ((CONSOLE, CONSOLE), (), (), "One virtio console"),
        ((f"{CONSOLE},chardev=x",), (), (), "no chardev is called 'x'"),
        ((f"{CONSOLE},bus=ser0.0",), (), (), "id=NAME makes the bus"),
        ((f"{CONTROLLER},id=a", f"{CONTROLLER},id=a"), (), (), "'a' twice"),
        (("virtio-serial-pci",), (), (), "virtio-serial-device"),
        (("virtserialport",), (), (), "virtserialport"),
    ],
)
def test_what_does_not_fit_is_refused(
    devices: tuple[str, ...], serials: tuple[str, ...], chardevs: tuple[str, ...], words: str
) -> None:
    with pytest.raises((CommandError, UnknownName), match=words):
        found(*devices, serials=serials, chardevs=chardevs)
