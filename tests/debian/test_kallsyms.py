"""The symbols of Debian's kernel, which comes without a file that has them, are read from the memory of its guest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emu.config import BUILT_IN, MachineConfig
from emu.debug.debugger import Debugger
from emu.debug.stop import StopKind
from emu.machine import Machine

pytestmark = [pytest.mark.debian, pytest.mark.timeout(600)]
MOST = 60_000_000


def test_breakpoints_by_name_stop_the_kernel_where_it_boots(
    debian_guest: Callable[[str], dict[str, Path]],
) -> None:
    kernel = debian_guest("linux-riscv64")["vmlinux"]
    config = MachineConfig(ram=512 << 20, bios=BUILT_IN, kernel=kernel, append="earlycon=sbi")
    with Machine(config) as machine, Debugger(machine) as debugger:
        table = debugger.load_kallsyms()
        assert len(table) > 50_000
        for name in ("start_kernel", "schedule", "_start", "_end", "jiffies", "linux_banner"):
            assert table.address(name), name
        debugger.break_at("start_kernel")
        stop = debugger.go(MOST)
        assert (stop.kind, stop.pc) == (StopKind.BREAKPOINT, table.address("start_kernel"))
        banner = table.address("linux_banner")
        assert banner is not None
        assert debugger.memory.text(banner).startswith(b"Linux version 6.")
        debugger.break_at("schedule")
        stop = debugger.go(10 * MOST)
        assert (stop.kind, stop.pc) == (StopKind.BREAKPOINT, table.address("schedule"))
        again = debugger.load_kallsyms()
        assert {each.name: each.address for each in again} == {each.name: each.address for each in table}
