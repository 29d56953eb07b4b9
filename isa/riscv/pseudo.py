"""Pseudo-instructions as rows, unprivileged specification, "Assembly Programmer's Handbook", tables of
pseudoinstructions: (name, number of operands) -> what it stands for. `.` is the address of the line
itself."""

from __future__ import annotations

from isa.riscv.expressions import high, low

PSEUDO: dict[tuple[str, int], tuple[str, ...]] = {
    ("nop", 0): ("addi zero, zero, 0",),
    ("mv", 2): ("addi {0}, {1}, 0",),
    ("not", 2): ("xori {0}, {1}, -1",),
    ("neg", 2): ("sub {0}, zero, {1}",),
    ("negw", 2): ("subw {0}, zero, {1}",),
    ("sext.w", 2): ("addiw {0}, {1}, 0",),
    ("zext.b", 2): ("andi {0}, {1}, 255",),
    ("seqz", 2): ("sltiu {0}, {1}, 1",),
    ("snez", 2): ("sltu {0}, zero, {1}",),
    ("sltz", 2): ("slt {0}, {1}, zero",),
    ("sgtz", 2): ("slt {0}, zero, {1}",),
    ("sgt", 3): ("slt {0}, {2}, {1}",),
    ("sgtu", 3): ("sltu {0}, {2}, {1}",),
    ("beqz", 2): ("beq {0}, zero, {1}",),
    ("bnez", 2): ("bne {0}, zero, {1}",),
    ("blez", 2): ("bge zero, {0}, {1}",),
    ("bgez", 2): ("bge {0}, zero, {1}",),
    ("bltz", 2): ("blt {0}, zero, {1}",),
    ("bgtz", 2): ("blt zero, {0}, {1}",),
    ("bgt", 3): ("blt {1}, {0}, {2}",),
    ("ble", 3): ("bge {1}, {0}, {2}",),
    ("bgtu", 3): ("bltu {1}, {0}, {2}",),
    ("bleu", 3): ("bgeu {1}, {0}, {2}",),
    ("j", 1): ("jal zero, {0}",),
    ("jal", 1): ("jal ra, {0}",),
    ("jr", 1): ("jalr zero, 0({0})",),
    ("jalr", 1): ("jalr ra, 0({0})",),
    ("jalr", 3): ("jalr {0}, {2}({1})",),
    ("ret", 0): ("jalr zero, 0(ra)",),
    ("la", 2): ("auipc {0}, %hi(({1}) - .)", "addi {0}, {0}, %lo(({1}) - . + 4)"),
    ("lla", 2): ("auipc {0}, %hi(({1}) - .)", "addi {0}, {0}, %lo(({1}) - . + 4)"),
    ("call", 1): ("auipc ra, %hi(({0}) - .)", "jalr ra, %lo(({0}) - . + 4)(ra)"),
    ("tail", 1): ("auipc t1, %hi(({0}) - .)", "jalr zero, %lo(({0}) - . + 4)(t1)"),
    ("fence", 0): ("fence iorw, iorw",),
    ("sfence.vma", 0): ("sfence.vma zero, zero",),
    ("sfence.vma", 1): ("sfence.vma {0}, zero",),
    ("csrr", 2): ("csrrs {0}, {1}, zero",),
    ("csrw", 2): ("csrrw zero, {0}, {1}",),
    ("csrs", 2): ("csrrs zero, {0}, {1}",),
    ("csrc", 2): ("csrrc zero, {0}, {1}",),
    ("csrwi", 2): ("csrrwi zero, {0}, {1}",),
    ("csrsi", 2): ("csrrsi zero, {0}, {1}",),
    ("csrci", 2): ("csrrci zero, {0}, {1}",),
    ("rdcycle", 1): ("csrrs {0}, cycle, zero",),
    ("rdtime", 1): ("csrrs {0}, time, zero",),
    ("rdinstret", 1): ("csrrs {0}, instret, zero",),
    ("rdcycleh", 1): ("csrrs {0}, cycleh, zero",),
    ("rdtimeh", 1): ("csrrs {0}, timeh, zero",),
    ("rdinstreth", 1): ("csrrs {0}, instreth, zero",),
    ("frcsr", 1): ("csrrs {0}, fcsr, zero",),
    ("fscsr", 1): ("csrrw zero, fcsr, {0}",),
    ("frrm", 1): ("csrrs {0}, frm, zero",),
    ("fsrm", 1): ("csrrw zero, frm, {0}",),
    ("frflags", 1): ("csrrs {0}, fflags, zero",),
    ("fsflags", 1): ("csrrw zero, fflags, {0}",),
    ("fscsr", 2): ("csrrw {0}, fcsr, {1}",),
    ("fsrm", 2): ("csrrw {0}, frm, {1}",),
    ("fsrmi", 1): ("csrrwi zero, frm, {0}",),
    ("fsrmi", 2): ("csrrwi {0}, frm, {1}",),
    ("fsflags", 2): ("csrrw {0}, fflags, {1}",),
    ("fsflagsi", 1): ("csrrwi zero, fflags, {0}",),
    ("fsflagsi", 2): ("csrrwi {0}, fflags, {1}",),
    ("fmv.s", 2): ("fsgnj.s {0}, {1}, {1}",),
    ("fabs.s", 2): ("fsgnjx.s {0}, {1}, {1}",),
    ("fneg.s", 2): ("fsgnjn.s {0}, {1}, {1}",),
    ("fmv.d", 2): ("fsgnj.d {0}, {1}, {1}",),
    ("fabs.d", 2): ("fsgnjx.d {0}, {1}, {1}",),
    ("fneg.d", 2): ("fsgnjn.d {0}, {1}, {1}",),
}


def load_immediate(register: str, value: int, bits: int) -> tuple[str, ...]:
    """`li`: the instructions that leave `value` (signed, of `bits` bits) in a register."""
    if -2048 <= value <= 2047:
        return (f"addi {register}, zero, {value}",)
    if -(1 << 31) <= value < 1 << 31:
        upper = f"lui {register}, {high(value)}"
        add = "addiw" if bits == 64 else "addi"
        return (upper, f"{add} {register}, {register}, {low(value)}") if low(value) else (upper,)
    rest = value - low(value) >> 12
    shift = 12 + (rest & -rest).bit_length() - 1
    rest >>= shift - 12
    lines = (*load_immediate(register, rest, bits), f"slli {register}, {register}, {shift}")
    return (*lines, f"addi {register}, {register}, {low(value)}") if low(value) else lines
