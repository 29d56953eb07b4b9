"""Debian's kernel with a userspace of one program: busybox in an initial RAM disk."""

from __future__ import annotations

import lzma
import os
import re
from collections.abc import Mapping
from pathlib import Path

from axemu.examples.example import Setting
from axemu.initramfs import CONSOLE, Entry, directory, file, link, packed, program

FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "etc", "proc", "sys", "dev", "root", "tmp", "mnt")

# The kernel hands `name=value` words of its command line that it does not know to /init, as its environment.
INIT = """\
#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
hostname axemu
ip link set lo up 2>/dev/null
cat /etc/issue
if [ -n "$batch" ]; then
    uname -a
    grep -E '^(processor|isa|mmu)' /proc/cpuinfo
    free
    uptime
else
    [ -n "$rows" ] && stty rows "$rows" cols "$columns" </dev/console
    cd
    setsid cttyhack sh -l
fi
poweroff -f
"""
SHARING = ("virtio_mmio", "netfs", "9pnet", "9pnet_virtio", "9p")
"""Modules for a host directory (-virtfs), each after those that it needs."""
PROFILE = f"""\
PS1='\\u@\\h:\\w\\$ '
alias ll='ls -l'
share() {{
    for module in {" ".join(SHARING)}; do
        grep -q "^$module " /proc/modules || insmod /lib/modules/$module.ko
    done
    mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 "$1" "${{2:-/mnt}}"
}}
"""
ISSUE = "\nDebian's Linux with busybox, on axemu. `exit` powers the machine off.\n\n"


def initramfs(busybox: bytes, modules: Mapping[str, bytes] | None = None) -> list[Entry]:
    """The whole userspace; with kernel modules, by name, where it may need them."""
    return [
        *map(directory, FOLDERS),
        CONSOLE,
        program("init", INIT.encode()),
        program("bin/busybox", busybox),
        link("bin/sh", "busybox"),
        file("etc/passwd", b"root::0:0:root:/root:/bin/sh\n"),
        file("etc/group", b"root:x:0:\n"),
        file("etc/profile", PROFILE.encode()),
        file("etc/issue", ISSUE.encode()),
        *(file(f"lib/modules/{name}.ko", content) for name, content in (modules or {}).items()),
    ]


def unpacked(modules: Mapping[str, Path]) -> dict[str, bytes]:
    """The modules for sharing, by name, out of the kernel package's files."""
    return {name: lzma.decompress(modules[f"{name}.ko.xz"].read_bytes()) for name in SHARING}


def command_line(setting: Setting) -> str:
    """The kernel's: its console, and what /init wants to know of this side."""
    words = ["console=ttyS0", "earlycon=sbi"]
    if setting.batch:
        words.append("batch=yes")
    elif setting.terminal is not None:
        words += [f"rows={setting.terminal.lines}", f"columns={setting.terminal.columns}"]
        kind = os.environ.get("TERM", "")
        words += [f"TERM={kind}"] if re.fullmatch(r"[\w.+-]{1,40}", kind) else []
    return " ".join(words)


def arguments(setting: Setting) -> list[str]:
    busybox = setting.files["busybox-riscv64"]["busybox"].read_bytes()
    modules = {} if setting.batch else unpacked(setting.files["linux-riscv64"])
    disk = setting.put("initrd.gz", packed(initramfs(busybox, modules)))
    return [
        *("-m", "512M"),
        *("-kernel", str(setting.files["linux-riscv64"]["vmlinux"]), "-initrd", str(disk)),
        *("-append", command_line(setting)),
        *(("--input", "/dev/null") if setting.batch else ()),
    ]
