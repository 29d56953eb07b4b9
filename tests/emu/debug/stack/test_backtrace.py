"""Call stacks of real guests, against the chain of calls that is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emu.config import MachineConfig
from emu.debug.stack import CallFrames, Frame, Method, backtrace
from emu.loaders import elf
from emu.machine import Machine
from emu.symbols import SymbolTable
from guests.targets import TARGETS
from isa import registry

CHAIN = ["bottom", "leaf", *["recurse"] * 4, "middle", "outer", "main"]
NAMES = (
    *("riscv64", "riscv32", "aarch64", "arm", "arm-thumb", "x86_64", "i386", "mips", "mips64el"),
    *("ppc", "ppc64", "s390x", "m68k", "sparc", "sparc64"),
)
BUILDS = {
    "optimised": ("-O2", "-fomit-frame-pointer"),
    "frame pointers": ("-O2", "-fno-omit-frame-pointer"),
    "unoptimised": ("-O0",),
}


def stack(name: str, program: Path, *, symbols: bool, cfi: bool) -> tuple[list[str], list[Frame], str]:
    """The names of the frames at the breakpoint in the innermost function, by the program's symbols."""
    data = program.read_bytes()
    image = elf.load(program, data)
    offset, thumb = TARGETS[name].offset, int(name == "arm-thumb")

    def is_code(address: int) -> bool:
        return any(
            each.permissions.value & 1 and each.address <= address - offset < each.address + len(each.data)
            for each in image.segments
        )

    with Machine(MachineConfig(isa=image.isa, board="bare", kernel=program)) as machine:
        bottom = machine.symbols.entry("bottom")
        assert bottom is not None
        machine.breakpoints = [bottom & ~thumb]
        machine.run(max_insns=10_000_000)
        vcpu = machine.vcpus[0].arch

        def read(address: int, size: int) -> bytes:
            physical = vcpu.translate(address)
            if physical is None:
                raise ValueError(address)
            return bytes(machine.memory.read(physical, size))

        table = machine.symbols if symbols else SymbolTable()
        frames, why = backtrace(
            machine.isa, vcpu.read_register, read, table, [CallFrames(data)] if cfi else [], code=is_code
        )
        names = [machine.symbols.name((each.pc - bool(each.level)) | thumb) or "" for each in frames]
    return [each.split("+")[0] for each in names], frames, why


@pytest.mark.timeout(300)
@pytest.mark.parametrize("optimisation", ["-O2", "-O0"])
@pytest.mark.parametrize("name", NAMES)
def test_call_frame_information_finds_every_caller(
    name: str, optimisation: str, chain: Callable[..., Path]
) -> None:
    program = chain(name, optimisation, "-g")
    names, frames, why = stack(name, program, symbols=True, cfi=True)
    assert names[: len(CHAIN)] == CHAIN, why
    if not name.startswith("sparc"):
        assert {each.method for each in frames[1 : len(CHAIN)]} == {Method.CFI}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("symbols", [True, False], ids=["symbols", "no symbols"])
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("name", NAMES)
def test_the_code_alone_finds_every_caller(
    name: str, build: str, symbols: bool, chain: Callable[..., Path]
) -> None:
    names, _, why = stack(name, chain(name, *BUILDS[build]), symbols=symbols, cfi=False)
    assert names[: len(CHAIN)] == CHAIN, why


@pytest.mark.parametrize("name", sorted(registry.names()))
@pytest.mark.parametrize("word", [0, 0x1000, 0xFFFF_FFFF, 0x8000_0000])
def test_hostile_memory_ends_the_stack(name: str, word: int) -> None:
    isa = registry.find(name)
    data = word.to_bytes(4, "big") * 1024
    frames, why = backtrace(isa, lambda _: word, lambda _, size: data[:size], SymbolTable(), limit=16)
    assert 1 <= len(frames) <= 16
    assert why


def test_damaged_information_gives_nothing() -> None:
    for data in (b"", b"\x7fELF", b"\x7fELF" + bytes(range(256)) * 8):
        assert CallFrames(data).rules(0x1000) is None
    assert CallFrames(Path("/nowhere/at/all")).rules(0) is None
