"""The common workload does the same on every ISA: one result line, and one sequence of device accesses."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending

GUESTS = Path(__file__).resolve().parents[2] / "guests"
ALL = sorted(f"{folder.parent.name}/{folder.name}" for folder in GUESTS.glob("*/*workload"))
MODEL = "riscv64/workload"
LEAST, MOST = 800_000, 6_000_000  # instructions
FOR_THE_HOST = """
extern unsigned char registers[];
#define MMIO_BASE ((unsigned long)registers - 0x10000000ul)
#define HAS_INTERRUPTS 0
#define arch_idle() (void)0
"""
HOST_RUNTIME = """
#include <stdarg.h>
#include <stdio.h>
unsigned char registers[0x40000];
void print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}
"""


@dataclass
class Recording:
    """A device that keeps what is asked of it: (address, width, written or None, read or None)."""

    device: Any
    base: int
    log: list[tuple[int, int, int | None, int | None]] = field(default_factory=list)

    def read(self, offset: int, width: int) -> int:
        value: int = self.device.read(offset, width)
        self.log.append((self.base + offset, width, None, value & ((1 << 8 * width) - 1)))
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        self.log.append((self.base + offset, width, value, None))
        self.device.write(offset, width, value)


@dataclass(frozen=True)
class Run:
    console: str
    retired: int
    log: list[tuple[int, int, int | None, int | None]]


@cache
def run(name: str) -> Run:
    """The log lacks what native code answers: the console's bytes, which are compared as such, and its status."""
    guest = load_guest(GUESTS / name)
    log: list[tuple[int, int, int | None, int | None]] = []
    with Machine(guest.config()) as machine:
        for index, (base, size, device) in enumerate(machine.windows):
            machine.windows[index] = (base, size, Recording(device, base, log))
        outcome = machine.run(max_insns=guest.expect.max_instructions, timeout=100)
        assert (outcome.ending, outcome.code) == (Ending.POWERED_OFF, 0), outcome.text
        told = [entry for entry in log if entry[0] not in (0x1000_0000, 0x1000_0004) or entry[1] != 4]
        return Run(machine.console_output.decode(), machine.retired, told)


@pytest.fixture(scope="module")
def model() -> Run:
    return run(MODEL)


@pytest.mark.parametrize("name", ALL)
def test_result_and_device_log_are_the_same_on_every_isa(name: str, model: Run) -> None:
    this = run(name)
    assert this.console == model.console
    for number, (here, there) in enumerate(zip(this.log, model.log, strict=False)):
        assert here == there, f"access {number}"
    assert len(this.log) == len(model.log)


@pytest.mark.parametrize("name", ALL)
def test_it_is_neither_too_short_to_measure_nor_too_long_to_wait_for(name: str) -> None:
    assert LEAST <= run(name).retired <= MOST


def test_the_log_has_reads_and_writes_of_every_width_in_every_window(model: Run) -> None:
    assert {(width, written is None) for _, width, written, _ in model.log} == {
        (width, reads) for width in (1, 2, 4) for reads in (False, True)
    }
    assert {address >> 16 for address, *_ in model.log} == {0x1000, 0x1001, 0x1002, 0x1003}
    assert len({written for _, _, written, _ in model.log}) > 20


def test_the_host_computes_the_same(model: Run, tmp_path: Path) -> None:
    """All but the last number, which is the devices'."""
    pytest.importorskip("ziglang", reason="the compiler is missing: pip install '.[test]'")
    (tmp_path / "target.h").write_text(FOR_THE_HOST)
    (tmp_path / "host.c").write_text(HOST_RUNTIME)
    includes = [f"-I{folder}" for folder in (tmp_path, GUESTS / "runtime", GUESTS / "portable")]
    sources = [str(tmp_path / "host.c"), str(GUESTS / "portable" / "workload.c")]
    program = str(tmp_path / "workload")
    options = ["-O1", "-fno-sanitize=all", "-Wno-format", "-DBOARD_BARE", *includes]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *options, *sources, "-o", program], check=True)
    line = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    numbers = re.compile(r"^workload: .*(?=, devices [0-9a-f]+$)", re.MULTILINE)
    ours, hosts = numbers.search(model.console), numbers.search(line)
    assert ours is not None
    assert hosts is not None
    assert ours.group() == hosts.group()
