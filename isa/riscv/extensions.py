"""Extensions of RISC-V that no CPU model of the engine has, as rows.

Sources: RISC-V Bit-Manipulation ISA-extensions 1.0.0, chapter 2 [bitmanip]; Zicond 1.0, chapter 2 [zicond].
"""

from __future__ import annotations

from isa.extension import Extension, Instruction

_ISAS = ("riscv64", "riscv32")
_R, _UNARY, _SHIFT, _SHIFT32 = 0xFE00707F, 0xFFF0707F, 0xFC00707F, 0xFE00707F
"""What of a word is its own, by format: two sources; one; an immediate of 6 bits; of 5."""

Row = tuple[
    str, int, int, str, int | None
]  # name, mask, match, callback, width of the ISA where only one has it

# fmt: off
_ZBA: tuple[Row, ...] = (
    ("add.uw", _R, 0x0800003B, "add_uw", 64),
    ("sh1add", _R, 0x20002033, "sh1add", None),
    ("sh1add.uw", _R, 0x2000203B, "sh1add_uw", 64),
    ("sh2add", _R, 0x20004033, "sh2add", None),
    ("sh2add.uw", _R, 0x2000403B, "sh2add_uw", 64),
    ("sh3add", _R, 0x20006033, "sh3add", None),
    ("sh3add.uw", _R, 0x2000603B, "sh3add_uw", 64),
    ("slli.uw", _SHIFT, 0x0800101B, "slli_uw", 64),
)
_ZBB: tuple[Row, ...] = (
    ("andn", _R, 0x40007033, "andn", None),
    ("orn", _R, 0x40006033, "orn", None),
    ("xnor", _R, 0x40004033, "xnor", None),
    ("clz", _UNARY, 0x60001013, "clz", None),
    ("clzw", _UNARY, 0x6000101B, "clzw", 64),
    ("ctz", _UNARY, 0x60101013, "ctz", None),
    ("ctzw", _UNARY, 0x6010101B, "ctzw", 64),
    ("cpop", _UNARY, 0x60201013, "cpop", None),
    ("cpopw", _UNARY, 0x6020101B, "cpopw", 64),
    ("max", _R, 0x0A006033, "max_", None),
    ("maxu", _R, 0x0A007033, "maxu", None),
    ("min", _R, 0x0A004033, "min_", None),
    ("minu", _R, 0x0A005033, "minu", None),
    ("sext.b", _UNARY, 0x60401013, "sext_b", None),
    ("sext.h", _UNARY, 0x60501013, "sext_h", None),
    ("zext.h", _UNARY, 0x08004033, "zext_h", 32),
    ("zext.h", _UNARY, 0x0800403B, "zext_h", 64),
    ("rol", _R, 0x60001033, "rol", None),
    ("rolw", _R, 0x6000103B, "rolw", 64),
    ("ror", _R, 0x60005033, "ror", None),
    ("rorw", _R, 0x6000503B, "rorw", 64),
    ("rori", _SHIFT, 0x60005013, "rori", 64),
    ("rori", _SHIFT32, 0x60005013, "rori", 32),
    ("roriw", _SHIFT32, 0x6000501B, "roriw", 64),
    ("orc.b", _UNARY, 0x28705013, "orc_b", None),
    ("rev8", _UNARY, 0x6B805013, "rev8", 64),
    ("rev8", _UNARY, 0x69805013, "rev8", 32),
)
_ZBC: tuple[Row, ...] = (
    ("clmul", _R, 0x0A001033, "clmul", None),
    ("clmulh", _R, 0x0A003033, "clmulh", None),
    ("clmulr", _R, 0x0A002033, "clmulr", None),
)
_ZBS: tuple[Row, ...] = (
    ("bclr", _R, 0x48001033, "bclr", None),
    ("bclri", _SHIFT, 0x48001013, "bclri", 64),
    ("bclri", _SHIFT32, 0x48001013, "bclri", 32),
    ("bext", _R, 0x48005033, "bext", None),
    ("bexti", _SHIFT, 0x48005013, "bexti", 64),
    ("bexti", _SHIFT32, 0x48005013, "bexti", 32),
    ("binv", _R, 0x68001033, "binv", None),
    ("binvi", _SHIFT, 0x68001013, "binvi", 64),
    ("binvi", _SHIFT32, 0x68001013, "binvi", 32),
    ("bset", _R, 0x28001033, "bset", None),
    ("bseti", _SHIFT, 0x28001013, "bseti", 64),
    ("bseti", _SHIFT32, 0x28001013, "bseti", 32),
)
_ZICOND: tuple[Row, ...] = (
    ("czero.eqz", _R, 0x0E005033, "czero_eqz", None),
    ("czero.nez", _R, 0x0E007033, "czero_nez", None),
)
# fmt: on


def _extension(name: str, summary: str, rows: tuple[Row, ...]) -> Extension:
    return Extension(name, _ISAS, summary, "isa.riscv.bitmanip", tuple(Instruction(*row) for row in rows))


ZBA = _extension("zba", "address generation: shift and add", _ZBA)
ZBB = _extension("zbb", "basic bit manipulation", _ZBB)
ZBC = _extension("zbc", "carry-less multiplication", _ZBC)
ZBS = _extension("zbs", "single-bit instructions", _ZBS)
ZICOND = _extension("zicond", "conditional zero", _ZICOND)
