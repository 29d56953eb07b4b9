"""Arm's registers as rows: the A profile's core registers with their banks, the floating-point ones, coprocessor 15.

Sources: [a] is the ARM Architecture Reference Manual ARMv7-A and ARMv7-R edition (DDI 0406C): A2.3 (core registers),
A2.6 (floating point), B1.3 (modes and banked registers). GDB's numbers and names: GDB manual, "ARM Features".
"""

from __future__ import annotations

import unicorn.arm_const as uc

from isa.arm import cp15
from isa.contract import Field, Register, Role

GDB_CPSR, GDB_D0, GDB_FPSCR = 25, 26, 58

MODES: tuple[tuple[int, str], ...] = (
    (0x10, "usr"),
    (0x11, "fiq"),
    (0x12, "irq"),
    (0x13, "svc"),
    (0x16, "mon"),
    (0x17, "abt"),
    (0x1A, "hyp"),
    (0x1B, "und"),
    (0x1F, "sys"),
)
"""CPSR.M [a table B1-1]."""
BANKS: dict[str, int] = {"usr": 0, "svc": 1, "abt": 2, "und": 3, "irq": 4, "fiq": 5, "mon": 7}
"""The engine's index of a mode's banked registers."""

PSR_FIELDS: tuple[Field, ...] = (
    Field("mode", 0, 5, MODES),
    Field("t", 5, values=((0, "A32"), (1, "T32"))),
    Field("f", 6),
    Field("i", 7),
    Field("a", 8),
    Field("e", 9),
    Field("it7_2", 10, 6),
    Field("ge", 16, 4),
    Field("j", 24),
    Field("it1_0", 25, 2),
    Field("q", 27),
    Field("v", 28),
    Field("c", 29),
    Field("z", 30),
    Field("n", 31),
)
FPSCR_FIELDS: tuple[Field, ...] = (
    Field("ioc", 0),
    Field("dzc", 1),
    Field("ofc", 2),
    Field("ufc", 3),
    Field("ixc", 4),
    Field("idc", 7),
    Field("len", 16, 3),
    Field("stride", 20, 2),
    Field("rmode", 22, 2, ((0, "nearest"), (1, "up"), (2, "down"), (3, "to zero"))),
    Field("fz", 24),
    Field("dn", 25),
    Field("ahp", 26),
    Field("qc", 27),
    Field("v", 28),
    Field("c", 29),
    Field("z", 30),
    Field("n", 31),
)
_ALIASES = {9: ("sb",), 10: ("sl",), 11: ("fp",), 12: ("ip",)}


def general() -> tuple[Register, ...]:
    """r0 to pc, which every profile has."""
    return (
        *(
            Register(f"r{n}", 32, uc.UC_ARM_REG_R0 + n, Role.GENERAL, "general", _ALIASES.get(n, ()), n, n)
            for n in range(13)
        ),
        Register("sp", 32, uc.UC_ARM_REG_SP, Role.SP, "general", ("r13",), 13, 13),
        Register("lr", 32, uc.UC_ARM_REG_LR, Role.RA, "general", ("r14",), 14, 14),
        Register("pc", 32, uc.UC_ARM_REG_PC, Role.PC, "general", ("r15",), 15, 15),
    )


def floating(doubles: int, *, quads: bool) -> tuple[Register, ...]:
    """The floating-point registers: `doubles` of 64 bits, and what overlaps them."""
    rows = [
        Register(f"d{n}", 64, uc.UC_ARM_REG_D0 + n, Role.FP, "vfp", (), GDB_D0 + n, n) for n in range(doubles)
    ]
    rows.append(
        Register(
            "fpscr", 32, uc.UC_ARM_REG_FPSCR, Role.STATUS, "vfp", (), GDB_FPSCR, None, fields=FPSCR_FIELDS
        )
    )
    rows += [Register(f"s{n}", 32, uc.UC_ARM_REG_S0 + n, Role.FP, "single", number=n) for n in range(32)]
    if quads:
        rows += [
            Register(f"q{n}", 128, uc.UC_ARM_REG_Q0 + n, Role.VECTOR, "quad", number=n) for n in range(16)
        ]
    return tuple(rows)


def _banked() -> tuple[Register, ...]:
    """Registers of other modes; the current mode's are the plain ones [a B1.3.2]. The API has no id for them."""
    rows = [Register(f"r{n}_usr", 32, None, Role.GENERAL, "banked", privilege=1) for n in range(8, 13)]
    rows += [Register(f"r{n}_fiq", 32, None, Role.GENERAL, "banked", privilege=1) for n in range(8, 13)]
    for mode in BANKS:
        rows.append(Register(f"r13_{mode}", 32, None, Role.SP, "banked", (f"sp_{mode}",), privilege=1))
        rows.append(Register(f"r14_{mode}", 32, None, Role.RA, "banked", (f"lr_{mode}",), privilege=1))
        if mode != "usr":
            rows.append(
                Register(f"spsr_{mode}", 32, None, Role.STATUS, "banked", privilege=1, fields=PSR_FIELDS)
            )
    return tuple(rows)


def registers() -> tuple[Register, ...]:
    """The register table of the A profile."""
    return (
        *general(),
        Register("cpsr", 32, uc.UC_ARM_REG_CPSR, Role.STATUS, "general", (), GDB_CPSR, fields=PSR_FIELDS),
        *floating(32, quads=True),
        Register("fpexc", 32, uc.UC_ARM_REG_FPEXC, Role.SYSTEM, "fp_system", privilege=1),
        Register(
            "spsr",
            32,
            uc.UC_ARM_REG_SPSR,
            Role.STATUS,
            "banked",
            privilege=1,
            fields=PSR_FIELDS,
            note="the current mode's; usr and sys have none",
        ),
        *_banked(),
        *cp15.registers(),
    )
