"""State by name: what a guest reads is what we read, on every model, in every window, and in another engine."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import isa
from emu.machine import Machine
from isa.contract import Isa, Register
from isa.sparc.codes import C, N, V, Z, codes

from .conftest import CODE

Build = Callable[..., Machine]
BOTH = pytest.mark.parametrize("name", ["sparc", "sparc64"])
MODELS = [(name, model.name) for name in ("sparc", "sparc64") for model in isa.find(name).engine.cpu_models]
SETTERS = (
    "addcc", "subcc", "addxcc", "subxcc", "andcc", "orcc", "xorcc", "umulcc", "smulcc", "udivcc", "sdivcc",
    "taddcc", "tsubcc",
)  # fmt: skip
# A field that keeps only some bits, as the manuals have it, or whose value means something to the engine.
KEEPS = {"psr": 0x00F0_1FE7, "tl": 3, "cwp": 7, "state": 0xFF_FF00_1407, "pstate": 0x14, "fprs": 7}


def readable(described: Isa, machine: Machine) -> list[Register]:
    places = machine.vcpus[0].arch._blueprint.registers.places
    return [row for row in described.registers if row.name in places]


@BOTH
def test_every_register_keeps_what_is_written(build: Build, name: str) -> None:
    described, machine = isa.find(name), build("nop", name)
    vcpu = machine.vcpus[0]
    chance = random.Random(name)
    rows = readable(described, machine)
    assert len(rows) > 190
    machine.run(max_insns=1)
    for row in rows:
        before = vcpu.read_register(row.name)
        value = chance.getrandbits(row.bits)
        if row.name in KEEPS:
            value = before & ~KEEPS[row.name] | value & KEEPS[row.name]
        vcpu.write_register(row.name, value)
        assert vcpu.read_register(row.name) == (before if row.read_only else value), row.name
        vcpu.write_register(row.name, before)


@BOTH
def test_every_register_survives_a_snapshot_into_another_machine(build: Build, name: str) -> None:
    described, machine, other = isa.find(name), build("nop\n nop", name), build("nop\n nop", name)
    chance = random.Random(name)
    vcpu = machine.vcpus[0]
    machine.run(max_insns=1)
    other.run(max_insns=1)
    for row in readable(described, machine):
        if row.name not in KEEPS and row.name not in ("pc", "npc"):
            vcpu.write_register(row.name, chance.getrandbits(row.bits))
    vcpu.write_register("psr" if name == "sparc" else "cwp", 0xF30000C5 if name == "sparc" else 5)
    other.restore(machine.save())
    assert other.state_hash() == machine.state_hash()
    names = [row.name for row in readable(described, machine)]
    assert [other.vcpus[0].read_register(n) for n in names] == [vcpu.read_register(n) for n in names]


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_a_window_s_outs_are_the_next_one_s_ins_all_the_way_round(
    build: Build, name: str, model: str
) -> None:
    """`save` as often as there are windows: nothing is lost, and every window has its own locals."""
    text = "lab: save\n ba lab\n inc %l0\n nop"
    machine = build(text, name, cpu=model)
    vcpu = machine.vcpus[0]
    machine.run(max_insns=0)
    windows = 8
    if name == "sparc":
        vcpu.write_register("wim", 0xFFFF_FFFF)
        machine.run(max_insns=0)
        windows = 7 if model == "TI-MicroSparc-I" else 8
        vcpu.write_register("wim", 0)
    else:
        windows = (vcpu.read_register("ver") & 0x1F) + 1
        vcpu.write_register("cansave", 64)
        vcpu.write_register("cleanwin", 64)
    for turn in range(2 * windows):
        vcpu.write_register("o1", 0x100 + turn)
        machine.run(max_insns=1)
        assert vcpu.read_register("i1") == 0x100 + turn
        machine.run(max_insns=2)
        assert vcpu.read_register("l0") == 1 + turn // windows
    current = vcpu.read_register("psr") & 0x1F if name == "sparc" else windows - 1 - vcpu.read_register("cwp")
    above = (current + 1) % windows
    for letter, mine in (("o", "i"), ("l", "l")):
        window = above if letter == "o" else current
        for n in range(8):
            own = {"i6": "fp"}.get(f"{mine}{n}", f"{mine}{n}")
            assert vcpu.read_register(f"w{window}_{letter}{n}") == vcpu.read_register(own)
    vcpu.write_register(f"w{above}_o3", 77)
    assert vcpu.read_register("i3") == 77


@BOTH
@pytest.mark.parametrize("setter", SETTERS)
def test_condition_codes_are_those_that_the_guest_reads(build: Build, name: str, setter: str) -> None:
    """The engine computes them when it is asked; so do we, from what it keeps."""
    read = "rd %psr, %g4" if name == "sparc" else ".word 0x89408000"  # rd %ccr, %g4
    machine = build(f"{setter} %g1, %g2, %g3\n {read}\n nop", name)
    vcpu = machine.vcpus[0]
    bits = 32 if name == "sparc" else 64
    chance = random.Random(setter)
    edges = [
        0,
        1,
        2,
        3,
        (1 << bits) - 1,
        1 << bits - 1,
        (1 << bits - 1) - 1,
        1 << 31,
        (1 << 31) - 1,
        (1 << 32) - 1,
    ]
    register = "psr" if name == "sparc" else "ccr"
    kept = 0xF << 20 if name == "sparc" else 0xFF
    for _ in range(60):
        first, second = (chance.choice([*edges, chance.getrandbits(bits)]) & (1 << bits) - 1 for _ in "12")
        if "div" in setter and second & 0xFFFF_FFFF == 0:
            second = 3
        for each, value in (("pc", CODE), ("g1", first), ("g2", second), ("y", chance.getrandbits(3))):
            vcpu.write_register(each, value)
        machine.run(max_insns=1)
        mine = vcpu.read_register(register)
        machine.run(max_insns=1)
        assert mine & kept == vcpu.read_register("g4") & kept, (hex(first), hex(second))


@pytest.mark.parametrize(
    ("kind", "result", "first", "second", "bits", "expected"),
    [
        (3, 0, 0xFFFF_FFFF, 1, 32, Z | C),
        (3, 0x8000_0000, 0x7FFF_FFFF, 1, 32, N | V),
        (7, 0xFFFF_FFFF, 0, 1, 32, N | C),
        (7, 0, 5, 5, 32, Z),
        (11, 1 << 63, 7, 7, 64, N),
        (5, 3, 1, 2, 32, V),  # tags
        (2, 5, 0, 1, 32, V),  # a quotient of more than 32 bits
    ],
)
def test_codes_of_known_operations(
    kind: int, result: int, first: int, second: int, bits: int, expected: int
) -> None:
    assert codes(kind, result, first, second, bits) == expected


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_power_on_is_the_same_on_every_model(build: Build, name: str, model: str) -> None:
    """[V8 7.1, V9 7.6.2.1]."""
    read = build("nop", name, cpu=model).vcpus[0].read_register
    assert [read(f"g{n}") for n in range(8)] == [0] * 8
    if name == "sparc":
        assert (read("psr") & 0xFF_FFFF, read("wim"), read("tbr"), read("mmu_control") & 1) == (0xC0, 1, 0, 0)
    else:
        maxtl = read("ver") >> 8 & 0xFF
        assert (read("tl"), read("tt"), read("pstate") | 1, read("pil")) == (maxtl, 1, 0x35, 0)
