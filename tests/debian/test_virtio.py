"""Debian's Linux with disks and an entropy device behind virtio, its drivers as it brings them."""

from __future__ import annotations

import hashlib
import json
import lzma
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from axemu import initramfs

pytestmark = [pytest.mark.debian, pytest.mark.timeout(600)]
LONGEST = 400  # seconds; only a failing boot takes that long, or a loaded machine
MODULES = ("virtio_mmio", "virtio_blk", "virtio-rng", "crc32c_generic", "crc16", "mbcache", "jbd2", "ext4")
SIZE = 16 << 20
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
for each in {" ".join(MODULES)}; do insmod /modules/$each.ko || echo FAIL $each; done
for disk in vda vdb vdc; do
    echo $disk $(cat /sys/block/$disk/size) ro $(cat /sys/block/$disk/ro) serial $(cat /sys/block/$disk/serial)
done
echo vda sum $(md5sum < /dev/vda)
echo vda direct $(dd if=/dev/vda bs=1M iflag=direct 2>/dev/null | md5sum)
dd if=/dev/vda of=/dev/vdb bs=1M conv=fsync 2>/dev/null && echo copied
echo 3 > /proc/sys/vm/drop_caches
echo vdb sum $(md5sum < /dev/vdb)
dd if=/dev/zero of=/dev/vda bs=4096 count=1 seek=3 conv=fsync 2>/dev/null || echo vda refuses
mkdir /mnt && mount /dev/vdc /mnt && echo mounted $(cat /mnt/hello.txt)
cp -r /modules /mnt && sync && rm -r /mnt/modules && echo kept > /mnt/kept.txt
fstrim -v /mnt; umount /mnt && mount -o ro /dev/vdc /mnt && cat /mnt/kept.txt
blkdiscard /dev/vdb && echo discarded
cat /sys/class/misc/hw_random/rng_current
echo entropy $(dd if=/dev/hwrng bs=32 count=1 2>/dev/null | md5sum)
poweroff -f
"""

Fetch = Callable[[str], dict[str, Path]]


@pytest.fixture(scope="module")
def files(debian_guest: Fetch) -> dict[str, Path]:
    return {**debian_guest("linux-riscv64"), **debian_guest("busybox-riscv64")}


@pytest.fixture(scope="module")
def initrd(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folders = [initramfs.directory(name) for name in ("proc", "sys")]
    modules = [
        initramfs.file(f"modules/{name}.ko", lzma.decompress(files[f"{name}.ko.xz"].read_bytes()))
        for name in MODULES
    ]
    programs = [
        initramfs.program("bin/busybox", files["busybox"].read_bytes()),
        initramfs.program("init", INIT.encode()),
    ]
    path = tmp_path_factory.mktemp("initrd") / "initrd.gz"
    path.write_bytes(initramfs.packed([initramfs.CONSOLE, *folders, *programs, *modules]))
    return path


@dataclass(frozen=True)
class Boot:
    """One run that ended well: its console, its report, and the disks before and after it."""

    console: str
    report: dict[str, Any]
    before: dict[str, bytes]
    after: dict[str, bytes]


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """vda with random bytes, vdb empty, vdc with an ext4 of one file."""
    folder = tmp_path_factory.mktemp("ext4")
    (folder / "content").mkdir()
    (folder / "content" / "hello.txt").write_text("from the host\n")
    command = ["mke2fs", "-q", "-t", "ext4", "-d", str(folder / "content"), str(folder / "vdc"), "32M"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("mke2fs is not installed (package e2fsprogs)")
    return {
        "vda": random.Random(3).randbytes(SIZE),
        "vdb": bytes(SIZE),
        "vdc": (folder / "vdc").read_bytes(),
    }


@pytest.fixture(scope="module")
def boots(
    files: dict[str, Path],
    initrd: Path,
    contents: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Boot]:
    """Two runs on the same disks."""
    return [boot(files, initrd, contents, tmp_path_factory.mktemp("boot")) for _ in range(2)]


def boot(files: dict[str, Path], initrd: Path, contents: dict[str, bytes], folder: Path) -> Boot:
    disks = {name: folder / f"{name}.img" for name in contents}
    for name, path in disks.items():
        path.write_bytes(contents[name])
    command = [sys.executable, "-m", "axemu", "run", "-m", "256M", "-kernel", str(files["vmlinux"])]
    command += ["-initrd", str(initrd), "-append", "console=ttyS0 quiet", "--max-insns", "20e9"]
    command += ["-drive", f"if=none,id=a,format=raw,readonly=on,file={disks['vda']}"]
    command += ["-device", "virtio-blk-device,drive=a,serial=FIRST-DISK", "-device", "virtio-rng-device"]
    command += ["-drive", f"format=raw,file={disks['vdb']}"]
    command += ["-drive", f"format=raw,snapshot=on,file={disks['vdc']}"]
    command += ["--input", "/dev/null", "--json", str(folder / "result.json"), "-d", "guest_errors"]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST)
    console = run.stdout.decode().replace("\r\n", "\n")
    assert run.returncode == 0, run.stderr.decode() + console[-3000:]
    assert b" device " not in run.stderr, "a queue was broken"
    after = {name: path.read_bytes() for name, path in disks.items()}
    return Boot(console, json.loads((folder / "result.json").read_text()), contents, after)


def test_linux_reads_writes_and_mounts_disks_and_gets_entropy(boots: list[Boot]) -> None:
    run = boots[0]
    lines = run.console.splitlines()
    assert "vda 32768 ro 1 serial FIRST-DISK" in lines
    assert "vdb 32768 ro 0 serial" in lines
    assert "vdc 65536 ro 0 serial" in lines
    content = hashlib.md5(run.before["vda"], usedforsecurity=False).hexdigest()
    for line in (f"vda sum {content} -", f"vda direct {content} -", "copied", f"vdb sum {content} -"):
        assert line in lines
    assert "vda refuses" in lines
    assert "mounted from the host" in lines and "kept" in lines and "discarded" in lines
    assert "virtio_rng.0" in lines and any(line.startswith("entropy ") for line in lines)
    for wrong in ("FAIL", "I/O error", "BUG:", "WARNING:", "Oops", "panic"):
        assert wrong not in run.console, run.console[-3000:]


def test_the_disks_hold_what_was_written_and_nothing_else(boots: list[Boot]) -> None:
    before, after = boots[0].before, boots[0].after
    assert after["vda"] == before["vda"]
    assert after["vdb"] == before["vda"], "copied there by the guest"
    assert after["vdc"] == before["vdc"], "a snapshot"


def test_two_runs_on_the_same_disks_are_the_same_run(boots: list[Boot]) -> None:
    one, two = boots
    assert one.console == two.console
    for key in ("instructions", "guest_ns", "exits"):
        assert one.report[key] == two.report[key]
