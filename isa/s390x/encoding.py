"""What can be told from a z/Architecture instruction without executing it.

Source: z/Architecture Principles of Operation, chapter 5 ("Instruction Formats"), chapter 7, appendix B.
"""

from __future__ import annotations

from isa.contract import Access, MemoryAccess, ReadRegister

_LOAD, _STORE = Access.LOAD, Access.STORE
_BOTH = (_LOAD, _STORE)
MASK = (1 << 64) - 1

# RX: opcode -> (bytes, kinds)
RX: dict[int, tuple[int, tuple[Access, ...]]] = {
    0x40: (2, (_STORE,)), 0x42: (1, (_STORE,)), 0x43: (1, (_LOAD,)), 0x48: (2, (_LOAD,)), 0x49: (2, (_LOAD,)),
    0x4A: (2, (_LOAD,)), 0x4B: (2, (_LOAD,)), 0x4C: (2, (_LOAD,)), 0x50: (4, (_STORE,)),
    **dict.fromkeys((0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x5B, 0x5C, 0x5D, 0x5E, 0x5F), (4, (_LOAD,))),
    0x60: (8, (_STORE,)), 0x68: (8, (_LOAD,)), 0x70: (4, (_STORE,)), 0x71: (4, (_LOAD,)), 0x78: (4, (_LOAD,)),
}  # fmt: skip

# RXY: the last byte after E3
RXY: dict[int, tuple[int, tuple[Access, ...]]] = {
    **dict.fromkeys((0x04, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0F, 0x20, 0x21, 0x80, 0x81, 0x82, 0x86, 0x87,
                     0x88, 0x89), (8, (_LOAD,))),
    **dict.fromkeys((0x12, 0x14, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x30, 0x31, 0x51, 0x54,
                     0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x5B, 0x5E, 0x5F, 0x96, 0x97, 0x98, 0x99), (4, (_LOAD,))),
    **dict.fromkeys((0x15, 0x1F, 0x78, 0x79, 0x7A, 0x7B, 0x7C, 0x91, 0x95), (2, (_LOAD,))),
    **dict.fromkeys((0x73, 0x76, 0x77, 0x90, 0x94), (1, (_LOAD,))),
    0x24: (8, (_STORE,)), 0x2F: (8, (_STORE,)), 0x3E: (4, (_STORE,)), 0x3F: (2, (_STORE,)),
    0x50: (4, (_STORE,)), 0x70: (2, (_STORE,)), 0x72: (1, (_STORE,)),
}  # fmt: skip
_NOT_THERE = (0x19,)

# RS and RSY with a range of registers: opcode -> (bytes of each, kind)
RS = {0x90: (4, _STORE), 0x98: (4, _LOAD)}
RSY = {
    0x04: (8, _LOAD),
    0x24: (8, _STORE),
    0x96: (4, _LOAD),
    0x26: (4, _STORE),
    0x98: (4, _LOAD),
    0x90: (4, _STORE),
}

# SI and SIY: one byte
SI = {0x91: (_LOAD,), 0x92: (_STORE,), 0x94: _BOTH, 0x95: (_LOAD,), 0x96: _BOTH, 0x97: _BOTH}
SIY = {0x51: (_LOAD,), 0x52: (_STORE,), 0x54: _BOTH, 0x55: (_LOAD,), 0x56: _BOTH, 0x57: _BOTH}

# SIL: second byte after E5
SIL = {0x44: (2, _STORE), 0x48: (8, _STORE), 0x4C: (4, _STORE), 0x54: (2, _LOAD), 0x55: (2, _LOAD), 0x58: (8, _LOAD),
       0x59: (8, _LOAD), 0x5C: (4, _LOAD), 0x5D: (4, _LOAD)}  # fmt: skip

