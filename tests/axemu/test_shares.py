"""-virtfs and -fsdev, as QEMU spells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from axemu.devices import changes
from axemu.errors import CommandError, NotInThisVersion, UsageError
from emu.config import Block, Entropy, Share
from emu.errors import UnknownName


def test_virtfs_is_a_directory_and_its_device() -> None:
    text = "local,path=/a,,b,mount_tag=host,security_model=none,readonly=on,id=f0"
    assert changes((), (), virtfs=[text]) == {"virtio": (Share(Path("/a,b"), "host", True),)}
    assert changes((), (), virtfs=["local,path=x,mount_tag=t"]) == {"virtio": (Share(Path("x"), "t"),)}


def test_fsdev_waits_for_its_device() -> None:
    device = "virtio-9p-device,fsdev=f,mount_tag=t,bus=virtio-mmio-bus.2"
    found = changes((), [device], fsdevs=["local,id=f,path=x,readonly=on"])
    assert found == {"virtio": (Share(Path("x"), "t", True, 2),)}


def test_shares_stand_after_devices_and_before_drives() -> None:
    found = changes(["file=d,format=raw"], ["virtio-rng-device"], virtfs=["local,path=x,mount_tag=t"])
    assert [type(each) for each in found["virtio"]] == [Entropy, Share, Block]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("local,mount_tag=t", UsageError, "path=DIR"),
        ("local,path=x", UsageError, "mount_tag=TAG"),
        ("path=x,mount_tag=t", NotInThisVersion, "local"),
        ("proxy,path=x,mount_tag=t", NotInThisVersion, "local"),
        ("local,path=x,mount_tag=t,security_model=mapped-xattr", NotInThisVersion, "security_model=none"),
        ("local,path=x,mount_tag=t,readonly=maybe", UsageError, "readonly=on"),
        ("local,path=x,mount_tag=t,redonly=on", UnknownName, "readonly"),
    ],
)
def test_what_cannot_be_shared_is_refused(text: str, error: type[CommandError], words: str) -> None:
    with pytest.raises(error, match=words):
        changes((), (), virtfs=[text])


@pytest.mark.parametrize(
    ("fsdevs", "device", "words"),
    [
        (["local,path=x"], "virtio-rng-device", "id=NAME"),
        (["local,id=f,path=x", "local,id=f,path=y"], "virtio-rng-device", "twice"),
        (["local,id=f,path=x"], "virtio-9p-device,mount_tag=t", "fsdev=NAME"),
        (["local,id=f,path=x"], "virtio-9p-device,fsdev=f", "mount_tag=TAG"),
        (["local,id=f,path=x"], "virtio-9p-device,fsdev=g,mount_tag=t", "no fsdev is called 'g'"),
        ([], "virtio-9p-pci,fsdev=f,mount_tag=t", "virtio-9p-device"),
    ],
)
def test_devices_and_folders_that_do_not_fit_are_refused(fsdevs: list[str], device: str, words: str) -> None:
    with pytest.raises((CommandError, UnknownName), match=words):
        changes((), [device], fsdevs=fsdevs)
