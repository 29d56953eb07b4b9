"""Debian's Linux 6.12 for riscv64 on the built-in SBI: to userspace and off again, harts taken out and put back, and
a reboot that is a boot like the first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from axemu.initramfs import CONSOLE, directory, link, packed, program
from axvcpu.exits import SystemDown
from emu.config import BUILT_IN, MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from emu.recorder import Recorder

pytestmark = [pytest.mark.debian, pytest.mark.timeout(1200)]
LONGEST = 400.0  # seconds; only a boot that fails takes that long, or a loaded machine
WRONG = (b"WARNING:", b"BUG:", b"Kernel panic", b"Oops", b"rcu_sched", b"watchdog", b"SBI_ERR", b"failed to")
BEGIN = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
"""
HOTPLUG = """
cd /sys/devices/system/cpu
for round in 1 2 3; do
    for cpu in 1 2; do echo 0 > cpu$cpu/online; done
    echo "left: $(cat online)"
    for cpu in 1 2; do echo 1 > cpu$cpu/online; done
    echo "back: $(cat online)"
done
for task in 1 2 3 4 5 6; do ( n=0; while [ $n -lt 2000 ]; do n=$((n+1)); done; echo "task $task done" ) & done
wait
"""


@pytest.fixture
def booted(debian_guest: Callable[[str], dict[str, Path]], tmp_path: Path) -> Callable[..., Machine]:
    """A machine that boots the kernel to this script as /init; the options are those of MachineConfig."""
    kernel = debian_guest("linux-riscv64")["vmlinux"]
    busybox = debian_guest("busybox-riscv64")["busybox"].read_bytes()

    def make(script: str, **options: object) -> Machine:
        disk = tmp_path / "initrd.gz"
        folders = [directory(name) for name in ("bin", "proc", "sys", "dev")]
        programs = [program("init", (BEGIN + script).encode()), program("bin/busybox", busybox)]
        disk.write_bytes(packed([*folders, CONSOLE, *programs, link("bin/sh", "busybox")]))
        config = MachineConfig(
            ram=256 << 20,
            bios=BUILT_IN,
            kernel=kernel,
            initrd=disk,
            append="console=ttyS0 earlycon=sbi",
            channel=Recorder(),
            **options,  # type: ignore[arg-type]
        )
        return Machine(config)

    return make


def console(machine: Machine) -> bytes:
    output = bytes(machine.channel.output)  # type: ignore[attr-defined]
    for wrong in WRONG:
        assert wrong not in output, output[-3000:]
    return output


def test_it_finds_the_firmware_boots_to_userspace_and_powers_off(booted: Callable[..., Machine]) -> None:
    with booted("dmesg | grep SBI; cat /proc/cpuinfo; sleep 1; poweroff -f") as machine:
        outcome = machine.run(timeout=LONGEST)
        text = console(machine)
        assert (outcome.ending, outcome.exit_code) == (Ending.POWERED_OFF, 0), text[-3000:]
        assert b"SBI specification v2.0 detected" in text
        for extension in (b"TIME", b"IPI", b"RFENCE", b"HSM", b"SRST", b"DBCN"):
            assert b"SBI " + extension + b" extension detected" in text
        assert b"\nisa\t\t: rv64imafdc" in text
        assert b"reboot: Power down" in text


def test_harts_leave_and_come_back_and_share_the_work(booted: Callable[..., Machine]) -> None:
    with booted(HOTPLUG + "poweroff -f", smp=3) as machine:
        outcome = machine.run(timeout=LONGEST)
        text = console(machine)
        assert (outcome.ending, outcome.exit_code) == (Ending.POWERED_OFF, 0), text[-3000:]
        assert b"Brought up 1 node, 3 CPUs" in text
        assert text.count(b"left: 0\r\n") == text.count(b"back: 0-2\r\n") == 3
        assert all(b"task %d done" % task in text for task in range(1, 7))
        assert machine.exits["CpuUp"] == 2 + 6
        assert machine.exits["CpuDown"] == 6


def test_a_reboot_is_a_boot_like_the_first(booted: Callable[..., Machine]) -> None:
    with booted("reboot -f", smp=2) as machine:
        boots = []
        for _ in range(2):
            before, at = machine.retired, len(console(machine))
            outcome = machine.run(timeout=LONGEST, until=lambda exit: isinstance(exit, SystemDown))
            assert outcome.ending is Ending.EXIT, console(machine)[-3000:]
            boots.append((machine.retired - before, console(machine)[at:]))
            machine.answer(outcome.exit)  # type: ignore[arg-type]
        assert boots[0] == boots[1]
