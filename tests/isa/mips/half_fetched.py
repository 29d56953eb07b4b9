"""Run by `test_half_fetched` in a process of its own: a long instruction of 16-bit code, the last halfword of memory or
of a page that the TLB maps, first in its block and behind another. It prints what the guest's exception says."""

from __future__ import annotations

import sys

from emu.config import MachineConfig
from emu.machine import Machine

CODE, RAM, KSEG0, PAGE, FRAME = 0x1_0000, 4 << 20, 0x8000_0000, 0x4000, 0x1_2000
ADDIU, LUI, ORI, JR, TLBWI, SELF = (
    0x2400_0000,
    0x3C00_0000,
    0x3400_0000,
    0x0120_0008,
    0x4200_0002,
    0x1000_FFFF,
)
T1 = 9


def mtc0(number: int, value: int) -> tuple[int, int]:
    """Through t0."""
    return ADDIU | 8 << 16 | value, 0x4080_0000 | 8 << 16 | number << 11


def shown(name: str, model: str, mapped: bool, before: int) -> str:
    """`before` short instructions precede the long one."""
    order = "big" if name == "mips" else "little"
    micro = model.startswith("M14")
    short, long = (0x0C00, 0x3000) if micro else (0x6500, 0xF000)  # nop; addiu32 or extend
    half = b"".join(each.to_bytes(2, order) for each in (*[short] * before, long))  # type: ignore[arg-type]
    end = FRAME + 0x1000 if mapped else RAM
    start = (PAGE + 0x1000 if mapped else KSEG0 + RAM) - len(half) | 1
    words = [LUI | T1 << 16 | start >> 16, ORI | T1 << 21 | T1 << 16 | start & 0xFFFF, JR, 0]
    if mapped:  # the first page of the two
        table = ((10, PAGE), (2, FRAME >> 6 | 7), (3, 0), (5, 0), (0, 0))
        words = [*(word for row in table for word in mtc0(*row)), TLBWI, *words]
    with Machine(MachineConfig(isa=name, board="bare", cpu=model, ram=RAM)) as machine:
        machine.memory.write(CODE, b"".join(each.to_bytes(4, order) for each in words))  # type: ignore[arg-type]
        for vector in (0, 0x180):
            machine.memory.write(vector, SELF.to_bytes(4, order) + bytes(4))  # type: ignore[arg-type]
        machine.memory.write(end - len(half), half)
        machine.run(max_insns=0)
        vcpu = machine.vcpus[0].arch
        vcpu.write_register("status", 0)
        vcpu.write_register("pc", KSEG0 + CODE)
        machine.run(max_insns=len(words) + before)
        cause, epc, address = (vcpu.read_register(each) for each in ("cause", "epc", "badvaddr"))
        return f"{vcpu.pc:x} {cause >> 2 & 31} {epc - (PAGE if mapped else KSEG0 + RAM):x} {address:x}"


if __name__ == "__main__":
    for mapped in (False, True):
        for before in (0, 1, 3):
            print(shown(sys.argv[1], sys.argv[2], mapped, before), flush=True)
