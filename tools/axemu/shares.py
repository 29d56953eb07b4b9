"""-virtfs, -fsdev and -device virtio-9p-device: host directories for the guest.

`-virtfs` is both others in one: a directory and the device that the guest mounts it by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from axemu import properties
from axemu.errors import NotInThisVersion, UsageError
from emu.config import Share
from emu.errors import UnknownName

_KEYS = ("driver", "path", "security_model", "readonly", "id")


@dataclass(frozen=True, slots=True)
class Folder:
    """One -fsdev."""

    path: Path
    read_only: bool


def share(text: str) -> Share:
    """-virtfs local,path=DIR,mount_tag=TAG[,security_model=none][,readonly=on][,id=NAME]"""
    pairs = properties.parse(text, "-virtfs", "driver")
    properties.only(pairs, (*_KEYS, "mount_tag"), "-virtfs")
    folder = _folder(pairs, "-virtfs")
    return Share(folder.path, _tag(pairs, "-virtfs"), folder.read_only)


def folders(texts: Sequence[str]) -> dict[str, Folder]:
    """-fsdev local,id=NAME,path=DIR[,security_model=none][,readonly=on], by name."""
    found: dict[str, Folder] = {}
    for text in texts:
        pairs = properties.parse(text, "-fsdev", "driver")
        properties.only(pairs, _KEYS, "-fsdev")
        name = pairs.get("id", "")
        if not name:
            hint = "Write id=NAME, and -device virtio-9p-device,fsdev=NAME,mount_tag=TAG beside it."
            raise UsageError("-fsdev expects id=NAME.", f"It got '{text}'.", hint)
        if name in found:
            raise UsageError("-fsdev expects each id once.", f"It got 'id={name}' twice.")
        found[name] = _folder(pairs, "-fsdev")
    return found


def device(pairs: Mapping[str, str], known: Mapping[str, Folder], bus: int | None) -> Share:
    """-device virtio-9p-device,fsdev=NAME,mount_tag=TAG over the folders of -fsdev."""
    option = "-device virtio-9p-device"
    properties.only(pairs, ("driver", "id", "fsdev", "mount_tag", "bus"), option)
    name = pairs.get("fsdev", "")
    if not name:
        hint = "Write -fsdev local,id=NAME,path=DIR beside it."
        raise UsageError(f"{option} expects fsdev=NAME.", "It got none.", hint)
    if name not in known:
        raise UnknownName.among("fsdev", name, known, "-fsdev local,id=NAME,path=DIR makes one")
    return Share(known[name].path, _tag(pairs, option), known[name].read_only, bus)


def _folder(pairs: Mapping[str, str], option: str) -> Folder:
    driver = pairs.get("driver", "")
    if driver != "local":
        raise NotInThisVersion(
            f"{option} knows the file system driver 'local' here.",
            f"It got '{driver}'.",
            "Write local,path=DIR.",
        )
    if not pairs.get("path"):
        raise UsageError(f"{option} expects path=DIR.", "It got none.")
    model = pairs.get("security_model", "none")
    if model != "none":
        raise NotInThisVersion(
            f"{option} knows security_model=none here.",
            f"It got '{model}'.",
            "Files that the guest makes are yours, and keep the permissions that it gives them.",
        )
    return Folder(Path(pairs["path"]), properties.switch(pairs, "readonly", option, default=False))


def _tag(pairs: Mapping[str, str], option: str) -> str:
    tag = pairs.get("mount_tag", "")
    if not tag:
        hint = "Write mount_tag=TAG; the guest mounts it: mount -t 9p -o trans=virtio TAG /mnt"
        raise UsageError(f"{option} expects mount_tag=TAG.", "It got none.", hint)
    return tag
