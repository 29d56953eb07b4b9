"""AArch64 registers as rows: general, SIMD and floating point, and the system registers of `sysregs`.

Sources: DDI 0487, sections B1.2 and C5.2; GDB manual, "AArch64 Features" (numbers 0 to 67).
"""

from __future__ import annotations

import unicorn.arm64_const as uc

from isa.aarch64 import sysregs
from isa.aarch64.fields import FIELDS
from isa.aarch64.sysregs import Kind, Row
from isa.contract import Register, Role

GDB_SP, GDB_PC, GDB_CPSR, GDB_V, GDB_FPSR, GDB_FPCR, GDB_SYSTEM = 31, 32, 33, 34, 66, 67, 68
_GENERAL = (
    *range(uc.UC_ARM64_REG_X0, uc.UC_ARM64_REG_X28 + 1),
    uc.UC_ARM64_REG_X29,
    uc.UC_ARM64_REG_X30,
)
_ALIASES = {"x16": ("ip0",), "x17": ("ip1",), "x29": ("fp",), "x30": ("lr",)}
_ABSENT = "not in the engine: an exit, which a machine without such a device answers as undefined"

_READ_ONLY = ("mpidr_el1", "currentel", "cntpct_el0", "cntvct_el0")
_IDS: dict[str, int | None] = {
    "sp_el0": uc.UC_ARM64_REG_SP_EL0,
    "sp_el1": uc.UC_ARM64_REG_SP_EL1,
    "sp_el2": uc.UC_ARM64_REG_SP_EL2,
    "nzcv": uc.UC_ARM64_REG_NZCV,
    "currentel": None,  # the engine's API ends the process
    **{row.name: None for row in sysregs.HOOKED},
}

GENERAL_NAMES = tuple(f"x{n}" for n in range(31))
VECTOR_NAMES = tuple(f"v{n}" for n in range(32))


def _general(number: int, name: str) -> Register:
    role = Role.RA if name == "x30" else Role.GENERAL
    return Register(
        name,
        64,
        _GENERAL[number],
        role,
        aliases=_ALIASES.get(name, ()),
        gdb=number,
        number=number,
    )


def _system(row: Row, gdb: int | None) -> Register:
    unicorn = _IDS.get(row.name, None if row.kind is Kind.ABSENT else uc.UC_ARM64_REG_CP_REG)
    return Register(
        name=row.name,
        bits=64,
        unicorn=unicorn,
        role=row.role,
        group="system",
        gdb=gdb,
        number=row.number,
        privilege=row.privilege,
        read_only=row.kind is Kind.CONSTANT or row.name in _READ_ONLY,
        selector=row.encoding if unicorn == uc.UC_ARM64_REG_CP_REG else (),
        fields=FIELDS.get(row.name, ()),
        note=_ABSENT if row.kind is Kind.ABSENT else row.note,
    )


def _systems() -> tuple[Register, ...]:
    rows, number = [], GDB_SYSTEM
    for row in sysregs.ROWS:
        shown = row.kind is not Kind.ABSENT and row.needs is None and row not in sysregs.HOOKED
        rows.append(_system(row, number if shown else None))
        number += shown
    return tuple(rows)


REGISTERS: tuple[Register, ...] = (
    *(_general(number, name) for number, name in enumerate(GENERAL_NAMES)),
    Register("sp", 64, uc.UC_ARM64_REG_SP, Role.SP, gdb=GDB_SP, number=31),
    Register("pc", 64, uc.UC_ARM64_REG_PC, Role.PC, gdb=GDB_PC),
    Register(
        "cpsr",
        32,
        uc.UC_ARM64_REG_PSTATE,
        Role.STATUS,
        aliases=("pstate",),
        gdb=GDB_CPSR,
        fields=FIELDS["cpsr"],
        note="writing it through the engine's API moves no stack pointer; ours does",
    ),
    *(
        Register(name, 128, uc.UC_ARM64_REG_V0 + n, Role.VECTOR, "float", (f"q{n}",), GDB_V + n, n)
        for n, name in enumerate(VECTOR_NAMES)
    ),
    Register("fpsr", 32, uc.UC_ARM64_REG_FPSR, Role.STATUS, "float", gdb=GDB_FPSR, fields=FIELDS["fpsr"]),
    Register("fpcr", 32, uc.UC_ARM64_REG_FPCR, Role.STATUS, "float", gdb=GDB_FPCR, fields=FIELDS["fpcr"]),
    *_systems(),
)
