"""z/Architecture's registers as rows. Names are GDB's; Capstone and the assembler write %r2, %f0, %a1, %c3.

Source: z/Architecture Principles of Operation (SA22-7832-12), chapter 2 (registers), chapter 4 (PSW). GDB's numbers are
those of its s390x-vx-linux64 description, without what Linux adds, then QEMU's control registers.
"""

from __future__ import annotations

import unicorn.s390x_const as uc

from isa.contract import Field, Register, Role

_SPACES = ((0, "primary"), (1, "access register"), (2, "secondary"), (3, "home"))
PSW_FIELDS = (
    Field("R", 62), Field("T", 58), Field("I", 57), Field("E", 56), Field("key", 52, 4), Field("M", 50),
    Field("W", 49), Field("P", 48), Field("AS", 46, 2, _SPACES), Field("CC", 44, 2), Field("PM", 40, 4),
    Field("RI", 39), Field("EA", 32), Field("BA", 31),
)  # fmt: skip
_FPC_FIELDS = (
    Field("IMi", 31), Field("IMz", 30), Field("IMo", 29), Field("IMu", 28), Field("IMx", 27), Field("SFi", 23),
    Field("SFz", 22), Field("SFo", 21), Field("SFu", 20), Field("SFx", 19), Field("DXC", 8, 8),
    Field("DRM", 4, 3), Field("BRM", 0, 3),
)  # fmt: skip
_CR0_FIELDS = (
    Field("TRACE", 33), Field("low-address protection", 28), Field("secondary space", 26),
    Field("EDAT", 23), Field("AFP", 18), Field("vector", 17), Field("malfunction alert", 15),
    Field("emergency signal", 14), Field("external call", 13), Field("clock comparator", 11),
    Field("CPU timer", 10), Field("service signal", 9), Field("interrupt key", 6),
)  # fmt: skip
_SYSTEM = (
    ("prefix", 32, "psa"),
    ("ckc", 64, "clock comparator: nothing but what was written"),
    ("cputm", 64, "the engine's own measure of the CPU timer, by the host's clock"),
    ("todpr", 32, "TOD programmable register"),
    ("gbea", 64, "breaking-event address"),
)
_IN_STATE = "read in the engine's saved state"


def registers() -> tuple[Register, ...]:
    rows = [
        Register(
            "pswm", 64, uc.UC_S390X_REG_PSWM, Role.SYSTEM, "general", ("psw.mask",), 0, fields=PSW_FIELDS
        ),
        Register("pswa", 64, uc.UC_S390X_REG_PC, Role.PC, "general", ("pc", "psw.addr"), 1),
    ]
    for n in range(16):
        role = {14: Role.RA, 15: Role.SP}.get(n, Role.GENERAL)
        aliases = (f"{n}", "sp") if n == 15 else (f"{n}",)  # Capstone's names are numbers
        rows.append(Register(f"r{n}", 64, uc.UC_S390X_REG_R0 + n, role, "general", aliases, 2 + n, n))
    rows += [
        Register(f"acr{n}", 32, uc.UC_S390X_REG_A0 + n, Role.SYSTEM, "access", (f"a{n}",), 18 + n, n)
        for n in range(16)
    ]
    rows.append(Register("fpc", 32, uc.UC_S390X_REG_FPC, Role.STATUS, "float", gdb=34, fields=_FPC_FIELDS))
    rows += [
        Register(f"f{n}", 64, uc.UC_S390X_REG_F0 + n, Role.FP, "float", gdb=35 + n, number=n)
        for n in range(16)
    ]
    rows += [
        Register(f"v{n}l", 64, uc.UC_S390X_REG_F0_HI + n, Role.VECTOR, "vector", gdb=51 + n, number=n)
        for n in range(16)
    ]
    rows += [
        Register(f"v{n}", 128, None, Role.VECTOR, "vector", gdb=51 + n, number=n, note=_IN_STATE)
        for n in range(16, 32)
    ]
    rows += [
        Register(
            f"cr{n}",
            64,
            uc.UC_S390X_REG_CR0 + n,
            Role.SYSTEM,
            "control",
            (f"c{n}",),
            83 + n,
            n,
            privilege=1,
            fields=_CR0_FIELDS if n == 0 else (),
        )
        for n in range(16)
    ]
    rows += [
        Register(name, bits, None, Role.SYSTEM, "system", privilege=1, note=f"{note}; {_IN_STATE}")
        for name, bits, note in _SYSTEM
    ]
    return tuple(rows)
