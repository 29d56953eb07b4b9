"""The M profile's registers as rows. Sources: [m] B1.4, B3.2; GDB manual, "ARM Features" (m-profile, m-system)."""

from __future__ import annotations

import unicorn.arm_const as uc

from isa.arm.registers import floating, general
from isa.contract import Field, Register, Role

XPSR_FIELDS: tuple[Field, ...] = (
    Field("exception", 0, 9),
    Field("it7_2", 10, 6),
    Field("ge", 16, 4),
    Field("t", 24),
    Field("it1_0", 25, 2),
    Field("q", 27),
    Field("v", 28),
    Field("c", 29),
    Field("z", 30),
    Field("n", 31),
)
SPECIAL = ("msp", "psp", "primask", "basepri", "faultmask", "control", "msplim", "psplim")
"""Registers of mrs and msr; the last two are ARMv8-M's."""
SYSTEM: dict[str, int] = {
    "cpuid": 0xE000_ED00,
    "icsr": 0xE000_ED04,
    "vtor": 0xE000_ED08,
    "aircr": 0xE000_ED0C,
    "scr": 0xE000_ED10,
    "ccr": 0xE000_ED14,
    "shpr1": 0xE000_ED18,
    "shpr2": 0xE000_ED1C,
    "shpr3": 0xE000_ED20,
    "shcsr": 0xE000_ED24,
    "cfsr": 0xE000_ED28,
    "hfsr": 0xE000_ED2C,
    "mmfar": 0xE000_ED34,
    "bfar": 0xE000_ED38,
    "cpacr": 0xE000_ED88,
    "nvic_iser0": 0xE000_E100,
    "nvic_ispr0": 0xE000_E200,
    "nvic_iabr0": 0xE000_E300,
    **{f"nvic_ipr{n}": 0xE000_E400 + 4 * n for n in range(8)},
}
"""Registers of the System Control Space by address [m table B3-3]."""
READ_ONLY = ("cpuid", "icsr", "aircr", "shcsr", "nvic_iser0", "nvic_ispr0", "nvic_iabr0")
"""Not to be written here; the guest writes them as the manual has it."""
_NUMBERS = {
    "msp": uc.UC_ARM_REG_MSP,
    "psp": uc.UC_ARM_REG_PSP,
    "primask": uc.UC_ARM_REG_PRIMASK,
    "basepri": uc.UC_ARM_REG_BASEPRI,
    "faultmask": uc.UC_ARM_REG_FAULTMASK,
    "control": uc.UC_ARM_REG_CONTROL,
}
_CFSR = (
    Field("iaccviol", 0),
    Field("daccviol", 1),
    Field("mmarvalid", 7),
    Field("ibuserr", 8),
    Field("preciserr", 9),
    Field("stkerr", 12),
    Field("bfarvalid", 15),
    Field("undefinstr", 16),
    Field("invstate", 17),
    Field("invpc", 18),
    Field("nocp", 19),
    Field("stkof", 20),
    Field("unaligned", 24),
    Field("divbyzero", 25),
)
_FIELDS = {
    "cfsr": _CFSR,
    "hfsr": (Field("vecttbl", 1), Field("forced", 30), Field("debugevt", 31)),
    "control": (Field("npriv", 0), Field("spsel", 1, values=((0, "msp"), (1, "psp"))), Field("fpca", 2)),
    "icsr": (
        *(Field("vectactive", 0, 9), Field("vectpending", 12, 9), Field("isrpending", 22)),
        *(Field("pendstset", 26), Field("pendsvset", 28)),
    ),
}  # fmt: skip
GDB_XPSR, GDB_SYSTEM = 25, 60


def registers() -> tuple[Register, ...]:
    return (
        *general(),
        Register(
            "xpsr", 32, uc.UC_ARM_REG_XPSR, Role.STATUS, "general", ("cpsr",), GDB_XPSR, fields=XPSR_FIELDS
        ),
        *floating(16, quads=False),
        *(
            Register(
                name,
                32,
                _NUMBERS.get(name),
                Role.SP if name in ("msp", "psp") else Role.SYSTEM,
                "m_system",
                gdb=GDB_SYSTEM + i,
                privilege=1,
                fields=_FIELDS.get(name, ()),
            )
            for i, name in enumerate(SPECIAL)
        ),
        *(
            Register(
                name,
                32,
                None,
                Role.SYSTEM,
                "scs",
                number=address,
                privilege=1,
                read_only=name in READ_ONLY,
                fields=_FIELDS.get(name, ()),
            )
            for name, address in SYSTEM.items()
        ),
    )
