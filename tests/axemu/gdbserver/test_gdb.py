"""gdb-multiarch itself against `axemu gdb`, by script."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

GDB = shutil.which("gdb-multiarch")
GUESTS = Path(__file__).resolve().parents[3] / "guests"
ISAS = ("riscv64", "aarch64", "x86_64")

pytestmark = [
    pytest.mark.skipif(GDB is None, reason="gdb-multiarch is not installed (apt-get install gdb-multiarch)"),
    pytest.mark.timeout(300),
]


@contextmanager
def served(guest: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "axemu", "gdb", str(guest), "--port", "0", *options]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                found = re.search(r"GDB server at 127\.0\.0\.1:(\d+)", line)
                if found is not None:
                    break
            else:
                pytest.fail("no server")
            yield process, f"127.0.0.1:{found[1]}"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def gdb(place: str, guest: Path, *commands: str, connect: str = "target remote") -> str:
    assert GDB is not None
    arguments = [GDB, "-batch", "-nx", "-ex", "set confirm off", str(guest / f"{guest.name}.elf")]
    for each in (f"{connect} {place}", *commands):
        arguments += ["-ex", each]
    ran = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("isa", ISAS)
def test_break_step_finish_backtrace_and_the_end(isa) -> None:
    guest = GUESTS / isa / "hello"
    with served(guest, "--once") as (process, place):
        said = gdb(
            place,
            guest,
            "break print",
            "continue",
            "backtrace",
            "stepi",
            "p $pc",
            "next",
            "finish",
            "continue",
        )
        assert "Breakpoint 1, print" in said, said
        assert re.search(r"#1 .* in main ", said), said
        assert "exited normally" in said, said
        assert process.wait(60) == 0


@pytest.mark.parametrize("isa", ISAS)
def test_load_restart_kill_and_monitor(isa) -> None:
    guest = GUESTS / isa / "hello"
    with served(guest) as (_, place):
        said = gdb(
            place, guest, "load", "break main", "run", "p/x $pc", "monitor when", "kill", "run", "info threads",
            connect="target extended-remote",
        )  # fmt: skip
        assert said.count("Breakpoint 1, main") == 2, said
        assert "Transfer rate" in said, said
        assert "instruction" in said, said


@pytest.mark.parametrize("isa", ISAS)
def test_detach_leaves_it_running_and_the_next_client_stops_it(isa) -> None:
    guest = GUESTS / isa / "spin"
    with served(guest) as (_, place):
        assert "detached" in gdb(place, guest, "detach")
        said = gdb(place, guest, "info registers pc", "monitor when", "detach")
        assert "SIGINT" in said or "instruction" in said, said


@pytest.mark.parametrize("isa", ISAS)
def test_a_variable_is_watched(isa) -> None:
    guest = GUESTS / isa / "hello"
    with served(guest) as (_, place):
        said = gdb(place, guest, "break main", "continue", "watch *(int *)$sp", "continue")
        assert "atchpoint 2" in said, said
