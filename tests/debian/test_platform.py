"""Debian's Linux on the devices of virt that it finds without being told: clock and alarm, fw_cfg, reset."""

from __future__ import annotations

import lzma
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pytest

from axemu import initramfs
from emu.config import FirmwareItem, MachineConfig
from emu.machine import Machine
from emu.outcome import Ending

pytestmark = [pytest.mark.debian, pytest.mark.timeout(1200)]
STEP = 100_000_000
BUDGET = 8_000_000_000
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
echo === it is $(cat /sys/class/rtc/rtc0/name) $(cat /sys/class/rtc/rtc0/date) $(cat /sys/class/rtc/rtc0/time)
date -u -s '2031-05-06 07:08:09' > /dev/null; hwclock -u -w -f /dev/rtc0
sleep 2; echo the clock was set to $(cat /sys/class/rtc/rtc0/date) $(cat /sys/class/rtc/rtc0/time)
insmod /qemu_fw_cfg.ko
echo fw_cfg $(cat /sys/firmware/qemu_fw_cfg/rev) $(cat /sys/firmware/qemu_fw_cfg/by_name/opt/greeting/raw)
echo files $(ls /sys/firmware/qemu_fw_cfg/by_name)
echo $(wc -c < /sys/firmware/qemu_fw_cfg/by_name/opt/large/raw) \
    $(md5sum < /sys/firmware/qemu_fw_cfg/by_name/opt/large/raw)
echo kernel interfaces: $(ls /sys/firmware)
echo === rebooting
reboot -f
"""
LARGE = bytes(range(256)) * 40

Fetch = Callable[[str], dict[str, Path]]


@pytest.fixture(scope="module")
def files(debian_guest: Fetch) -> dict[str, Path]:
    return {**debian_guest("linux-riscv64"), **debian_guest("busybox-riscv64")}


@pytest.fixture(scope="module")
def boots(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the machine printed at its first boot, and at the second."""
    initrd = tmp_path_factory.mktemp("platform") / "initrd.gz"
    entries = [
        initramfs.CONSOLE,
        *(initramfs.directory(name) for name in ("proc", "sys")),
        initramfs.program("bin/busybox", files["busybox"].read_bytes()),
        initramfs.program("init", INIT.encode()),
        initramfs.file("qemu_fw_cfg.ko", lzma.decompress(files["qemu_fw_cfg.ko.xz"].read_bytes())),
    ]
    initrd.write_bytes(initramfs.packed(entries))
    config = MachineConfig(
        bios="default",
        kernel=files["vmlinux"],
        initrd=initrd,
        append="console=ttyS0",
        ram=256 << 20,
        firmware_items=(FirmwareItem("opt/greeting", b"hello there"), FirmwareItem("opt/large", LARGE)),
    )
    with Machine(config) as machine:
        while machine.console_output.count(b"reboot: Restarting system") < 2:
            outcome = machine.run(max_insns=STEP, timeout=400)
            assert outcome.ending is Ending.BUDGET, outcome
            assert machine.retired < BUDGET
        text = machine.console_output.decode(errors="replace").replace("\r\n", "\n")
    first, second = text.split("reboot: Restarting system\n")[:2]
    return [first, second]


def test_linux_reads_and_sets_the_clock(boots: list[str]) -> None:
    assert "=== it is goldfish_rtc 101000.rtc 2020-01-01 00:00:0" in boots[0]
    assert "the clock was set to 2031-05-06 07:08:1" in boots[0]


def test_linux_reads_fw_cfg_by_dma(boots: list[str]) -> None:
    assert "fw_cfg 3 hello there\nfiles bios-geometry bootorder etc opt\n" in boots[0]
    assert f"{len(LARGE)} {md5(LARGE).hexdigest()}" in boots[0]


def test_linux_finds_neither_acpi_nor_efi(boots: list[str]) -> None:
    assert "kernel interfaces: devicetree fdt qemu_fw_cfg\n" in boots[0]


def test_linux_reboots_into_a_machine_as_fresh_as_the_first(boots: list[str]) -> None:
    assert boots[1] == boots[0]
