"""AArch64 system registers as rows: name and encoding (op0, op1, CRn, CRm, op2). Source: DDI 0487, chapter D17.

The engine holds most of them in its CPU state and the rest as constants of the CPU model. Some it only computes when
the guest reads them; those that the state decides are computed here too (`state`). What it lacks a guest reaches only
through an exit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from isa.contract import Role

Encoding = tuple[int, int, int, int, int]

ALL = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Feature:
    """An extension that a field of four bits of an identification register tells of: not zero where it is there."""

    register: Encoding
    low: int


SVE = Feature((3, 0, 0, 4, 0), 32)  # ID_AA64PFR0_EL1
VHE = Feature((3, 0, 0, 7, 1), 8)  # ID_AA64MMFR1_EL1
RANDOM = Feature((3, 0, 0, 6, 0), 60)  # ID_AA64ISAR0_EL1
POINTER_AUTHENTICATION = Feature((3, 0, 0, 6, 1), 4)  # ID_AA64ISAR1_EL1.APA


class Kind(Enum):
    """Where the value of a system register is."""

    STATE = "a field of the engine's CPU state"
    CONSTANT = "a constant of the CPU model"
    COMPUTED = "computed from other state"
    ABSENT = "not in the engine: an exit of the guest"


@dataclass(frozen=True, slots=True)
class Row:
    """`writable` are bits that a field of the state keeps as they are written through the engine's API."""

    name: str
    encoding: Encoding
    kind: Kind = Kind.STATE
    writable: int = ALL
    note: str = ""
    needs: Feature | None = None  # what a CPU model must have to have it
    role: Role = Role.SYSTEM

    @property
    def number(self) -> int:
        """The encoding as in an MSR or MRS instruction, bits 20 to 5: 16 bits, of which the top is op0's."""
        op0, op1, crn, crm, op2 = self.encoding
        return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2

    @property
    def privilege(self) -> int:
        """The lowest exception level that may read it, by op1 (DDI 0487, table C5-1 and D17.1)."""
        return {3: 0, 4: 2, 5: 2, 6: 3}.get(self.encoding[1], 1)


def _numbered(name: str, count: int, encoding: Encoding, kind: Kind = Kind.CONSTANT) -> tuple[Row, ...]:
    """Rows whose op2 counts up from the encoding's."""
    op0, op1, crn, crm, op2 = encoding
    return tuple(Row(name.format(n), (op0, op1, crn, crm, op2 + n), kind) for n in range(count))


_CLOCK = "the engine shows host time; reads are answered with guest time"
_LATE = "while it counts, the engine's state holds the difference to the instructions retired"
_NEVER = "kept, and never compared: hardware breakpoints and watchpoints do not fire"
_RANDOM = "answered with numbers that follow from the instructions retired"

IDENTIFICATION: tuple[Row, ...] = (
    Row("midr_el1", (3, 0, 0, 0, 0), Kind.CONSTANT),
    Row("mpidr_el1", (3, 0, 0, 0, 5), Kind.COMPUTED, note="at EL1 it shows vmpidr_el2"),
    Row("revidr_el1", (3, 0, 0, 0, 6), Kind.CONSTANT),
    *(
        Row(f"id_{name}_el1", (3, 0, 0, crm, op2), Kind.CONSTANT)
        for crm, op2, name in (
            (1, 0, "pfr0"), (1, 1, "pfr1"), (1, 2, "dfr0"), (1, 3, "afr0"), (1, 4, "mmfr0"), (1, 5, "mmfr1"),
            (1, 6, "mmfr2"), (1, 7, "mmfr3"), (2, 0, "isar0"), (2, 1, "isar1"), (2, 2, "isar2"), (2, 3, "isar3"),
            (2, 4, "isar4"), (2, 5, "isar5"), (2, 6, "mmfr4"), (2, 7, "isar6"),
            (4, 0, "aa64pfr0"), (4, 1, "aa64pfr1"), (4, 4, "aa64zfr0"), (5, 0, "aa64dfr0"), (5, 1, "aa64dfr1"),
            (5, 4, "aa64afr0"), (5, 5, "aa64afr1"), (6, 0, "aa64isar0"), (6, 1, "aa64isar1"), (6, 2, "aa64isar2"),
            (7, 0, "aa64mmfr0"), (7, 1, "aa64mmfr1"), (7, 2, "aa64mmfr2"),
        )
    ),
    *_numbered("mvfr{}_el1", 3, (3, 0, 0, 3, 0)),
    Row("clidr_el1", (3, 1, 0, 0, 1), Kind.CONSTANT),
    Row("aidr_el1", (3, 1, 0, 0, 7), Kind.CONSTANT),
    Row("csselr_el1", (3, 2, 0, 0, 0), writable=0xF),
    Row("ctr_el0", (3, 3, 0, 0, 1), Kind.CONSTANT),
    Row("dczid_el0", (3, 3, 0, 0, 7), Kind.CONSTANT),
)  # fmt: skip

