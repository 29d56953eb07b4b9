"""AMD's SVM in the engine: switched on for good, as if our guest were a nested one.

The engine's own checks then make an access of a model-specific register an exit where `PERMISSIONS` says so, a shutdown
one, and deliver a virtual interrupt [AMD manual volume 2, 15.10 to 15.21]. For that each engine has some memory of its
own at `PRIVATE`, which no page table of the guest can name. Nothing of it shows.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Final

import unicorn.unicorn_py3.unicorn as binding

from isa.layout import NotFound

PRIVATE: Final = 0x000F_FFFF_0000_0000
"""Guest-physical: above the 40 bits that the engine takes in page tables, and no canonical address."""
VMCB_SIZE, PERMISSIONS, PERMISSIONS_SIZE, STUB, PRIVATE_SIZE = 0x1000, 0x1000, 0x2000, 0x3000, 0x4000
"""A virtual machine control block; two bits for each MSR; code that is never executed."""
MSR_PERMISSIONS, INT_VECTOR = 0x48, 0x64  # AMD manual volume 2, appendix B
_RANGES: Final = ((0, 0), (0xC000_0000, 0x800), (0xC001_0000, 0x1000))
_ENGINE_READS: Final = (
    0x174, 0x175, 0x176, 0x1A0, 0x277, 0xC000_0080, 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084,
    0xC000_0100, 0xC000_0101, 0xC000_0102, 0xC000_0103,
)  # fmt: skip
"""MSRs that the engine itself serves; it writes them too, but for EFER, of which it forgets LMA."""
EFER_NUMBER: Final = 0xC000_0080
MSR_EXIT, SHUTDOWN_EXIT, FIRST_EXIT = 0x7C, 0x7F, 0x60

_kept: Final[list[ctypes.Array[ctypes.c_ubyte]]] = []
"""Memory that engines have mapped lives as long as the process."""


def own_memory(handle: ctypes.c_void_p) -> int:
    """Map an engine's private memory; its host address."""
    whole = (ctypes.c_ubyte * (PRIVATE_SIZE + 0x1000))()
    _kept.append(whole)
    host = (ctypes.addressof(whole) + 0xFFF) & ~0xFFF
    memory = (ctypes.c_ubyte * PRIVATE_SIZE).from_address(host)
    memory[MSR_PERMISSIONS : MSR_PERMISSIONS + 8] = list(struct.pack("<Q", PRIVATE + PERMISSIONS))
    memory[PERMISSIONS : PERMISSIONS + PERMISSIONS_SIZE] = [0xFF] * PERMISSIONS_SIZE
    for number in _ENGINE_READS:
        first, base = max(each for each in _RANGES if each[0] <= number)
        at, shift = base + (number - first) // 4, 2 * (number - first & 3)
        intercepted = 2 if number == EFER_NUMBER else 0
        memory[PERMISSIONS + at] = memory[PERMISSIONS + at] & ~(3 << shift) | intercepted << shift
    memory[STUB] = 0xF4  # hlt
    status = binding.uclib.uc_mem_map_ptr(
        handle, ctypes.c_uint64(PRIVATE), ctypes.c_size_t(PRIVATE_SIZE), 7, ctypes.c_void_p(host)
    )
    if status:
        raise NotFound(f"the engine maps nothing at {PRIVATE:#x}")
    return host
