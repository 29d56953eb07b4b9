"""TriCore's descriptor against Capstone and the engine."""

from __future__ import annotations

import random
from pathlib import Path

import capstone
import pytest
from capstone import tricore_const
from elftools.elf.elffile import ELFFile

import isa
from isa.contract import Role
from isa.tricore.encoding import branch_target, instruction_length
from isa.tricore.layout import mtcr
from tests.isa.tricore.conftest import CODE, Build, read, tool

TRICORE = isa.find("tricore")
GUESTS = Path(__file__).resolve().parents[3] / "guests" / "tricore"


def decoder() -> capstone.Cs:
    return capstone.Cs(capstone.CS_ARCH_TRICORE, capstone.CS_MODE_TRICORE_162)


def test_register_names_are_capstone_s() -> None:
    known = {decoder().reg_name(number) for number in range(1, tricore_const.TRICORE_REG_ENDING)}
    ours = {row.name for row in TRICORE.registers if row.role in (Role.GENERAL, Role.SP, Role.RA)}
    assert len(ours) == 32
    assert ours - known == {"a10"}
    assert {"sp"} <= known  # Capstone's name of a10


def test_every_register_holds_what_is_written(build: Build) -> None:
    machine, chance = build("nop"), random.Random(3)
    arch = machine.vcpus[0].arch
    written = {row.name: chance.getrandbits(row.bits) for row in TRICORE.registers}
    for name, value in written.items():
        arch.write_register(name, value)
    assert {name: arch.read_register(name) for name in written} == written


def test_core_registers_are_what_mtcr_writes_and_mfcr_reads(build: Build) -> None:
    chance = random.Random(5)
    for row in TRICORE.registers:
        if row.group != "core" or row.number is None or row.name in ("psw", "cpu_id", "core_id"):
            continue
        value = chance.getrandbits(32)
        machine = build("nop", d1=value)
        machine.memory.write(
            CODE, mtcr(row.number, 1) + (0x2000004D | row.number << 12).to_bytes(4, "little")
        )
        machine.run(max_insns=2)
        assert read(machine, row.name, "d2") == [value, value], row.name


def test_psw_is_what_mfcr_reads_after_arithmetic(build: Build) -> None:
    chance = random.Random(7)
    for _ in range(30):
        first, second = (chance.choice((1, 0x7FFFFFFF, 0x80000000, chance.getrandbits(32))) for _ in range(2))
        machine = build("add d3, d1, d2 | mfcr d4, #0xfe04", d1=first, d2=second)
        machine.run(max_insns=1)
        ours = read(machine, "psw")[0]
        machine.run(max_insns=1)
        assert read(machine, "d4") == [ours]


def _near(address: int | None) -> int | None:
    """The bits that Capstone gets right: it takes displacements of 24 bits for signed ones of 23, those of `call` and
    `loop` likewise."""
    return None if address is None else address & 0xFFFFFF


def code(name: str) -> tuple[bytes, int]:
    with (GUESTS / name / f"{name}.elf").open("rb") as file:
        section = ELFFile(file).get_section_by_name(".text")
        return section.data(), section["sh_addr"]


@pytest.mark.parametrize("name", ["workload", "mmio-forms"])
def test_lengths_and_branches_are_capstone_s_on_the_guests_code(name: str) -> None:
    data, base = code(name)
    at, checked, branches = 0, 0, 0
    while at < len(data) - 4:
        found = next(decoder().disasm(data[at : at + 4], base + at, 1), None)
        size = instruction_length(data[at:])
        if found is not None:
            assert found.size == size, (hex(base + at), found.mnemonic)
            target = branch_target(data[at : at + size], base + at)
            if (
                found.mnemonic.startswith(("j", "call", "fcall", "loop"))
                and "#" in found.op_str
                and found.mnemonic != "jla"
            ):
                branches += 1
                assert _near(target) == _near(int(found.op_str.split("#")[-1], 0)), (
                    found.mnemonic,
                    found.op_str,
                )
            elif found.mnemonic != "jla":
                assert target is None, (found.mnemonic, found.op_str)
            checked += 1
        at += size
    assert checked > 500
    assert branches > 30


