"""RISC-V's registers as rows. Names are the assembler's (ABI names first, x0-x31 and f0-f31 as aliases).

Sources: unprivileged specification, chapter "RISC-V Assembly Programmer's Handbook"; privileged specification
1.12, table 2.2 and following (CSR numbers; bits 9:8 are the lowest privilege that may read, bits 11:10 == 3
is read-only). A CSR whose `unicorn` is None is not in the engine: reading it through the engine's id would
give garbage without an error.
"""

from __future__ import annotations

from dataclasses import dataclass

import unicorn.riscv_const as uc

from isa.contract import Field, Register, Role
from isa.riscv import csr

GDB_PC, GDB_FLOAT, GDB_CSR, GDB_PRIVILEGE = 32, 33, 65, 65 + 4096

# fmt: off
GENERAL_NAMES = (
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2",
    "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
    "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7",
    "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
)
FLOAT_NAMES = (
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7",
    "fs0", "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5",
    "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7",
    "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
)
# fmt: on
_ROLES = {"zero": Role.ZERO, "ra": Role.RA, "sp": Role.SP}

_NO_CLOCK = "the engine has no clock: reading it is an illegal instruction, which we answer with guest time"
_SHADOWED = "the engine counts nothing here but host time: reads are answered with retired instructions"
_FS = "reads as garbage through the engine while mstatus.FS is off"
_ABSENT = "not in the engine: an illegal instruction"
_NO_ID = "the guest reaches it, the engine's API has no id for it"


@dataclass(frozen=True, slots=True)
class Csr:
    """A row of the CSR table. `unicorn`: the engine's id where the engine has the register; `only`: 32 or 64
    bits only.
    """

    number: int
    name: str
    unicorn: int | None = None
    note: str = ""
    only: int | None = None
    aliases: tuple[str, ...] = ()


_HPM = range(3, 32)

# The withdrawn user-level interrupts (N), the hypervisor extension (H), the debug specification.
_OTHER_EXTENSIONS = (
    (0x000, "ustatus"), (0x004, "uie"), (0x005, "utvec"), (0x040, "uscratch"), (0x041, "uepc"),
    (0x042, "ucause"), (0x043, "utval"), (0x044, "uip"), (0x102, "sedeleg"), (0x103, "sideleg"),
    (0x200, "vsstatus"), (0x204, "vsie"), (0x205, "vstvec"), (0x240, "vsscratch"), (0x241, "vsepc"),
    (0x242, "vscause"), (0x243, "vstval"), (0x244, "vsip"), (0x280, "vsatp"),
    (0x34A, "mtinst"), (0x34B, "mtval2"), (0x600, "hstatus"), (0x602, "hedeleg"), (0x603, "hideleg"),
    (0x604, "hie"), (0x605, "htimedelta"), (0x606, "hcounteren"), (0x607, "hgeie"), (0x643, "htval"),
    (0x644, "hip"), (0x645, "hvip"), (0x64A, "htinst"), (0x680, "hgatp"), (0xE12, "hgeip"),
    (0x7B0, "dcsr"), (0x7B1, "dpc"), (0x7B2, "dscratch0"), (0x7B3, "dscratch1"),
)  # fmt: skip

