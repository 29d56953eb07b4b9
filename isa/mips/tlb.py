"""The TLB, which the engine keeps beside its CPU state: an address there is all that saved states hold of it.

Behind two numbers, of its entries and of those in use, and addresses of functions there are 128 entries. More are in use
than a CPU has while the engine remembers some that were replaced and not yet missed.
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from typing import Final

import unicorn.unicorn_py3.unicorn as binding

from isa.layout import NotFound

ENTRIES: Final = 128
ENTRY_BYTES: Final = 40
COUNT_BYTES: Final = 4
TLB_BYTES: Final = COUNT_BYTES + ENTRIES * ENTRY_BYTES
_FIRST: Final = 64
_NARROW, _WIDE = struct.Struct("<IIH2xII4xQQ"), struct.Struct("<QIH2xIIQQ")


def places(state: int, size: int) -> tuple[tuple[int, int], ...]:
    """Where the TLB is of a CPU state in place: (host address, bytes) of the count of entries in use, and of the
    entries; nothing for a CPU with a fixed mapping. Its address is the second one behind the state."""
    at = ctypes.c_uint64.from_address(state + -(-size // 8) * 8 + 8).value
    functions = {
        ctypes.cast(getattr(binding.uclib, f"{name}_{target}"), ctypes.c_void_p).value: name
        for name in ("r4k_map_address", "fixed_mmu_map_address")
        for target in ("mips", "mipsel", "mips64", "mips64el")
    }
    name = functions.get(ctypes.c_uint64.from_address(at + 8).value) if at else None
    if name is None:
        raise NotFound("the engine's CPU state is not followed by the address of a TLB")
    if name == "fixed_mmu_map_address":
        return ()
    return (at + COUNT_BYTES, COUNT_BYTES), (at + _FIRST, ENTRIES * ENTRY_BYTES)


@dataclass(frozen=True, slots=True)
class Entry:
    """A pair of pages. `mask` are the bits of an address that lie within the pair; `pages` are (physical address, V, D,
    XI, RI) of the even and of the odd one."""

    base: int
    mask: int
    asid: int
    whole: bool  # for every ASID
    hidden: bool
    pages: tuple[tuple[int, bool, bool, bool, bool], tuple[int, bool, bool, bool, bool]]


def entries(tlb: int, bits: int) -> list[Entry]:
    """Those in use, of register `tlb`."""
    data = tlb.to_bytes(TLB_BYTES, "little")
    (count,) = struct.unpack_from("<I", data)
    return [
        _entry((_WIDE if bits == 64 else _NARROW).unpack_from(data, COUNT_BYTES + i * ENTRY_BYTES))
        for i in range(min(count, ENTRIES))
    ]


def _entry(row: tuple[int, ...]) -> Entry:
    base, mask, asid, _, flags, even, odd = row

    def bit(number: int) -> bool:
        return bool(flags >> number & 1)

    # G, C0 and C1 of three bits, then V0 V1 D0 D1 XI0 XI1 RI0 RI1 EHINV
    first, second = (
        (page, bit(7 + i), bit(9 + i), bit(11 + i), bit(13 + i)) for i, page in enumerate((even, odd))
    )
    return Entry(base, mask | 0x1FFF, asid, bit(0), bit(15), (first, second))
