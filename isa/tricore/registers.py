"""TriCore's registers as rows. Names are the manual's; a core register's number is its address for mfcr and mtcr.

Sources: TriCore Architecture Manual (V1.3.8), chapter 3 and appendix; TC1797 and TC27x User's Manuals for the debug and
memory registers. The engine's API has ids for the first of them only: all are read in the engine's CPU state (`state`).
"""

from __future__ import annotations

import unicorn.tricore_const as uc

from isa.contract import Field, Register, Role

PSW_FIELDS = (
    Field("C", 31),
    Field("V", 30),
    Field("SV", 29),
    Field("AV", 28),
    Field("SAV", 27),
    Field("RM", 24, 2, ((0, "nearest"), (1, "plus infinity"), (2, "minus infinity"), (3, "zero"))),
    Field("PRS", 12, 2),
    Field("IO", 10, 2, ((0, "user-0"), (1, "user-1"), (2, "supervisor"))),
    Field("IS", 9, 1, ((0, "user stack"), (1, "interrupt stack"))),
    Field("GW", 8),
    Field("CDE", 7),
    Field("CDC", 0, 7),
)
PCXI_FIELDS = (
    Field("PCPN", 24, 8),
    Field("PIE", 23),
    Field("UL", 22, 1, ((0, "lower"), (1, "upper"))),
    Field("PCXS", 16, 4),
    Field("PCXO", 0, 16),
)
LIST_FIELDS = (Field("S", 16, 4), Field("O", 0, 16))
ICR_FIELDS = (Field("PIPN", 16, 8), Field("IE", 8), Field("CCPN", 0, 8))
SYSCON_FIELDS = (Field("PROTEN", 1), Field("FCDSF", 0))

_ALIASES = {"a10": ("sp",), "a11": ("ra",)}
_ROLES = {"a10": Role.SP, "a11": Role.RA}

CORE: tuple[tuple[int, str, int | None, tuple[Field, ...]], ...] = (
    # address, name, the engine's id, fields; in the order of the engine's state
    (0xFE14, "syscon", uc.UC_TRICORE_REG_SYSCON, SYSCON_FIELDS),
    (0xFE18, "cpu_id", uc.UC_TRICORE_REG_CPU_ID, ()),
    (0xFE1C, "core_id", None, ()),
    (0xFE20, "biv", uc.UC_TRICORE_REG_BIV, ()),
    (0xFE24, "btv", uc.UC_TRICORE_REG_BTV, ()),
    (0xFE28, "isp", uc.UC_TRICORE_REG_ISP, ()),
    (0xFE2C, "icr", uc.UC_TRICORE_REG_ICR, ICR_FIELDS),
    (0xFE38, "fcx", uc.UC_TRICORE_REG_FCX, LIST_FIELDS),
    (0xFE3C, "lcx", uc.UC_TRICORE_REG_LCX, LIST_FIELDS),
    (0x9400, "compat", uc.UC_TRICORE_REG_COMPAT, ()),
    *(
        (base + 0x400 * table + 8 * entry + 4 * upper, f"{name}{table}_{entry}{'lu'[upper]}", None, ())
        for base, name in ((0xC000, "dpr"), (0xD000, "cpr"))
        for table in range(4)
        for entry in range(4)
        for upper in range(2)
    ),
    *((0xE000 + 0x80 * n, f"dpm{n}", None, ()) for n in range(4)),
    *((0xE200 + 0x80 * n, f"cpm{n}", None, ()) for n in range(4)),
    (0x8000, "mmu_con", None, ()),
    (0x8004, "mmu_asi", None, ()),
    (0x800C, "mmu_tva", None, ()),
    (0x8010, "mmu_tpa", None, ()),
    (0x8014, "mmu_tpx", None, ()),
    (0x8018, "mmu_tfa", None, ()),
    (0x9004, "bmacon", None, ()),
    (0x900C, "smacon", None, ()),
    (0x9020, "diear", None, ()),
    (0x9024, "dietr", None, ()),
    (0x9028, "ccdier", None, ()),
    (0x9044, "miecon", None, ()),
    (0x9210, "piear", None, ()),
    (0x9214, "pietr", None, ()),
    (0x9218, "ccpier", None, ()),
    (0xFD00, "dbgsr", None, ()),
    (0xFD08, "exevt", None, ()),
    (0xFD0C, "crevt", None, ()),
    (0xFD10, "swevt", None, ()),
    (0xFD20, "tr0evt", None, ()),
    (0xFD24, "tr1evt", None, ()),
    (0xFD40, "dms", None, ()),
    (0xFD44, "dcx", None, ()),
    (0xFD48, "dbgtcr", None, ()),
    (0xFC00, "cctrl", None, ()),
    (0xFC04, "ccnt", None, ()),
    (0xFC08, "icnt", None, ()),
    (0xFC0C, "m1cnt", None, ()),
    (0xFC10, "m2cnt", None, ()),
    (0xFC14, "m3cnt", None, ()),
)
_INERT = "the engine keeps what is written, and nothing follows from it"
_ACTIVE = ("syscon", "biv", "btv", "isp", "icr", "fcx", "lcx", "dcx", "dbgsr")

REGISTERS: tuple[Register, ...] = (
    *(Register(f"d{n}", 32, uc.UC_TRICORE_REG_D0 + n, Role.GENERAL, number=n) for n in range(16)),
    *(
        Register(
            f"a{n}",
            32,
            uc.UC_TRICORE_REG_A0 + n,
            _ROLES.get(f"a{n}", Role.GENERAL),
            aliases=_ALIASES.get(f"a{n}", ()),
            number=16 + n,
        )
        for n in range(16)
    ),
    Register("pc", 32, uc.UC_TRICORE_REG_PC, Role.PC, number=0xFE08),
    Register(
        "psw", 32, uc.UC_TRICORE_REG_PSW, Role.STATUS, "core", (), None, 0xFE04, fields=PSW_FIELDS,
        note="the engine's API shows it without the flags of the last results; read here in its state",
    ),
    Register("pcxi", 32, uc.UC_TRICORE_REG_PCXI, Role.SYSTEM, "core", (), None, 0xFE00, fields=PCXI_FIELDS),
    *(
        Register(
            name, 32, number, Role.SYSTEM, "core", (), None, address, fields=fields,
            note="" if name in _ACTIVE else _INERT,
        )
        for address, name, number, fields in CORE
    ),
)  # fmt: skip
