"""What a machine does while every vCPU waits."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from emu.outcome import Ending

SLEEP = """
 la t0, 9f
 csrw mtvec, t0
 li t0, 0x80
 csrw mie, t0
 csrsi mstatus, 8
 li s0, 0x10020000
 li t1, {delay}
 sd t1, 8(s0)
1: wfi
 beqz s1, 1b
 li t6, 0x10010000
 sw zero, 0(t6)
 .align 2
9: li s1, 1
 ld s2, 0(s0)
 sw s1, 16(s0)
 mret
"""


class Line:
    """A live line: bytes come when the test says."""

    live = True

    def __init__(self) -> None:
        self.waiting = b""
        self.arrived: Any = None

    def read(self, limit: int) -> bytes:
        data, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return data

    def write(self, data: bytes) -> None: ...

    def subscribe(self, arrived: Any) -> None:
        self.arrived = arrived


@pytest.mark.parametrize("shift", [0, 4])
def test_time_skips_to_the_next_alarm_and_costs_no_host_time(assembled: Any, shift: int) -> None:
    hour = 3600 * 10**9
    machine = assembled(SLEEP.format(delay=hour), shift=shift)
    begun = time.monotonic()
    assert machine.run(timeout=60).ending is Ending.POWERED_OFF
    assert time.monotonic() - begun < 20
    assert hour <= machine.vcpus[0].read_register("s2") < hour + 2000
    assert machine.retired < 60


def test_the_alarm_fires_at_the_same_instruction_in_every_run(assembled: Any) -> None:
    text = SLEEP.format(delay=5003).replace("wfi", "nop")
    hashes = set()
    for _ in range(3):
        machine = assembled(text)
        machine.run(timeout=60)
        hashes.add((machine.retired, machine.vcpus[0].read_register("s2"), machine.state_hash()))
    assert len(hashes) == 1


def test_the_host_s_clock_waits_the_host_s_time(assembled: Any) -> None:
    machine = assembled(SLEEP.format(delay=200_000_000), clock="host")
    begun = time.monotonic()
    assert machine.run(timeout=60).ending is Ending.POWERED_OFF
    assert 0.2 <= time.monotonic() - begun < 20
    assert machine.vcpus[0].read_register("s2") >= 200_000_000


def test_the_host_s_clock_interrupts_a_guest_that_spins(assembled: Any) -> None:
    machine = assembled(SLEEP.format(delay=50_000_000).replace("wfi", "nop"), clock="host")
    assert machine.run(timeout=60).ending is Ending.POWERED_OFF
    assert machine.vcpus[0].read_register("s2") >= 50_000_000


def test_a_guest_that_waits_for_live_input_sleeps_until_it_comes(assembled: Any) -> None:
    line = Line()
    text = (
        "li t0, 0x800\ncsrw mie, t0\nli s0, 0x10000000\nli t1, 1\nsw t1, 8(s0)\nwfi\n"
        "lw a0, 0(s0)\nli t6, 0x10010000\nsw a0, 0(t6)"
    )
    machine = assembled(text, channel=line)

    def type_a_key() -> None:
        line.waiting = b"K"
        line.arrived()

    timer = threading.Timer(0.1, type_a_key)
    timer.start()
    assert machine.run(timeout=60).code == ord("K")


@pytest.mark.parametrize("live", [True, False])
def test_a_stop_ends_a_wait(assembled: Any, live: bool) -> None:
    """With the host's clock and an alarm far away, or with live input that does not come."""
    options = {"channel": Line()} if live else {"clock": "host"}
    machine = assembled(SLEEP.format(delay=3600 * 10**9), **options)
    threading.Timer(0.1, machine.stop).start()
    begun = time.monotonic()
    assert machine.run(timeout=60).ending is Ending.INTERRUPTED
    assert time.monotonic() - begun < 30
    assert machine.run(timeout=0.1).ending is Ending.TIMEOUT
