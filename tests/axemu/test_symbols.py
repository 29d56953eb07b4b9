"""--symbols gives a debugger the names of files, in order, and of a kernel in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from axemu.symbols import apply_symbols
from emu.debug.debugger import Debugger
from emu.debug.errors import NotPossible
from emu.debug.stop import StopKind
from emu.errors import LoadError
from emu.guest import load_guest
from emu.machine import Machine

GUESTS = Path(__file__).resolve().parents[2] / "guests"
HELLO = GUESTS / "riscv64" / "hello" / "hello.elf"


def test_files_bring_names_lines_and_call_frames(tmp_path: Path) -> None:
    names = tmp_path / "System.map"
    names.write_text("0000000000001000 T from_the_map\n")
    with Machine(load_guest(GUESTS / "riscv64" / "hello").config()) as machine, Debugger(machine) as debugger:
        main = debugger.symbols.find("main")
        assert main is not None
        files, unwinders = len(debugger.info), len(debugger.unwinders)
        apply_symbols(debugger, [str(names), f"{HELLO}@0x1000_0000"])
        assert debugger.symbols.name(0x1000) == "from_the_map"
        assert debugger.symbols.name(main.address + 0x1000_0000) == "main"
        assert debugger.symbols.find("main") == main, "the guest's own name comes first"
        assert (len(debugger.info), len(debugger.unwinders)) == (files + 1, unwinders + 1)
        function = debugger.info.function(main.address + 0x1000_0000)
        assert function is None or function.name == "main"
        debugger.break_at("main")
        assert debugger.go(1_000_000).kind is StopKind.BREAKPOINT


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with Machine(load_guest(GUESTS / "riscv64" / "hello").config()) as machine, Debugger(machine) as debugger:
        with pytest.raises(NotPossible, match="CONFIG_KALLSYMS"):
            apply_symbols(debugger, ["kallsyms"])
        with pytest.raises(LoadError, match="no such file"):
            apply_symbols(debugger, [str(tmp_path / "vmlinux")])
