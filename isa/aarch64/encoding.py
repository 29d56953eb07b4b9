"""What can be told from an A64 instruction word without executing it: its memory, and where a branch goes.

Source: DDI 0487, sections C4.1.94 "Loads and Stores" and C4.1.93 "Branches, Exception Generating and System
instructions". Every instruction is four bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from isa.contract import Access, MemoryAccess, ReadRegister

_MASK = (1 << 64) - 1
_LOAD, _STORE, _BOTH = (Access.LOAD,), (Access.STORE,), (Access.LOAD, Access.STORE)
_SP, _LITERAL = 31, 32
_ZVA_BLOCK = 64  # DCZID_EL0 is 4 in every CPU model
_BRANCHES = (
    # mask, word, lowest bit of the offset in words, its width
    (0x7C00_0000, 0x1400_0000, 0, 26),  # B, BL
    (0xFF00_0010, 0x5400_0000, 5, 19),  # B.cond
    (0x7E00_0000, 0x3400_0000, 5, 19),  # CBZ, CBNZ
    (0x7E00_0000, 0x3600_0000, 5, 14),  # TBZ, TBNZ
)


@dataclass(frozen=True, slots=True)
class _Form:
    """`elements` of `size` bytes at base + offset + index; registers by number, 32 is the instruction itself."""

    base: int
    size: int
    kinds: tuple[Access, ...]
    elements: int = 1
    offset: int = 0
    index: int | None = None
    extension: int = 3
    shift: int = 0


def instruction_length(code: bytes) -> int:
    return 4


def branch_target(code: bytes, pc: int) -> int | None:
    """The ability of the descriptor: where a pc-relative branch goes if it is taken."""
    word = _first(code)
    for mask, value, low, width in _BRANCHES:
        if word & mask == value:
            return pc + 4 * _signed(word >> low, width) & _MASK
    return None


def effective_address(code: bytes, register: ReadRegister) -> tuple[MemoryAccess, ...]:
    """The ability of the descriptor: which memory an instruction will access, from the registers before it."""
    word = _first(code)
    form = _form(word)
    if form is None:
        return ()
    address = _value(form.base, register) + form.offset
    if form.index is not None:
        index = 0 if form.index == 31 else register(f"x{form.index}")
        address += _extended(index, form.extension) << form.shift
    if form.size == _ZVA_BLOCK:
        address &= -_ZVA_BLOCK
    return tuple(
        MemoryAccess(address + i * form.size & _MASK, form.size, kind)
        for i in range(form.elements)
        for kind in form.kinds
    )


def _first(code: bytes) -> int:
    return int.from_bytes(code[:4], "little") if len(code) >= 4 else 0


def _value(base: int, register: ReadRegister) -> int:
    return register("pc" if base == _LITERAL else "sp" if base == _SP else f"x{base}")


def _signed(value: int, width: int) -> int:
    value &= (1 << width) - 1
    return value - (value >> (width - 1) << width)


def _extended(value: int, option: int) -> int:
    """UXTW, LSL, SXTW or SXTX of an index register."""
    if option & 1:
        return value
    return _signed(value, 32) if option & 4 else value & 0xFFFF_FFFF


def _form(word: int) -> _Form | None:
    """The row of "Loads and Stores" that the word is in; None for any other instruction."""
    if word & 0xFFFF_FFE0 == 0xD50B_7420 and word & 31 != 31:  # DC ZVA
        return _Form(word & 31, _ZVA_BLOCK, _STORE)
    if word & 0x0A00_0000 != 0x0800_0000:
        return None
    vector = word >> 26 & 1
    match word >> 28 & 3:
        case 0:
            return _structures(word) if vector else _exclusive(word)
        case 1:
            return _unscaled_ordered(word) if word >> 24 & 1 else _literal(word)
        case 2:
            return _pair(word)
        case _:
            return _single(word)


def _exclusive(word: int) -> _Form | None:
    """Load and store exclusive, ordered, compare and swap."""
    if word >> 24 & 1:
        return None
    size, base = 1 << (word >> 30), word >> 5 & 31
    ordered, pair, kinds = word >> 23 & 1, word >> 21 & 1, _LOAD if word >> 22 & 1 else _STORE
    if not pair:
        return _Form(base, size, kinds)
    if ordered:
        return _Form(base, size, _BOTH)
    return _Form(base, size, kinds, 2) if size >= 4 else _Form(base, 4 * size, _BOTH, 2)


def _unscaled_ordered(word: int) -> _Form | None:
    """LDAPUR, STLUR."""
    if word & 0x0420_0C00:
        return None
    kinds = _LOAD if word >> 22 & 3 else _STORE
    return _Form(word >> 5 & 31, 1 << (word >> 30), kinds, offset=_signed(word >> 12, 9))


def _literal(word: int) -> _Form | None:
    kind = word >> 30
    if kind == 3:  # PRFM
        return None
    size = 4 << kind if word >> 26 & 1 else 8 if kind == 1 else 4
    return _Form(_LITERAL, size, _LOAD, offset=4 * _signed(word >> 5, 19))


def _pair(word: int) -> _Form | None:
    kind, vector, load, index = word >> 30, word >> 26 & 1, word >> 22 & 1, word >> 23 & 3
    if kind == 3 or (kind == 1 and not vector and not load):
        return None
    size = 4 << kind if vector else 8 if kind == 2 else 4
    offset = 0 if index == 1 else size * _signed(word >> 15, 7)
    return _Form(word >> 5 & 31, size, _LOAD if load else _STORE, 2, offset)


def _single(word: int) -> _Form | None:
    """One register, with an immediate or an index register, or an atomic operation."""
    base, scaled, register, form = word >> 5 & 31, word >> 24 & 1, word >> 21 & 1, word >> 10 & 3
    if register and not scaled and form != 2:
        return None if word >> 26 & 1 else _atomic(word)
    found = _width(word)
    if found is None:
        return None
    scale, kinds = found
    size = 1 << scale
    if scaled:
        return _Form(base, size, kinds, offset=(word >> 10 & 0xFFF) << scale)
    if not register:
        return _Form(base, size, kinds, offset=0 if form == 1 else _signed(word >> 12, 9))
    option = word >> 13 & 7
    if not option & 2:
        return None
    shift = scale if word >> 12 & 1 else 0
    return _Form(base, size, kinds, index=word >> 16 & 31, extension=option, shift=shift)


def _width(word: int) -> tuple[int, tuple[Access, ...]] | None:
    """Bytes, as a power of two, and kind of access of one register; None for a prefetch."""
    size, kind = word >> 30, word >> 22 & 3
    if word >> 26 & 1:
        if kind < 2:
            return size, _LOAD if kind else _STORE
        return (4, _LOAD if kind == 3 else _STORE) if size == 0 else None
    if (size == 3 and kind >= 2) or (size == 2 and kind == 3):
        return None
    return size, _LOAD if kind else _STORE


def _atomic(word: int) -> _Form | None:
    """Atomic operations; LDAPR; LDRAA and LDRAB, whose address is taken as if it were not signed."""
    base, size = word >> 5 & 31, 1 << (word >> 30)
    if word >> 10 & 1:
        offset = 8 * _signed((word >> 22 & 1) << 9 | word >> 12 & 0x1FF, 10)
        return _Form(base, 8, _LOAD, offset=offset) if size == 8 else None
    operation = word >> 12 & 15
    if operation == 12:  # LDAPR
        return _Form(base, size, _LOAD)
    return _Form(base, size, _BOTH) if operation <= 8 else None


def _structures(word: int) -> _Form | None:
    """SIMD loads and stores of multiple or single structures, post-indexed or not."""
    if word >> 31:
        return None
    base, kinds, quad = word >> 5 & 31, _LOAD if word >> 22 & 1 else _STORE, word >> 30 & 1
    if not word >> 24 & 1:
        count = {0: 4, 2: 4, 4: 3, 6: 3, 7: 1, 8: 2, 10: 2}.get(word >> 12 & 15)
        return None if count is None else _Form(base, 8, kinds, count << quad)
    scale, size = word >> 14 & 3, word >> 10 & 3
    if scale == 3:
        scale = size
    elif scale == 2 and size & 1:
        scale = 3
    return _Form(base, 1 << scale, kinds, ((word >> 13 & 1) << 1 | word >> 21 & 1) + 1)
