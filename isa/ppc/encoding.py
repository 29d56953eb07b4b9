"""What can be told from a PowerPC instruction word without executing it.

Source: Power ISA 3.0B, Book I 1.6 (formats), 3.3, 4.6, 6.7 (storage access), appendix D (opcode maps).
"""

from __future__ import annotations

from isa.contract import Access, BranchTarget, EffectiveAddress, MemoryAccess, ReadRegister

_LOAD, _STORE = Access.LOAD, Access.STORE

# opcode: (bytes, kind); an odd one of a pair also updates RA
D_FORM: dict[int, tuple[int, Access]] = {
    32: (4, _LOAD), 33: (4, _LOAD), 34: (1, _LOAD), 35: (1, _LOAD), 36: (4, _STORE), 37: (4, _STORE),
    38: (1, _STORE), 39: (1, _STORE), 40: (2, _LOAD), 41: (2, _LOAD), 42: (2, _LOAD), 43: (2, _LOAD),
    44: (2, _STORE), 45: (2, _STORE), 48: (4, _LOAD), 49: (4, _LOAD), 50: (8, _LOAD), 51: (8, _LOAD),
    52: (4, _STORE), 53: (4, _STORE), 54: (8, _STORE), 55: (8, _STORE),
}  # fmt: skip
_LMW, _STMW, _DS_LOAD, _DS_STORE, _INDEXED = 46, 47, 58, 62, 31

# opcode 31, extended opcode: (bytes, kind, 64 bits only)
X_FORM: dict[int, tuple[int, Access, bool]] = {
    20: (4, _LOAD, False), 23: (4, _LOAD, False), 55: (4, _LOAD, False), 87: (1, _LOAD, False),
    119: (1, _LOAD, False), 279: (2, _LOAD, False), 311: (2, _LOAD, False), 343: (2, _LOAD, False),
    375: (2, _LOAD, False), 534: (4, _LOAD, False), 790: (2, _LOAD, False), 535: (4, _LOAD, False),
    567: (4, _LOAD, False), 599: (8, _LOAD, False), 631: (8, _LOAD, False),
    150: (4, _STORE, False), 151: (4, _STORE, False), 183: (4, _STORE, False), 215: (1, _STORE, False),
    247: (1, _STORE, False), 407: (2, _STORE, False), 439: (2, _STORE, False), 662: (4, _STORE, False),
    918: (2, _STORE, False), 663: (4, _STORE, False), 695: (4, _STORE, False), 727: (8, _STORE, False),
    759: (8, _STORE, False), 983: (4, _STORE, False),
    21: (8, _LOAD, True), 53: (8, _LOAD, True), 84: (8, _LOAD, True), 341: (4, _LOAD, True),
    373: (4, _LOAD, True), 532: (8, _LOAD, True), 52: (1, _LOAD, True), 116: (2, _LOAD, True),
    855: (4, _LOAD, True), 887: (4, _LOAD, True),
    149: (8, _STORE, True), 181: (8, _STORE, True), 214: (8, _STORE, True), 660: (8, _STORE, True),
    694: (1, _STORE, True), 726: (2, _STORE, True),
}  # fmt: skip
_VECTOR: dict[int, tuple[int, Access]] = {
    7: (1, _LOAD), 39: (2, _LOAD), 71: (4, _LOAD), 103: (16, _LOAD), 359: (16, _LOAD),
    135: (1, _STORE), 167: (2, _STORE), 199: (4, _STORE), 231: (16, _STORE), 487: (16, _STORE),
}  # fmt: skip
_B, _BC = 18, 16


def instruction_length(code: bytes) -> int:
    """Bytes of the first instruction: always 4 [Book I 1.6]; prefixed ones are not in the engine."""
    return 4


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def branch_target(bits: int) -> BranchTarget:
    """The ability of the descriptor: where b and bc go if they are taken."""

    def target(code: bytes, pc: int) -> int | None:
        if len(code) < 4:
            return None
        word = int.from_bytes(code[:4], "big")
        if word >> 26 == _B:
            offset = _signed(word & 0x03FF_FFFC, 26)
        elif word >> 26 == _BC:
            offset = _signed(word & 0xFFFC, 16)
        else:
            return None
        return offset + (0 if word & 2 else pc) & (1 << bits) - 1

    return target


def effective_address(bits: int) -> EffectiveAddress:
    """The ability of the descriptor: which memory an instruction will access, from the registers before it.

    () for an instruction that accesses none, for string and cache instructions, and for no instruction.
    """

    def accesses(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
        if len(code) < 4:
            return ()
        word = int.from_bytes(code[:4], "big")
        found = _data(word, bits)
        if found is None:
            return ()
        offset, size, kind, align = found
        ra = word >> 16 & 31
        address = register(f"r{ra}") if ra else 0
        address += register(f"r{word >> 11 & 31}") if offset is None else offset
        address &= (1 << bits) - 1
        return (MemoryAccess(address & ~(align - 1), size, kind),)

    return accesses


def _data(word: int, bits: int) -> tuple[int | None, int, Access, int] | None:
    """(displacement, None: RB; bytes; kind; alignment that is forced) of a storage access."""
    opcode = word >> 26
    if opcode in D_FORM:
        return _signed(word & 0xFFFF, 16), *D_FORM[opcode], 1
    if opcode in (_LMW, _STMW):
        kind = _LOAD if opcode == _LMW else _STORE
        return _signed(word & 0xFFFF, 16), 4 * (32 - (word >> 21 & 31)), kind, 1
    if opcode == _INDEXED:
        extended = word >> 1 & 0x3FF
        if extended in _VECTOR:
            size, kind = _VECTOR[extended]
            return None, size, kind, size
        if extended in X_FORM:
            size, kind, wide = X_FORM[extended]
            return None if wide and bits == 32 else (None, size, kind, 1)
        return None
    if bits == 64 and opcode in (_DS_LOAD, _DS_STORE) and word & 3 < 3 - (opcode == _DS_STORE):
        size = 4 if opcode == _DS_LOAD and word & 3 == 2 else 8
        return _signed(word & 0xFFFC, 16), size, _LOAD if opcode == _DS_LOAD else _STORE, 1
    return None
