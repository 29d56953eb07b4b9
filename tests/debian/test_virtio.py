"""Debian's Linux with disks and an entropy device behind virtio, its drivers as it brings them."""

from __future__ import annotations

import hashlib
import json
import lzma
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from axemu import initramfs
from isa.riscv.assembly import assemble64

pytestmark = [pytest.mark.debian, pytest.mark.timeout(1200)]
LONGEST = 400  # seconds; only a failing boot takes that long, or a loaded machine
MODULES = ("virtio_mmio", "virtio_blk", "virtio-rng", "crc32c_generic", "crc16", "mbcache", "jbd2", "ext4")
SIZE = 16 << 20
PROGRAMS = 60
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
bad=0
for round in 1 2 3; do
    for each in $(seq 1 {PROGRAMS}); do /mnt/programs/p$each; test $? = $each || bad=$((bad + 1)); done
    echo 3 > /proc/sys/vm/drop_caches
    dd if=/dev/vda of=/dev/null bs=64k skip=$((round * 60)) count=60 2>/dev/null
done
echo programs that were others: $bad
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


def program_that_ends_with(number: int) -> bytes:
    """An ELF whose code is two pages long and differs from that of the others everywhere."""
    base, steps = 0x10000, 1000
    lines = [f"addi a0, a0, {number}", f"addi a0, a0, -{number}"] * steps
    text = "\n".join(["addi a0, zero, 0", *lines, f"addi a0, zero, {number}", "addi a7, zero, 93", "ecall"])
    code = assemble64(text, base + 0x78)
    size = 0x78 + len(code)
    head = b"\x7fELF\2\1\1".ljust(16, b"\0")
    header = struct.pack("<HHIQQQIHHHHHH", 2, 243, 1, base + 0x78, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    return head + header + segment + code


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """vda with random bytes, vdb empty, vdc with an ext4 of one file."""
    folder = tmp_path_factory.mktemp("ext4")
    (folder / "content").mkdir()
    (folder / "content" / "hello.txt").write_text("from the host\n")
    (folder / "content" / "programs").mkdir()
    for number in range(1, PROGRAMS + 1):
        path = folder / "content" / "programs" / f"p{number}"
        path.write_bytes(program_that_ends_with(number))
        path.chmod(0o755)
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
    command = [sys.executable, "-m", "axemu", "run", "-m", "128M", "-kernel", str(files["vmlinux"])]
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


def test_a_page_that_a_disk_was_read_into_runs_as_what_was_read(boots: list[Boot]) -> None:
    """Pages that held one program's code come to hold another's, written there by the device."""
    assert "programs that were others: 0" in boots[0].console.splitlines()


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