EL1: tuple[Row, ...] = (
    Row("sctlr_el1", (3, 0, 1, 0, 0)),
    Row("actlr_el1", (3, 0, 1, 0, 1), Kind.CONSTANT),
    Row("cpacr_el1", (3, 0, 1, 0, 2), writable=3 << 20),
    Row("ttbr0_el1", (3, 0, 2, 0, 0)),
    Row("ttbr1_el1", (3, 0, 2, 0, 1)),
    Row("tcr_el1", (3, 0, 2, 0, 2)),
    *(
        Row(f"ap{key}key{half}_el1", (3, 0, 2, crm, op2), needs=POINTER_AUTHENTICATION)
        for crm, op2, key, half in (
            (1, 0, "ia", "lo"), (1, 1, "ia", "hi"), (1, 2, "ib", "lo"), (1, 3, "ib", "hi"),
            (2, 0, "da", "lo"), (2, 1, "da", "hi"), (2, 2, "db", "lo"), (2, 3, "db", "hi"),
            (3, 0, "ga", "lo"), (3, 1, "ga", "hi"),
        )
    ),
    Row("zcr_el1", (3, 0, 1, 2, 0), writable=0xF, needs=SVE),
    Row("spsr_el1", (3, 0, 4, 0, 0)),
    Row("elr_el1", (3, 0, 4, 0, 1)),
    Row("sp_el0", (3, 0, 4, 1, 0), Kind.COMPUTED),
    Row("spsel", (3, 0, 4, 2, 0), Kind.COMPUTED),
    Row("currentel", (3, 0, 4, 2, 2), Kind.COMPUTED, role=Role.PRIVILEGE),
    Row("daif", (3, 3, 4, 2, 1), Kind.COMPUTED, role=Role.STATUS),
    Row("nzcv", (3, 3, 4, 2, 0), Kind.COMPUTED, role=Role.STATUS),
    Row("afsr0_el1", (3, 0, 5, 1, 0), Kind.CONSTANT),
    Row("afsr1_el1", (3, 0, 5, 1, 1), Kind.CONSTANT),
    Row("esr_el1", (3, 0, 5, 2, 0)),
    Row("far_el1", (3, 0, 6, 0, 0)),
    Row("par_el1", (3, 0, 7, 4, 0)),
    Row("mair_el1", (3, 0, 10, 2, 0)),
    Row("amair_el1", (3, 0, 10, 3, 0), Kind.CONSTANT),
    Row("vbar_el1", (3, 0, 12, 0, 0), writable=ALL & ~0x7FF),
    Row("contextidr_el1", (3, 0, 13, 0, 1)),
    Row("tpidr_el1", (3, 0, 13, 0, 4)),
    Row("tpidr_el0", (3, 3, 13, 0, 2)),
    Row("tpidrro_el0", (3, 3, 13, 0, 3)),
)  # fmt: skip

