"""What a machine is asked to be. Plain values; `Machine(config)` checks them and builds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emu.device import Channel

NO_FIRMWARE: Final = "none"  # the program starts the machine itself
BUILT_IN: Final = "default"  # firmware that is part of axemu


@dataclass(frozen=True, slots=True)
class LoaderRequest:
    """``-device loader,file=,addr=``: bytes put into memory before the start."""

    path: Path
    address: int | None  # None: the file's own header says (ELF, Intel HEX)


@dataclass(frozen=True, slots=True)
class Drive:
    """``-drive if=pflash,unit=N,file=F[,readonly=on]``."""

    interface: str
    unit: int
    path: Path
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class FirmwareItem:
    """``-fw_cfg name=NAME,string=TEXT`` or ``file=FILE``: what a guest finds in fw_cfg under that name."""

    name: str
    content: bytes | Path


@dataclass(frozen=True, slots=True)
class Entropy:
    """``-device virtio-rng-device``. seed: of the bytes that the guest gets; None: they are the host's entropy."""

    seed: int | None = 0
    bus: int | None = None


@dataclass(frozen=True, slots=True)
class DiskImage:
    """``-drive if=virtio,file=F`` or ``if=none,id=N,file=F``. format: "raw", "qcow2", None where nothing was said.

    snapshot: what the guest writes stays in memory. unmap: what it discards goes back to the host. sync: what it flushes
    is on the host's disk then.
    """

    path: Path
    format: str | None = None
    read_only: bool = False
    snapshot: bool = False
    unmap: bool = False
    sync: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """``-device virtio-blk-device,drive=N``."""

    image: DiskImage
    serial: str = ""
    bus: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """``-virtfs local,path=P,mount_tag=T[,readonly=on]``: a host directory for the guest."""

    path: Path
    tag: str
    read_only: bool = False
    bus: int | None = None


@dataclass(frozen=True, slots=True)
class VirtioConsole:
    """``-device virtconsole``. connected: to the machine's channel; else to nothing."""

    connected: bool = True
    bus: int | None = None


VirtioRequest = Block | Entropy | Share | VirtioConsole
"""A virtio device. Its `bus` is the number of the window that it goes behind, None the highest that is free."""


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """Everything that decides what a machine is. Defaults are those of `axemu run`.

    ram is in bytes; shift: one retired instruction is 2**shift ns of guest time; bios is NO_FIRMWARE, BUILT_IN or
    a path.
    """

    isa: str = "riscv64"
    board: str | None = None  # None: `virt` where the ISA has one, else `bare`
    cpu: str | None = None
    smp: int = 1
    ram: int | None = None
    bios: str = NO_FIRMWARE
    kernel: Path | None = None
    base: int | None = None  # where a kernel without addresses of its own goes; None: where the board puts it
    initrd: Path | None = None
    append: str = ""
    dtb: Path | None = None
    drives: tuple[Drive, ...] = ()
    virtio: tuple[VirtioRequest, ...] = ()
    loaders: tuple[LoaderRequest, ...] = ()
    serial: bool = True  # the first serial line is the channel's too; False: it leads nowhere
    firmware_items: tuple[FirmwareItem, ...] = ()
    clock: str = "virtual"  # or "host"
    shift: int = 0
    semihosting: bool = False
    no_reboot: bool = False  # a reset that the guest asks for ends the run
    unmapped: str = "fault"  # or "stop", "ones"
    channel: Channel | None = field(
        default=None, compare=False
    )  # the first serial line; None: output is kept in memory
    heard: Callable[[str, bool], None] | None = field(
        default=None, compare=False
    )  # is told of every device that sets its interrupt line: its name and the level
