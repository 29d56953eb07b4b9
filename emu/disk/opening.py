"""From what was asked for to a disk."""

from __future__ import annotations

from emu.config import DiskImage
from emu.disk.disk import Disk
from emu.disk.overlay import Overlay
from emu.disk.qcow2 import Qcow2Disk, is_qcow2
from emu.disk.raw import RawDisk
from emu.errors import ConfigError


def open_disk(image: DiskImage) -> Disk:
    """Raises LoadError for a file that cannot be used, ConfigError for what cannot be meant."""
    if image.format is None and is_qcow2(image.path):
        # A guest that can write a raw disk could make it look like this, and name any file of the host's as its base.
        actual = f"{image.path}, which begins like qcow2, without a format"
        raise ConfigError("-drive", "format=qcow2 or format=raw", actual, "Add format=qcow2")
    if image.format == "qcow2":
        if not (image.read_only or image.snapshot):
            hint = "Add snapshot=on to keep what the guest writes in memory, or readonly=on"
            raise ConfigError("-drive format=qcow2", "an image that is only read", "one to be written", hint)
        disk: Disk = Qcow2Disk(image.path)
    else:
        read_only = image.read_only or image.snapshot
        disk = RawDisk(image.path, read_only=read_only, unmap=image.unmap, sync=image.sync)
    return Overlay(disk) if image.snapshot and not image.read_only else disk
