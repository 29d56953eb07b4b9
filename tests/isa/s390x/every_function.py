"""Run by `test_assist` in a process of its own: every function of the message-security assist, on one CPU model.

It prints each instruction before it runs it: the last one is what ends the process. Then "ok".
"""

from __future__ import annotations

import random
import sys

from emu.config import MachineConfig
from emu.machine import Machine

CODE, HANDLER, PARAMETERS = 0x1_0000, 0x2_0000, 0x3000
MASK = 0x1_8000_0000
SPECIFICATION, OPERATION = 6, 1
ASSIST = {
    "kmac": 0xB91E, "pckmo": 0xB928, "kma": 0xB929, "kmf": 0xB92A, "kmo": 0xB92B, "pcc": 0xB92C, "kmctr": 0xB92D,
    "km": 0xB92E, "kmc": 0xB92F, "kdsa": 0xB93A, "prno": 0xB93C, "kimd": 0xB93E, "klmd": 0xB93F,
}  # fmt: skip
QUERY = (1 << 127).to_bytes(16, "big")


def once(machine: Machine, code: int, function: int, chance: random.Random | None) -> str:
    """One instruction, with even register numbers or with any; what is wrong with it."""
    fields = 0x6024 if chance is None else chance.getrandbits(16)
    machine.memory.write(CODE, code.to_bytes(2, "big") + fields.to_bytes(2, "big") + b"\xa7\xf4\0\0")
    machine.memory.write(PARAMETERS, bytes(16))
    machine.memory.write(0x8E, bytes(2))
    machine.settle()
    machine.forget_code()
    vcpu = machine.vcpus[0].arch
    for number in range(1, 16):
        vcpu.write_register(f"r{number}", PARAMETERS if chance is None else chance.getrandbits(64))
    vcpu.write_register("r0", function | (chance.getrandbits(57) << 7 if chance else 0))
    vcpu.write_register("pswm", MASK)
    vcpu.set_entry(CODE)
    machine.run(max_insns=1)
    if chance is not None:
        return ""
    cause = int.from_bytes(machine.memory.read(0x8E, 2), "big")
    asked = cause == 0 and machine.memory.read(PARAMETERS, 16) == QUERY
    return "" if cause == OPERATION or (asked if function == 0 else cause == SPECIFICATION) else f"{cause=}"


def main(model: str) -> None:
    chance = random.Random(model)
    with Machine(MachineConfig(isa="s390x", board="bare", cpu=model, ram=4 << 20)) as machine:
        machine.memory.write(0x1D0, MASK.to_bytes(8, "big") + HANDLER.to_bytes(8, "big"))
        machine.memory.write(HANDLER, b"\xa7\xf4\0\0")
        for name, code in ASSIST.items():
            for function in range(128):
                print(name, function, flush=True)
                wrong = once(machine, code, function, None)
                if wrong:
                    print("wrong:", wrong, flush=True)
                    return
                for _ in range(2):
                    once(machine, code, function, chance)
    print("ok", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
