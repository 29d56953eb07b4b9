"""OpenSBI 1.1 and U-Boot 2023.01, unmodified, from Debian's packages, come up under `axemu run`.

What is expected is what QEMU 7.2's `virt` prints with the same files; QEMU, where installed, is held to it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.debian, pytest.mark.timeout(1200)]
LONGEST = 180.0  # seconds: a download, or native code's first compilation, is among what is waited for

# The UART's receiver is reset while the firmware starts: what came before is lost. Empty lines may be:
# any key stops autoboot, and an empty line at the prompt prints only another prompt.
SCRIPT = b"\n" * 64 + b"version\nbdinfo\npoweroff\n"
CONSOLE = (
    r"OpenSBI v1\.1\r\n",
    r"Platform Name             : riscv-virtio,qemu\r\n",
    r"Platform HART Count       : 1\r\n",
    r"Platform IPI Device       : aclint-mswi\r\n",
    r"Platform Timer Device     : aclint-mtimer @ 10000000Hz\r\n",
    r"Platform Console Device   : uart8250\r\n",
    r"Platform Shutdown Device  : sifive_test\r\n",
    r"Domain0 Next Address      : 0x0000000080200000\r\n",
    r"Boot HART PMP Count       : 16\r\n",
    r"Boot HART MIDELEG         : 0x0000000000000222\r\n",
    r"Boot HART MEDELEG         : 0x000000000000b109\r\n",
    r"U-Boot 2023\.01\+dfsg-2\+deb12u3 ",
    r"Model: riscv-virtio,qemu\r\n",
    r"DRAM:  128 MiB\r\n",
    r"Flash: 32 MiB\r\n",
    r"In:    serial@10000000\r\n",
    r"Hit any key to stop autoboot:",
    r"=> version\r\nU-Boot 2023\.01\+dfsg-2\+deb12u3 .*\r\n\r\nriscv64-linux-gnu-gcc .*12\.2\.0\r\n",
    r"=> bdinfo\r\nboot_params = 0x0000000000000000\r\n",
    r"-> start    = 0x0000000080000000\r\n-> size     = 0x0000000008000000\r\n",
    r"flashstart  = 0x0000000020000000\r\nflashsize   = 0x0000000002000000\r\n",
    r"relocaddr   = 0x0000000087f57000\r\n",
    r"Build       = 64-bit\r\n",
    r" memory\[0\]\t\[0x80000000-0x87ffffff\], 0x08000000 bytes flags: 0\r\n",
    r" reserved\[0\]\t\[0x80000000-0x8007ffff\], 0x00080000 bytes flags: 0\r\n",
    r"devicetree  = board\r\n",
    r"=> poweroff\r\npoweroff \.\.\.\r\n",
)


def expect_console(console: str) -> None:
    """Every pattern in order; the first that is missing is named with what came instead."""
    position = 0
    for pattern in CONSOLE:
        match = re.compile(pattern).search(console, position)
        assert match is not None, (
            f"expected {pattern!r} after:\n{console[:position][-400:]}\nin:\n{console[position:]}"
        )
        position = match.end()


def firmware(opensbi: dict[str, Path], u_boot: dict[str, Path]) -> list[str]:
    return ["-m", "128", "-bios", str(opensbi["fw_jump.bin"]), "-kernel", str(u_boot["smode.bin"])]


def axemu(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "axemu", "run", *arguments]


@pytest.mark.skipif(
    shutil.which("qemu-system-riscv64") is None, reason="qemu-system-riscv64 is not installed"
)
def test_qemu_prints_what_is_expected_here(opensbi: dict[str, Path], u_boot: dict[str, Path]) -> None:
    command = ["qemu-system-riscv64", "-M", "virt", "-cpu", "sifive-u54", "-nographic"]
    run = subprocess.run(
        [*command, *firmware(opensbi, u_boot)],
        input=SCRIPT,
        capture_output=True,
        check=False,
        timeout=LONGEST,
    )
    assert run.returncode == 0, run.stderr.decode()
    expect_console(run.stdout.decode())


@pytest.mark.parametrize("controlling", [True, False], ids=["of its session", "borrowed"])
def test_opensbi_and_u_boot_answer_typed_lines_on_a_terminal(
    controlling: bool,
    opensbi: dict[str, Path],
    u_boot: dict[str, Path],
    on_terminal: Callable[..., Any],
) -> None:
    terminal = on_terminal("run", *firmware(opensbi, u_boot), controlling=controlling)
    terminal.wait_for(b"stop autoboot:")
    terminal.type(b"\r")
    for line in (b"version", b"bdinfo", b"poweroff"):
        terminal.wait_for(b"=> ")
        terminal.type(line + b"\r")
    terminal.wait_for(b"poweroff ...")
    assert terminal.wait() == 0, terminal.text
    expect_console(terminal.text)


def test_a_piped_script_is_answered_and_ends_with_exit_code_0(
    opensbi: dict[str, Path], u_boot: dict[str, Path]
) -> None:
    run = subprocess.run(
        axemu(*firmware(opensbi, u_boot)), input=SCRIPT, capture_output=True, check=False, timeout=LONGEST
    )
    assert run.returncode == 0, run.stderr.decode()
    expect_console(run.stdout.decode())


def test_the_same_input_file_gives_the_same_console_and_the_same_instruction_count(
    opensbi: dict[str, Path], u_boot: dict[str, Path], tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_bytes(SCRIPT)
    runs = []
    for number in range(2):
        report = tmp_path / f"{number}.json"
        command = axemu(*firmware(opensbi, u_boot), "--input", str(script), "--json", str(report))
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST
        )
        assert run.returncode == 0, run.stderr.decode()
        runs.append((run.stdout, json.loads(report.read_text())))
    (first, first_report), (second, second_report) = runs
    expect_console(first.decode())
    assert first == second
    assert first_report["instructions"] == second_report["instructions"] > 1_000_000
