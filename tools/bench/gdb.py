"""The numbers of the GDB server: a `stepi` of gdb-multiarch, and a question of a bare client."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

from bench.guests import ROOT
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from conformance.sessions import GDB, gdb, installed, program_of, served

ISAS = ("riscv64", "aarch64", "x86_64")
STEPS = 300
STEPI = 5.0  # milliseconds that a person does not notice
_TIMED = re.compile(r"seconds (\S+)")


def gdb_numbers(steps: int) -> tuple[Number, ...]:
    """A row for each instruction set, where gdb-multiarch is installed."""
    if not installed(GDB):
        return ()
    return tuple(
        Number(
            f"gdb-stepi-{isa}",
            f"`stepi` of gdb-multiarch against `axemu gdb`, {isa}; beside it one question of a bare client",
            "ms",
            (Limit(STEPI),),
            (
                Task(AXEMU, "gdb:stepi", (str(ROOT / "guests" / isa / "debuggee"), str(steps))),
                Task("one packet", "gdb:packet", (str(ROOT / "guests" / isa / "debuggee"), str(steps))),
            ),
        )
        for isa in ISAS
    )


def stepi(guest: Path, count: int) -> float:
    """Milliseconds of a `stepi` from the command to its answer, gdb's own work included."""
    with served(guest, "--once") as server:
        said = gdb(
            server.port,
            program_of(guest),
            "break scaled",
            "continue",
            "python gdb.execute('stepi', to_string=True)",
            "python import time; begin = time.perf_counter()",
            f"python for _ in range({count}): gdb.execute('stepi', to_string=True)",
            "python print('seconds', time.perf_counter() - begin)",
            "kill",
        )
    found = _TIMED.search(said)
    if found is None:
        raise RuntimeError(f"gdb has not stepped:\n{said}")
    return float(found[1]) / count * 1e3


def packet(guest: Path, count: int) -> float:
    """Milliseconds of a read of four bytes, from the request to the answer."""
    with served(guest, "--once") as server, socket.create_connection(("127.0.0.1", server.port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for text in (b"QStartNoAckMode", b"?"):
            _ask(link, text)
        begin = time.perf_counter()
        for _ in range(count):
            _ask(link, b"m0,4")
        return (time.perf_counter() - begin) / count * 1e3


def _ask(link: socket.socket, data: bytes) -> bytes:
    link.sendall(b"$%b#%02x" % (data, sum(data) & 0xFF))
    got = b""
    while b"#" not in got[:-2]:
        got += link.recv(65536)
    return got