# relative long, C4 and C6: extended opcode -> (bytes, kind)
RIL_C4 = {0x2: (2, _LOAD), 0x4: (2, _LOAD), 0x5: (2, _LOAD), 0x6: (2, _LOAD), 0x7: (2, _STORE), 0x8: (8, _LOAD),
          0xB: (8, _STORE), 0xC: (4, _LOAD), 0xD: (4, _LOAD), 0xE: (4, _LOAD), 0xF: (4, _STORE)}  # fmt: skip

# SS with one length: opcode -> kinds of the first and the second operand
SS = {0xD2: ((_STORE,), (_LOAD,)), 0xD4: (_BOTH, (_LOAD,)), 0xD5: ((_LOAD,), (_LOAD,)), 0xD6: (_BOTH, (_LOAD,)),
      0xD7: (_BOTH, (_LOAD,))}  # fmt: skip

_RELATIVE_16 = {0xA7: (0x4, 0x5, 0x6, 0x7)}
_RELATIVE_32 = {0xC0: (0x4, 0x5), 0xCC: (0x6,)}
_COMPARE_AND_BRANCH = (0x44, 0x45, 0x64, 0x65, 0x76, 0x77, 0x7C, 0x7D, 0x7E, 0x7F)


def instruction_length(code: bytes) -> int:
    """Bytes of the first instruction: 2, 4 or 6 by its first two bits [5-3]."""
    return (2, 4, 4, 6)[code[0] >> 6]


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def branch_target(code: bytes, pc: int) -> int | None:
    """Where a relative branch goes if it is taken."""
    if not code or len(code) < instruction_length(code):
        return None
    first, second = code[0], code[1]
    if first in (0x84, 0x85) or second & 15 in _RELATIVE_16.get(first, ()):
        offset = _signed(int.from_bytes(code[2:4], "big"), 16)
    elif second & 15 in _RELATIVE_32.get(first, ()):
        offset = _signed(int.from_bytes(code[2:6], "big"), 32)
    elif first == 0xEC and code[5] in _COMPARE_AND_BRANCH:
        offset = _signed(int.from_bytes(code[2:4], "big"), 16)
    else:
        return None
    return pc + 2 * offset & MASK


def effective_address(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
    """Which memory an instruction will access in 64-bit addressing, from the registers before it; () for one that
    accesses none, for one that is not in the tables above, and for no instruction. `register("pc")` is its address."""
    if not code or len(code) < instruction_length(code):
        return ()

    def base(at: int, index: int = 0) -> int:
        number = code[at] >> 4
        address = int.from_bytes(code[at : at + 2], "big") & 0xFFF
        address += register(f"r{number}") if number else 0
        return address + (register(f"r{index}") if index else 0)

    def far(index: int = 0) -> int:
        return base(2, index) + (_signed(code[4], 8) << 12)

    def made(address: int, size: int, kinds: tuple[Access, ...]) -> tuple[MemoryAccess, ...]:
        return tuple(MemoryAccess(address & MASK, size, kind) for kind in kinds)

    first, second = code[0], code[1]
    index = second & 15
    if first in RX:
        return made(base(2, index), *RX[first])
    if first == 0xE3 and code[5] in RXY and code[5] not in _NOT_THERE:
        return made(far(index), *RXY[code[5]])
    if first in RS or (first == 0xEB and code[5] in RSY):
        size, kind = RS[first] if first in RS else RSY[code[5]]
        count = ((second & 15) - (second >> 4)) % 16 + 1
        return made(base(2) if first in RS else far(), size * count, (kind,))
    if first in SI:
        return made(base(2), 1, SI[first])
    if first == 0xEB and code[5] in SIY:
        return made(far(), 1, SIY[code[5]])
    if first == 0xE5 and second in SIL:
        size, kind = SIL[second]
        return made(base(2), size, (kind,))
    if first == 0xC4 and index in RIL_C4:
        size, kind = RIL_C4[index]
        return made(register("pc") + 2 * _signed(int.from_bytes(code[2:6], "big"), 32), size, (kind,))
    if first in SS:
        return made(base(2), second + 1, SS[first][0]) + made(base(4), second + 1, SS[first][1])
    return ()
