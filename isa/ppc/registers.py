"""PowerPC's registers as rows. Names are the assembler's; numbers of special-purpose registers are those of mfspr.

Sources: Power ISA 3.0B, Book III chapter 4 (registers), Book I 2.3 and 3.2; MPC7410 RISC Microprocessor Family User's
Manual, chapter 2 (the 32-bit set). GDB's numbers are those of its powerpc-altivec32l and 64l descriptions, without what
Linux adds. The engine's API has no special-purpose register but lr, ctr and xer, and no vector register: they are read
in its saved state.
"""

from __future__ import annotations

from dataclasses import dataclass

import unicorn.ppc_const as uc

from isa.contract import Field, Register, Role

GDB_FLOAT, GDB_PC, GDB_VECTOR, GDB_SR, GDB_SPR = 32, 64, 71, 106, 128

_XER = "the engine's own reads it without SO, OV and CA: read in its state"
_CLOCK = "carried out by us: guest time, and what the guest has set it to"
_FULL = "reads as the whole of it in the engine's state"

MSR_32 = (
    Field("LE", 0), Field("RI", 1), Field("DR", 4), Field("IR", 5), Field("IP", 6), Field("FE1", 8),
    Field("BE", 9), Field("SE", 10), Field("FE0", 11), Field("ME", 12), Field("FP", 13), Field("PR", 14),
    Field("EE", 15), Field("ILE", 16), Field("POW", 18), Field("VEC", 25),
)  # fmt: skip
MSR_64 = (
    Field("LE", 0), Field("RI", 1), Field("PMM", 2), Field("DR", 4), Field("IR", 5), Field("FE1", 8),
    Field("TE", 9, 2), Field("FE0", 11), Field("ME", 12), Field("FP", 13), Field("PR", 14), Field("EE", 15),
    Field("VSX", 23), Field("VEC", 25), Field("HV", 60), Field("SF", 63),
)  # fmt: skip
_XER_FIELDS = (Field("count", 0, 7), Field("CA32", 18), Field("OV32", 19), Field("CA", 29), Field("OV", 30),
               Field("SO", 31))  # fmt: skip
