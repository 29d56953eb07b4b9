"""Run by `test_random_code` in a process of its own: programs that nobody wrote, each by its number, on one CPU model.

It prints a program's number before it runs it, and "ok" after the last one: whatever ends the process before, or keeps
it from going on, that program does.
"""

from __future__ import annotations

import random
import sys

import isa
from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from isa.contract import Role
from tests.isa.random_shapes import SHAPES, Shape, thumb

SIZE = 0x2000
"""Bytes of code, at the begin of memory, and again where vectors may be."""
BUDGET, STARTS = 300, 6
WATCHDOG = 20.0
"""Seconds of host time for one start; nothing here comes near it."""
RAM = 4 << 20


def program(shape: Shape, chance: random.Random, size: int = SIZE) -> bytes:
    code = bytearray()
    while len(code) < size:
        code += shape.word(chance)
    return bytes(code[:size])


def places(base: int) -> tuple[int, ...]:
    """What registers point to: memory, its end, devices, nowhere, small numbers."""
    near = (base, base + 0x3000, base + 0x3FFE, base + RAM - 4, base + 0x10_0000)
    return (*near, 0x1000_0000, 0x1002_0000, 0x1003_0000, 0x4000_0000, 0, 1, 8, 0xFFFF_FFFF, 1 << 63)


def once(machine: Machine, shape: Shape, number: int) -> str:
    """Run one program from several places and states; what is wrong with it, in a sentence, or ''."""
    chance = random.Random(number)
    base = machine.board.ram_base
    machine.reset()
    code = program(shape, chance)
    machine.memory.write(base, code)
    machine.memory.write(base + 0x10_0000, bytes(chance.getrandbits(8) for _ in range(4096)))
    machine.settle()
    machine.forget_code()
    general = [
        each for each in machine.isa.registers if each.role is Role.GENERAL and each.unicorn is not None
    ]
    known = {each.name: each.bits for each in machine.isa.registers}
    vcpu = machine.vcpus[0].arch
    for start in range(STARTS):
        values = places(base)
        for each in general:
            value = chance.choice((*values, *values, chance.getrandbits(64), base + chance.randrange(SIZE)))
            vcpu.write_register(each.name, value & (1 << each.bits) - 1)
        for name, choices in shape.states.items():
            if chance.random() < 0.7 and name in known:
                vcpu.write_register(name, chance.choice(choices) & (1 << known[name]) - 1)
        vcpu.set_entry(base + (chance.randrange(SIZE) & ~3 if start else 0))
        before = machine.retired
        outcome = machine.run(max_insns=BUDGET, timeout=WATCHDOG)
        if outcome.ending is Ending.TIMEOUT:
            return f"did not end within {WATCHDOG} s, at pc {outcome.pc:#x}"
        if machine.retired - before > BUDGET:
            return f"retired {machine.retired - before} instructions of {BUDGET}"
        if outcome.ending is Ending.POWERED_OFF:
            break
    return ""


def main(name: str, model: str, first: int, count: int) -> None:
    shape = SHAPES[name]
    if model.startswith("cortex-m"):
        shape = Shape(thumb)
    described = isa.find(name)
    model = model or described.engine.cpu_models[0].name
    with Machine(MachineConfig(isa=name, board="bare", cpu=model, ram=RAM)) as machine:
        for number in range(first, first + count):
            print(number, flush=True)
            wrong = once(machine, shape, number)
            if wrong:
                print("wrong:", wrong, flush=True)
                return
    print("ok", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
