"""Instructions that the engine lacks: each against what its specification says, on random and on awkward words."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest

from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from isa import registry
from isa.extension import Extension
from isa.riscv.extensions import ZBA, ZBB, ZBC, ZBS, ZICOND

EXTENSIONS = (ZBA, ZBB, ZBC, ZBS, ZICOND)
RAM = 0x8000_0000
A0, A1, A2 = 10, 11, 12
WORDS = (
    0,
    1,
    0x80,
    0x8000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 63,
    (1 << 64) - 1,
    0x0001_0200_0040_8001,
)


def sign(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def rotate(value: int, by: int, bits: int) -> int:
    value, by = value & (1 << bits) - 1, by % bits
    return value >> by | value << bits - by


def carryless(a: int, b: int) -> int:
    value = 0
    for i in range(64):
        if b >> i & 1:
            value ^= a << i
    return value


REFERENCE: dict[str, Callable[[int, int, int], int]] = {
    "add.uw": lambda a, b, n: a % 2**32 + b,
    **{f"sh{k}add": lambda a, b, n, k=k: (a << k) + b for k in (1, 2, 3)},
    **{f"sh{k}add.uw": lambda a, b, n, k=k: (a % 2**32 << k) + b for k in (1, 2, 3)},
    "slli.uw": lambda a, b, n: a % 2**32 << b,
    "andn": lambda a, b, n: a & ~b,
    "orn": lambda a, b, n: a | ~b,
    "xnor": lambda a, b, n: ~(a ^ b),
    "clz": lambda a, b, n: n - a.bit_length(),
    "clzw": lambda a, b, n: 32 - (a % 2**32).bit_length(),
    "ctz": lambda a, b, n: (a & -a).bit_length() - 1 if a else n,
    "ctzw": lambda a, b, n: (a & -a).bit_length() - 1 if a % 2**32 else 32,
    "cpop": lambda a, b, n: a.bit_count(),
    "cpopw": lambda a, b, n: (a % 2**32).bit_count(),
    "max": lambda a, b, n: max(sign(a, n), sign(b, n)),
    "maxu": lambda a, b, n: max(a, b),
    "min": lambda a, b, n: min(sign(a, n), sign(b, n)),
    "minu": lambda a, b, n: min(a, b),
    "sext.b": lambda a, b, n: sign(a, 8),
    "sext.h": lambda a, b, n: sign(a, 16),
    "zext.h": lambda a, b, n: a % 2**16,
    "rol": lambda a, b, n: rotate(a, -b, n),
    "rolw": lambda a, b, n: sign(rotate(a, -b, 32), 32),
    "ror": rotate,
    "rorw": lambda a, b, n: sign(rotate(a, b, 32), 32),
    "rori": rotate,
    "roriw": lambda a, b, n: sign(rotate(a, b, 32), 32),
    "orc.b": lambda a, b, n: int.from_bytes(
        bytes(255 if each else 0 for each in a.to_bytes(8, "big")), "big"
    ),
    "rev8": lambda a, b, n: int.from_bytes(a.to_bytes(n // 8, "little"), "big"),
    "clmul": lambda a, b, n: carryless(a, b),
    "clmulh": lambda a, b, n: carryless(a, b) >> n,
    "clmulr": lambda a, b, n: carryless(a, b) >> n - 1,
    "bclr": lambda a, b, n: a & ~(1 << b % n),
    "bext": lambda a, b, n: a >> b % n & 1,
    "binv": lambda a, b, n: a ^ 1 << b % n,
    "bset": lambda a, b, n: a | 1 << b % n,
    "czero.eqz": lambda a, b, n: a if b else 0,
    "czero.nez": lambda a, b, n: 0 if b else a,
}
for each in ("bclr", "bext", "binv", "bset"):
    REFERENCE[f"{each}i"] = REFERENCE[each]


def run(extension: Extension, isa: str, instruction: int, pairs: list[tuple[int, int]]) -> list[int]:
    """What the instruction leaves in a0 for each (a1, a2)."""
    code = struct.pack("<II", instruction, 0x0000_006F)  # and a jump to itself
    found = []
    with Machine(MachineConfig(isa=isa, board="bare", cpu=f"{default(isa)},{extension.name}=on")) as machine:
        machine.memory.write(RAM, code)
        vcpu = machine.vcpus[0]
        for a, b in pairs:
            machine.settle()
            vcpu.arch.write_register("pc", RAM)
            vcpu.write_register("a1", a)
            vcpu.write_register("a2", b)
            before = machine.retired
            assert machine.run(max_insns=1).ending is Ending.BUDGET
            assert machine.retired == before + 1
            assert vcpu.arch.pc == RAM + 4
            found.append(vcpu.read_register("a0"))
    return found


def default(isa: str) -> str:
    return registry.cpu_model(registry.find(isa), None).name


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
@pytest.mark.parametrize("extension", EXTENSIONS, ids=lambda each: each.name)
def test_every_instruction_does_what_its_specification_says(extension: Extension, isa: str) -> None:
    bits, chance = int(isa[5:]), random.Random(extension.name)
    mask = (1 << bits) - 1
    for row in extension.instructions:
        if row.bits not in (None, bits):
            continue
        pairs = [(a & mask, b & mask) for a in WORDS for b in chance.sample(WORDS, 2)]
        pairs += [(chance.getrandbits(bits), chance.getrandbits(bits)) for _ in range(10)]
        word = row.match | A0 << 7 | A1 << 15
        if row.name.endswith(("i", "iw", "slli.uw")):
            by = chance.randrange(32 if row.mask & 1 << 25 else bits)
            word, pairs = word | by << 20, [(a, by) for a, _ in pairs]
        elif row.mask & 31 << 20 == 0:
            word |= A2 << 20
        expected = [REFERENCE[row.name](a, b, bits) & mask for a, b in pairs]
        assert run(extension, isa, word, pairs) == expected, row.name


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
def test_every_instruction_is_illegal_on_a_cpu_without_it(isa: str) -> None:
    rows = [row for extension in EXTENSIONS for row in extension.instructions]
    with Machine(MachineConfig(isa=isa, board="bare")) as machine:
        for pc, row in enumerate((row for row in rows if row.bits in (None, int(isa[5:]))), RAM // 4):
            machine.memory.write(4 * pc, struct.pack("<I", row.match))
            machine.settle()
            machine.vcpus[0].arch.write_register("pc", 4 * pc)
            outcome = machine.run(max_insns=10)
            assert outcome.ending is Ending.CRASHED and "illegal instruction" in outcome.text, row.name


def test_nothing_is_written_to_the_zero_register() -> None:
    with Machine(MachineConfig(isa="riscv64", board="bare", cpu="sifive-u54,zbs=on")) as machine:
        machine.memory.write(RAM, struct.pack("<II", 0x28001013, 0x6F))  # bseti zero, zero, 0
        assert machine.run(max_insns=5).ending is Ending.BUDGET
        assert machine.vcpus[0].read_register("zero") == 0


def test_a_program_of_them_counts_and_stops_exactly() -> None:
    """One to forty instructions of a mix of known and emulated ones: the count, the pc and the sum are exact."""
    code = struct.pack("<II", 0x20A5_2533, 0x0015_0513) * 20  # sh1add a0, a0, a0... and addi a0, a0, 1
    expected, a0 = [], 1
    for i in range(40):
        a0 = (a0 << 1) + a0 if i % 2 == 0 else a0 + 1
        expected.append(a0 % 2**64)
    for count in range(1, 41):
        with Machine(MachineConfig(isa="riscv64", board="bare", cpu="sifive-u54,zba=on")) as machine:
            machine.memory.write(RAM, code + struct.pack("<I", 0x6F))
            machine.settle()
            machine.vcpus[0].write_register("a0", 1)
            machine.run(max_insns=count)
            assert (machine.retired, machine.vcpus[0].arch.pc) == (count, RAM + 4 * count)
            assert machine.vcpus[0].read_register("a0") == expected[count - 1]


def test_models_have_their_extensions_and_properties_change_them() -> None:
    isa = registry.find("riscv64")
    assert registry.cpu_model(isa, "rv64").extensions == ("zba", "zbb", "zbc", "zbs")
    assert registry.cpu_model(isa, "rv64,zbb=off").extensions == ("zba", "zbc", "zbs")
    assert registry.cpu_model(isa, "RV64,zba=on").name == "rv64"
    assert registry.cpu_model(isa, "sifive-u54,zicond=true,zba").name == "sifive-u54,zba=on,zicond=on"


@pytest.mark.parametrize("given", ["zbx=on", "zba=maybe", "", "=on"])
def test_a_property_that_is_none_names_what_there_is(given: str) -> None:
    with pytest.raises(registry.UnknownExtension, match="zba, zbb, zbc, zbs, zicond"):
        registry.cpu_model(registry.find("riscv64"), f"sifive-u54,{given}")