def test_branches_are_capstone_s_on_random_words() -> None:
    chance, seen = random.Random(11), set()
    for _ in range(40_000):
        data = chance.randbytes(4)
        found = next(decoder().disasm(data, 0x10_0000, 1), None)
        if (
            found is None
            or "#" not in found.op_str
            or not found.mnemonic.startswith(("j", "call", "fcall", "loop"))
        ):
            continue
        if found.mnemonic in (
            "ja",
            "jla",
            "calla",
            "fcalla",
            "loop",
            "loopu",
        ) or found.size != instruction_length(data):
            continue
        seen.add(found.mnemonic)
        target = branch_target(data[: found.size], 0x10_0000)
        mask = 0xFF if found.size == 2 else 0xFFFFFF
        assert target is not None, (data.hex(), found.mnemonic)
        assert target & mask == int(found.op_str.split("#")[-1], 0) & mask, (data.hex(), found.mnemonic)
    assert len(seen) > 20


@pytest.mark.parametrize("row", tool("instructions").ROWS, ids=lambda row: f"{row.name}-{row.word:x}")
def test_every_row_of_the_guests_assembler_is_what_capstone_reads(row: object) -> None:
    """Random operands, assembled from the text that Capstone prints of them."""
    chance, name = random.Random(str(row)), row.name  # type: ignore[attr-defined]
    assembler = tool("assembler")
    for _ in range(20):
        texts = [_operand(one, chance) for one in row.operands]  # type: ignore[attr-defined]
        one = assembler.Assembler()
        one.add("row", ".section .text.start\n_start:\n" + name + " " + ", ".join(texts))
        image = one.link(CODE, "_start")
        data = image[4096 : 4096 + row.size]  # type: ignore[attr-defined]
        found = next(decoder().disasm(data, CODE, 1), None)
        assert found is not None, (name, texts, data.hex())
        assert found.mnemonic == name.removesuffix("16"), (found.mnemonic, found.op_str)
        narrow = [15] if name == "loop" else []  # Capstone drops the sign
        mask = (1 << min([16, *narrow, *(each.bits for each in row.operands if each.kind in "su")])) - 1  # type: ignore[attr-defined]
        assert _plain(found.op_str, mask) == _plain(", ".join(texts), mask), (name, texts, found.op_str)


def _operand(one: object, chance: random.Random) -> str:
    kind, bits = one.kind, one.bits  # type: ignore[attr-defined]
    if kind in "da":
        return f"{kind}{chance.randrange(16)}"
    if kind == "e":
        return f"e{2 * chance.randrange(8)}"
    value = chance.randrange(1 << bits)
    if kind == "b":
        return f"_start{2 * (value - (1 << bits - 1)):+}"
    if kind == "t":
        return f"#{(value & 0xFFFFF) << 1}"  # segment 0: Capstone drops the others
    signed = value - (1 << bits) if kind != "u" and value >> bits - 1 else value
    if kind in "oir":
        base = f"a{chance.randrange(16)}"
        return {"o": f"[{base}]", "i": f"[{base}+]", "r": f"[+{base}]"}[kind] + f"#{signed}"
    return f"#{signed}"


def _plain(text: str, mask: int) -> list[object]:
    """Operands with the bits `mask` of numbers, and sp as a10."""
    found: list[object] = []
    for part in text.replace("sp", "a10").replace("]", "] ").replace(",", " ").split():
        if part.startswith("_start"):
            found.append(CODE + int(part.removeprefix("_start") or 0) & mask)
        elif part.startswith("#"):
            found.append(int(part[1:], 0) & mask)
        else:
            found.append(part)
    return found
