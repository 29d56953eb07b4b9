"""Two boots of Debian's Linux are the same to the last bit, with one hart and with four, also where one of them shares
its processors with a process that takes all it can get."""

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

import pytest

from axemu.examples.linux import initramfs
from axemu.initramfs import packed
from emu.config import BUILT_IN, MachineConfig
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


@pytest.fixture
def boot(debian_guest: Callable[[str], dict[str, Path]], tmp_path: Path) -> Callable[[int, int | None], End]:
    kernel = debian_guest("linux-riscv64")["vmlinux"]
    disk = tmp_path / "initrd.gz"
    disk.write_bytes(packed(initramfs(debian_guest("busybox-riscv64")["busybox"].read_bytes())))

    def run(harts: int, budget: int | None) -> End:
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
            outcome = machine.run(max_insns=budget)
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


def test_a_boot_is_the_same_on_a_busy_host(boot: Callable[[int, int | None], End]) -> None:
    quiet = boot(1, None)
    with busy_host():
        busy = boot(1, None)
    assert quiet.ending is Ending.POWERED_OFF
    assert busy == quiet


def test_the_beginning_of_a_boot_with_four_harts_is_the_same_on_a_busy_host(
    boot: Callable[[int, int | None], End],
) -> None:
    quiet = boot(4, FIRST_PART)
    with busy_host():
        busy = boot(4, FIRST_PART)
    assert quiet.ending is Ending.BUDGET
    assert all(count > 0 for count in quiet.instructions)
    assert busy == quiet


@pytest.mark.long
@pytest.mark.parametrize("harts", [2, 4, 8])
def test_a_whole_boot_with_several_harts_is_the_same_on_a_busy_host(
    harts: int, boot: Callable[[int, int | None], End]
) -> None:
    quiet = boot(harts, None)
    with busy_host():
        busy = boot(harts, None)
    assert quiet.ending is Ending.POWERED_OFF
    assert busy == quiet
