"""What can be told from the bytes of an x86 instruction without executing it.

Source: Intel SDM volume 2A, chapter 2 (instruction format), 2B appendix A (opcode maps). Where the engine decodes
otherwise than the manual, this does as the engine does, since it counts what the engine executes: a REX prefix holds
wherever it stands among the prefixes, and 66 makes the distance of a near branch 16 bits wide in 64-bit code too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from isa.contract import Access, BranchTarget, EffectiveAddress, MemoryAccess, ReadRegister

LONGEST: Final = 15
MODRM, IMM8, IMM16, IMMZ, IMMV, OFFSET = 1, 2, 4, 8, 16, 32
"""What follows an opcode: ModRM; constants of 8, 16, and of 16 or 32 bits; of the operand's size; an address."""
_PREFIXES: Final = (0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0xF0, 0xF2, 0xF3)
_REX_W: Final = 8


def _fill(table: bytearray, rows: tuple[tuple[int, int, int], ...]) -> None:
    for first, last, form in rows:
        table[first : last + 1] = bytes([form]) * (last - first + 1)


def _forms() -> bytes:
    """Four opcode maps of 256: one byte; 0F; 0F 38; 0F 3A."""
    one, two = bytearray(256), bytearray([MODRM]) * 256
    for row in range(0, 0x40, 8):
        _fill(one, ((row, row + 3, MODRM), (row + 4, row + 4, IMM8), (row + 5, row + 5, IMMZ)))
    _fill(
        one,
        (
            (0x62, 0x63, MODRM), (0x68, 0x68, IMMZ), (0x69, 0x69, MODRM | IMMZ), (0x6A, 0x6A, IMM8),
            (0x6B, 0x6B, MODRM | IMM8), (0x70, 0x7F, IMM8), (0x80, 0x83, MODRM | IMM8), (0x81, 0x81, MODRM | IMMZ),
            (0x84, 0x8F, MODRM), (0x9A, 0x9A, IMMZ | IMM16), (0xA0, 0xA3, OFFSET), (0xA8, 0xA8, IMM8),
            (0xA9, 0xA9, IMMZ), (0xB0, 0xB7, IMM8), (0xB8, 0xBF, IMMV), (0xC0, 0xC1, MODRM | IMM8),
            (0xC2, 0xC2, IMM16), (0xC4, 0xC5, MODRM), (0xC6, 0xC6, MODRM | IMM8), (0xC7, 0xC7, MODRM | IMMZ),
            (0xC8, 0xC8, IMM16 | IMM8), (0xCA, 0xCA, IMM16), (0xCD, 0xCD, IMM8), (0xD0, 0xD3, MODRM),
            (0xD4, 0xD5, IMM8), (0xD8, 0xDF, MODRM), (0xE0, 0xE7, IMM8), (0xE8, 0xE9, IMMZ),
            (0xEA, 0xEA, IMMZ | IMM16), (0xEB, 0xEB, IMM8), (0xF6, 0xF7, MODRM), (0xFE, 0xFF, MODRM),
        ),
    )  # fmt: skip
    _fill(
        two,
        (
            (0x04, 0x0C, 0), (0x0E, 0x0E, 0), (0x0F, 0x0F, MODRM | IMM8), (0x30, 0x3F, 0), (0x70, 0x73, MODRM | IMM8),
            (0x77, 0x77, 0), (0x80, 0x8F, IMMZ), (0xA0, 0xA2, 0), (0xA4, 0xA4, MODRM | IMM8), (0xA6, 0xAA, 0),
            (0xAC, 0xAC, MODRM | IMM8), (0xBA, 0xBA, MODRM | IMM8), (0xC2, 0xC2, MODRM | IMM8),
            (0xC4, 0xC6, MODRM | IMM8), (0xC8, 0xCF, 0),
        ),
    )  # fmt: skip
    return bytes(one + two + bytes([MODRM]) * 256 + bytes([MODRM | IMM8]) * 256)


FORMS: Final = _forms()


