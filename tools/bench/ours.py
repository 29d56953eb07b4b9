"""The same work by axemu."""

from __future__ import annotations

import resource
from pathlib import Path
from time import perf_counter

from axvcpu.exits import MmioRead, MmioWrite
from bench.usage import resident, user_time
from emu.config import BUILT_IN, Block, DiskImage, MachineConfig
from emu.engine.library import check, lib
from emu.loaders.detect import open_image
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


def bare(elf: Path) -> Machine:
    """A machine `bare` of the ELF's own ISA."""
    isa = open_image(elf).isa or ""
    return Machine(MachineConfig(isa=isa, board="bare", kernel=elf))


def counted(elf: Path) -> float:
    """User CPU seconds of a guest on `bare`, with exact virtual time."""
    with bare(elf) as made:
        made.run(max_insns=1000)
    with bare(elf) as made:
        start = user_time()
        expect_power_off(made.run())
        return user_time() - start


def uncounted(elf: Path) -> float:
    """The same without the hooks that count: only the device that switches off can end it."""
    with bare(elf) as made:
        made.run(max_insns=1000)
    with bare(elf) as made:
        made.settle()
        arch = made.vcpus[0].arch
        engine = arch._engine
        assert engine is not None
        for hook in engine.counting:
            check(lib.uc_hook_del(engine.handle, hook), "delete a hook")
        engine.flush_translations()
        answer = arch.answer_now

        def answer_and_stop(exit: MmioRead | MmioWrite) -> tuple[int, bool]:
            assert answer is not None
            value, recall = answer(exit)
            if recall:  # no hook is there to see it
                lib.uc_emu_stop(engine.handle)
            return value, recall

        arch.answer_now = answer_and_stop
        start = user_time()
        expect_power_off(made.run())
        return user_time() - start


def polled(elf: Path, count: int) -> float:
    """User CPU microseconds for each of `count` device reads of a guest on `bare`."""
    return counted(elf) / count * 1e6


def emulated(image: Path, native: Path, count: int) -> float:
    """User CPU microseconds that an emulated instruction takes beyond one of the engine's own."""
    seconds = []
    for each in (image, native):
        with Machine(MachineConfig(isa="riscv64", board="bare", cpu="rv64", kernel=each)) as made:
            made.run(max_insns=1000)
            start = user_time()
            made.run(max_insns=count)
            seconds.append(user_time() - start)
    return (seconds[0] - seconds[1]) / (count * 20 / 21) * 1e6


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
