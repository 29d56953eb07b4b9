"""Two boots of Debian's Linux are the same to the last bit, with one hart and with four, also where one of them shares
its processors with a process that takes all it can get, or has its calls followed and its processes named."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from axemu.examples.linux import initramfs
from axemu.initramfs import packed
from emu.calls.tree import CallTree
from emu.config import BUILT_IN, MachineConfig
from emu.linux.processes import Processes
from emu.machine import Machine
from emu.outcome import Ending
from emu.recorder import Recorder

pytestmark = [pytest.mark.debian, pytest.mark.timeout(1200)]
BUSY = "import os\nfor _ in range(os.cpu_count() or 1):\n    if os.fork() == 0: break\nwhile True: bytes(1 << 20)\n"
FIRST_PART = 400_000_000  # instructions: all four harts are up, and their threads run


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended: everything that could differ."""

    ending: Ending
    instructions: tuple[int, ...]
    guest_ns: int
    console: str
    state: str


class Boot(Protocol):
    def __call__(self, harts: int, budget: int | None, names: set[str | None] | None = None) -> End:
        """`names`: gets those of the processes."""
        ...


@pytest.fixture
def boot(debian_guest: Callable[[str], dict[str, Path]], tmp_path: Path) -> Boot:
    kernel = debian_guest("linux-riscv64")["vmlinux"]
    disk = tmp_path / "initrd.gz"
    disk.write_bytes(packed(initramfs(debian_guest("busybox-riscv64")["busybox"].read_bytes())))

    def run(harts: int, budget: int | None, names: set[str | None] | None = None) -> End:
        console = Recorder()
        config = MachineConfig(
            smp=harts,
            ram=256 << 20,
            bios=BUILT_IN,
            kernel=kernel,
            initrd=disk,
            append="console=ttyS0 earlycon=sbi batch=yes",
            channel=console,
        )
        with Machine(config) as machine:
            processes = Processes(machine)
            if names is not None:
                machine.count_blocks(calls=True, turned=processes.look)
            outcome = machine.run(max_insns=budget)
            if names is not None:
                calls = machine.block_counts.calls
                assert calls is not None
                tree = CallTree(calls.nodes, machine.isa, machine.symbols, calls.lost, processes.names)
                names.update(root.program for root in tree.roots if root.space)
            return End(
                outcome.ending,
                tuple(vcpu.arch.retired for vcpu in machine.vcpus),
                machine.now_ns,
                hashlib.sha256(bytes(console.output)).hexdigest(),
                machine.state_hash(),
            )

    return run


@contextmanager
def busy_host() -> Iterator[None]:
    """More processes than processors, which compute and take memory and give it back."""
    process = subprocess.Popen([sys.executable, "-c", BUSY], start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_boot_is_the_same_on_a_busy_host(boot: Boot) -> None:
    quiet = boot(1, None)
    names: set[str | None] = set()
    with busy_host():
        busy = boot(1, None, names)
    assert quiet.ending is Ending.POWERED_OFF
    assert busy == quiet
    assert None not in names
    assert {"init", "poweroff"} <= {one for each in names if each is not None for one in each.split(", ")}


def test_the_beginning_of_a_boot_with_four_harts_is_the_same_on_a_busy_host(
    boot: Boot,
) -> None:
    quiet = boot(4, FIRST_PART)
    with busy_host():
        busy = boot(4, FIRST_PART)
    assert quiet.ending is Ending.BUDGET
    assert all(count > 0 for count in quiet.instructions)
    assert busy == quiet


@pytest.mark.long
@pytest.mark.parametrize("harts", [2, 4, 8])
def test_a_whole_boot_with_several_harts_is_the_same_on_a_busy_host(harts: int, boot: Boot) -> None:
    quiet = boot(harts, None)
    with busy_host():
        busy = boot(harts, None)
    assert quiet.ending is Ending.POWERED_OFF
    assert busy == quiet
