"""SPARC's registers of callers are read where a flush of the windows would store them."""

from __future__ import annotations

from pathlib import Path

import pytest

from axemu.gdbserver.target import Target
from emu.config import MachineConfig
from emu.debug.debugger import Debugger
from emu.machine import Machine

GUESTS = Path(__file__).resolve().parents[3] / "guests"
BIAS = {"sparc": 0, "sparc64": 2047}


@pytest.mark.parametrize("isa", BIAS)
def test_the_stack_shows_the_windows_and_memory_stays_as_it_is(isa) -> None:
    kernel = GUESTS / isa / "debuggee" / "debuggee.elf"
    with (
        Machine(MachineConfig(isa=isa, board="bare", kernel=kernel)) as machine,
        Debugger(machine) as debugger,
    ):
        debugger.break_at("cross")
        debugger.go()
        target, word = Target(debugger), machine.isa.bits // 8
        names = []
        stack = debugger.registers["fp"]
        for _ in range(2):
            at = (
                stack + BIAS[isa] + 14 * word
            )  # behind 8 locals and 6 ins: the frame pointer, the return address
            shown = target.read(at, 2 * word)
            assert shown != debugger.memory.read(at, 2 * word)
            stack, link = (int.from_bytes(shown[:word], "big"), int.from_bytes(shown[word:], "big"))
            names.append((debugger.symbols.name(link) or "").partition("+")[0])
        assert names == ["scaled", "main"]
