"""Instruction lengths: ours against Capstone's on compiled code, against the engine's on random words; plain and
compiled."""

from __future__ import annotations

import ctypes
import random
from pathlib import Path

import capstone
import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from unicorn import Uc
from unicorn import m68k_const as mc
from unicorn.unicorn_const import UC_ARCH_M68K, UC_MODE_BIG_ENDIAN

import isa
from isa import objects
from isa.m68k import table
from isa.m68k.encoding import branch_target, instruction_length
from isa.m68k.lengths import LONGEST, measure

GUESTS = Path(__file__).resolve().parents[3] / "guests" / "m68k"
STATE_AT = 40
"""Bytes before the CPU state in a context of this engine."""


class RawProbe:
    """What `table.make_safe` needs of an engine."""

    wide = False

    def __init__(self, uc: Uc) -> None:
        self.uc = uc

    def write(self, register: int, value: int) -> None:
        self.uc.reg_write(register, value)

    def state_now(self) -> bytes:
        context = self.uc.context_save()
        at = context.context
        address = at if isinstance(at, int) else at.value
        return bytes((ctypes.c_ubyte * (context.size - STATE_AT)).from_address(address + STATE_AT))


def code(name: str) -> tuple[bytes, int]:
    with (GUESTS / name / f"{name}.elf").open("rb") as file:
        text = ELFFile(file).get_section_by_name(".text")
        return text.data(), text["sh_addr"]


@pytest.mark.parametrize("name", ["workload", "hello-68000", "mmio-forms"])
def test_lengths_and_branches_are_capstone_s_on_compiled_code(name: str) -> None:
    decoder = capstone.Cs(capstone.CS_ARCH_M68K, capstone.CS_MODE_BIG_ENDIAN | capstone.CS_MODE_M68K_040)
    data, base = code(name)
    at, checked, branches = 0, 0, 0
    while at < len(data):
        found = next(decoder.disasm(data[at : at + LONGEST], base + at, 1), None)
        if found is None or data[at] >> 4 == 0xF:  # a table of a switch; there is no floating point in it
            at += 2
            continue
        assert instruction_length(data[at : at + LONGEST]) == found.size, (
            hex(base + at),
            found.mnemonic,
            found.op_str,
        )
        target = branch_target(data[at : at + LONGEST], base + at)
        short = found.mnemonic.split(".")[0]
        if target is not None and "$" in found.op_str:
            branches += 1
            assert target == int(found.op_str.split("$")[-1].rstrip(")"), 16), (found.mnemonic, found.op_str)
        else:
            assert short not in ("bra", "bsr", "bne", "beq", "dbra", "dbf"), (found.mnemonic, found.op_str)
        at += found.size
        checked += 1
    assert checked > 300
    assert branches > 20


@pytest.mark.parametrize("number", [0, 1, 3, 4, 5])
def test_lengths_are_the_engine_s_on_random_words(number: int) -> None:
    """The engine translates a random instruction and then an illegal one: what it took for the first is its length,
    unless it has refused it on the way. Numbers as in the descriptor; mac with an addressing mode that it lacks is
    left out."""
    coldfire, chance = number >= 5, random.Random(number)
    uc = Uc(UC_ARCH_M68K, UC_MODE_BIG_ENDIAN)
    uc.ctl_set_cpu_model(number)
    uc.mem_map(0, 0x100000)
    uc.reg_write(mc.UC_M68K_REG_SR, 0x2700)
    callbacks = objects.functions("isa.m68k.callbacks")
    table.make_safe(RawProbe(uc), uc._uch, callbacks, coldfire=coldfire, movep=number < 4)  # type: ignore[arg-type]
    whole = refused = 0
    for at in range(0x1000, 0xFF000, 0x100):
        word = chance.randrange(1 << 16)
        if word & 0xFFF8 == 0xF200:  # a register in a format that it does not hold: see the descriptor
            continue
        data = word.to_bytes(2, "big") + chance.randbytes(LONGEST - 2)
        expected = measure(data, coldfire)
        uc.mem_write(at, data[:expected] + b"\x4a\xfc" * 16)
        _, count, size = uc.ctl_request_cache(at)
        if (count, size) in ((1, expected), (2, expected + 2)):
            whole += 1
        else:
            assert count == 1, (data.hex(), expected, count, size)
            assert size < expected, (data.hex(), expected, count, size)
            refused += 1
    assert whole > (2 if coldfire else 8) * refused


def test_compiled_is_plain() -> None:
    compiled = pytest.importorskip("isa.m68k.words").measure
    chance = random.Random(0)
    for _ in range(20_000):
        data = chance.randbytes(32)
        for coldfire in (False, True):
            assert compiled(np.frombuffer(bytearray(data), np.uint8), coldfire) == measure(data, coldfire), (
                data.hex()
            )


def test_no_instruction_is_longer_than_the_descriptor_says() -> None:
    chance = random.Random(2)
    longest = max(measure(chance.randbytes(32), coldfire=False) for _ in range(50_000))
    assert longest <= LONGEST == isa.find("m68k").max_instruction_length
    assert instruction_length(bytes.fromhex("23b101f3 11111111 22222222 01f3 33333333 44444444")) == LONGEST
