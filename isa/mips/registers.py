"""MIPS registers as rows. Names are GDB's (GDB manual, "MIPS Features"); the assembler's are aliases.

The number of a coprocessor 0 register is that of `mfc0`: register times 8 plus select.
"""

from __future__ import annotations

from typing import Final

import unicorn.mips_const as mc

from isa.contract import Field, Register, Role
from isa.mips.cp0 import ROWS, Cp0
from isa.mips.tlb import TLB_BYTES

GDB_STATUS, GDB_LO, GDB_HI, GDB_BADVADDR, GDB_CAUSE, GDB_PC, GDB_FLOAT, GDB_FCSR, GDB_FIR, GDB_DSP = (
    32, 33, 34, 35, 36, 37, 38, 70, 71, 72,
)  # fmt: skip
_GDB_CP0: Final = {"status": GDB_STATUS, "badvaddr": GDB_BADVADDR, "cause": GDB_CAUSE}

# fmt: off
NAMES: Final = (
    "zero", "at", "v0", "v1", "a0", "a1", "a2", "a3",
    "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7",
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7",
    "t8", "t9", "k0", "k1", "gp", "sp", "fp", "ra",
)
"""The assembler's, of o32. n64 calls 8 to 11 a4 to a7, and 12 to 15 t0 to t3; Capstone does not, whatever the width."""
# fmt: on
_MORE: Final = {"fp": ("s8",)}
_MORE_64: Final = {"t0": ("a4",), "t1": ("a5",), "t2": ("a6",), "t3": ("a7",)}
_ROLES: Final = {"zero": Role.ZERO, "sp": Role.SP, "ra": Role.RA}
_ROUNDING = ((0, "nearest"), (1, "zero"), (2, "up"), (3, "down"))
_FCSR = (
    Field("RM", 0, 2, _ROUNDING),
    *(Field(f"Flag{name}", 2 + bit) for bit, name in enumerate("IUOZV")),
    *(Field(f"Enable{name}", 7 + bit) for bit, name in enumerate("IUOZV")),
    *(Field(f"Cause{name}", 12 + bit) for bit, name in enumerate("IUOZVE")),
    Field("NAN2008", 18),
    Field("ABS2008", 19),
    Field("FCC0", 23),
    Field("FS", 24),
    Field("FCC", 25, 7),
)
_NO_ID = "the engine's API has no id for it: read in its state"
_PAIRED = "with Status.FR 0 the low half is the 32-bit register; a double is in two"
_TLB = "its entries as the engine keeps them (isa.mips.paging)"
_COUNT = "the guest reads guest time, 10 ns a tick; writing it does nothing"
_COMPARE = "the engine's timer is compiled out: it reads as 0, and no interrupt comes of it"


def registers(bits: int) -> tuple[Register, ...]:
    """The register table of MIPS32 or MIPS64."""
    return (
        *(_general(number, name, bits) for number, name in enumerate(NAMES)),
        Register("lo", bits, mc.UC_MIPS_REG_LO, Role.GENERAL, "general", gdb=GDB_LO),
        Register("hi", bits, mc.UC_MIPS_REG_HI, Role.GENERAL, "general", gdb=GDB_HI),
        Register("pc", bits, mc.UC_MIPS_REG_PC, Role.PC, "general", gdb=GDB_PC),
        *(_control(row, bits) for row in ROWS),
        Register("count", 32, None, Role.SYSTEM, "cp0", number=9 << 3, read_only=True, note=_COUNT),
        Register("compare", 32, None, Role.SYSTEM, "cp0", number=11 << 3, read_only=True, note=_COMPARE),
        Register("userlocal", bits, mc.UC_MIPS_REG_CP0_USERLOCAL, Role.SYSTEM, "cp0", number=4 << 3 | 2),
        *(
            Register(f"f{n}", 64, mc.UC_MIPS_REG_F0 + n, Role.FP, "float", (), GDB_FLOAT + n, n, note=_PAIRED)
            for n in range(32)
        ),
        Register(
            "fcsr", 32, mc.UC_MIPS_REG_FCSR, Role.STATUS, "float", ("fcr31",), GDB_FCSR, 31, fields=_FCSR
        ),
        Register("fir", 32, mc.UC_MIPS_REG_FIR, Role.STATUS, "float", ("fcr0",), GDB_FIR, 0, read_only=True),
        *(
            Register(
                f"{half}{n}", bits, None, Role.GENERAL, "dsp", gdb=GDB_DSP + 2 * (n - 1) + i, note=_NO_ID
            )
            for n in range(1, 4)
            for i, half in enumerate(("hi", "lo"))
        ),
        Register("dspctl", bits, None, Role.STATUS, "dsp", gdb=GDB_DSP + 6, note=_NO_ID),
        Register("tlb", 8 * TLB_BYTES, None, Role.SYSTEM, "tlb", read_only=True, note=_TLB),
        *(Register(f"w{n}", 128, None, Role.VECTOR, "msa", number=n, note=_NO_ID) for n in range(32)),
    )


def _general(number: int, name: str, bits: int) -> Register:
    role = _ROLES.get(name, Role.GENERAL)
    aliases = (name, *_MORE.get(name, ()), *(_MORE_64.get(name, ()) if bits == 64 else ()))
    unicorn = mc.UC_MIPS_REG_0 + number
    return Register(
        f"r{number}", bits, unicorn, role, "general", aliases, number, number, read_only=number == 0
    )


_API: Final = {"status": mc.UC_MIPS_REG_CP0_STATUS, "config3": mc.UC_MIPS_REG_CP0_CONFIG3}


def _control(row: Cp0, bits: int) -> Register:
    return Register(
        name=row.name,
        bits={"word": 32, "address": bits, "double": 64}[row.rank],
        unicorn=_API.get(row.name),
        role=Role.STATUS if row.name == "status" else Role.SYSTEM,
        group="cp0",
        gdb=_GDB_CP0.get(row.name),
        number=row.number << 3 | row.select,
        read_only=row.found == "near" or row.name == "config3",
        fields=row.fields,
        note="" if row.name in _API else _NO_ID,
    )
