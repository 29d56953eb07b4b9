"""RV32GC and RV64GC as rows: name, operands in assembly order, and the word with every operand zero.

Source: unprivileged specification, chapter "RV32/64G Instruction Set Listings" and chapter "C", tables of
instruction listings; privileged specification, chapter "RISC-V Privileged Instruction Set Listings". The
words without `c.` are 32 bits long, the others 16. Everything that encodes or decodes is computed from these
tables.

Operands: rd rs1 rs2 are integer registers, fd fs1 fs2 fs3 floating-point ones, rd' rs1' rs2' (and fd' fs2')
the eight of the compressed formats; x(y) is an immediate and its base register; rm, pred, succ, csr and aqrl
are fields by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Immediate:
    """`parts` are (lowest bit in the word, width, lowest bit in the value). `relative`: counted from the pc.

    `bits` is the value's width, `step` what it must be a multiple of; `nonzero` where zero encodes something
    else.
    """

    name: str
    bits: int
    signed: bool
    parts: tuple[tuple[int, int, int], ...]
    step: int = 1
    relative: bool = False
    nonzero: bool = False

    def encode(self, value: int) -> int:
        return sum((value >> low & (1 << width) - 1) << at for at, width, low in self.parts)

    def decode(self, word: int) -> int:
        value = sum((word >> at & (1 << width) - 1) << low for at, width, low in self.parts)
        return value - (1 << self.bits) if self.signed and value >> self.bits - 1 else value

    @property
    def range(self) -> tuple[int, int]:
        """The lowest and the highest value."""
        low, high = (-(1 << self.bits - 1), 1 << self.bits - 1) if self.signed else (0, 1 << self.bits)
        return low, high - self.step


IMMEDIATES: dict[str, Immediate] = {
    row.name: row
    for row in (
        Immediate("imm", 12, True, ((20, 12, 0),)),
        Immediate("store", 12, True, ((7, 5, 0), (25, 7, 5))),
        Immediate("branch", 13, True, ((8, 4, 1), (25, 6, 5), (7, 1, 11), (31, 1, 12)), 2, True),
        Immediate("jump", 21, True, ((21, 10, 1), (20, 1, 11), (12, 8, 12), (31, 1, 20)), 2, True),
        Immediate("upper", 20, False, ((12, 20, 0),)),
        Immediate("shamt5", 5, False, ((20, 5, 0),)),
        Immediate("shamt6", 6, False, ((20, 6, 0),)),
        Immediate("uimm", 5, False, ((15, 5, 0),)),
        Immediate("csr", 12, False, ((20, 12, 0),)),
        Immediate("cimm", 6, True, ((2, 5, 0), (12, 1, 5))),
        Immediate("cimm+", 6, True, ((2, 5, 0), (12, 1, 5)), nonzero=True),
        Immediate("cupper", 6, True, ((2, 5, 0), (12, 1, 5)), nonzero=True),
        Immediate("cshamt5", 5, False, ((2, 5, 0),), nonzero=True),
        Immediate("cshamt6", 6, False, ((2, 5, 0), (12, 1, 5)), nonzero=True),
        Immediate(
            "c16sp", 10, True, ((12, 1, 9), (6, 1, 4), (5, 1, 6), (3, 2, 7), (2, 1, 5)), 16, nonzero=True
        ),
        Immediate("c4spn", 10, False, ((11, 2, 4), (7, 4, 6), (6, 1, 2), (5, 1, 3)), 4, nonzero=True),
        Immediate("clw", 7, False, ((10, 3, 3), (6, 1, 2), (5, 1, 6)), 4),
        Immediate("cld", 8, False, ((10, 3, 3), (5, 2, 6)), 8),
        Immediate("clwsp", 8, False, ((12, 1, 5), (4, 3, 2), (2, 2, 6)), 4),
        Immediate("cldsp", 9, False, ((12, 1, 5), (5, 2, 3), (2, 3, 6)), 8),
        Immediate("cswsp", 8, False, ((9, 4, 2), (7, 2, 6)), 4),
        Immediate("csdsp", 9, False, ((10, 3, 3), (7, 3, 6)), 8),
        Immediate(
            "cjump",
            12,
            True,
            ((12, 1, 11), (11, 1, 4), (9, 2, 8), (8, 1, 10), (7, 1, 6), (6, 1, 7), (3, 3, 1), (2, 1, 5)),
            2,
            True,
        ),
        Immediate("cbranch", 9, True, ((12, 1, 8), (10, 2, 3), (5, 2, 6), (3, 2, 1), (2, 1, 5)), 2, True),
    )
}

REGISTERS: dict[str, tuple[int, str, bool]] = {
    "rd": (7, "x", False),
    "rs1": (15, "x", False),
    "rs2": (20, "x", False),
    "fd": (7, "f", False),
    "fs1": (15, "f", False),
    "fs2": (20, "f", False),
    "fs3": (27, "f", False),
    "crs2": (2, "x", False),
    "cfs2": (2, "f", False),
    "rd'": (2, "x", True),
    "fd'": (2, "f", True),
    "rs1'": (7, "x", True),
    "rs2'": (2, "x", True),
    "fs2'": (2, "f", True),
}
"""Register operands: (lowest bit of the field, file, three bits wide and counted from register 8)."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """`only`: the row is in RV32 or RV64 alone; `nonzero`: register operands that must not be x0."""

    name: str
    operands: str
    word: int
    only: int | None = None
    nonzero: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return 4 if self.word & 3 == 3 else 2


def _each(
    names: str, operands: str, word: int, field: int = 12, only: int | None = None
) -> tuple[Encoding, ...]:
    """One row a name; the field at bit `field` counts up from 0, and "-" leaves a number out."""
    return tuple(
        Encoding(name, operands, word | number << field, only)
        for number, name in enumerate(names.split())
        if name != "-"
    )


def _amo(width: str, word: int, only: int | None) -> tuple[Encoding, ...]:
    names = (
        (0x03, "sc"), (0x01, "amoswap"), (0x00, "amoadd"), (0x04, "amoxor"), (0x0C, "amoand"),
        (0x08, "amoor"), (0x10, "amomin"), (0x14, "amomax"), (0x18, "amominu"), (0x1C, "amomaxu"),
    )  # fmt: skip
    rows = [Encoding(f"lr.{width}", "rd,(rs1),aqrl", word | 0x02 << 27, only)]
    for number, name in names:
        rows.append(Encoding(f"{name}.{width}", "rd,rs2,(rs1),aqrl", word | number << 27, only))
    return tuple(rows)


def _float(suffix: str, fmt: int) -> tuple[Encoding, ...]:
    """The rows that F and D share; fmt is the format field (0 single, 1 double)."""
    word = 0x53 | fmt << 25
    move = "x.w" if fmt == 0 else "x.d"
    back = "w.x" if fmt == 0 else "d.x"
    only = None if fmt == 0 else 64
    return (
        Encoding(f"fadd.{suffix}", "fd,fs1,fs2,rm", word),
        Encoding(f"fsub.{suffix}", "fd,fs1,fs2,rm", word | 0x01 << 27),
        Encoding(f"fmul.{suffix}", "fd,fs1,fs2,rm", word | 0x02 << 27),
        Encoding(f"fdiv.{suffix}", "fd,fs1,fs2,rm", word | 0x03 << 27),
        Encoding(f"fsqrt.{suffix}", "fd,fs1,rm", word | 0x0B << 27),
        *(Encoding(f"{n}.{suffix}", "fd,fs1,fs2,fs3,rm", w | fmt << 25) for n, w in _FUSED),
        *_each(f"fsgnj.{suffix} fsgnjn.{suffix} fsgnjx.{suffix}", "fd,fs1,fs2", word | 0x04 << 27),
        *_each(f"fmin.{suffix} fmax.{suffix}", "fd,fs1,fs2", word | 0x05 << 27),
        *_each(f"fle.{suffix} flt.{suffix} feq.{suffix}", "rd,fs1,fs2", word | 0x14 << 27),
        Encoding(f"fclass.{suffix}", "rd,fs1", word | 0x1C << 27 | 1 << 12),
        *_each(f"fcvt.w.{suffix} fcvt.wu.{suffix}", "rd,fs1,rm", word | 0x18 << 27, 20),
        *_each(f"- - fcvt.l.{suffix} fcvt.lu.{suffix}", "rd,fs1,rm", word | 0x18 << 27, 20, 64),
        *_each(
            f"fcvt.{suffix}.w fcvt.{suffix}.wu",
            "fd,rs1,rm" if fmt == 0 else "fd,rs1",  # exact in double precision
            word | 0x1A << 27,
            20,
        ),
        *_each(f"- - fcvt.{suffix}.l fcvt.{suffix}.lu", "fd,rs1,rm", word | 0x1A << 27, 20, 64),
        Encoding(f"fmv.{move}", "rd,fs1", word | 0x1C << 27, only),
        Encoding(f"fmv.{back}", "fd,rs1", word | 0x1E << 27, only),
    )


_FUSED = (("fmadd", 0x43), ("fmsub", 0x47), ("fnmsub", 0x4B), ("fnmadd", 0x4F))

ENCODINGS: tuple[Encoding, ...] = (
    Encoding("lui", "rd,upper", 0x37),
    Encoding("auipc", "rd,upper", 0x17),
    Encoding("jal", "rd,jump", 0x6F),
    Encoding("jalr", "rd,imm(rs1)", 0x67),
    *_each("beq bne - - blt bge bltu bgeu", "rs1,rs2,branch", 0x63),
    *_each("lb lh lw - lbu lhu", "rd,imm(rs1)", 0x03),
    *_each("- - - ld - - lwu", "rd,imm(rs1)", 0x03, only=64),
    *_each("sb sh sw", "rs2,store(rs1)", 0x23),
    *_each("- - - sd", "rs2,store(rs1)", 0x23, only=64),
    *_each("addi - slti sltiu xori - ori andi", "rd,rs1,imm", 0x13),
    *_each("- slli - - - srli", "rd,rs1,shamt5", 0x13, only=32),
    Encoding("srai", "rd,rs1,shamt5", 0x40005013, 32),
    *_each("- slli - - - srli", "rd,rs1,shamt6", 0x13, only=64),
    Encoding("srai", "rd,rs1,shamt6", 0x40005013, 64),
    *_each("add sll slt sltu xor srl or and", "rd,rs1,rs2", 0x33),
    *_each("sub - - - - sra", "rd,rs1,rs2", 0x40000033),
    *_each("mul mulh mulhsu mulhu div divu rem remu", "rd,rs1,rs2", 0x02000033),
    Encoding("addiw", "rd,rs1,imm", 0x1B, 64),
    *_each("- slliw - - - srliw", "rd,rs1,shamt5", 0x1B, only=64),
    Encoding("sraiw", "rd,rs1,shamt5", 0x4000501B, 64),
    *_each("addw sllw - - - srlw", "rd,rs1,rs2", 0x3B, only=64),
    *_each("subw - - - - sraw", "rd,rs1,rs2", 0x4000003B, only=64),
    *_each("mulw - - - divw divuw remw remuw", "rd,rs1,rs2", 0x0200003B, only=64),
    Encoding("fence", "pred,succ", 0x0F),
    Encoding("fence.tso", "", 0x8330000F),
    Encoding("fence.i", "", 0x100F),
    Encoding("ecall", "", 0x73),
    Encoding("ebreak", "", 0x100073),
    *_each("- csrrw csrrs csrrc", "rd,csr,rs1", 0x73),
    *_each("- - - - - csrrwi csrrsi csrrci", "rd,csr,uimm", 0x73),
    Encoding("sret", "", 0x10200073),
    Encoding("mret", "", 0x30200073),
    Encoding("wfi", "", 0x10500073),
    Encoding("sfence.vma", "rs1,rs2", 0x12000073),
    *_amo("w", 0x202F, None),
    *_amo("d", 0x302F, 64),
    Encoding("flw", "fd,imm(rs1)", 0x2007),
    Encoding("fld", "fd,imm(rs1)", 0x3007),
    Encoding("fsw", "fs2,store(rs1)", 0x2027),
    Encoding("fsd", "fs2,store(rs1)", 0x3027),
    *_float("s", 0),
    *_float("d", 1),
    Encoding("fcvt.s.d", "fd,fs1,rm", 0x40100053),
    Encoding("fcvt.d.s", "fd,fs1", 0x42000053),
    Encoding("c.addi4spn", "rd',sp,c4spn", 0x0000),
    Encoding("c.fld", "fd',cld(rs1')", 0x2000),
    Encoding("c.lw", "rd',clw(rs1')", 0x4000),
    Encoding("c.flw", "fd',clw(rs1')", 0x6000, 32),
    Encoding("c.ld", "rd',cld(rs1')", 0x6000, 64),
    Encoding("c.fsd", "fs2',cld(rs1')", 0xA000),
    Encoding("c.sw", "rs2',clw(rs1')", 0xC000),
    Encoding("c.fsw", "fs2',clw(rs1')", 0xE000, 32),
    Encoding("c.sd", "rs2',cld(rs1')", 0xE000, 64),
    Encoding("c.nop", "", 0x0001),
    Encoding("c.addi", "rd,cimm+", 0x0001, nonzero=("rd",)),
    Encoding("c.jal", "cjump", 0x2001, 32),
    Encoding("c.addiw", "rd,cimm", 0x2001, 64, ("rd",)),
    Encoding("c.li", "rd,cimm", 0x4001, nonzero=("rd",)),
    Encoding("c.addi16sp", "sp,c16sp", 0x6101),
    Encoding("c.lui", "rd,cupper", 0x6001, nonzero=("rd",)),
    Encoding("c.srli", "rs1',cshamt5", 0x8001, 32),
    Encoding("c.srai", "rs1',cshamt5", 0x8401, 32),
    Encoding("c.srli", "rs1',cshamt6", 0x8001, 64),
    Encoding("c.srai", "rs1',cshamt6", 0x8401, 64),
    Encoding("c.andi", "rs1',cimm", 0x8801),
    *_each("c.sub c.xor c.or c.and", "rs1',rs2'", 0x8C01, 5),
    *_each("c.subw c.addw", "rs1',rs2'", 0x9C01, 5, 64),
    Encoding("c.j", "cjump", 0xA001),
    Encoding("c.beqz", "rs1',cbranch", 0xC001),
    Encoding("c.bnez", "rs1',cbranch", 0xE001),
    Encoding("c.slli", "rd,cshamt5", 0x0002, 32, ("rd",)),
    Encoding("c.slli", "rd,cshamt6", 0x0002, 64, ("rd",)),
    Encoding("c.fldsp", "fd,cldsp(sp)", 0x2002),
    Encoding("c.lwsp", "rd,clwsp(sp)", 0x4002, nonzero=("rd",)),
    Encoding("c.flwsp", "fd,clwsp(sp)", 0x6002, 32),
    Encoding("c.ldsp", "rd,cldsp(sp)", 0x6002, 64, ("rd",)),
    Encoding("c.jr", "rd", 0x8002, nonzero=("rd",)),
    Encoding("c.mv", "rd,crs2", 0x8002, nonzero=("rd", "crs2")),
    Encoding("c.ebreak", "", 0x9002),
    Encoding("c.jalr", "rd", 0x9002, nonzero=("rd",)),
    Encoding("c.add", "rd,crs2", 0x9002, nonzero=("rd", "crs2")),
    Encoding("c.fsdsp", "cfs2,csdsp(sp)", 0xA002),
    Encoding("c.swsp", "crs2,cswsp(sp)", 0xC002),
    Encoding("c.fswsp", "cfs2,cswsp(sp)", 0xE002, 32),
    Encoding("c.sdsp", "crs2,csdsp(sp)", 0xE002, 64),
)


@cache
def encodings(bits: int) -> dict[str, Encoding]:
    """The rows of RV32 or RV64 by name."""
    return {row.name: row for row in ENCODINGS if row.only in (None, bits)}
