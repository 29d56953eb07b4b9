"""The same work by axemu."""

from __future__ import annotations

import resource
from pathlib import Path
from time import perf_counter

from bench.usage import resident, user_time
from emu.config import BUILT_IN, Block, DiskImage, MachineConfig
from emu.machine import Machine
from emu.outcome import Ending, Outcome

RAM = 16 << 20  # bytes


def machine(image: Path, ram: int = RAM, disk: Path | None = None) -> Machine:
    """A `virt` with the image as its guest, and a disk that it reads."""
    virtio = () if disk is None else (Block(DiskImage(disk, "raw", read_only=True)),)
    made = Machine(MachineConfig(isa="riscv64", board="virt", ram=ram, virtio=virtio))
    made.load(image)
    return made


def expect_power_off(outcome: Outcome) -> None:
    assert outcome.ending is Ending.POWERED_OFF and outcome.code == 0, outcome.text


def warm(image: Path) -> None:
    """Load and compile what a run needs, outside of what is measured."""
    with machine(image) as made:
        made.run(max_insns=1000)


def compute(elf: Path) -> float:
    """User CPU seconds of the compute guest, with exact virtual time."""
    warm(elf)
    with machine(elf) as made:
        start = user_time()
        expect_power_off(made.run())
        return user_time() - start


def exits(image: Path, count: int) -> float:
    """User CPU microseconds for each of `count` device reads."""
    warm(image)
    with machine(image) as made:
        start = user_time()
        expect_power_off(made.run())
        return (user_time() - start) / count * 1e6


def disk_read(elf: Path, disk: Path) -> float:
    """Seconds in which a guest reads the whole disk."""
    warm(elf)
    with machine(elf, disk=disk) as made:
        start = perf_counter()
        expect_power_off(made.run())
        return perf_counter() - start


def big_ram(size: int, image: Path) -> float:
    """Megabytes that become resident for a machine with `size` bytes of RAM that runs a little."""
    warm(image)
    before = resident()
    with machine(image, size) as made:
        made.run(max_insns=1000)
        return (resident() - before) / 1e6


def cycles(image: Path, count: int) -> float:
    """Megabytes by which memory grows over `count` create-run-close cycles of a machine."""
    for _ in range(20):
        cycle(image)
    before = resident()
    for _ in range(count):
        cycle(image)
    return (resident() - before) / 1e6


def cycle(image: Path) -> None:
    with machine(image) as made:
        expect_power_off(made.run())


def linux_memory(kernel: Path, disk: Path) -> float:
    """Megabytes that the process has at most during a boot of Linux, without those of guest RAM that was touched."""
    words = "console=ttyS0 earlycon=sbi batch=yes"
    config = MachineConfig(ram=512 << 20, bios=BUILT_IN, kernel=kernel, initrd=disk, append=words)
    with Machine(config) as made:
        expect_power_off(made.run())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        return (peak - sum(end - begin for begin, end in made.ram.touched())) / 1e6
