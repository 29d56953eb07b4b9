"""TriCore instructions that the guests use, as rows (TriCore Architecture Manual, volume 2).

A row: name, operands, the word's constant bits. An operand is a kind and where its bits go. Kinds: d, a, e (data,
address and even data register), k (constant: signed, u: unsigned), m (memory: base and offset, in one of three modes),
l (label, relative), j (label, absolute), p (PSW-free: none). Text is as Capstone prints it.
"""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[int, int]
"""(first bit, bits); of a list of places the first takes the low bits of the value."""


@dataclass(frozen=True, slots=True)
class Operand:
    """`kind` d, a, e: register; s, u: signed or unsigned constant; o, i, r: memory at an offset, with post-increment,
    with pre-increment; b: branch by halfwords from here; t: absolute branch. Memory: the base register is at `base`."""

    kind: str
    places: tuple[Place, ...]
    base: int = 0

    @property
    def bits(self) -> int:
        return sum(bits for _, bits in self.places)


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    operands: tuple[Operand, ...]
    word: int
    size: int = 4


def register(kind: str, at: int) -> Operand:
    return Operand(kind, ((at, 4),))


A1, A2, A3 = register("d", 8), register("d", 12), register("d", 28)
P1, P2, P3 = register("a", 8), register("a", 12), register("a", 28)
E1, E3 = register("e", 8), register("e", 28)
K9, U9, K16, U16 = (
    Operand("s", ((12, 9),)),
    Operand("u", ((12, 9),)),
    Operand("s", ((12, 16),)),
    Operand("u", ((12, 16),)),
)
K4 = Operand("s", ((12, 4),))
B15, B24 = Operand("b", ((16, 15),)), Operand("b", ((16, 16), (8, 8)))
T24 = Operand("t", ((16, 16), (8, 8)))
_SHORT: tuple[Place, ...] = ((16, 6), (28, 4))
_LONG: tuple[Place, ...] = ((16, 6), (28, 4), (22, 6))
M10, M10_POST, M10_PRE = (Operand(kind, _SHORT, 12) for kind in "oir")
M16 = Operand("o", _LONG, 12)


def rr(name: str, op1: int, op2: int) -> Row:
    return Row(name, (A3, A1, A2), op1 | op2 << 20)


def rc(name: str, op1: int, op2: int, constant: Operand) -> Row:
    return Row(name, (A3, A1, constant), op1 | op2 << 21)


def branch(name: str, op1: int, op2: int) -> Row:
    return Row(name, (A1, A2, B15), op1 | op2 << 31)


def branch_constant(name: str, op1: int, op2: int) -> Row:
    return Row(name, (A1, K4, B15), op1 | op2 << 31)


def load(name: str, op2: int, target: Operand = A1) -> tuple[Row, ...]:
    return tuple(
        Row(name, (target, memory), 0x09 | code << 22)
        for memory, code in ((M10, op2 + 0x20), (M10_POST, op2), (M10_PRE, op2 + 0x10))
    )


def store(name: str, op2: int, source: Operand = A1) -> tuple[Row, ...]:
    return tuple(
        Row(name, (memory, source), 0x89 | code << 22)
        for memory, code in ((M10, op2 + 0x20), (M10_POST, op2), (M10_PRE, op2 + 0x10))
    )


def atomic(name: str, op2: int, source: Operand) -> tuple[Row, ...]:
    return tuple(
        Row(name, (memory, source), 0x49 | code << 22)
        for memory, code in ((M10, op2 + 0x20), (M10_POST, op2), (M10_PRE, op2 + 0x10))
    )


def system(name: str, op2: int) -> Row:
    return Row(name, (), 0x0D | op2 << 22)


