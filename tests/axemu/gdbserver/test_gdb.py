"""gdb-multiarch itself against `axemu gdb`, by script."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))
from conformance import sessions
from conformance.debuggers import GDB, YES, results
from conformance.sessions import GUESTS

ISAS = ("riscv64", "aarch64", "x86_64")

pytestmark = [
    pytest.mark.skipif(
        not sessions.installed(sessions.GDB),
        reason="gdb-multiarch is not installed (apt-get install gdb-multiarch)",
    ),
    pytest.mark.timeout(300),
]


@contextmanager
def served(guest: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with sessions.served(guest, *options) as server:
        yield server.process, server.port


def gdb(port: int, guest: Path, *commands: str, connect: str = "target remote") -> str:
    return sessions.gdb(port, sessions.program_of(guest), *commands, connect=connect)


@pytest.mark.parametrize("isa", ISAS)
def test_gdb_can_do_every_task(isa) -> None:
    found = results(GDB, isa)
    assert {task: said for task, said in found.items() if said != YES} == {}
    assert len(found) == len(GDB.tasks)


def test_the_console_s_end_is_the_command_s() -> None:
    guest = GUESTS / "riscv64" / "exit-code"
    with served(guest, "--once") as (process, port):
        assert "exited with code 07" in gdb(port, guest, "continue")
        assert process.wait(60) == 0


def test_run_waits_for_gdb_and_ends_with_the_guest() -> None:
    guest = GUESTS / "riscv64" / "exit-code"
    with sessions.served(guest, words=("run", "-S", "--gdb", "tcp::0")) as server:
        said = gdb(server.port, guest, "break main", "continue", "delete", "continue")
        assert "Breakpoint 1, main" in said, said
        assert "exited with code 07" in said, said
        assert server.process.wait(60) == 0


def test_a_guest_that_crashes_stands_at_the_fault() -> None:
    guest = GUESTS / "aarch64" / "crash"
    with served(guest) as (_, port):
        said = gdb(port, guest, "continue", "kill")
        assert "SIGSEGV" in said, said
        assert "third" in said, said


def test_t32_code_is_broken_into_and_stepped() -> None:
    guest = GUESTS / "arm" / "thumb-hello"
    with served(guest) as (_, port):
        said = gdb(
            port, guest, "break main", "continue", "p/x $pc", "stepi", "p/x $pc", "p ($cpsr >> 5) & 1", "kill"
        )
    before, after, mark = (int(each, 0) for each in re.findall(r"\$\d+ = (\w+)", said))
    assert after - before in (2, 4), said
    assert mark == 1, said


def test_every_vcpu_is_a_thread_of_its_own() -> None:
    guest = GUESTS / "riscv64" / "smp"
    with served(guest) as (_, port):
        said = gdb(port, guest, "break secondary", "continue", "thread apply all p $mhartid", "kill")
    assert sorted(re.findall(r"\$\d+ = (\d+)", said)) == ["0", "1", "2", "3"], said


def test_detach_leaves_it_running_and_the_next_client_stops_it() -> None:
    guest = GUESTS / "riscv64" / "spin"
    with served(guest) as (_, port):
        assert "detached" in gdb(port, guest, "detach")
        said = gdb(port, guest, "info registers pc", "monitor when", "detach")
        assert "SIGINT" in said or "instruction" in said, said
