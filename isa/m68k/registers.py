"""m68k's registers as rows: MC680x0 and ColdFire.

Sources: M68000 Family Programmer's Reference Manual (M68000PM/AD), section 1 and MOVEC (control register numbers);
MC68040 User's Manual; ColdFire Family Programmer's Reference Manual (CFPRM), section 1. The engine's API has ids for
some of them only, and its SR is wrong: what it reads forgets flags that are not computed yet. So all are read and
written in the engine's CPU state (`state`), and a row without an id is complete.
"""

from __future__ import annotations

import unicorn.m68k_const as uc

from isa.contract import Field, Register, Role

GDB_STATUS, GDB_PC, GDB_FLOAT, GDB_CONTROL = 16, 17, 18, 26
EXTENDED_BITS = 96
"""A floating-point register as `fmovem.x` stores it: 16 bits of sign and exponent, 16 of nothing, 64 of mantissa."""

STATUS_FIELDS = (
    Field("T", 14, 2, ((0, "no trace"), (1, "trace changes of flow"), (2, "trace"))),
    Field("S", 13, 1, ((0, "user"), (1, "supervisor"))),
    Field("M", 12, 1, ((0, "interrupt stack"), (1, "master stack"))),
    Field("I", 8, 3),
    Field("X", 4),
    Field("N", 3),
    Field("Z", 2),
    Field("V", 1),
    Field("C", 0),
)
_ROUNDING = ((0, "nearest"), (1, "zero"), (2, "minus infinity"), (3, "plus infinity"))
_PRECISION = ((0, "extended"), (1, "single"), (2, "double"))
_EXCEPTIONS = ("INEX1", "INEX2", "DZ", "UNFL", "OVFL", "OPERR", "SNAN", "BSUN")
FLOAT_CONTROL_FIELDS = (
    Field("RND", 4, 2, _ROUNDING),
    Field("PREC", 6, 2, _PRECISION),
    *(Field(name, 8 + bit) for bit, name in enumerate(_EXCEPTIONS)),
)
FLOAT_STATUS_FIELDS = (
    *(Field(name, 3 + bit) for bit, name in enumerate(("AINEX", "ADZ", "AUNFL", "AOVFL", "AIOP"))),
    *(Field(name, 8 + bit) for bit, name in enumerate(_EXCEPTIONS)),
    Field("QUOTIENT", 16, 8),
    *(Field(name, 24 + bit) for bit, name in enumerate(("NAN", "INF", "Z", "N"))),
)
_TRANSLATION_FIELDS = (Field("E", 15), Field("P", 14, 1, ((0, "4 KiB pages"), (1, "8 KiB pages"))))
_TRANSPARENT_FIELDS = (
    Field("BASE", 24, 8),
    Field("MASK", 16, 8),
    Field("E", 15),
    Field("S", 13, 2, ((0, "user"), (1, "supervisor"))),
    Field("U", 8, 2),
    Field("CM", 5, 2),
    Field("W", 2),
)

_BANKED = "while its mode runs this is the stack pointer"
_COLDFIRE = "ColdFire with EMAC only"

CONTROL: tuple[tuple[str, int, int | None, int, tuple[Field, ...], str], ...] = (
    # name, MOVEC number, engine's id, bits, fields, note
    ("sfc", 0x000, uc.UC_M68K_REG_CR_SFC, 3, (), ""),
    ("dfc", 0x001, uc.UC_M68K_REG_CR_DFC, 3, (), ""),
    ("usp", 0x800, uc.UC_M68K_REG_CR_USP, 32, (), _BANKED),
    ("vbr", 0x801, None, 32, (), ""),
    ("cacr", 0x002, uc.UC_M68K_REG_CR_CACR, 32, (), ""),
    ("msp", 0x803, uc.UC_M68K_REG_CR_MSP, 32, (), _BANKED),
    ("isp", 0x804, uc.UC_M68K_REG_CR_ISP, 32, (), _BANKED),
    ("tc", 0x003, uc.UC_M68K_REG_CR_TC, 16, _TRANSLATION_FIELDS, "MC68040's, whatever the model"),
    ("itt0", 0x004, uc.UC_M68K_REG_CR_ITT0, 32, _TRANSPARENT_FIELDS, ""),
    ("itt1", 0x005, uc.UC_M68K_REG_CR_ITT1, 32, _TRANSPARENT_FIELDS, ""),
    ("dtt0", 0x006, uc.UC_M68K_REG_CR_DTT0, 32, _TRANSPARENT_FIELDS, ""),
    ("dtt1", 0x007, uc.UC_M68K_REG_CR_DTT1, 32, _TRANSPARENT_FIELDS, ""),
    ("mmusr", 0x805, uc.UC_M68K_REG_CR_MMUSR, 32, (), ""),
    ("urp", 0x806, uc.UC_M68K_REG_CR_URP, 32, (), ""),
    ("srp", 0x807, uc.UC_M68K_REG_CR_SRP, 32, (), ""),
)

REGISTERS: tuple[Register, ...] = (
    *(Register(f"d{n}", 32, uc.UC_M68K_REG_D0 + n, Role.GENERAL, gdb=n, number=n) for n in range(8)),
    *(
        Register(
            f"a{n}",
            32,
            uc.UC_M68K_REG_A0 + n,
            Role.SP if n == 7 else Role.GENERAL,
            aliases={6: ("fp",), 7: ("sp",)}.get(n, ()),
            gdb=8 + n,
            number=8 + n,
        )
        for n in range(8)
    ),
    Register(
        "sr",
        16,
        uc.UC_M68K_REG_SR,
        Role.STATUS,
        aliases=("ps",),
        gdb=GDB_STATUS,
        fields=STATUS_FIELDS,
        note="the engine's API forgets flags that are not computed yet; read here in its state",
    ),
    Register("pc", 32, uc.UC_M68K_REG_PC, Role.PC, gdb=GDB_PC),
    *(
        Register(f"fp{n}", EXTENDED_BITS, None, Role.FP, "float", gdb=GDB_FLOAT + n, number=n)
        for n in range(8)
    ),
    Register("fpcr", 32, None, Role.STATUS, "float", ("fpcontrol",), GDB_CONTROL, fields=FLOAT_CONTROL_FIELDS),
    Register("fpsr", 32, None, Role.STATUS, "float", ("fpstatus",), GDB_CONTROL + 1, fields=FLOAT_STATUS_FIELDS),
    Register(
        "fpiar", 32, None, Role.SYSTEM, "float", ("fpiaddr",), GDB_CONTROL + 2,
        note="guests read 0: the engine has no such register",
    ),
    *(
        Register(name, bits, number, Role.SYSTEM, "control", (), None, code, 1, fields=fields, note=note)
        for name, code, number, bits, fields, note in CONTROL
    ),
    *(Register(f"acc{n}", 48, None, Role.GENERAL, "emac", number=n, note=_COLDFIRE) for n in range(4)),
    Register("macsr", 32, None, Role.STATUS, "emac", note=_COLDFIRE),
    Register("mask", 32, None, Role.GENERAL, "emac", note=_COLDFIRE),
)  # fmt: skip
