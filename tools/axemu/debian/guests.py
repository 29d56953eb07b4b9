"""The table of guests: one row a guest, one line a file.

A row with an exact version pins every file by its SHA-256. A row whose version is a pattern floats with the
suite: its package is still checked by apt against the archive's signature, and its files against what was
first unpacked.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from fnmatch import fnmatchcase

from axemu.debian.errors import UnknownGuest


@dataclass(frozen=True, slots=True)
class File:
    """One file of a package: what we call it, where it is in the package (a pattern matches one file)."""

    name: str
    path: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Guest:
    """One row. `version` is Debian's, exact or a shell pattern.

    follow: the package is the one of `package`'s dependencies that matches this pattern (so Debian names its
    newest kernel).
    """

    name: str
    summary: str
    package: str
    suite: str
    architecture: str
    version: str
    files: tuple[File, ...]
    follow: str | None = None

    @property
    def pinned(self) -> bool:
        return not any(mark in self.version for mark in "*?[")

    def accepts(self, version: str) -> bool:
        return version == self.version if self.pinned else fnmatchcase(version, self.version)


OPENSBI = "usr/lib/riscv64-linux-gnu/opensbi/generic/"
U_BOOT = "usr/lib/u-boot/"

MODULES = "usr/lib/modules/*/kernel/"
LINUX_MODULES = (
    "drivers/virtio/virtio_mmio",
    "drivers/block/virtio_blk",
    "drivers/char/hw_random/virtio-rng",
    "drivers/firmware/qemu_fw_cfg",
    "net/9p/9pnet",
    "net/9p/9pnet_virtio",
    "fs/netfs/netfs",
    "fs/9p/9p",
    "crypto/crc32c_generic",
    "lib/crc16",
    "fs/mbcache",
    "fs/jbd2/jbd2",
    "fs/ext4/ext4",
)
"""What virt's devices need and Debian's kernel has not built in. One stands after those that it needs."""

GUESTS: tuple[Guest, ...] = (
    Guest(
        name="opensbi",
        summary="OpenSBI 1.1: RISC-V supervisor firmware for the generic platform",
        package="opensbi",
        suite="bookworm",
        architecture="all",
        version="1.1-2",
        files=(
            File(
                "fw_jump.bin",
                OPENSBI + "fw_jump.bin",
                "ae7513b7e4617aed2275e40ef9d926d55768b0ab8598d0da3c6bf962523162e2",
            ),
            File(
                "fw_jump.elf",
                OPENSBI + "fw_jump.elf",
                "4cd1a4486d59a9eed92891db21a80adc664fe99048dfad72a597ae2fdf365bfd",
            ),
            File(
                "fw_dynamic.bin",
                OPENSBI + "fw_dynamic.bin",
                "88e76ec1a9e2e5f3ecfc2d8892b923fddc9a3974e63f4190dbcab56b4909fb2f",
            ),
            File(
                "fw_dynamic.elf",
                OPENSBI + "fw_dynamic.elf",
                "81feab8a8b8e955e155cde298d5a683d69abb2e624de29c6af9bbf63ed411ba0",
            ),
        ),
    ),
    Guest(
        name="u-boot",
        summary="U-Boot 2023.01 for QEMU's riscv64 virt: supervisor mode (after OpenSBI) and machine mode",
        package="u-boot-qemu",
        suite="bookworm",
        architecture="all",
        version="2023.01+dfsg-2+deb12u3",
        files=(
            File(
                "smode.bin",
                U_BOOT + "qemu-riscv64_smode/u-boot.bin",
                "a1abdfc422af527cfea178ad62dad31a15b3bdd07fc4d55586d131a63d394b57",
            ),
            File(
                "smode.elf",
                U_BOOT + "qemu-riscv64_smode/uboot.elf",
                "eeb147a66d45172600dc79b0f12dbc66df29f9a0bdaff87e7d2ef075dc7065a3",
            ),
            File(
                "mmode.bin",
                U_BOOT + "qemu-riscv64/u-boot.bin",
                "8666fddcc79bf579956edcc083b4373d5925d7342899ee46b1e12fc55bd85510",
            ),
            File(
                "mmode.elf",
                U_BOOT + "qemu-riscv64/uboot.elf",
                "2bb7d35f2e95ea5487292df9547d2f1bf7faba5a22273df9f0f32d57de25727a",
            ),
        ),
    ),
    Guest(
        name="linux-riscv64",
        summary="Linux 6.12 for riscv64 (112 MB package)",
        package="linux-image-riscv64",
        suite="trixie",
        architecture="riscv64",
        version="6.12.*",
        files=(
            File("vmlinux", "boot/vmlinux-6.12.*"),
            File("config", "boot/config-6.12.*"),
            *(File(f"{path.rpartition('/')[2]}.ko.xz", f"{MODULES}{path}.ko.xz") for path in LINUX_MODULES),
        ),
        follow="linux-image-6.12.*-riscv64",
    ),
    Guest(
        name="busybox-riscv64",
        summary="Busybox for riscv64, static: the userspace of a small initramfs",
        package="busybox-static",
        suite="trixie",
        architecture="riscv64",
        version="1:1.37.*",
        files=(File("busybox", "usr/bin/busybox"),),
    ),
)


def find(name: str) -> Guest:
    """The row of that name; UnknownGuest where there is none."""
    for guest in GUESTS:
        if guest.name == name:
            return guest
    names = tuple(guest.name for guest in GUESTS)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    raise UnknownGuest(name, names, nearest[0] if nearest else None)
