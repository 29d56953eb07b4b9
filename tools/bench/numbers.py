"""The table of numbers: a row a promise, with its limits and its sides."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.guests import COMPUTE, DISK_READ, HELLO, LINE_STATUS, SCRATCH, read_loop
from bench.measure import Clock, Command, Side, Task

AXEMU, PLAIN, STOPPING, QEMU = "axemu", "plain Unicorn", "plain Unicorn, stop and restart", "QEMU"
QEMU_PROGRAM = "qemu-system-riscv64"
QEMU_FLAGS = ("-M", "virt", "-cpu", "sifive-u54", "-display", "none", "-serial", "stdio", "-monitor", "none")
QEMU_DISK = ("-global", "virtio-mmio.force-legacy=false", "-device", "virtio-blk-device,drive=disk")


@dataclass(frozen=True, slots=True)
class Limit:
    """What axemu's minimum must not exceed: `value` in the number's unit, or times a minimum of the same run.

    of: whose minimum; a side's name, or another number's name for that number's axemu side.
    """

    value: float
    of: str | None = None

    def text(self, unit: str) -> str:
        return f"<= {self.value:g} {unit}" if self.of is None else f"<= {self.value:g} x {self.of}"


@dataclass(frozen=True, slots=True)
class Number:
    """One row. The first side is axemu. `rounds`: None runs as often as the command was asked to."""

    name: str
    text: str
    unit: str
    limits: tuple[Limit, ...]
    sides: tuple[Side, ...]
    rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How much work a run does: exits answered natively, by Python, by plain Unicorn's restarts; cycles; MiB of disk."""

    native: int
    python: int
    restarts: int
    cycles: int
    disk: int


FULL = Size(2_000_000, 200_000, 30_000, 10_000, 256)
QUICK = Size(200_000, 20_000, 3_000, 300, 16)
DISK_SPEED = 150e6  # bytes a second that a guest must get from a disk


def qemu(program: Path, clock: Clock, per: float = 1.0, *devices: str) -> tuple[Side, ...]:
    """The QEMU side for an image, where QEMU is installed: a raw image is its firmware, an ELF its kernel."""
    if shutil.which(QEMU_PROGRAM) is None:
        return ()
    raw = program.suffix == ".bin"
    guest = ["-bios", str(program)] if raw else ["-bios", "none", "-kernel", str(program)]
    return (Command(QEMU, (QEMU_PROGRAM, *QEMU_FLAGS, *devices, *guest), clock, per),)


def numbers(size: Size, scratch: Path) -> tuple[Number, ...]:
    """The rows for that much work; `scratch` takes the images that QEMU needs as files."""

    def loop(register: int, count: int) -> tuple[str, ...]:
        image = scratch / f"read-{register}-{count}.bin"
        if not image.exists():
            image.write_bytes(read_loop(register, count))
        return str(image), str(count)

    def axemu(*arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "axemu", *arguments)

    disk = scratch / "disk.img"
    disk.write_bytes(bytes(range(256)) * (size.disk << 12))
    drive = ("-drive", f"if=none,id=disk,format=raw,readonly=on,file={disk}")
    once, per_exit = loop(SCRATCH, 10), 1e-6
    native, python, restarts = (
        loop(LINE_STATUS, size.native),
        loop(SCRATCH, size.python),
        loop(SCRATCH, size.restarts),
    )
    gib = str(4 << 30)
    return (
        Number(
            "native-exit",
            "device read answered in native code",
            "us",
            (Limit(0.8),),
            (
                Task(AXEMU, "ours:exits", native),
                Task(PLAIN, "plain:callback_exit", loop(LINE_STATUS, size.python)),
                Task(STOPPING, "plain:stopping_exit", restarts),
                *qemu(Path(native[0]), Clock.USER, size.native * per_exit),
            ),
        ),
        Number(
            "python-exit",
            "device read through AxVCpu.run, answered by a Python device",
            "us",
            (Limit(6.0), Limit(10.0, "native-exit")),
            (
                Task(AXEMU, "ours:exits", python),
                Task(PLAIN, "plain:callback_exit", python),
                Task(STOPPING, "plain:stopping_exit", restarts),
                *qemu(Path(loop(SCRATCH, size.native)[0]), Clock.USER, size.native * per_exit),
            ),
        ),
        Number(
            "compute",
            "345 million instructions of sort, matrix product, CRC-32, list walk",
            "s",
            (Limit(0.45, PLAIN),),
            (
                Task(AXEMU, "ours:compute", (str(COMPUTE),)),
                Task(PLAIN, "plain:compute", (str(COMPUTE),)),
                *qemu(COMPUTE, Clock.USER),
            ),
        ),
        Number(
            "disk-read",
            f"{size.disk} MiB from a virtio disk in requests of 1 MiB, wall time",
            "s",
            (Limit((size.disk << 20) / DISK_SPEED),),
            (
                Task(AXEMU, "ours:disk_read", (str(DISK_READ), str(disk))),
                *qemu(DISK_READ, Clock.WALL, 1.0, *drive, *QEMU_DISK),
            ),
        ),
        Number(
            "start",
            "`axemu run hello`, second start, wall time",
            "s",
            (Limit(1.5),),
            (Command(AXEMU, axemu("run", str(HELLO)), Clock.WALL), *qemu(Path(once[0]), Clock.WALL)),
            rounds=10,
        ),
        Number(
            "help",
            "`axemu --help`, wall time",
            "s",
            (Limit(0.5),),
            (Command(AXEMU, axemu("--help"), Clock.WALL),),
            rounds=10,
        ),
        Number(
            "ram-4g",
            "resident memory of a machine with 4 GiB of RAM that runs a little",
            "MB",
            (Limit(50.0),),
            (Task(AXEMU, "ours:big_ram", (gib, once[0])), Task(PLAIN, "plain:big_ram", (gib,))),
            rounds=2,
        ),
        Number(
            "cycles",
            f"growth of resident memory over {size.cycles:,} create-run-close cycles",
            "MB",
            (Limit(20.0),),
            (
                Task(AXEMU, "ours:cycles", (once[0], str(size.cycles))),
                Task(PLAIN, "plain:cycles", (once[0], str(min(size.cycles, 1000)))),
            ),
            rounds=1,
        ),
    )
