"""What can be told from a RISC-V instruction word without executing it."""

from __future__ import annotations

from dataclasses import dataclass

from isa.contract import Access, BranchTarget, EffectiveAddress, MemoryAccess, ReadRegister
from isa.riscv.instructions import IMMEDIATES, encodings

_LOAD, _LOAD_FP, _STORE, _STORE_FP, _AMO = 0x03, 0x07, 0x23, 0x27, 0x2F
_SIZES = (1, 2, 4, 8, 1, 2, 4, 8)  # by funct3: b h w d bu hu wu
_LR, _SC = 0x02, 0x03
_SYSTEM, _BRANCH, _JAL = 0x73, 0x63, 0x6F
_C_JAL, _C_J, _C_BEQZ, _C_BNEZ = 0x2001, 0xA001, 0xC001, 0xE001
_COMPRESSED_JUMPS = {_C_JAL: "cjump", _C_J: "cjump", _C_BEQZ: "cbranch", _C_BNEZ: "cbranch"}


@dataclass(frozen=True, slots=True)
class CsrAccess:
    """A Zicsr instruction. `reads` and `writes` as table 9.1 of the unprivileged specification has them."""

    csr: int
    rd: int
    reads: bool
    writes: bool


@dataclass(frozen=True, slots=True)
class _Compressed:
    """A compressed load or store: the row's bits, and what it does."""

    match: int
    size: int
    kind: Access
    immediate: str
    base: str  # "sp" or "rs1'"


def instruction_length(code: bytes) -> int:
    """Bytes of the first instruction: 2 or 4 by its two lowest bits (unprivileged specification, section
    1.5).

    The longer formats are in no CPU model and count as 4. Needs at least one byte.
    """
    return 4 if code[0] & 3 == 3 else 2


def csr_access(word: int) -> CsrAccess | None:
    """The CSR that an instruction names; None for any other instruction."""
    form = word >> 12 & 7
    if word & 0x7F != _SYSTEM or form & 3 == 0:
        return None
    rd, source = word >> 7 & 31, word >> 15 & 31
    swaps = form & 3 == 1
    return CsrAccess(word >> 20, rd, reads=not swaps or rd != 0, writes=swaps or source != 0)


def branch_target(bits: int) -> BranchTarget:
    """The ability of the descriptor: where a pc-relative branch or jump goes if it is taken."""
    mask = (1 << bits) - 1

    def target(code: bytes, pc: int) -> int | None:
        if len(code) < 2 or len(code) < instruction_length(code):
            return None
        word = int.from_bytes(code[: instruction_length(code)], "little")
        if word & 3 == 3:
            kind = {_BRANCH: "branch", _JAL: "jump"}.get(word & 0x7F)
        else:
            kind = _COMPRESSED_JUMPS.get(word & 0xE003)
            if word & 0xE003 == _C_JAL and bits == 64:  # c.addiw there
                kind = None
        return None if kind is None else pc + IMMEDIATES[kind].decode(word) & mask

    return target


def effective_address(bits: int) -> EffectiveAddress:
    """The ability of the descriptor: which memory an instruction will access, from the registers before it.

    The function it returns gives () for an instruction that accesses none, or is not a legal load, store or
    AMO.
    """
    compressed = _compressed(bits)
    widest = bits // 8
    mask = (1 << bits) - 1

    def accesses(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
        if len(code) < 2 or len(code) < instruction_length(code):
            return ()
        word = int.from_bytes(code[: instruction_length(code)], "little")
        if instruction_length(code) == 2:
            row = compressed.get(word & 0xE003)
            if row is None or (row.immediate.startswith(("clwsp", "cldsp")) and _loads_nothing(word, bits)):
                return ()
            offset = IMMEDIATES[row.immediate].decode(word)
            base = register("sp" if row.base == "sp" else f"x{8 + (word >> 7 & 7)}")
            return (MemoryAccess(base + offset & mask, row.size, row.kind),)

        base = register(f"x{word >> 15 & 31}")
        opcode, form = word & 0x7F, word >> 12 & 7
        size = _SIZES[form]
        if opcode == _AMO:
            if form not in (2, 3) or size > widest:
                return ()
            operation = word >> 27
            kinds = {_LR: (Access.LOAD,), _SC: (Access.STORE,)}.get(operation, (Access.LOAD, Access.STORE))
            return tuple(MemoryAccess(base & mask, size, kind) for kind in kinds)
        loads = opcode in (_LOAD, _LOAD_FP)
        if not loads and opcode not in (_STORE, _STORE_FP):
            return ()
        if form not in _forms(opcode, bits):
            return ()
        offset = IMMEDIATES["imm" if loads else "store"].decode(word)
        return (MemoryAccess(base + offset & mask, size, Access.LOAD if loads else Access.STORE),)

    return accesses


def _forms(opcode: int, bits: int) -> tuple[int, ...]:
    """The legal funct3 of a load or store."""
    if opcode in (_LOAD_FP, _STORE_FP):
        return (2, 3)
    if opcode == _STORE:
        return (0, 1, 2, 3) if bits == 64 else (0, 1, 2)
    return (0, 1, 2, 3, 4, 5, 6) if bits == 64 else (0, 1, 2, 4, 5)


def _loads_nothing(word: int, bits: int) -> bool:
    """c.lwsp and c.ldsp with rd = x0 are reserved; the floating-point ones are not."""
    form = word >> 13
    return word >> 7 & 31 == 0 and (form == 2 or (form == 3 and bits == 64))


def _compressed(bits: int) -> dict[int, _Compressed]:
    """Computed from the rows: those with a base register."""
    found: dict[int, _Compressed] = {}
    for row in encodings(bits).values():
        first, _, rest = row.operands.partition(",")
        if row.size == 4 or "(" not in rest:
            continue
        immediate, base = rest.rstrip(")").split("(")
        size = 4 if "w" in row.name.partition(".")[2] else 8
        kind = Access.STORE if "s2" in first else Access.LOAD
        found[row.word] = _Compressed(row.word, size, kind, immediate, base)
    return found