EL2: tuple[Row, ...] = (
    Row("vpidr_el2", (3, 4, 0, 0, 0)),
    Row("vmpidr_el2", (3, 4, 0, 0, 5)),
    Row("sctlr_el2", (3, 4, 1, 0, 0)),
    Row("actlr_el2", (3, 4, 1, 0, 1), Kind.CONSTANT),
    Row("hcr_el2", (3, 4, 1, 1, 0), writable=0x00F0_E000),
    Row("mdcr_el2", (3, 4, 1, 1, 1)),
    Row("cptr_el2", (3, 4, 1, 1, 2)),
    Row("hstr_el2", (3, 4, 1, 1, 3)),
    Row("hacr_el2", (3, 4, 1, 1, 7), Kind.CONSTANT),
    Row("zcr_el2", (3, 4, 1, 2, 0), writable=0xF, needs=SVE),
    Row("ttbr0_el2", (3, 4, 2, 0, 0)),
    Row("ttbr1_el2", (3, 4, 2, 0, 1), needs=VHE),
    Row("tcr_el2", (3, 4, 2, 0, 2)),
    Row("vttbr_el2", (3, 4, 2, 1, 0)),
    Row("vtcr_el2", (3, 4, 2, 1, 2)),
    Row("dacr32_el2", (3, 4, 3, 0, 0)),
    Row("spsr_el2", (3, 4, 4, 0, 0)),
    Row("elr_el2", (3, 4, 4, 0, 1)),
    Row("sp_el1", (3, 4, 4, 1, 0), Kind.COMPUTED),
    *(Row(f"spsr_{mode}", (3, 4, 4, 3, op2)) for op2, mode in enumerate(("irq", "abt", "und", "fiq"))),
    Row("ifsr32_el2", (3, 4, 5, 0, 1)),
    Row("afsr0_el2", (3, 4, 5, 1, 0), Kind.CONSTANT),
    Row("afsr1_el2", (3, 4, 5, 1, 1), Kind.CONSTANT),
    Row("esr_el2", (3, 4, 5, 2, 0)),
    Row("fpexc32_el2", (3, 4, 5, 3, 0), writable=0xFFFF_FFFF),
    Row("far_el2", (3, 4, 6, 0, 0)),
    Row("hpfar_el2", (3, 4, 6, 0, 4)),
    Row("mair_el2", (3, 4, 10, 2, 0)),
    Row("amair_el2", (3, 4, 10, 3, 0), Kind.CONSTANT),
    Row("vbar_el2", (3, 4, 12, 0, 0), writable=ALL & ~0x7FF),
    Row("contextidr_el2", (3, 4, 13, 0, 1), needs=VHE),
    Row("tpidr_el2", (3, 4, 13, 0, 2)),
    Row("cnthctl_el2", (3, 4, 14, 1, 0), writable=0xFFFF_FFFF),
)

EL3: tuple[Row, ...] = (
    Row("sctlr_el3", (3, 6, 1, 0, 0)),
    Row("actlr_el3", (3, 6, 1, 0, 1), Kind.CONSTANT),
    Row("scr_el3", (3, 6, 1, 1, 0), writable=0x380E),
    Row("sder32_el3", (3, 6, 1, 1, 1)),
    Row("cptr_el3", (3, 6, 1, 1, 2)),
    Row("zcr_el3", (3, 6, 1, 2, 0), writable=0xF, needs=SVE),
    Row("mdcr_el3", (3, 6, 1, 3, 1)),
    Row("ttbr0_el3", (3, 6, 2, 0, 0)),
    Row("tcr_el3", (3, 6, 2, 0, 2)),
    Row("spsr_el3", (3, 6, 4, 0, 0)),
    Row("elr_el3", (3, 6, 4, 0, 1)),
    Row("sp_el2", (3, 6, 4, 1, 0), Kind.COMPUTED),
    Row("afsr0_el3", (3, 6, 5, 1, 0), Kind.CONSTANT),
    Row("afsr1_el3", (3, 6, 5, 1, 1), Kind.CONSTANT),
    Row("esr_el3", (3, 6, 5, 2, 0)),
    Row("far_el3", (3, 6, 6, 0, 0)),
    Row("mair_el3", (3, 6, 10, 2, 0)),
    Row("amair_el3", (3, 6, 10, 3, 0), Kind.CONSTANT),
    Row("vbar_el3", (3, 6, 12, 0, 0), writable=ALL & ~0x7FF),
    Row("rvbar_el3", (3, 6, 12, 0, 1), Kind.CONSTANT),
    Row("tpidr_el3", (3, 6, 13, 0, 2)),
)

TIMERS: tuple[Row, ...] = (
    Row("cntkctl_el1", (3, 0, 14, 1, 0)),
    Row("cntfrq_el0", (3, 3, 14, 0, 0)),
    Row("cntpct_el0", (3, 3, 14, 0, 1), Kind.COMPUTED, note=_CLOCK),
    Row("cntvct_el0", (3, 3, 14, 0, 2), Kind.COMPUTED, note=_CLOCK),
    Row("cntvoff_el2", (3, 4, 14, 0, 3)),
    *(
        Row(f"{timer}_{register}_{level}", (3, op1, 14, crm, op2), needs=VHE if timer == "cnthv" else None)
        for timer, level, op1, crm in (
            ("cntp", "el0", 3, 2), ("cntv", "el0", 3, 3), ("cnthp", "el2", 4, 2), ("cnthv", "el2", 4, 3),
            ("cntps", "el1", 7, 2),
        )
        for op2, register in ((1, "ctl"), (2, "cval"))
    ),
)  # fmt: skip

