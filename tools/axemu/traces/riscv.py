"""What an instruction of RISC-V writes, and where in memory it goes, by its code [unprivileged specification,
"Instruction Set Listings"]."""

from __future__ import annotations

from typing import Final

_LOAD, _LOAD_FP, _MISC_MEM, _STORE, _STORE_FP, _BRANCH, _SYSTEM, _OP_FP, _AMO = (
    0x03,
    0x07,
    0x0F,
    0x23,
    0x27,
    0x63,
    0x73,
    0x53,
    0x2F,
)
_FUSED: Final = (0x43, 0x47, 0x4B, 0x4F)
_TO_GENERAL: Final = (0x50, 0x51, 0x60, 0x61, 0x70, 0x71)
"""funct7 of OP-FP instructions whose destination is an integer register: compare, convert, move and classify."""


def destination(code: int, bits: int) -> tuple[str, int] | None:
    """("x" or "f", number) of the register that an instruction writes, None where it writes none."""
    if code & 3 != 3:
        return _compressed(code & 0xFFFF, bits)
    opcode, rd, funct3, funct7 = code & 0x7F, code >> 7 & 31, code >> 12 & 7, code >> 25
    if opcode in (_STORE, _STORE_FP, _BRANCH, _MISC_MEM) or (opcode == _SYSTEM and funct3 in (0, 4)):
        return None
    if opcode in (_LOAD_FP, *_FUSED) or (opcode == _OP_FP and funct7 not in _TO_GENERAL):
        return "f", rd
    return ("x", rd) if rd else None


def _compressed(code: int, bits: int) -> tuple[str, int] | None:
    quadrant, funct3 = code & 3, code >> 13
    rd, short, short_rd = code >> 7 & 31, 8 + (code >> 2 & 7), 8 + (code >> 7 & 7)
    found: tuple[str, int] | None = None
    match quadrant, funct3:
        case (0, 0 | 2):
            found = "x", short
        case (0, 3):
            found = ("x" if bits == 64 else "f"), short
        case (0, 1):
            found = "f", short
        case (1, 0 | 2 | 3):
            found = "x", rd
        case (1, 1):
            found = ("x", rd) if bits == 64 else ("x", 1)
        case (1, 4):
            found = "x", short_rd
        case (2, 0 | 2):
            found = "x", rd
        case (2, 1):
            found = "f", rd
        case (2, 3):
            found = ("x" if bits == 64 else "f"), rd
        case (2, 4):
            source = code >> 2 & 31
            if source:
                found = "x", rd
            elif code >> 12 & 1 and rd:
                found = "x", 1  # c.jalr
    return None if found is None or found == ("x", 0) else found


def written_csr(code: int) -> int | None:
    """The number of the CSR that an instruction writes."""
    if code & 0x7F != _SYSTEM or code >> 12 & 3 == 0:
        return None
    sets_bits_of_none = code >> 12 & 3 != 1 and code >> 15 & 31 == 0
    return None if sets_bits_of_none else code >> 20


_MRET, _SRET = 0x30200073, 0x10200073
_FFLAGS, _FRM, _FCSR, _MSTATUS, _MSTATUSH = 1, 2, 3, 0x300, 0x310
_FLOAT_CSRS: Final = (_FFLAGS, _FRM, _FCSR)
_LOGGED: Final = {_FCSR: (_FFLAGS, _FRM), 0x100: (_MSTATUS,), 0x104: (0x104, 0x304), 0x144: (0x344,)}
"""A write of a CSR that shows parts of others is a write of those: fcsr, sstatus, sie, sip."""


def logged_csrs(code: int, bits: int) -> tuple[int, ...]:
    """The numbers of the CSRs that an instruction writes in any case."""
    if code == _SRET:
        return (_MSTATUS,)
    if code == _MRET:
        return (_MSTATUS,) if bits == 64 else (_MSTATUS, _MSTATUSH)
    own = written_csr(code)
    return () if own is None else _LOGGED.get(own, (own,))


def raises_flags(code: int) -> bool:
    """Whether it is a floating-point operation."""
    return code & 0x7F in (_OP_FP, *_FUSED) and code & 3 == 3


def uses_floats(code: int, bits: int) -> bool:
    """Whether it writes a floating-point register or one of the CSRs of that unit."""
    written = destination(code, bits)
    return (
        raises_flags(code) or (written is not None and written[0] == "f") or written_csr(code) in _FLOAT_CSRS
    )


def reads_memory(code: int) -> bool:
    """SC does not, though the engine compares what is there."""
    return code & 0xF800007F != 0x1800002F


def csr_value(code: int, source: int, old: int) -> int:
    """What an instruction writes to a CSR. source: the value of rs1; old: of the CSR."""
    operand = code >> 15 & 31 if code >> 14 & 1 else source
    match code >> 12 & 3:
        case 1:
            return operand
        case 2:
            return old | operand
    return old & ~operand


def base(code: int, bits: int) -> tuple[int, int] | None:
    """(register, offset) of the address that an instruction reads or writes; None where it has none."""
    if code & 3 != 3:
        return _compressed_base(code & 0xFFFF, bits)
    opcode, register = code & 0x7F, code >> 15 & 31
    if opcode in (_LOAD, _LOAD_FP):
        return register, _signed(code >> 20, 12)
    if opcode in (_STORE, _STORE_FP):
        return register, _signed(code >> 25 << 5 | code >> 7 & 31, 12)
    return (register, 0) if opcode == _AMO else None


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 & 1 else value


def _compressed_base(code: int, bits: int) -> tuple[int, int] | None:
    quadrant, funct3 = code & 3, code >> 13
    kind = funct3 & 3
    if quadrant == 1 or not kind:
        return None
    double = kind == 1 or (kind == 3 and bits == 64)
    if quadrant == 0:
        high = code >> 10 & 7
        low = code >> 5 & 3
        offset = high << 3 | (low << 6 if double else (low & 1) << 6 | (low >> 1) << 2)
        return 8 + (code >> 7 & 7), offset
    if funct3 & 4:
        field = code >> 7 & 63
        offset = field & 0x38 | (field & 7) << 6 if double else field & 0x3C | (field & 3) << 6
    else:
        field = (code >> 12 & 1) << 5 | code >> 2 & 31
        offset = field & 0x38 | (field & 7) << 6 if double else field & 0x3C | (field & 3) << 6
    return 2, offset
