"""The numbers of Debian's Linux: a boot, a boot with two harts, computing in a process, memory.

They need the kernel and busybox from Debian's archive in the cache: `python tools/debian fetch linux-riscv64
busybox-riscv64 opensbi`. Without them there are no such rows, and the command says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from axemu.debian.cache import Cache, default_cache
from axemu.debian.guests import find
from axemu.examples.linux import initramfs
from axemu.initramfs import CONSOLE, packed, program
from bench.guests import COMPUTE
from bench.measure import Clock, Command, Difference, Side, Task
from bench.numbers import AXEMU, QEMU, QEMU_FLAGS, QEMU_PROGRAM, Limit, Number

NEEDS = ("linux-riscv64", "busybox-riscv64", "opensbi")
BOOT = "boot.gz"
WORDS = "console=ttyS0 earlycon=sbi batch=yes"
ROUNDS = 3000  # of the compute program: 3.4 billion instructions, several boots' worth
HOSTED = """
#include "types.h"
int compute(void);
static long call(long number, long one, long two, long three) {
    register long a0 __asm__("a0") = one, a1 __asm__("a1") = two, a2 __asm__("a2") = three, a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}
void put(u32 number) {
    static char line[9];
    for (int i = 0; i < 8; i++)
        line[i] = "0123456789abcdef"[number >> (28 - 4 * i) & 15];
    line[8] = '\\n';
    call(64, 1, (long)line, sizeof line);
}
void _start(void) {
    compute();
    call(142, (int)0xfee1dead, 672274793, 0x4321fedc);
    for (;;)
        ;
}
"""
"""It needs no library, which would have to be built first: write and reboot are 64 and 142 of Linux's calls."""
CONSOLE_H = """
#include "types.h"
void put(u32 number);
#define print(format, number) put(number)
#define main compute
"""
TYPES_H = "typedef unsigned char u8;\ntypedef unsigned int u32;\ntypedef unsigned long ulong;\n"


def linux_numbers(scratch: Path) -> tuple[Number, ...]:
    """The rows, or none where the guests are not in the cache; `scratch` takes the RAM disks."""
    cache = Cache(default_cache())
    stored = {name: cache.stored(find(name)) for name in NEEDS}
    files = {name: each.paths for name, each in stored.items() if each is not None}
    if len(files) != len(NEEDS):
        return ()
    boot = scratch / BOOT
    boot.write_bytes(packed(initramfs(files["busybox-riscv64"]["busybox"].read_bytes())))

    def axemu(disk: Path, *options: str) -> Command:
        command = (
            sys.executable,
            "-m",
            "axemu",
            "run",
            *guest(files, disk),
            *options,
            "--input",
            "/dev/null",
        )
        return Command(AXEMU, command, Clock.CPU)

    def qemu(disk: Path, *options: str) -> Command:
        firmware = ("-bios", str(files["opensbi"]["fw_jump.bin"]))
        command = (QEMU_PROGRAM, *QEMU_FLAGS, *firmware, *guest(files, disk), *options)
        return Command(QEMU, command, Clock.CPU)

    def both(ours: Side, theirs: Side) -> tuple[Side, ...]:
        return (ours, theirs) if shutil.which(QEMU_PROGRAM) else (ours,)

    rows = [
        Number(
            "linux-boot",
            "Debian's Linux to userspace and power off, CPU time of the whole process",
            "s",
            (Limit(1.4, QEMU),),
            both(axemu(boot), qemu(boot)),
        ),
        Number(
            "linux-two-harts",
            "the same with two harts",
            "s",
            (Limit(1.5, "linux-boot"),),
            both(axemu(boot, "-smp", "2"), qemu(boot, "-smp", "2")),
        ),
        Number(
            "linux-memory",
            "peak memory of a boot, beyond the guest's RAM that was touched",
            "MB",
            (Limit(300.0),),
            (Task(AXEMU, "ours:linux_memory", (str(files["linux-riscv64"]["vmlinux"]), str(boot))),),
            rounds=2,
        ),
    ]
    disks = [scratch / f"compute-{rounds}.gz" for rounds in (0, ROUNDS)]
    if build_compute(scratch, disks):
        none, all_rounds = disks
        ours = Difference(AXEMU, axemu(all_rounds), axemu(none))
        theirs = Difference(QEMU, qemu(all_rounds), qemu(none))
        rows.append(
            Number(
                "linux-compute",
                f"{ROUNDS} rounds of the compute program as a process, CPU time without the boot",
                "s",
                (Limit(1.5, QEMU),),
                both(ours, theirs),
            )
        )
    return tuple(rows)


def guest(files: Mapping[str, Mapping[str, Path]], disk: Path) -> tuple[str, ...]:
    kernel = str(files["linux-riscv64"]["vmlinux"])
    return ("-m", "512", "-kernel", kernel, "-initrd", str(disk), "-append", WORDS)


def build_compute(scratch: Path, disks: list[Path]) -> bool:
    """The compute guest as a process, the only one: it computes and powers off. False where there is no compiler."""
    folder = scratch / "hosted"
    folder.mkdir()
    for name, text in (("main.c", HOSTED), ("console.h", CONSOLE_H), ("types.h", TYPES_H)):
        (folder / name).write_text(text)
    for disk in disks:
        rounds, output = int(disk.stem.rpartition("-")[2]), folder / "init"
        command = [
            sys.executable,
            "-m",
            "ziglang",
            "cc",
            "-target",
            "riscv64-freestanding",
            "-nostdlib",
            "-static",
            "-s",
            "-O2",
        ]
        command += ["-fno-sanitize=all", "-fno-builtin", f"-DROUNDS={rounds}", "-I", str(folder)]
        command += [str(COMPUTE.with_suffix(".c")), str(folder / "main.c"), "-o", str(output)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return False
        disk.write_bytes(packed([CONSOLE, program("init", output.read_bytes())]))
    return True
