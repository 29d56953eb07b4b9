"""Debian's Linux 6.12 for riscv64, unmodified, boots to a busybox userspace and powers off with exit code 0."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from axemu.examples.linux import initramfs
from axemu.initramfs import packed

pytestmark = [pytest.mark.debian, pytest.mark.timeout(1200)]
LONGEST = 400  # seconds; only a failing boot takes that long, or a loaded machine
Fetch = Callable[[str], dict[str, Path]]


def examples(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "axemu", "examples", "linux-riscv64", "--batch", *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST
    )


@pytest.fixture
def fetched(debian_guest: Fetch) -> None:
    for name in ("linux-riscv64", "busybox-riscv64"):
        debian_guest(name)


def expect_in_order(console: str, *words: str) -> None:
    at = 0
    for each in words:
        found = console.find(each, at)
        assert found >= 0, f"expected {each!r} after:\n{console[:at][-400:]}\nin:\n{console[at:]}"
        at = found + len(each)


@pytest.mark.usefixtures("fetched")
def test_one_command_boots_it_to_userspace_and_powers_off(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    run = examples("--", "--json", str(result), "--max-insns", "10e9")
    console = run.stdout.decode().replace("\r\n", "\n")
    assert run.returncode == 0, run.stderr.decode() + console[-2000:]
    expect_in_order(
        console,
        "Linux version 6.12.",
        "Machine model: riscv-virtio,qemu",
        "earlycon: sbi0",
        "Memory: ",
        "clocksource: Switched to clocksource riscv_clocksource",
        "riscv-plic: ",
        "printk: legacy console [ttyS0] enabled",
        "Run /init as init process",
        "Debian's Linux with busybox",
        "Linux axemu 6.12.",
        "\nMem: ",
        "reboot: Power down",
    )
    for wrong in ("WARNING:", "BUG:", "Kernel panic", "Oops", "rcu_sched", "watchdog"):
        assert wrong not in console
    report = json.loads(result.read_text())
    assert (report["ending"], report["guest_code"], report["live_input"]) == ("powered_off", 0, False)
    assert report["guest_ns"] < 5e9, "userspace within five seconds of guest time"


@pytest.mark.usefixtures("fetched")
def test_two_harts_come_up_on_opensbi(opensbi: dict[str, Path]) -> None:
    run = examples("--", "-smp", "2", "-bios", str(opensbi["fw_jump.bin"]), "--max-insns", "20e9")
    console = run.stdout.decode().replace("\r\n", "\n")
    assert run.returncode == 0, run.stderr.decode() + console[-2000:]
    expect_in_order(
        console, "smp: Brought up 1 node, 2 CPUs", "Run /init", "processor\t: 1", "reboot: Power down"
    )


@pytest.mark.usefixtures("fetched")
def test_opensbi_boots_it(opensbi: dict[str, Path]) -> None:
    run = examples("--", "-bios", str(opensbi["fw_jump.bin"]), "--max-insns", "10e9")
    console = run.stdout.decode().replace("\r\n", "\n")
    assert run.returncode == 0, run.stderr.decode() + console[-2000:]
    expect_in_order(
        console,
        "OpenSBI v1.1",
        "Linux version 6.12.",
        "SBI implementation ID=0x1 ",
        "Run /init as init process",
        "\nMem: ",
        "reboot: Power down",
    )


SECTOR = 512


@pytest.mark.usefixtures("fetched")
def test_u_boot_reads_it_from_a_disk_and_boots_it(
    debian_guest: Fetch, opensbi: dict[str, Path], u_boot: dict[str, Path], tmp_path: Path
) -> None:
    busybox = debian_guest("busybox-riscv64")["busybox"].read_bytes()
    kernel, initrd = debian_guest("linux-riscv64")["vmlinux"].read_bytes(), packed(initramfs(busybox))
    sectors = [-(-len(each) // SECTOR) for each in (kernel, initrd)]
    disk, script = tmp_path / "disk", tmp_path / "script"
    disk.write_bytes(kernel.ljust(sectors[0] * SECTOR, b"\0") + initrd.ljust(sectors[1] * SECTOR, b"\0"))
    script.write_bytes(
        b"\n" * 64  # some are lost while firmware resets the serial port; one stops the countdown
        + b"setenv bootargs console=ttyS0 earlycon=sbi batch=yes\n"
        + f"virtio scan\nvirtio read 0x84000000 0 {sectors[0]:x}\n".encode()
        + f"virtio read 0x8c300000 {sectors[0]:x} {sectors[1]:x}\n".encode()
        + f"booti 0x84000000 0x8c300000:{len(initrd):x} ${{fdtcontroladdr}}\n".encode()
    )
    firmware = ["-bios", str(opensbi["fw_jump.bin"]), "-kernel", str(u_boot["smode.bin"]), "-m", "512"]
    drive = ["-drive", f"file={disk},format=raw,readonly=on", "--input", str(script), "--max-insns", "10e9"]
    command = [sys.executable, "-m", "axemu", "run", *firmware, *drive]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST)
    console = run.stdout.decode().replace("\r\n", "\n")
    assert run.returncode == 0, run.stderr.decode() + console[-2000:]
    expect_in_order(
        console,
        "OpenSBI v1.1",
        "U-Boot 2023.01",
        f"{sectors[0]} blocks read: OK",
        f"{sectors[1]} blocks read: OK",
        "Starting kernel ...",
        "Linux version 6.12.",
        "Run /init as init process",
        "\nMem: ",
        "reboot: Power down",
    )
