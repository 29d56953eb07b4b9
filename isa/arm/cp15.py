"""Coprocessor 15 of the A profile as rows: the system registers.

Source: ARM Architecture Reference Manual ARMv7-A and ARMv7-R edition (DDI 0406C), cited as [a], section B3.17. A CPU
model has some of them: what a model lacks reads as undefined, for the guest and for us. CCSIDR and ISR are not among
them: the engine makes up their values for a guest's instruction only.
"""

from __future__ import annotations

from dataclasses import dataclass

from isa.contract import Field, Register, Role

CP_REG = 139
"""UC_ARM_REG_CP_REG: the engine's id that goes with a selector."""


@dataclass(frozen=True, slots=True)
class Row:
    """A register of coprocessor 15: MRC p15, opc1, Rt, CRn, CRm, opc2; MRRC p15, opc1, Rt, Rt2, CRm where `wide`."""

    name: str
    crn: int
    opc1: int
    crm: int
    opc2: int
    wide: bool = False
    note: str = ""

    @property
    def number(self) -> int:
        """The encoding as one number: 1 at bit 16 for MRRC, then opc1, CRn, CRm, opc2 as hexadecimal digits."""
        return self.wide << 16 | self.opc1 << 12 | self.crn << 8 | self.crm << 4 | self.opc2

    @property
    def selector(self) -> tuple[int, ...]:
        """uc_arm_cp_reg up to its value: cp, is64, sec, crn, crm, opc1, opc2. The engine starts non-secure."""
        return 15, int(self.wide), 0, self.crn, self.crm, self.opc1, self.opc2


_HOST = "reads guest time, as CNTPCT does"
_TIMER = "compares with guest time; no board wires its interrupt"
ROWS: tuple[Row, ...] = (
    Row("midr", 0, 0, 0, 0),
    Row("ctr", 0, 0, 0, 1),
    Row("tcmtr", 0, 0, 0, 2),
    Row("tlbtr", 0, 0, 0, 3),
    Row("mpuir", 0, 0, 0, 4),
    Row("mpidr", 0, 0, 0, 5),
    Row("revidr", 0, 0, 0, 6),
    Row("id_pfr0", 0, 0, 1, 0),
    Row("id_pfr1", 0, 0, 1, 1),
    Row("id_dfr0", 0, 0, 1, 2),
    Row("id_afr0", 0, 0, 1, 3),
    Row("id_mmfr0", 0, 0, 1, 4),
    Row("id_mmfr1", 0, 0, 1, 5),
    Row("id_mmfr2", 0, 0, 1, 6),
    Row("id_mmfr3", 0, 0, 1, 7),
    Row("id_isar0", 0, 0, 2, 0),
    Row("id_isar1", 0, 0, 2, 1),
    Row("id_isar2", 0, 0, 2, 2),
    Row("id_isar3", 0, 0, 2, 3),
    Row("id_isar4", 0, 0, 2, 4),
    Row("id_isar5", 0, 0, 2, 5),
    Row("clidr", 0, 1, 0, 1),
    Row("aidr", 0, 1, 0, 7),
    Row("csselr", 0, 2, 0, 0),
    Row("sctlr", 1, 0, 0, 0),
    Row("actlr", 1, 0, 0, 1),
    Row("cpacr", 1, 0, 0, 2),
    Row("scr", 1, 0, 1, 0),
    Row("sder", 1, 0, 1, 1),
    Row("nsacr", 1, 0, 1, 2),
    Row("ttbr0", 2, 0, 0, 0),
    Row("ttbr1", 2, 0, 0, 1),
    Row("ttbcr", 2, 0, 0, 2),
    Row("ttbr0_64", 0, 0, 2, 0, wide=True),
    Row("ttbr1_64", 0, 1, 2, 0, wide=True),
    Row("dacr", 3, 0, 0, 0),
    Row("dfsr", 5, 0, 0, 0),
    Row("ifsr", 5, 0, 0, 1),
    Row("adfsr", 5, 0, 1, 0),
    Row("aifsr", 5, 0, 1, 1),
    Row("dfar", 6, 0, 0, 0),
    Row("ifar", 6, 0, 0, 2),
    Row("par", 7, 0, 4, 0),
    Row("par_64", 0, 0, 7, 0, wide=True),
    Row("pmcr", 9, 0, 12, 0),
    Row("pmcntenset", 9, 0, 12, 1),
    Row("pmovsr", 9, 0, 12, 3),
    Row("pmselr", 9, 0, 12, 5),
    Row("pmuserenr", 9, 0, 14, 0),
    Row("pmintenset", 9, 0, 14, 1),
    Row("prrr", 10, 0, 2, 0),
    Row("nmrr", 10, 0, 2, 1),
    Row("vbar", 12, 0, 0, 0),
    Row("mvbar", 12, 0, 0, 1),
    Row("fcseidr", 13, 0, 0, 0),
    Row("contextidr", 13, 0, 0, 1),
    Row("tpidrurw", 13, 0, 0, 2),
    Row("tpidruro", 13, 0, 0, 3),
    Row("tpidrprw", 13, 0, 0, 4),
    Row("cntfrq", 14, 0, 0, 0),
    Row("cntkctl", 14, 0, 1, 0),
    Row("cntp_ctl", 14, 0, 2, 1, note=_TIMER),
    Row("cntv_ctl", 14, 0, 3, 1, note=_TIMER),
    Row("cntpct", 0, 0, 14, 0, wide=True),
    Row("cntvct", 0, 1, 14, 0, wide=True, note=_HOST),
    Row("cntp_cval", 0, 2, 14, 0, wide=True, note=_TIMER),
    Row("cntv_cval", 0, 3, 14, 0, wide=True, note=_TIMER),
)