CSRS: tuple[Csr, ...] = (
    Csr(0x001, "fflags", uc.UC_RISCV_REG_FFLAGS, _FS),
    Csr(0x002, "frm", uc.UC_RISCV_REG_FRM, _FS),
    Csr(0x003, "fcsr", uc.UC_RISCV_REG_FCSR, _FS),
    Csr(0xC00, "cycle", uc.UC_RISCV_REG_CYCLE, _SHADOWED),
    Csr(0xC01, "time", None, _NO_CLOCK),
    Csr(0xC02, "instret", uc.UC_RISCV_REG_INSTRET, _SHADOWED),
    *(Csr(0xC00 + n, f"hpmcounter{n}", uc.UC_RISCV_REG_HPMCOUNTER3 + n - 3) for n in _HPM),
    Csr(0xC80, "cycleh", uc.UC_RISCV_REG_CYCLEH, _SHADOWED, only=32),
    Csr(0xC81, "timeh", None, _NO_CLOCK, only=32),
    Csr(0xC82, "instreth", uc.UC_RISCV_REG_INSTRETH, _SHADOWED, only=32),
    *(Csr(0xC80 + n, f"hpmcounter{n}h", uc.UC_RISCV_REG_HPMCOUNTER3H + n - 3, only=32) for n in _HPM),
    Csr(0x100, "sstatus", uc.UC_RISCV_REG_SSTATUS),
    Csr(0x104, "sie", uc.UC_RISCV_REG_SIE),
    Csr(0x105, "stvec", uc.UC_RISCV_REG_STVEC),
    Csr(0x106, "scounteren", uc.UC_RISCV_REG_SCOUNTEREN),
    Csr(0x10A, "senvcfg", None, _ABSENT),
    Csr(0x140, "sscratch", uc.UC_RISCV_REG_SSCRATCH),
    Csr(0x141, "sepc", uc.UC_RISCV_REG_SEPC),
    Csr(0x142, "scause", uc.UC_RISCV_REG_SCAUSE),
    Csr(0x143, "stval", uc.UC_RISCV_REG_STVAL, aliases=("sbadaddr",)),
    Csr(0x144, "sip", uc.UC_RISCV_REG_SIP),
    Csr(0x14D, "stimecmp", None, _ABSENT),
    Csr(0x15D, "stimecmph", None, _ABSENT, only=32),
    Csr(0x180, "satp", uc.UC_RISCV_REG_SATP, aliases=("sptbr",)),
    Csr(0xF11, "mvendorid", uc.UC_RISCV_REG_MVENDORID),
    Csr(0xF12, "marchid", uc.UC_RISCV_REG_MARCHID),
    Csr(0xF13, "mimpid", uc.UC_RISCV_REG_MIMPID),
    Csr(0xF14, "mhartid", uc.UC_RISCV_REG_MHARTID),
    Csr(0xF15, "mconfigptr", None, _ABSENT),
    Csr(0x300, "mstatus", uc.UC_RISCV_REG_MSTATUS),
    Csr(0x301, "misa", uc.UC_RISCV_REG_MISA),
    Csr(0x302, "medeleg", uc.UC_RISCV_REG_MEDELEG),
    Csr(0x303, "mideleg", uc.UC_RISCV_REG_MIDELEG),
    Csr(0x304, "mie", uc.UC_RISCV_REG_MIE),
    Csr(0x305, "mtvec", uc.UC_RISCV_REG_MTVEC),
    Csr(0x306, "mcounteren", uc.UC_RISCV_REG_MCOUNTEREN),
    Csr(0x30A, "menvcfg", None, _ABSENT),
    Csr(0x310, "mstatush", uc.UC_RISCV_REG_MSTATUSH, only=32),
    Csr(0x31A, "menvcfgh", None, _ABSENT, only=32),
    Csr(0x320, "mcountinhibit", None, _ABSENT),
    *(Csr(0x320 + n, f"mhpmevent{n}", None, _NO_ID) for n in _HPM),
    Csr(0x340, "mscratch", uc.UC_RISCV_REG_MSCRATCH),
    Csr(0x341, "mepc", uc.UC_RISCV_REG_MEPC),
    Csr(0x342, "mcause", uc.UC_RISCV_REG_MCAUSE),
    Csr(0x343, "mtval", uc.UC_RISCV_REG_MTVAL, aliases=("mbadaddr",)),
    Csr(0x344, "mip", uc.UC_RISCV_REG_MIP),
    *(Csr(0x3A0 + n, f"pmpcfg{n}", None, _NO_ID) for n in range(0, 4, 2)),
    *(Csr(0x3A0 + n, f"pmpcfg{n}", None, _NO_ID, only=32) for n in range(1, 4, 2)),
    *(Csr(0x3B0 + n, f"pmpaddr{n}", None, _NO_ID) for n in range(16)),
    Csr(0x7A0, "tselect", None, _ABSENT),
    Csr(0x7A1, "tdata1", None, _ABSENT),
    Csr(0x7A2, "tdata2", None, _ABSENT),
    Csr(0x7A3, "tdata3", None, _ABSENT),
    Csr(0xB00, "mcycle", uc.UC_RISCV_REG_MCYCLE, _SHADOWED),
    Csr(0xB02, "minstret", uc.UC_RISCV_REG_MINSTRET, _SHADOWED),
    *(Csr(0xB00 + n, f"mhpmcounter{n}", None, _NO_ID) for n in _HPM),
    Csr(0xB80, "mcycleh", uc.UC_RISCV_REG_MCYCLEH, _SHADOWED, only=32),
    Csr(0xB82, "minstreth", uc.UC_RISCV_REG_MINSTRETH, _SHADOWED, only=32),
    *(Csr(0xB80 + n, f"mhpmcounter{n}h", None, _NO_ID, only=32) for n in _HPM),
    *(Csr(number, name, None, _ABSENT) for number, name in _OTHER_EXTENSIONS),
    Csr(0x615, "htimedeltah", None, _ABSENT, only=32),
)


def registers(bits: int) -> tuple[Register, ...]:
    """The register table of RV32 or RV64."""
    return (
        *(_general(n, name, bits) for n, name in enumerate(GENERAL_NAMES)),
        Register("pc", bits, uc.UC_RISCV_REG_PC, Role.PC, gdb=GDB_PC),
        *(
            Register(name, 64, uc.UC_RISCV_REG_F0 + n, Role.FP, "float", (f"f{n}",), GDB_FLOAT + n, n)
            for n, name in enumerate(FLOAT_NAMES)
        ),
        *(_csr(row, bits) for row in CSRS if row.only in (None, bits)),
        Register(
            "priv",
            bits,
            uc.UC_RISCV_REG_PRIV,
            Role.PRIVILEGE,
            "virtual",
            gdb=GDB_PRIVILEGE,
            fields=(Field("mode", 0, 2, csr.PRIVILEGES),),
        ),
    )


def _general(number: int, name: str, bits: int) -> Register:
    aliases = (f"x{number}", "fp") if name == "s0" else (f"x{number}",)
    role = _ROLES.get(name, Role.GENERAL)
    unicorn = uc.UC_RISCV_REG_X0 + number
    return Register(name, bits, unicorn, role, "general", aliases, number, number, read_only=number == 0)


def _csr(row: Csr, bits: int) -> Register:
    return Register(
        name=row.name,
        bits=bits,
        unicorn=row.unicorn,
        role=Role.STATUS if row.name in ("mstatus", "sstatus", "fcsr", "fflags", "frm") else Role.SYSTEM,
        group="csr",
        aliases=row.aliases,
        gdb=None if row.unicorn is None else GDB_CSR + row.number,
        number=row.number,
        privilege=row.number >> 8 & 3,
        read_only=row.number >> 10 == 3,
        fields=csr.fields(row.name, bits),
        note=row.note,
    )
