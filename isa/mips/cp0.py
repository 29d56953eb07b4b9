"""Coprocessor 0 as rows: MIPS Architecture For Programmers, Volume III (MD00090, MD00091), table 9.1 and its figures.

`rank` is the width in the engine: "word" 32 bits, "address" the width of an address, "double" 64 bits. `found` says how
calibration finds the register in the engine's state: "written" by writing it, "near" at its place beside another.
"""

from __future__ import annotations

from dataclasses import dataclass

from isa.contract import Field

_MODES = ((0, "kernel"), (1, "supervisor"), (2, "user"))
_SIZES = ((0, "4 KiB"), (3, "16 KiB"), (15, "64 KiB"), (63, "256 KiB"), (255, "1 MiB"), (1023, "4 MiB"))

STATUS = (
    Field("IE", 0), Field("EXL", 1), Field("ERL", 2), Field("KSU", 3, 2, _MODES), Field("UX", 5), Field("SX", 6),
    Field("KX", 7), Field("IM", 8, 8), Field("NMI", 19), Field("SR", 20), Field("TS", 21), Field("BEV", 22),
    Field("PX", 23), Field("MX", 24), Field("RE", 25), Field("FR", 26), Field("RP", 27), Field("CU0", 28),
    Field("CU1", 29), Field("CU2", 30), Field("CU3", 31),
)  # fmt: skip
CAUSE = (
    Field("ExcCode", 2, 5), Field("IP", 8, 8), Field("WP", 22), Field("IV", 23), Field("PCI", 26), Field("DC", 27),
    Field("CE", 28, 2), Field("TI", 30), Field("BD", 31),
)  # fmt: skip
_ENTRY_LO = (Field("G", 0), Field("V", 1), Field("D", 2), Field("C", 3, 3), Field("PFN", 6, 24))
_CONFIG = (
    Field("K0", 0, 3), Field("VI", 3),
    Field("MT", 7, 3, ((0, "none"), (1, "TLB"), (2, "BAT"), (3, "fixed"), (4, "two TLBs"))),
    Field("AR", 10, 3, ((0, "release 1"), (1, "release 2 to 5"), (2, "release 6"))),
    Field("AT", 13, 2, ((0, "MIPS32"), (1, "MIPS64, 32-bit segments"), (2, "MIPS64"))),
    Field("BE", 15), Field("M", 31),
)  # fmt: skip
_CONFIG1 = (
    Field("FP", 0), Field("EP", 1), Field("CA", 2), Field("WR", 3), Field("PC", 4), Field("MD", 5), Field("C2", 6),
    Field("DA", 7, 3), Field("DL", 10, 3), Field("DS", 13, 3), Field("IA", 16, 3), Field("IL", 19, 3),
    Field("IS", 22, 3), Field("MMUSize-1", 25, 6), Field("M", 31),
)  # fmt: skip
_CONFIG3 = (
    Field("TL", 0), Field("SM", 1), Field("MT", 2), Field("CDMM", 3), Field("SP", 4), Field("VInt", 5),
    Field("VEIC", 6), Field("LPA", 7), Field("ITL", 8), Field("CTXTC", 9), Field("DSPP", 10), Field("DSP2P", 11),
    Field("RXI", 12), Field("ULRI", 13), Field("ISA", 14, 2), Field("ISAOnExc", 16), Field("MSAP", 28),
    Field("M", 31),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cp0:
    """A row of the table: its number and select in `mfc0`."""

    number: int
    select: int
    name: str
    rank: str
    found: str
    fields: tuple[Field, ...] = ()
    note: str = ""


ROWS: tuple[Cp0, ...] = (
    Cp0(0, 0, "index", "word", "written"),
    Cp0(2, 0, "entrylo0", "double", "written", _ENTRY_LO),
    Cp0(3, 0, "entrylo1", "double", "written", _ENTRY_LO),
    Cp0(4, 0, "context", "address", "written"),
    Cp0(5, 0, "pagemask", "word", "written", (Field("Mask", 13, 16, _SIZES),)),
    Cp0(5, 1, "pagegrain", "word", "written"),
    Cp0(6, 0, "wired", "word", "written"),
    Cp0(7, 0, "hwrena", "word", "written"),
    Cp0(8, 0, "badvaddr", "address", "fault"),
    Cp0(10, 0, "entryhi", "address", "written", (Field("ASID", 0, 8), Field("VPN2", 13, 19))),
    Cp0(12, 0, "status", "word", "api", STATUS),
    Cp0(12, 1, "intctl", "word", "written"),
    Cp0(13, 0, "cause", "word", "written", CAUSE),
    Cp0(14, 0, "epc", "address", "written"),
    Cp0(15, 0, "prid", "word", "near"),
    Cp0(15, 1, "ebase", "address", "written", (Field("CPUNum", 0, 10), Field("Base", 12, 18))),
    Cp0(16, 0, "config", "word", "near", _CONFIG),
    Cp0(16, 1, "config1", "word", "near", _CONFIG1),
    Cp0(16, 2, "config2", "word", "near"),
    Cp0(16, 3, "config3", "word", "api", _CONFIG3),
    Cp0(16, 4, "config4", "word", "near"),
    Cp0(16, 5, "config5", "word", "near"),
    Cp0(18, 0, "watchlo0", "address", "written"),
    Cp0(20, 0, "xcontext", "address", "written"),
    Cp0(23, 0, "debug", "word", "written"),
    Cp0(24, 0, "depc", "address", "written"),
    Cp0(26, 0, "errctl", "word", "written"),
    Cp0(28, 0, "taglo", "double", "written"),
    Cp0(28, 1, "datalo", "word", "written"),
    Cp0(29, 0, "taghi", "word", "written"),
    Cp0(29, 1, "datahi", "word", "written"),
    Cp0(30, 0, "errorepc", "address", "written"),
    Cp0(31, 0, "desave", "word", "written"),
    *(Cp0(31, 2 + n, f"kscratch{n + 1}", "address", "written") for n in range(6)),
)
"""`count` and `compare` are not here: the engine keeps neither."""