_FAULT_STATUS = (
    Field("fs", 0, 4),
    Field("domain", 4, 4),
    Field("lpae", 9),
    Field("fs4", 10),
    Field("wnr", 11, values=((0, "read"), (1, "write"))),
    Field("ext", 12),
    Field("cm", 13),
)
_FIELDS: dict[str, tuple[Field, ...]] = {
    "sctlr": (
        Field("m", 0, values=((0, "MMU off"), (1, "MMU on"))),
        Field("a", 1),
        Field("c", 2),
        Field("z", 11),
        Field("i", 12),
        Field("v", 13, values=((0, "vectors at VBAR"), (1, "vectors at 0xffff0000"))),
        Field("ee", 25),
        Field("tre", 28),
        Field("afe", 29),
        Field("te", 30, values=((0, "exceptions in A32"), (1, "exceptions in T32"))),
    ),
    "dfsr": _FAULT_STATUS,
    "ifsr": _FAULT_STATUS,
    "ttbcr": (Field("n", 0, 3), Field("pd0", 4), Field("pd1", 5), Field("eae", 31)),
    "contextidr": (Field("asid", 0, 8), Field("procid", 8, 24)),
    "midr": (
        Field("revision", 0, 4),
        Field("part", 4, 12),
        Field("architecture", 16, 4),
        Field("variant", 20, 4),
        Field("implementer", 24, 8),
    ),
    "mpidr": (Field("aff0", 0, 8), Field("aff1", 8, 8), Field("aff2", 16, 8), Field("u", 30)),
}
_READ_ONLY = ("midr", "ctr", "tcmtr", "tlbtr", "mpuir", "mpidr", "revidr", "clidr", "aidr")


def registers() -> tuple[Register, ...]:
    return tuple(
        Register(
            name=row.name,
            bits=64 if row.wide else 32,
            unicorn=CP_REG,
            role=Role.STATUS if row.name in ("dfsr", "ifsr") else Role.SYSTEM,
            group="cp15",
            number=row.number,
            privilege=0 if row.name in ("tpidrurw", "tpidruro") else 1,
            read_only=row.name in _READ_ONLY or row.name.startswith(("id_", "cntpct", "cntvct")),
            selector=row.selector,
            fields=_FIELDS.get(row.name, ()),
            note=row.note,
        )
        for row in ROWS
    )