ROWS: tuple[Row, ...] = (
    rr("add", 0x0B, 0x00),
    rr("sub", 0x0B, 0x08),
    rr("eq", 0x0B, 0x10),
    rr("ne", 0x0B, 0x11),
    rr("lt", 0x0B, 0x12),
    rr("lt.u", 0x0B, 0x13),
    rr("and", 0x0F, 0x08),
    rr("or", 0x0F, 0x0A),
    rr("xor", 0x0F, 0x0C),
    rr("sh", 0x0F, 0x00),
    rr("sha", 0x0F, 0x01),
    rc("eq", 0x8B, 0x10, K9),
    rc("ne", 0x8B, 0x11, K9),
    rc("lt", 0x8B, 0x12, K9),
    rc("lt.u", 0x8B, 0x13, U9),
    rc("rsub", 0x8B, 0x08, K9),
    rc("and", 0x8F, 0x08, U9),
    rc("or", 0x8F, 0x0A, U9),
    rc("xor", 0x8F, 0x0C, U9),
    rc("sh", 0x8F, 0x00, K9),
    rc("sha", 0x8F, 0x01, K9),
    Row("addi", (A3, A1, K16), 0x1B),
    Row("mov", (A3, K16), 0x3B),
    Row("mov", (A3, A2), 0x0B | 0x1F << 20),
    Row("mov.u", (A3, U16), 0xBB),
    Row("movh", (A3, U16), 0x7B),
    Row("movh.a", (P3, U16), 0x91),
    Row("mov.aa", (P3, P2), 0x01),
    Row("add.a", (P3, P1, P2), 0x01 | 0x01 << 20),
    Row("lea", (P1, M16), 0xD9),
    Row("mul", (A3, A1, A2), 0x73 | 0x0A << 16),
    Row("mul", (E3, A1, A2), 0x73 | 0x6A << 16),
    Row("mul.u", (E3, A1, A2), 0x73 | 0x68 << 16),
    Row("div", (E3, A1, A2), 0x4B | 0x20 << 20 | 1 << 16),
    Row("div.u", (E3, A1, A2), 0x4B | 0x21 << 20 | 1 << 16),
    branch("jeq", 0x5F, 0),
    branch("jne", 0x5F, 1),
    branch("jge", 0x7F, 0),
    branch("jge.u", 0x7F, 1),
    branch("jlt", 0x3F, 0),
    branch("jlt.u", 0x3F, 1),
    branch_constant("jeq", 0xDF, 0),
    branch_constant("jne", 0xDF, 1),
    Row("loop", (P2, B15), 0xFD),
    Row("j", (B24,), 0x1D),
    Row("jl", (B24,), 0x5D),
    Row("call", (B24,), 0x6D),
    Row("ja", (T24,), 0x9D),
    Row("jla", (T24,), 0xDD),
    *load("ld.b", 0x00),
    *load("ld.bu", 0x01),
    *load("ld.h", 0x02),
    *load("ld.hu", 0x03),
    *load("ld.w", 0x04),
    *load("ld.d", 0x05, E1),
    *load("ld.a", 0x06, P1),
    *load("ld.q", 0x08),
    *store("st.b", 0x00),
    *store("st.h", 0x02),
    *store("st.w", 0x04),
    *store("st.d", 0x05, E1),
    *store("st.a", 0x06, P1),
    *store("st.q", 0x08),
    Row("ld.w", (A1, M16), 0x19),
    Row("st.w", (M16, A1), 0x59),
    *atomic("swap.w", 0x00, A1),
    *atomic("ldmst", 0x01, E1),
    *atomic("swapmsk.w", 0x02, E1),
    *atomic("cmpswap.w", 0x03, E1),
    Row("mfcr", (A3, U16), 0x4D),
    Row("mtcr", (U16, A1), 0xCD),
    Row("syscall", (U9,), 0xAD | 0x04 << 21),
    system("nop", 0x00),
    system("rfe", 0x07),
    system("svlcx", 0x08),
    system("rslcx", 0x09),
    system("enable", 0x0C),
    system("disable", 0x0D),
    system("dsync", 0x12),
    system("isync", 0x13),
    system("trapv", 0x14),
    system("trapsv", 0x15),
    Row("ret", (), 0x9000, 2),
    Row("nop16", (), 0x0000, 2),
    Row("debug16", (), 0xA000, 2),
    Row("mov16", (A1, A2), 0x02, 2),
    Row("mov.a", (P1, A2), 0x60, 2),
    Row("mov.d", (A1, P2), 0x80, 2),
    Row("ji", (P1,), 0xDC, 2),
)
"""The names of short forms that also exist long end in 16; Capstone prints them without."""
BY_NAME: dict[str, tuple[Row, ...]] = {
    name: tuple(row for row in ROWS if row.name == name) for name in {row.name for row in ROWS}
}
