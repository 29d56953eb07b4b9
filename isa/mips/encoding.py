"""What can be told from a MIPS instruction word without executing it (MD00087, volume II-A, and appendix A of it).

Rows are major opcodes; code of 16 bits (MIPS16e, microMIPS) is not decoded here.
"""

from __future__ import annotations

from typing import Final, Literal

from isa.contract import Access, BranchTarget, EffectiveAddress, MemoryAccess, ReadRegister

Order = Literal["little", "big"]

_L, _S, _B = (Access.LOAD,), (Access.STORE,), (Access.LOAD, Access.STORE)

# opcode: (name, bytes, kinds); lwl and its like touch up to the named byte, within their aligned word.
ACCESSES: Final = {
    0x1A: ("ldl", 8, _L), 0x1B: ("ldr", 8, _L),
    0x20: ("lb", 1, _L), 0x21: ("lh", 2, _L), 0x22: ("lwl", 4, _L), 0x23: ("lw", 4, _L),
    0x24: ("lbu", 1, _L), 0x25: ("lhu", 2, _L), 0x26: ("lwr", 4, _L), 0x27: ("lwu", 4, _L),
    0x28: ("sb", 1, _S), 0x29: ("sh", 2, _S), 0x2A: ("swl", 4, _S), 0x2B: ("sw", 4, _S),
    0x2C: ("sdl", 8, _S), 0x2D: ("sdr", 8, _S), 0x2E: ("swr", 4, _S),
    0x30: ("ll", 4, _L), 0x31: ("lwc1", 4, _L), 0x34: ("lld", 8, _L), 0x35: ("ldc1", 8, _L), 0x37: ("ld", 8, _L),
    0x38: ("sc", 4, _S), 0x39: ("swc1", 4, _S), 0x3C: ("scd", 8, _S), 0x3D: ("sdc1", 8, _S), 0x3F: ("sd", 8, _S),
}  # fmt: skip
_ONLY_64: Final = frozenset({"ldl", "ldr", "lwu", "sdl", "sdr", "lld", "ld", "scd", "sd"})
_LEFT: Final = frozenset({"lwl", "swl", "ldl", "sdl"})
_RIGHT: Final = frozenset({"lwr", "swr", "ldr", "sdr"})
# COP1X: function: (bytes, kinds)
_INDEXED: Final = {
    0x00: (4, _L), 0x01: (8, _L), 0x05: (8, _L), 0x08: (4, _S), 0x09: (8, _S), 0x0D: (8, _S)
}  # fmt: skip
_BRANCHES: Final = frozenset({0x04, 0x05, 0x06, 0x07, 0x14, 0x15, 0x16, 0x17})
_REGIMM: Final = frozenset({0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13})
_JUMPS: Final = frozenset({0x02, 0x03, 0x1D})
JALX: Final = 0x1D


def instruction_length(code: bytes) -> int:
    """Bytes of the first instruction."""
    return 4


def _word(code: bytes, order: Order) -> int | None:
    return int.from_bytes(code[:4], order) if len(code) >= 4 else None


def _signed(half: int) -> int:
    return half - 0x10000 if half & 0x8000 else half


def branch_target(bits: int, order: Order) -> BranchTarget:
    """The ability of the descriptor: where a branch or a jump with an immediate goes if it is taken."""

    def target(code: bytes, pc: int) -> int | None:
        word = _word(code, order)
        if word is None:
            return None
        opcode = word >> 26
        if opcode in _JUMPS:
            address = (pc + 4) & ~0xFFFFFFF | (word & 0x3FFFFFF) << 2
            return address | 1 if opcode == JALX else address
        relative = (
            opcode in _BRANCHES
            or (opcode == 0x01 and word >> 16 & 31 in _REGIMM)
            or (opcode == 0x11 and word >> 21 & 31 == 0x08)
        )
        return pc + 4 + (_signed(word & 0xFFFF) << 2) & (1 << bits) - 1 if relative else None

    return target


def effective_address(bits: int, order: Order) -> EffectiveAddress:
    """The ability of the descriptor: which memory an instruction will access, from the registers before it."""
    mask = (1 << bits) - 1

    def accesses(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
        word = _word(code, order)
        if word is None:
            return ()
        base = register(f"r{word >> 21 & 31}")
        if word >> 26 == 0x13 and word & 0x3F in _INDEXED:
            size, kinds = _INDEXED[word & 0x3F]
            address = base + register(f"r{word >> 16 & 31}") & mask
            if word & 0x07 == 0x05:  # luxc1, suxc1
                address &= ~7
            return tuple(MemoryAccess(address, size, kind) for kind in kinds)
        row = ACCESSES.get(word >> 26)
        if row is None or (bits == 32 and row[0] in _ONLY_64):
            return ()
        name, size, kinds = row
        address = base + _signed(word & 0xFFFF) & mask
        if name in _LEFT or name in _RIGHT:
            within = address & size - 1
            to_end = (name in _LEFT) == (order == "big")
            address, size = (address, size - within) if to_end else (address - within, within + 1)
        return tuple(MemoryAccess(address, size, kind) for kind in kinds)

    return accesses