_CR_FIELDS = tuple(Field(f"cr{i}", 28 - 4 * i, 4) for i in range(8))
_FPSCR_FIELDS = (
    Field("RN", 0, 2), Field("NI", 2), Field("XE", 3), Field("ZE", 4), Field("UE", 5), Field("OE", 6),
    Field("VE", 7), Field("FPRF", 12, 5), Field("XX", 25), Field("ZX", 26), Field("UX", 27), Field("OX", 28),
    Field("VX", 29), Field("FEX", 30), Field("FX", 31),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spr:
    """A row of the table of special-purpose registers; `user`: a program may read it, `only`: 32 or 64 bits only."""

    number: int
    name: str
    user: bool = False
    only: int | None = None
    read_only: bool = False


def _bats(kind: str, first: int) -> tuple[Spr, ...]:
    return tuple(
        Spr(first + 2 * i + j, f"{kind}bat{i}{'ul'[j]}", only=32) for i in range(4) for j in range(2)
    )


SPRS: tuple[Spr, ...] = (
    Spr(18, "dsisr"),
    Spr(19, "dar"),
    Spr(25, "sdr1", only=32),
    Spr(26, "srr0"),
    Spr(27, "srr1"),
    Spr(256, "vrsave", user=True),
    *(Spr(272 + i, f"sprg{i}") for i in range(4)),
    Spr(282, "ear"),
    Spr(287, "pvr", read_only=True),
    *_bats("i", 528),
    *_bats("d", 536),
    Spr(1008, "hid0"),
    Spr(1009, "hid1", only=32),
    Spr(1010, "iabr", only=32),
    Spr(1013, "dabr", only=32),
    Spr(1017, "l2cr", only=32),
    Spr(1019, "ictc", only=32),
    *(Spr(1020 + i, f"thrm{i + 1}", only=32) for i in range(3)),
    *(
        Spr(952 + i, name, only=32)
        for i, name in enumerate(("mmcr0", "pmc1", "pmc2", "sia", "mmcr1", "pmc3", "pmc4"))
    ),
    Spr(1023, "pir"),
    Spr(17, "dscr", only=64),
    Spr(28, "cfar", only=64),
    Spr(29, "amr", only=64),
    Spr(48, "pidr", only=64),
    Spr(61, "iamr", only=64),
    Spr(152, "ctrl", only=64),
    Spr(153, "fscr", only=64),
    Spr(157, "uamor", only=64),
    Spr(159, "pspb", only=64),
    Spr(180, "dawr0", only=64),
    Spr(187, "ciabr", only=64),
    Spr(188, "dawrx0", only=64),
    Spr(190, "hfscr", only=64),
    Spr(304, "hsprg0", only=64),
    Spr(305, "hsprg1", only=64),
    Spr(306, "hdsisr", only=64),
    Spr(307, "hdar", only=64),
    Spr(313, "hrmor", only=64),
    Spr(314, "hsrr0", only=64),
    Spr(315, "hsrr1", only=64),
    Spr(318, "lpcr", only=64),
    Spr(319, "lpidr", only=64),
    Spr(336, "hmer", only=64),
    Spr(337, "hmeer", only=64),
    Spr(338, "pcr", only=64),
    Spr(349, "amor", only=64),
    Spr(464, "ptcr", only=64),
    Spr(784, "sier", only=64),
    Spr(785, "mmcr2", only=64),
    Spr(786, "mmcra", only=64),
    *(Spr(786 + i, f"pmc{i}", only=64) for i in range(1, 7)),
    Spr(795, "mmcr0", only=64),
    Spr(796, "siar", only=64),
    Spr(797, "sdar", only=64),
    Spr(798, "mmcr1", only=64),
    Spr(815, "tar", user=True, only=64),
    Spr(816, "asdr", only=64),
    Spr(855, "psscr", only=64),
    Spr(896, "ppr", user=True, only=64),
)
CLOCKS: tuple[Spr, ...] = (
    Spr(268, "tbl", user=True, read_only=True),
    Spr(269, "tbu", user=True, read_only=True),
)
"""They read as guest time; a guest sets them through 284 and 285. The decrementer, 22, has no place of its own."""


def sprs(bits: int) -> tuple[Spr, ...]:
    """Those of this width that have a place in the engine's state."""
    return tuple(row for row in SPRS if row.only in (None, bits))


def registers(bits: int) -> tuple[Register, ...]:
    """The register table of the 32-bit or the 64-bit set."""
    rows = [
        *(_general(n, bits) for n in range(32)),
        Register("pc", bits, uc.UC_PPC_REG_PC, Role.PC, aliases=("nip", "cia"), gdb=GDB_PC),
        Register(
            "msr", bits, uc.UC_PPC_REG_MSR, Role.SYSTEM, gdb=65, fields=MSR_64 if bits == 64 else MSR_32
        ),
        Register("cr", 32, uc.UC_PPC_REG_CR, Role.STATUS, gdb=66, fields=_CR_FIELDS),
        Register("lr", bits, uc.UC_PPC_REG_LR, Role.RA, gdb=67, number=8),
        Register("ctr", bits, uc.UC_PPC_REG_CTR, Role.STATUS, gdb=68, number=9),
        Register("xer", 32, None, Role.STATUS, gdb=69, number=1, fields=_XER_FIELDS, note=_XER),
        *(
            Register(f"f{n}", 64, uc.UC_PPC_REG_FPR0 + n, Role.FP, "float", (f"fp{n}",), GDB_FLOAT + n, n)
            for n in range(32)
        ),
        Register("fpscr", 32, uc.UC_PPC_REG_FPSCR, Role.STATUS, "float", gdb=70, fields=_FPSCR_FIELDS),
        *(
            Register(f"sr{n}", 32, None, Role.SYSTEM, "spr", gdb=GDB_SR + n, number=n, privilege=1)
            for n in range(16 if bits == 32 else 0)
        ),
        *(
            Register(f"vr{n}", 128, None, Role.VECTOR, "vector", (f"v{n}",), GDB_VECTOR + n, n, note=_FULL)
            for n in range(32)
        ),
        Register("vscr", 32, None, Role.STATUS, "vector", gdb=GDB_VECTOR + 32),
    ]
    for row in sprs(bits):
        vector = row.name == "vrsave"
        rows.append(
            Register(
                row.name,
                32 if vector else bits,
                None,
                Role.SYSTEM,
                "vector" if vector else "spr",
                gdb=GDB_VECTOR + 33 if vector else GDB_SPR + row.number,
                number=row.number,
                privilege=0 if row.user else 1,
                read_only=row.read_only,
            )
        )
    for row in CLOCKS:
        rows.append(
            Register(
                row.name,
                bits,
                None,
                Role.SYSTEM,
                "spr",
                gdb=GDB_SPR + row.number,
                number=row.number,
                read_only=True,
                note=_CLOCK,
            )
        )
    return tuple(rows)


def _general(number: int, bits: int) -> Register:
    role, aliases = (Role.SP, ("sp",)) if number == 1 else (Role.GENERAL, ())
    return Register(f"r{number}", bits, uc.UC_PPC_REG_0 + number, role, "general", aliases, number, number)