def measure(code: Any, forms: Any, bits: Any) -> Any:  # noqa: ANN401  compiled too
    """Bytes of the instruction that `code` begins with, in code of 16, 32 or 64 bits.

    `code` can be read for `LONGEST` + 16 bytes. The engine refuses what is longer than 15; that counts as 15.
    """
    at, data, address, rex_w = 0, False, False, False
    while at < LONGEST:
        byte = code[at]
        if byte == 0x66:
            data = True
        elif byte == 0x67:
            address = True
        elif bits == 64 and byte & 0xF0 == 0x40:
            rex_w = byte & 8 != 0
        elif not (byte & 0xE7 == 0x26 or byte in (0x64, 0x65, 0xF0, 0xF2, 0xF3)):
            break
        at += 1
    opcode, chart = code[at], 0
    at += 1
    if opcode == 0x0F:
        opcode, chart = code[at], 1
        at += 1
        if opcode == 0x38 or opcode == 0x3A:
            chart = 2 if opcode == 0x38 else 3
            opcode = code[at]
            at += 1
    elif bits != 16 and (bits == 64 or code[at] >= 0xC0):
        if opcode == 0xC5:  # VEX of two bytes
            opcode, chart = code[at + 1], 1
            at += 2
        elif opcode == 0xC4:  # VEX of three
            chart = min(max(code[at] & 31, 1), 3)
            opcode = code[at + 2]
            at += 3
        elif opcode == 0x62:  # EVEX
            chart = max(code[at] & 3, 1)
            opcode = code[at + 3]
            at += 4
    form = forms[256 * chart + opcode]
    short = (data != (bits == 16)) and not rex_w
    if form & MODRM:
        mod, reg, rm = code[at] >> 6, code[at] >> 3 & 7, code[at] & 7
        at += 1
        if chart == 0 and (opcode == 0xF6 or opcode == 0xF7) and reg < 2:
            form |= IMM8 if opcode == 0xF6 else IMMZ
        registers = mod == 3 or (chart == 1 and 0x20 <= opcode <= 0x27)  # MOV of CRn and DRn ignores mod
        if not registers and (bits == 16) != address and bits != 64:
            if mod == 1:
                at += 1
            elif mod == 2 or rm == 6:
                at += 2
        elif not registers:
            base = rm
            if rm == 4:
                base = code[at] & 7
                at += 1
            if mod == 1:
                at += 1
            elif mod == 2 or base == 5:
                at += 4
    if form & IMM8:
        at += 1
    if form & IMM16:
        at += 2
    if form & IMMZ:
        at += 2 if short else 4
    if form & IMMV:
        at += 8 if rex_w else 2 if short else 4
    if form & OFFSET:
        if bits == 64:
            at += 4 if address else 8
        else:
            at += 2 if (bits == 16) != address else 4
    return min(at, LONGEST)


def instruction_length(bits: int) -> Callable[[bytes], int]:
    """The ability of the descriptor, for code of 16, 32 or 64 bits. Needs at least one byte; bytes that are missing
    count as zeros."""

    def length(code: bytes) -> int:
        return int(measure(code[:LONGEST].ljust(LONGEST + 16, b"\0"), FORMS, bits))

    return length


def branch_target(bits: int) -> BranchTarget:
    """The ability of the descriptor: where a relative branch or call goes if it is taken."""
    width = {16: 2, 32: 4, 64: 4}[bits]

    def target(code: bytes, pc: int) -> int | None:
        at = 0
        while at < len(code) and (code[at] in (*_PREFIXES, 0x67) or (bits == 64 and code[at] & 0xF0 == 0x40)):
            at += 1
        opcode = code[at : at + 2]
        if not opcode:
            return None
        if 0x70 <= opcode[0] <= 0x7F or 0xE0 <= opcode[0] <= 0xE3 or opcode[0] == 0xEB:
            start, size = at + 1, 1
        elif opcode[0] in (0xE8, 0xE9):
            start, size = at + 1, width
        elif len(opcode) == 2 and opcode[0] == 0x0F and 0x80 <= opcode[1] <= 0x8F:
            start, size = at + 2, width
        else:
            return None
        if len(code) < start + size:
            return None
        distance = int.from_bytes(code[start : start + size], "little", signed=True)
        return pc + start + size + distance & (1 << bits) - 1

    return target


def effective_address(bits: int) -> EffectiveAddress:
    """The ability of the descriptor: which memory an instruction names, from the registers before it. What PUSH, POP,
    CALL and RET do with the stack is not named. Capstone decodes."""

    def accesses(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
        decoder = _decoder(bits)
        found = next(decoder.disasm(code[:LONGEST], 0, 1), None)
        if found is None or found.mnemonic in ("lea", "nop"):
            return ()
        return tuple(
            access
            for operand in found.operands
            if operand.type == _MEMORY
            for access in _accesses(found, operand, register, bits)
        )

    return accesses


_MEMORY: Final = 3  # capstone's X86_OP_MEM
_READ, _WRITE = 1, 2  # capstone's CS_AC_READ, CS_AC_WRITE


@cache
def _decoder(bits: int) -> Any:  # noqa: ANN401  Capstone is untyped
    import capstone  # noqa: PLC0415  loaded only when somebody looks at code

    decoder = capstone.Cs(capstone.CS_ARCH_X86, getattr(capstone, f"CS_MODE_{bits}"))
    decoder.detail = True
    return decoder


def _accesses(instruction: Any, operand: Any, register: ReadRegister, bits: int) -> list[MemoryAccess]:  # noqa: ANN401
    memory, width = operand.mem, 8 * instruction.addr_size
    name = instruction.reg_name

    def value(number: int) -> int:
        if not number:
            return 0
        if name(number) in ("rip", "eip", "ip"):
            return register("pc") + len(instruction.bytes)
        return register(name(number))

    offset = value(memory.base) + value(memory.index) * memory.scale + memory.disp & (1 << width) - 1
    segment = name(memory.segment) if memory.segment else _default_segment(name(memory.base) or "")
    base = register(f"{segment}_base") if bits != 64 or segment in ("fs", "gs") else 0
    linear = base + offset & (1 << (64 if bits == 64 else 32)) - 1
    kinds = [Access.LOAD] * bool(operand.access & _READ) + [Access.STORE] * bool(operand.access & _WRITE)
    return [MemoryAccess(linear, operand.size, kind) for kind in kinds]


def _default_segment(base: str) -> str:
    return "ss" if base[-2:] in ("sp", "bp") else "ds"
