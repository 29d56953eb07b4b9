"""m68k's descriptor against Capstone, GDB, the engine's models, and what its own instructions do there."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import capstone
import pytest

import isa
from emu.config import MachineConfig
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending
from emu.recorder import Recorder
from isa.contract import Role
from isa.gdb import gdb_registers, target_description
from isa.m68k.flags import condition_codes
from tests.isa.m68k.conftest import CODE, Build, read

M68K = isa.find("m68k")
GUESTS = Path(__file__).resolve().parents[3] / "guests"
MODELS = [model.name for model in M68K.engine.cpu_models]
GDB = shutil.which("gdb-multiarch")


def test_register_names_are_capstone_s() -> None:
    decoder = capstone.Cs(capstone.CS_ARCH_M68K, capstone.CS_MODE_BIG_ENDIAN)
    known = {decoder.reg_name(number) for number in range(1, 60)}
    ours = {
        row.name
        for row in M68K.registers
        if row.role in (Role.GENERAL, Role.SP, Role.FP) and row.group != "emac"
    }
    assert ours - known == set()
    control = {row.name for row in M68K.registers if row.group == "control"}
    others = {"pc", "sr", "ccr", "fpcr", "fpsr", "fpiar", "crp", "psr", "pcsr", "val", "caar"}
    assert {name for name in known if name} - ours - control <= others


def test_every_model_runs_a_guest() -> None:
    for model in MODELS:
        name = "hello-68000" if model.startswith("m680") else "hello-coldfire"
        guest = load_guest(GUESTS / "m68k" / name)
        channel = Recorder(b"")
        with Machine(MachineConfig(isa="m68k", board="bare", cpu=model, channel=channel)) as machine:
            machine.load(guest.elf)
            outcome = machine.run(max_insns=100_000)
            assert (outcome.ending, outcome.code) == (Ending.POWERED_OFF, 0), model


@pytest.mark.parametrize("model", ["m68000", "m68040", "m68060", "cfv4e"])
def test_every_register_holds_what_is_written(build: Build, model: str) -> None:
    machine, chance = build("4e71", model), random.Random(model)
    arch = machine.vcpus[0].arch
    written: dict[str, int] = {}
    for row in M68K.registers:
        value = chance.getrandbits(row.bits)
        if row.role is Role.FP:
            value &= ~(0xFFFF << 64)  # the bits of nothing
        if row.name != "sr":
            arch.write_register(row.name, value)
            written[row.name] = value
    banked = ("a7", "usp", "msp", "isp")
    assert {name: arch.read_register(name) for name in written if name not in banked} == {
        name: value for name, value in written.items() if name not in banked
    }
    for status in (0x2700, 0x001F, 0xA015, 0x3004, 0x2719):
        arch.write_register("sr", status)
        assert arch.read_register("sr") == status


def test_a7_is_the_stack_pointer_of_the_mode(build: Build) -> None:
    arch = build("4e71").vcpus[0].arch
    for status, value in ((0x2000, 0x100), (0x3000, 0x200), (0x0000, 0x300)):
        arch.write_register("sr", status)
        arch.write_register("a7", value)
    assert [arch.read_register(name) for name in ("isp", "msp", "usp", "a7")] == [0x100, 0x200, 0x300, 0x300]
    arch.write_register("isp", 0x400)
    arch.write_register("usp", 0x500)
    assert arch.read_register("a7") == 0x500
    arch.write_register("sr", 0x2000)
    assert arch.read_register("a7") == 0x400


def test_floating_point_registers_are_what_fmovem_stores(build: Build) -> None:
    machine = build("203c 00000003 f200 4000 f23c 4422 3fc00000 f210 f080", a0=0x6000)  # fp0 = 3 + 1.5
    machine.run(max_insns=4)
    image = machine.memory.read(0x6000, 12)
    assert int.from_bytes(image, "big") == read(machine, "fp0")[0]
    assert image.hex() == "400100009000000000000000"
    assert read(machine, "fp7")[0] == 0x7FFF << 80 | (1 << 64) - 1


def test_fpcr_written_from_outside_rounds_as_when_the_guest_writes_it(build: Build) -> None:
    """1 / 3 in fp0, to all modes and precisions."""
    code = "f23c 4400 3f800000 f23c 4420 40400000"  # fmove.s #1, fp0; fdiv.s #3, fp0
    for fpcr in range(0, 0xC0, 0x10):
        ours = build(code)
        ours.vcpus[0].arch.write_register("fpcr", fpcr)
        ours.run(max_insns=2)
        guest = build(f"203c 0000{fpcr:04x} f200 9000 {code}")
        guest.run(max_insns=4)
        assert read(ours, "fp0", "fpcr") == read(guest, "fp0", "fpcr"), hex(fpcr)


ARITHMETIC = ("d041", "9041", "d001", "9001", "d081", "9081", "b041", "b001", "b081", "c081", "8041", "b141",
              "e348", "e248", "e340", "4440", "4240",
              "d181", "9181", "c0c1", "4840", "4a00", "0801 0003", "8001")  # fmt: skip


def test_sr_is_what_the_guest_reads_after_any_arithmetic(build: Build) -> None:
    """The flags as the engine leaves them, computed by us, and by the guest's own move sr, d7."""
    chance = random.Random(68)
    for operation in ARITHMETIC:
        for _ in range(6):
            registers = {"d0": chance.choice((0, 1, 0x7F, 0x80, 0x8000, 0x7FFFFFFF, chance.getrandbits(32))),
                         "d1": chance.choice((0, 1, 0xFF, 0x8000, 0x80000000, chance.getrandbits(32)))}  # fmt: skip
            machine = build(f"{operation} 40c7 60fe", sr=0x2700 | chance.randrange(32), **registers)
            machine.run(max_insns=1)
            ours = read(machine, "sr")[0]
            machine.run(max_insns=1)
            assert read(machine, "d7")[0] & 0xFFFF == ours, (operation, registers)


def test_flags_compiled_are_flags_plain() -> None:
    compiled = pytest.importorskip("isa.m68k.words").condition_codes
    chance = random.Random(1)
    for operation in range(12):
        for _ in range(200):
            words = [chance.choice((0, 1, 0x80, 0x8000, 1 << 31, chance.getrandbits(32))) for _ in range(5)]
            words[0] &= 1
            assert compiled(operation, *words) == condition_codes(operation, *words)


@pytest.mark.skipif(GDB is None, reason="gdb-multiarch is not installed")
def test_gdb_takes_the_description_with_these_numbers(tmp_path: Path) -> None:
    description = tmp_path / "target.xml"
    description.write_text(target_description(M68K))
    done = subprocess.run(
        [str(GDB), "-nx", "-batch", "-ex", f"set tdesc filename {description}", "-ex", "show architecture",
         "-ex", "maint print remote-registers"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert 'currently "m68k"' in done.stdout
    assert "warning" not in (done.stdout + done.stderr).lower()
    lines = {words[0]: words for line in done.stdout.splitlines() if len(words := line.split()) >= 7}
    assert M68K.gdb is not None
    names = dict(M68K.gdb.names)
    assert len(gdb_registers(M68K)) == 29
    for row in gdb_registers(M68K):
        line = lines[names.get(row.name, row.name)]
        assert int(line[-2]) == row.gdb, row.name
        assert int(line[4]) * 8 == row.bits, row.name


def test_what_is_at_the_reset_address(build: Build) -> None:
    assert read(build("4e71", a7=0), "sr", "pc", "vbr") == [0x2700, CODE, 0]
