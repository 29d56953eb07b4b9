"""Where the engine keeps RISC-V state in a saved context: measured on a live engine, never assumed.

The engine's API reads and writes CSRs under the guest's current privilege, and changing the privilege through it drops
an LR reservation. The saved context has neither fault, so native code works there.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import unicorn.riscv_const as rc

from isa.layout import NotFound, Probe, changed, follow


class Slot(IntEnum):
    """Indices into the layout: each entry is a byte offset into the saved CPU state."""

    X0 = 0
    F0 = 1
    PC = 2
    LOAD_RES = 3  # LR reservation: address and value, the two words after the pc
    LOAD_VAL = 4
    BADADDR = 5  # address of the last fault: no register of the API shows it
    PRIV = 6
    MHARTID = 7
    MSTATUS = 8
    MIP = 9
    MIE = 10
    MIDELEG = 11
    MEDELEG = 12
    SATP = 13
    STVEC = 14
    SEPC = 15
    SCAUSE = 16
    STVAL = 17
    MTVEC = 18
    MEPC = 19
    MCAUSE = 20
    MTVAL = 21
    SCOUNTEREN = 22
    MCOUNTEREN = 23
    SSCRATCH = 24
    MSCRATCH = 25
    PMP_RULES = 26  # u32: active PMP entries
    MISA = 27
    FRM = 29
    PMP = 28  # 16 entries of two words: address register, then a byte of configuration


CSRW_PMPADDR0, CSRW_PMPCFG0 = 0x3B051073, 0x3A051073  # csrw CSR, a0
_PATTERNS: tuple[tuple[Slot, int, int, int], ...] = (
    # slot, Unicorn register, two values that the register keeps as they are
    (Slot.X0, rc.UC_RISCV_REG_X1, 0x5A5A1231, 0x3C3C4562),
    (Slot.F0, rc.UC_RISCV_REG_F0, 0x11223344_5A5A1233, 0x55667788_3C3C4564),
    (Slot.PC, rc.UC_RISCV_REG_PC, 0x5A5A1234, 0x3C3C4568),
    (Slot.MSTATUS, rc.UC_RISCV_REG_MSTATUS, 0x8, 0x80),
    (Slot.MIE, rc.UC_RISCV_REG_MIE, 0x222, 0x888),
    (Slot.MIDELEG, rc.UC_RISCV_REG_MIDELEG, 0x22, 0x200),
    (Slot.MEDELEG, rc.UC_RISCV_REG_MEDELEG, 0x101, 0x1004),
    (Slot.STVEC, rc.UC_RISCV_REG_STVEC, 0x5A5A1234, 0x3C3C4568),
    (Slot.SEPC, rc.UC_RISCV_REG_SEPC, 0x5A5A1234, 0x3C3C4568),
    (Slot.SCAUSE, rc.UC_RISCV_REG_SCAUSE, 0x5A, 0x3C),
    (Slot.STVAL, rc.UC_RISCV_REG_STVAL, 0x5A5A1234, 0x3C3C4568),
    (Slot.MTVEC, rc.UC_RISCV_REG_MTVEC, 0x5A5A1234, 0x3C3C4568),
    (Slot.MEPC, rc.UC_RISCV_REG_MEPC, 0x5A5A1234, 0x3C3C4568),
    (Slot.MCAUSE, rc.UC_RISCV_REG_MCAUSE, 0x5A, 0x3C),
    (Slot.MTVAL, rc.UC_RISCV_REG_MTVAL, 0x5A5A1234, 0x3C3C4568),
    (Slot.SCOUNTEREN, rc.UC_RISCV_REG_SCOUNTEREN, 0x5, 0x2),
    (Slot.MCOUNTEREN, rc.UC_RISCV_REG_MCOUNTEREN, 0x5, 0x2),
    (Slot.SSCRATCH, rc.UC_RISCV_REG_SSCRATCH, 0x5A5A1234, 0x3C3C4568),
    (Slot.MSCRATCH, rc.UC_RISCV_REG_MSCRATCH, 0x5A5A1234, 0x3C3C4568),
    (Slot.MIP, rc.UC_RISCV_REG_MIP, 0x2, 0x200),
)


def calibrate(probe: Probe) -> list[int]:
    """Byte offsets by `Slot`, for a fresh engine (machine level); leaves its registers as after reset."""
    word = 8 if probe.wide else 4
    layout = [0] * len(Slot)
    for slot, register, first, second in _PATTERNS:
        layout[slot] = follow(probe, register, (first, second), 8 if slot is Slot.F0 else word)
    layout[Slot.X0] -= word
    layout[Slot.LOAD_RES] = layout[Slot.PC] + word
    layout[Slot.LOAD_VAL] = layout[Slot.PC] + 2 * word
    layout[Slot.FRM] = layout[Slot.PC] + 3 * word
    layout[Slot.BADADDR] = layout[Slot.PC] + 4 * word
    layout[Slot.MHARTID] = layout[Slot.MSTATUS] - word
    layout[Slot.PRIV], layout[Slot.SATP], layout[Slot.PMP_RULES] = _by_change(probe, layout, word)
    layout[Slot.MISA] = _find_misa(probe.state_now(), layout, word)
    return layout


def _by_change(probe: Probe, layout: list[int], word: int) -> tuple[int, int, int]:
    """Fields that hold few values: the one 32-bit cell that becomes what was written."""

    def cell(write: Callable[[], None], before: int, after: int, within: range) -> int:
        old = probe.state_now()
        write()
        new = probe.state_now()
        for i in changed(old, new):
            words = [int.from_bytes(state[i : i + 4], "little") for state in (old, new)]
            if i in within and words == [before, after]:
                return i
        raise NotFound(f"the engine's CPU state holds no field that goes from {before} to {after}")

    near_pc = range(layout[Slot.PC], layout[Slot.MSTATUS])
    priv = cell(lambda: probe.write(rc.UC_RISCV_REG_PRIV, 1), 3, 1, near_pc)
    probe.write(rc.UC_RISCV_REG_PRIV, 3)
    mode = (8 << 60) if word == 8 else (1 << 31)
    probe.write(rc.UC_RISCV_REG_SATP, mode | 0x123)
    state = probe.state_now()
    satp = state.find((mode | 0x123).to_bytes(word, "little"))
    probe.write(rc.UC_RISCV_REG_SATP, 0)
    if satp < 0:
        raise NotFound("the engine's CPU state holds no field that follows satp")
    layout[Slot.PMP], rules = _protection(probe, word)
    return priv, satp, rules


def _protection(probe: Probe, word: int) -> tuple[int, int]:
    """Offsets of PMP entry 0 and of the count of active entries, which goes 0, 1, 2, 0 as entries are switched on.

    The API has no PMP registers: guest code writes them.
    """
    addresses = []
    for value in (0x5A5A1234, 0x3C3C4568):
        probe.execute(CSRW_PMPADDR0, value)
        addresses.append((value.to_bytes(word, "little"), probe.state_now()))
    entry = -1
    while (entry := addresses[0][1].find(addresses[0][0], entry + 1)) >= 0:
        if addresses[1][1][entry : entry + word] == addresses[1][0]:
            break
    states = []
    for value in (0x00, 0x18, 0x1818, 0x00):
        probe.execute(CSRW_PMPCFG0, value)
        states.append(probe.state_now())
    probe.execute(CSRW_PMPADDR0, 0)
    for i in reversed(range(entry, len(states[0]) - 3, 4)):
        if [int.from_bytes(one[i : i + 4], "little") for one in states] == [0, 1, 2, 0]:
            return entry, i
    raise NotFound("the engine's CPU state holds no count of PMP entries")


def _find_misa(state: bytes, layout: list[int], word: int) -> int:
    """misa lies between the pc and the privilege: the first word with the I bit and a base width."""
    base = 2 << 62 if word == 8 else 1 << 30
    for i in range(layout[Slot.BADADDR], layout[Slot.PRIV], word):
        value = int.from_bytes(state[i : i + word], "little")
        if value & (3 << (8 * word - 2)) == base and value & 0x100:
            return i
    raise NotFound("the engine's CPU state holds no misa")
