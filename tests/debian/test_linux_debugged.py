"""Debian's Linux under the debugger: its kernel by the names in its own memory, a program of its own by its ELF file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from axemu.initramfs import CONSOLE, character_device, directory, link, packed, program
from emu.config import BUILT_IN, MachineConfig
from emu.debug.debugger import Debugger
from emu.debug.stack.frame import Method
from emu.debug.stop import StopKind
from emu.machine import Machine
from tests.tmux import Tmux

pytestmark = [pytest.mark.debian, pytest.mark.timeout(1200)]
Fetch = Callable[[str], dict[str, Path]]
SOURCE = Path(__file__).with_name("asker.c")
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/ TERM=linux PS1='here # '
/bin/asker
setsid cttyhack sh
poweroff -f
"""


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program's ELF with everything that `-g` puts into it."""
    output = tmp_path_factory.mktemp("asker") / "asker"
    compiler = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        "riscv64-linux-musl",
        "-static",
        "-nostdlib",
    ]
    plain = ["-g", "-O0", "-ffreestanding", "-fno-sanitize=all", "-fno-stack-protector"]
    command = [*compiler, *plain, str(SOURCE), "-o", str(output)]
    subprocess.run(command, check=True, capture_output=True)
    return output


@pytest.fixture
def disk(debian_guest: Fetch, asker: Path, tmp_path: Path) -> Path:
    path = tmp_path / "initrd.gz"
    path.write_bytes(
        packed(
            [
                *map(directory, ("bin", "dev", "tmp")),
                CONSOLE,
                character_device("dev/ttyS0", 4, 64),
                program("init", INIT.encode()),
                program("bin/busybox", debian_guest("busybox-riscv64")["busybox"].read_bytes()),
                link("bin/sh", "busybox"),
                program("bin/asker", asker.read_bytes()),
            ]
        )
    )
    return path


def test_a_program_of_the_guest_s_is_debugged_through_the_kernel_under_it(
    debian_guest: Fetch, disk: Path, asker: Path
) -> None:
    kernel = debian_guest("linux-riscv64")["vmlinux"]
    config = MachineConfig(ram=512 << 20, bios=BUILT_IN, kernel=kernel, initrd=disk, append="earlycon=sbi")
    with Machine(config) as machine, Debugger(machine) as debugger:
        debugger.load_symbols(str(asker))
        debugger.break_at("answer")
        stop = debugger.go(3_000_000_000)
        assert stop.kind is StopKind.BREAKPOINT
        frames = debugger.backtrace()
        assert [frame.symbol.partition("+")[0] for frame in frames[:2]] == ["answer", "main"]
        assert frames[1].method is Method.CFI
        assert int(debugger.evaluate("request->number")) == 7
        assert "/bin/asker" in debugger.show("*request")
        debugger.step_out()
        assert debugger.registers.a0 == 42
        debugger.load_kallsyms()
        debugger.break_at("ksys_write")
        stop = debugger.go(1_000_000_000)
        assert stop.symbol == "ksys_write"
        names = [(frame.symbol or "").partition("+")[0] for frame in debugger.backtrace()]
        assert names[0] == "ksys_write"
        assert "do_trap_ecall_u" in names


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    found = Tmux(tmp_path, columns=120, rows=40)
    try:
        yield found
    finally:
        found("kill-server")


def test_the_tracer_stops_in_the_kernel_and_in_main_and_types_into_the_shell(
    debian_guest: Fetch, disk: Path, asker: Path, tmux: Tmux
) -> None:
    kernel = debian_guest("linux-riscv64")["vmlinux"]
    options = f"-m 512M -kernel {kernel} -initrd {disk} -append 'console=ttyS0 earlycon=sbi'"
    tmux.start("debug", options, "--symbols", "kallsyms", "--symbols", str(asker))
    tmux.command("break start_kernel")
    tmux.keys("c")
    tmux.wait_for("breakpoint 1, at")
    tmux.command("tbreak main")
    tmux.keys("c")
    tmux.wait_for("breakpoint 2, at")
    tmux.command("print request")
    tmux.wait_for("number = ")
    tmux.keys("c", "i")
    tmux.wait_for("was told 42")
    tmux.wait_for("here # ")
    tmux.line("echo typed-$((6*7)); poweroff -f")
    tmux.wait_for("typed-42")
    tmux.wait_for("the guest powered off")
    tmux.keys("C-a", "x", "q")
    tmux.mode_is_as_before()