MONITORS: tuple[Row, ...] = (
    Row("pmcr_el0", (3, 3, 9, 12, 0)),
    Row("pmcntenset_el0", (3, 3, 9, 12, 1)),
    Row("pmovsset_el0", (3, 3, 9, 14, 3)),
    Row("pmselr_el0", (3, 3, 9, 12, 5)),
    Row("pmceid0_el0", (3, 3, 9, 12, 6), Kind.CONSTANT),
    Row("pmceid1_el0", (3, 3, 9, 12, 7), Kind.CONSTANT),
    Row("pmccntr_el0", (3, 3, 9, 13, 0), note=_LATE),
    Row("pmuserenr_el0", (3, 3, 9, 14, 0)),
    Row("pmintenset_el1", (3, 0, 9, 14, 1)),
    Row("pmccfiltr_el0", (3, 3, 14, 15, 7)),
)

DEBUG: tuple[Row, ...] = (
    Row("mdscr_el1", (2, 0, 0, 2, 2)),
    Row("mdrar_el1", (2, 0, 1, 0, 0), Kind.CONSTANT),
    Row("oslsr_el1", (2, 0, 1, 1, 4)),
    *(
        Row(f"dbg{name}{n}_el1", (2, 0, 0, n, op2), note=_NEVER)
        for name, op2, count in (("bvr", 4, 6), ("bcr", 5, 6), ("wvr", 6, 4), ("wcr", 7, 4))
        for n in range(count)
    ),
)

_GIC = tuple(
    Row(f"icc_{name}_el{level}", (3, op1, crn, crm, op2), Kind.ABSENT)
    for name, level, op1, crn, crm, op2 in (
        ("pmr", 1, 0, 4, 6, 0), ("iar0", 1, 0, 12, 8, 0), ("eoir0", 1, 0, 12, 8, 1), ("hppir0", 1, 0, 12, 8, 2),
        ("bpr0", 1, 0, 12, 8, 3),
        *((f"ap0r{n}", 1, 0, 12, 8, 4 + n) for n in range(4)),
        *((f"ap1r{n}", 1, 0, 12, 9, n) for n in range(4)),
        ("dir", 1, 0, 12, 11, 1), ("rpr", 1, 0, 12, 11, 3), ("sgi1r", 1, 0, 12, 11, 5), ("asgi1r", 1, 0, 12, 11, 6),
        ("sgi0r", 1, 0, 12, 11, 7), ("iar1", 1, 0, 12, 12, 0), ("eoir1", 1, 0, 12, 12, 1),
        ("hppir1", 1, 0, 12, 12, 2), ("bpr1", 1, 0, 12, 12, 3), ("ctlr", 1, 0, 12, 12, 4), ("sre", 1, 0, 12, 12, 5),
        ("igrpen0", 1, 0, 12, 12, 6), ("igrpen1", 1, 0, 12, 12, 7), ("sre", 2, 4, 12, 9, 5),
        ("ctlr", 3, 6, 12, 12, 4), ("sre", 3, 6, 12, 12, 5), ("igrpen1", 3, 6, 12, 12, 7),
    )
)  # fmt: skip
"""The CPU interface of a GICv3, which a machine with one answers (Arm IHI 0069, section 12.2)."""

HOOKED: tuple[Row, ...] = (
    Row("rndr", (3, 3, 2, 4, 0), Kind.COMPUTED, note=_RANDOM, needs=RANDOM),
    Row("rndrrs", (3, 3, 2, 4, 1), Kind.COMPUTED, note=_RANDOM, needs=RANDOM),
    *(
        Row(f"{timer}_tval_{level}", (3, op1, 14, crm, 0), Kind.COMPUTED)
        for timer, level, op1, crm in (
            ("cntp", "el0", 3, 2), ("cntv", "el0", 3, 3), ("cnthp", "el2", 4, 2), ("cnthv", "el2", 4, 3),
            ("cntps", "el1", 7, 2),
        )
    ),
)  # fmt: skip

ROWS: tuple[Row, ...] = (
    *IDENTIFICATION,
    *EL1,
    *EL2,
    *EL3,
    *TIMERS,
    *MONITORS,
    *DEBUG,
    *HOOKED,
    *_GIC,
)

INDEX: dict[str, int] = {row.name: i for i, row in enumerate(ROWS)}
