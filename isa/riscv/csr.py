"""Field layouts of the CSRs, privileged specification 1.12, chapters 3 and 4; fcsr: unprivileged, chapter
"F".

Rows are (name, lowest bit, width, named values); a layout differs between RV32 and RV64 where the manual's
figure does.
"""

from __future__ import annotations

from isa.contract import Field
from isa.riscv.causes import VECTORS, Interrupt

PRIVILEGES = ((0, "U"), (1, "S"), (3, "M"))
_EXTENSION_STATE = ((0, "off"), (1, "initial"), (2, "clean"), (3, "dirty"))
_XLEN = ((1, "32"), (2, "64"), (3, "128"))
_VECTOR_MODE = ((0, "direct"), (1, "vectored"))
_ROUNDING = ((0, "RNE"), (1, "RTZ"), (2, "RDN"), (3, "RUP"), (4, "RMM"), (7, "dynamic"))
_PMP_MATCH = ((0, "off"), (1, "TOR"), (2, "NA4"), (3, "NAPOT"))
_EXTENSIONS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_FLAGS = tuple(Field(name, bit) for bit, name in enumerate(("NX", "UF", "OF", "DZ", "NV")))
_LINES = {
    Interrupt.SUPERVISOR_SOFTWARE: "SS",
    Interrupt.MACHINE_SOFTWARE: "MS",
    Interrupt.SUPERVISOR_TIMER: "ST",
    Interrupt.MACHINE_TIMER: "MT",
    Interrupt.SUPERVISOR_EXTERNAL: "SE",
    Interrupt.MACHINE_EXTERNAL: "ME",
}
_SUPERVISOR_STATUS = (
    Field("SIE", 1),
    Field("SPIE", 5),
    Field("SPP", 8, 1, ((0, "U"), (1, "S"))),
    Field("VS", 9, 2, _EXTENSION_STATE),
    Field("FS", 13, 2, _EXTENSION_STATE),
    Field("XS", 15, 2, _EXTENSION_STATE),
    Field("SUM", 18),
    Field("MXR", 19),
)
_MACHINE_STATUS = (
    *_SUPERVISOR_STATUS,
    Field("MIE", 3),
    Field("MPIE", 7),
    Field("MPP", 11, 2, PRIVILEGES),
    Field("MPRV", 17),
    Field("TVM", 20),
    Field("TW", 21),
    Field("TSR", 22),
)
_COUNTERS = (
    Field("CY", 0),
    Field("TM", 1),
    Field("IR", 2),
    *(Field(f"HPM{n}", n) for n in range(3, 32)),
)


def fields(name: str, bits: int) -> tuple[Field, ...]:
    """The fields of a CSR, lowest bit first; empty for one that is a plain number."""
    if name.startswith("pmpcfg"):
        return _pmp_entries(int(name[6:]), bits)
    return tuple(sorted(_layouts(bits).get(name, ()), key=lambda row: row.low))


def _layouts(bits: int) -> dict[str, tuple[Field, ...]]:
    top = bits - 1
    vector = (Field("MODE", 0, 2, _VECTOR_MODE), Field("BASE", 2, bits - 2))
    exceptions = tuple(Field(vector.name, vector.number) for vector in VECTORS if not vector.interrupt)
    supervisor = [line for line in Interrupt if line.name.startswith("SUPERVISOR")]
    wide = (Field("UXL", 32, 2, _XLEN),) if bits == 64 else ()
    machine_wide = (
        (*wide, Field("SXL", 34, 2, _XLEN), Field("SBE", 36), Field("MBE", 37)) if bits == 64 else ()
    )
    return {
        "fflags": _FLAGS,
        "frm": (Field("RM", 0, 3, _ROUNDING),),
        "fcsr": (*_FLAGS, Field("FRM", 5, 3, _ROUNDING)),
        "mstatus": (*_MACHINE_STATUS, *machine_wide, Field("SD", top)),
        "sstatus": (*_SUPERVISOR_STATUS, *wide, Field("SD", top)),
        "mstatush": (Field("SBE", 4), Field("MBE", 5)),
        "misa": (
            *(Field(letter, bit) for bit, letter in enumerate(_EXTENSIONS)),
            Field("MXL", bits - 2, 2, _XLEN),
        ),
        "mie": tuple(Field(_LINES[line] + "IE", line) for line in Interrupt),
        "mip": tuple(Field(_LINES[line] + "IP", line) for line in Interrupt),
        "mideleg": tuple(Field(_LINES[line] + "I", line) for line in Interrupt),
        "sie": tuple(Field(_LINES[line] + "IE", line) for line in supervisor),
        "sip": tuple(Field(_LINES[line] + "IP", line) for line in supervisor),
        "medeleg": exceptions,
        "mtvec": vector,
        "stvec": vector,
        "mcause": (Field("CODE", 0, bits - 1), Field("INTERRUPT", top)),
        "scause": (Field("CODE", 0, bits - 1), Field("INTERRUPT", top)),
        "mcounteren": _COUNTERS,
        "scounteren": _COUNTERS,
        "satp": _satp(bits),
    }


def _satp(bits: int) -> tuple[Field, ...]:
    if bits == 32:
        return (Field("PPN", 0, 22), Field("ASID", 22, 9), Field("MODE", 31, 1, ((0, "bare"), (1, "Sv32"))))
    modes = ((0, "bare"), (8, "Sv39"), (9, "Sv48"), (10, "Sv57"))
    return (Field("PPN", 0, 44), Field("ASID", 44, 16), Field("MODE", 60, 4, modes))


def _pmp_entries(number: int, bits: int) -> tuple[Field, ...]:
    """Each byte of pmpcfgN is one entry; RV64 has the even numbers only, eight entries each."""
    rows: list[Field] = []
    for byte in range(bits // 8):
        entry, low = number * 4 + byte, byte * 8
        rows += (
            Field(f"R{entry}", low),
            Field(f"W{entry}", low + 1),
            Field(f"X{entry}", low + 2),
            Field(f"A{entry}", low + 3, 2, _PMP_MATCH),
            Field(f"L{entry}", low + 7),
        )
    return tuple(rows)
