"""Fields of AArch64 registers, by register name. Source: DDI 0487, sections C5.2 and D17.2."""

from __future__ import annotations

from isa.aarch64.causes import VECTORS
from isa.contract import Field

_MODES = ((0, "EL0t"), (4, "EL1t"), (5, "EL1h"), (8, "EL2t"), (9, "EL2h"), (12, "EL3t"), (13, "EL3h"))
_CLASSES = tuple((vector.number, vector.name) for vector in VECTORS if not vector.interrupt)
_GRANULES_0 = ((0, "4 KiB"), (1, "64 KiB"), (2, "16 KiB"))
_GRANULES_1 = ((1, "16 KiB"), (2, "4 KiB"), (3, "64 KiB"))
_SIZES = ((0, "32 bits"), (1, "36 bits"), (2, "40 bits"), (3, "42 bits"), (4, "44 bits"), (5, "48 bits"))


def _bits(*names: str, low: int = 0) -> tuple[Field, ...]:
    """Fields of one bit each, upwards from `low`; an empty name leaves one out."""
    return tuple(Field(name, low + i) for i, name in enumerate(names) if name)


_STATE = (
    Field("mode", 0, 5, _MODES),
    *_bits("F", "I", "A", "D", low=6),
    Field("BTYPE", 10, 2),
    *_bits("IL", "SS", "PAN", "UAO", low=20),
    *_bits("V", "C", "Z", "N", low=28),
)
_SYNDROME = (Field("ISS", 0, 25), Field("IL", 25), Field("EC", 26, 6, _CLASSES))
_CONTROL = (
    *_bits("M", "A", "C", "SA"),
    Field("I", 12),
    Field("WXN", 19),
    *_bits("EE", low=25),
)
_TIMER = _bits("ENABLE", "IMASK", "ISTATUS")

FIELDS: dict[str, tuple[Field, ...]] = {
    "cpsr": _STATE,
    **{f"spsr_el{level}": _STATE for level in (1, 2, 3)},
    **{f"esr_el{level}": _SYNDROME for level in (1, 2, 3)},
    "sctlr_el1": (
        *_bits("M", "A", "C", "SA", "SA0", "CP15BEN"),
        *_bits("ITD", "SED", "UMA", low=7),
        *_bits("I", "EnDB", "DZE", "UCT", "nTWI", low=12),
        Field("nTWE", 18),
        Field("WXN", 19),
        *_bits("SPAN", "E0E", "EE", "UCI", "EnDA", low=23),
        *_bits("EnIB", "EnIA", low=30),
    ),
    "sctlr_el2": _CONTROL,
    "sctlr_el3": _CONTROL,
    "tcr_el1": (
        Field("T0SZ", 0, 6),
        Field("EPD0", 7),
        Field("IRGN0", 8, 2),
        Field("ORGN0", 10, 2),
        Field("SH0", 12, 2),
        Field("TG0", 14, 2, _GRANULES_0),
        Field("T1SZ", 16, 6),
        Field("A1", 22),
        Field("EPD1", 23),
        Field("IRGN1", 24, 2),
        Field("ORGN1", 26, 2),
        Field("SH1", 28, 2),
        Field("TG1", 30, 2, _GRANULES_1),
        Field("IPS", 32, 3, _SIZES),
        *_bits("AS", "TBI0", "TBI1", "HA", "HD", low=36),
    ),
    **{
        f"tcr_el{level}": (
            Field("T0SZ", 0, 6),
            Field("IRGN0", 8, 2),
            Field("ORGN0", 10, 2),
            Field("SH0", 12, 2),
            Field("TG0", 14, 2, _GRANULES_0),
            Field("PS", 16, 3, _SIZES),
            Field("TBI", 20),
        )
        for level in (2, 3)
    },
    **{f"ttbr{n}_el1": (Field("CnP", 0), Field("BADDR", 1, 47), Field("ASID", 48, 16)) for n in (0, 1)},
    "mair_el1": tuple(Field(f"Attr{n}", 8 * n, 8) for n in range(8)),
    "cpacr_el1": (Field("ZEN", 16, 2), Field("FPEN", 20, 2)),
    "hcr_el2": (
        *_bits("VM", "SWIO", "PTW", "FMO", "IMO", "AMO", "VF", "VI", "VSE", "FB"),
        Field("BSU", 10, 2),
        *_bits("DC", "TWI", "TWE", "TID0", "TID1", "TID2", "TID3", "TSC", "TIDCP", "TACR", low=12),
        *_bits("TSW", "TPCP", "TPU", "TTLB", "TVM", "TGE", "TDZ", "HCD", "TRVM", "RW", low=22),
        *_bits("CD", "ID", "E2H", low=32),
        *_bits("APK", "API", low=40),
    ),
    "scr_el3": (
        *_bits("NS", "IRQ", "FIQ", "EA"),
        *_bits("SMD", "HCE", "SIF", "RW", "ST", "TWI", "TWE", low=7),
        *_bits("APK", "API", low=16),
    ),
    "mpidr_el1": (
        *(Field(f"Aff{n}", 8 * n, 8) for n in range(3)),
        Field("MT", 24),
        Field("U", 30),
        Field("Aff3", 32, 8),
    ),
    "midr_el1": (
        Field("Revision", 0, 4),
        Field("PartNum", 4, 12, ((0xD03, "Cortex-A53"), (0xD07, "Cortex-A57"), (0xD08, "Cortex-A72"))),
        Field("Architecture", 16, 4),
        Field("Variant", 20, 4),
        Field("Implementer", 24, 8, ((0x41, "Arm"),)),
    ),
    "par_el1": (Field("F", 0), Field("SH", 7, 2), Field("PA", 12, 36), Field("ATTR", 56, 8)),
    "daif": _bits("F", "I", "A", "D", low=6),
    "nzcv": _bits("V", "C", "Z", "N", low=28),
    "currentel": (Field("EL", 2, 2),),
    "fpcr": (
        *_bits("IOE", "DZE", "OFE", "UFE", "IXE", low=8),
        *_bits("IDE", low=15),
        Field("FZ16", 19),
        Field("RMode", 22, 2, ((0, "nearest"), (1, "up"), (2, "down"), (3, "zero"))),
        *_bits("FZ", "DN", low=24),
    ),
    "fpsr": (*_bits("IOC", "DZC", "OFC", "UFC", "IXC"), Field("IDC", 7), Field("QC", 27)),
    **{
        f"{timer}_ctl_{level}": _TIMER
        for timer, level in (("cntp", "el0"), ("cntv", "el0"), ("cnthp", "el2"), ("cntps", "el1"))
    },
    "cntkctl_el1": (*_bits("EL0PCTEN", "EL0VCTEN", "EVNTEN"), *_bits("EL0VTEN", "EL0PTEN", low=8)),
    "pmcr_el0": (*_bits("E", "P", "C", "D", "X", "DP", "LC"), Field("N", 11, 5)),
}
