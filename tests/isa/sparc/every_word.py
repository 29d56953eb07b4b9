"""Run by test_forbidden in a process of its own: every combination of operation, condition, FP operation and address
space that an engine could choke on, one after the other. It has passed if it says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from emu.config import MachineConfig
from emu.machine import Machine

CODE, TABLE, DATA = 0x2000, 0x8000, 0x4000


def words() -> Iterator[int]:
    for op3 in (0x34, 0x35, 0x36, 0x37):
        for fp_operation in range(512):
            yield 2 << 30 | 2 << 25 | op3 << 19 | 4 << 14 | fp_operation << 5 | 6
    for op3 in range(64):
        for condition in range(8):
            for immediate in (0, 1):
                yield 2 << 30 | 3 << 25 | op3 << 19 | 1 << 14 | immediate << 13 | condition << 10 | 2
    for op3 in (*range(0x10, 0x20), *range(0x30, 0x40)):
        for space in range(256):
            yield 3 << 30 | 4 << 25 | op3 << 19 | 1 << 14 | space << 5
        yield 3 << 30 | 4 << 25 | op3 << 19 | 1 << 14 | 1 << 13
    for op2 in range(8):
        for condition in range(32):
            yield condition << 25 | op2 << 22 | 4


def start(name: str, machine: Machine, word: int, space: int) -> None:
    vcpu = machine.vcpus[0]
    machine.memory.write(CODE, word.to_bytes(4, "big") + bytes.fromhex("0100000001000000"))
    if name == "sparc":
        registers = [("tbr", TABLE), ("wim", 0), ("psr", 0x10A0), ("mmu_control", 0)]
    else:
        registers = [("tba", TABLE), ("tl", 0), ("pstate", 0x14), ("fprs", 4), ("asi", space), ("wstate", 0)]
        registers += [("cansave", 3), ("canrestore", 3), ("cleanwin", 7), ("otherwin", 0), ("pil", 15)]
    for register, value in (*registers, ("g1", DATA), ("g2", 0), ("g4", 1), ("pc", CODE)):
        vcpu.write_register(register, value)


def main(name: str, model: str, spaces: tuple[int, ...]) -> None:
    count = 0
    for space in spaces:
        with Machine(MachineConfig(isa=name, board="bare", cpu=model)) as machine:
            machine.vcpus[0].set_entry(CODE)
            for word in words():
                start(name, machine, word, space)
                machine.run(max_insns=2)
                count += 1
    print("ok", count)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], (0,) if sys.argv[1] == "sparc" else (0x80, 0xE2))
