"""What can be told from a SPARC instruction word without executing it [V8 appendix F, V9 appendix E]."""

from __future__ import annotations

from isa.contract import Access, BranchTarget, EffectiveAddress, MemoryAccess, ReadRegister

LENGTH = 4
_LOAD, _STORE, _BOTH = (Access.LOAD,), (Access.STORE,), (Access.LOAD, Access.STORE)
_FLAT = {
    0x00: (4, _LOAD), 0x01: (1, _LOAD), 0x02: (2, _LOAD), 0x03: (8, _LOAD),
    0x04: (4, _STORE), 0x05: (1, _STORE), 0x06: (2, _STORE), 0x07: (8, _STORE),
    0x09: (1, _LOAD), 0x0A: (2, _LOAD), 0x0D: (1, _BOTH), 0x0F: (4, _BOTH),
    0x20: (4, _LOAD), 0x21: (4, _LOAD), 0x23: (8, _LOAD),
    0x24: (4, _STORE), 0x25: (4, _STORE), 0x26: (8, _STORE), 0x27: (8, _STORE),
}  # fmt: skip
"""op3 of format 3 with op 3: bytes, and kinds of access. Those of other address spaces are 0x10 further on."""
_WIDE = {
    0x08: (4, _LOAD), 0x0B: (8, _LOAD), 0x0E: (8, _STORE), 0x22: (16, _LOAD), 0x26: (16, _STORE),
}  # fmt: skip
"""V9's, besides: stq is where V8 has stdfq."""
_COMPARE = {0x3C: 4, 0x3E: 8}
"""casa, casxa: [rs1] alone. LEONs have the first."""
_FSR_OP3 = (0x21, 0x25)


def instruction_length(code: bytes) -> int:
    return LENGTH


def branch_target(bits: int) -> BranchTarget:
    """The ability of the descriptor: where a pc-relative branch or call goes if it is taken."""

    def target(code: bytes, pc: int) -> int | None:
        word = _word(code)
        if word is None:
            return None
        op, op2 = word >> 30, word >> 22 & 7
        if op == 1:
            offset = _signed(word, 30)
        elif op != 0 or (op2 in (1, 3, 5) and bits == 32):
            return None
        elif op2 in (2, 6) or (op2 == 7 and bits == 32):  # Bicc, FBfcc, V8's CBccc
            offset = _signed(word, 22)
        elif op2 in (1, 5):  # BPcc, FBPfcc
            offset = _signed(word, 19)
        elif op2 == 3 and word >> 28 & 1 == 0 and word >> 25 & 3:  # BPr
            offset = _signed(word >> 6 & 0xC000 | word & 0x3FFF, 16)
        else:
            return None
        return pc + 4 * offset & (1 << bits) - 1

    return target


def effective_address(bits: int) -> EffectiveAddress:
    """The ability of the descriptor: which memory an instruction will access, from the registers before it.

    Accesses of other address spaces count as if they were of memory; the ASI says what they are.
    """

    def accesses(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
        word = _word(code)
        if word is None or word >> 30 != 3:
            return ()
        op3 = word >> 19 & 0x3F
        base = register(f"r{word >> 14 & 31}")
        if op3 in _COMPARE and (bits == 64 or op3 == 0x3C):
            return tuple(MemoryAccess(base, _COMPARE[op3], kind) for kind in _BOTH)
        row = _row(op3, word, bits)
        if row is None:
            return ()
        offset = _signed(word, 13) if word & 0x2000 else register(f"r{word & 31}")
        size, kinds = row
        return tuple(MemoryAccess(base + offset & (1 << bits) - 1, size, kind) for kind in kinds)

    return accesses


def _row(op3: int, word: int, bits: int) -> tuple[int, tuple[Access, ...]] | None:
    flat = op3 & 0x2F if op3 & 0x10 else op3
    other_space = op3 != flat
    if bits == 64:
        if flat in _FSR_OP3 and not other_space and word >> 25 & 31 == 1:  # ldx, stx of the FSR
            return 8, _FLAT[flat][1]
        if flat in _WIDE:
            return _WIDE[flat]
    if other_space and (flat in (0x21, 0x25) or (bits == 32 and flat >= 0x20)):
        return None
    return _FLAT.get(flat)


def _word(code: bytes) -> int | None:
    return int.from_bytes(code[:4], "big") if len(code) >= LENGTH else None


def _signed(word: int, width: int) -> int:
    value = word & (1 << width) - 1
    return value - (1 << width) if value >> width - 1 else value
