"""What an engine for SPARC needs before anything else: some words of its own changed.

`stop_interrupt` is the engine's function (engine, number) -> whether UC_HOOK_INSN_INVALID handles that exception; it
says so of illegal instructions only, and the others go to UC_HOOK_INTR after the engine has overwritten pc by npc, so
that nobody knows any more where a trap in a delay slot came from. Ours says so of all of them: pc and npc are exact, and
where the hook has taken the trap the engine goes on. It lies before `memory_map_io`, which the library exports.

A table of the library's, of the conditions that test a register, has -1 for those that V9 reserves: the engine crashes
when it translates one. They become "never"; `forbidden` keeps them from running.

`cpu_context_size` is how much of the CPU state a context holds. The engine for SPARC64 forgets to set it, so that its
contexts are empty; how much it should be the library exports.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import struct
from typing import Final

import unicorn.unicorn_const as uc
import unicorn.unicorn_py3.unicorn as binding

from isa import objects
from isa.layout import NotFound

CALLBACKS: Final = "isa.sparc.callbacks"
_HEAD: Final = 4096
_CONTEXT_MODE: Final = uc.UC_CTL_CONTEXT_MODE | 1 << 26 | 1 << 30
_ILLEGAL: Final = {"sparc": 0x02, "sparc64": 0x10}
_EXCEPTIONS: Final = 0x200
_NEVER: Final = 0
_CONDITIONS: Final = struct.pack("<8i", -1, 9, 11, 3, -1, 8, 10, 2)
"""By rcond: -, not zero, > 0, >= 0, -, zero, <= 0, < 0, by the engine's numbers."""


def prepare_v8(handle: ctypes.c_void_p) -> None:
    _exceptions(handle, "sparc")


def prepare_v9(handle: ctypes.c_void_p) -> None:
    _exceptions(handle, "sparc64")
    _contexts(handle)
    _conditions()


def _head(handle: ctypes.c_void_p) -> bytes:
    assert handle.value is not None
    return ctypes.string_at(handle.value, _HEAD)


def _exceptions(handle: ctypes.c_void_p, target: str) -> None:
    """Have every exception come to UC_HOOK_INSN_INVALID."""
    binding.uclib.uc_context_size(handle)  # the first question makes the engine's CPU
    after = ctypes.cast(getattr(binding.uclib, f"memory_map_io_{target}"), ctypes.c_void_p).value or 0
    head = _head(handle)
    at = head.find(struct.pack("<Q", after)) - 8
    if at < 0 or at % 8 or not _in_library(found := struct.unpack_from("<Q", head, at)[0]):
        raise NotFound("the engine's structure has no function before memory_map_io")
    old = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_int)(found)
    if [number for number in range(_EXCEPTIONS) if old(handle, number)] != [_ILLEGAL[target]]:
        raise NotFound("the function before memory_map_io does not single out illegal instructions")
    address = (handle.value or 0) + at
    ctypes.c_uint64.from_address(address).value = objects.functions(CALLBACKS)["stops"]


def _in_library(address: int) -> bool:
    return any(low <= address < high and "x" in rights for low, high, rights in _spans())


@functools.cache
def _conditions() -> None:
    """Have no condition be one that the engine cannot translate. Once a process."""
    places = []
    for low, high, rights in _spans():
        if rights == "r--p":
            data = ctypes.string_at(low, high - low)
            at = -1
            while (at := data.find(_CONDITIONS, at + 1)) >= 0:
                places.append(low + at)
    if len(places) != 1:
        raise NotFound(f"Unicorn's library has {len(places)} tables of V9's conditions")
    first = places[0] & ~(mmap.PAGESIZE - 1)
    size = ctypes.c_size_t(places[0] + len(_CONDITIONS) - first)
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    if protect(ctypes.c_void_p(first), size, mmap.PROT_READ | mmap.PROT_WRITE) != 0:
        raise NotFound("the host does not let the table of V9's conditions be changed")
    table = (ctypes.c_int * 8).from_address(places[0])
    table[0] = table[4] = _NEVER
    protect(ctypes.c_void_p(first), size, mmap.PROT_READ)


def _spans() -> list[tuple[int, int, str]]:
    """Where Unicorn's library lies: first address, end, rights."""
    found = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            span, rights, *_ = line.split()
            if "libunicorn" in line:
                low, high = (int(part, 16) for part in span.split("-"))
                found.append((low, high, rights))
    return found


def _contexts(handle: ctypes.c_void_p) -> None:
    """Have contexts hold the CPU state: the size, still 0, lies after the word that says what they hold (1: the CPU)."""
    heads = []
    for content in (1, 3, 1):
        if binding.uclib.uc_ctl(handle, ctypes.c_int(_CONTEXT_MODE), ctypes.c_int(content)) != 0:
            raise NotFound("the engine refuses its own interface")
        heads.append(_head(handle))
    places = [
        at + 4
        for at in range(0, _HEAD - 8, 4)
        if [struct.unpack_from("<i", head, at)[0] for head in heads] == [1, 3, 1]
        and struct.unpack_from("<i", heads[0], at + 4)[0] == 0
    ]
    if len(places) != 1:
        raise NotFound("the engine's structure has no size of contexts after what they hold")
    size = ctypes.c_int.in_dll(binding.uclib, "SPARC64_REGS_STORAGE_SIZE").value
    ctypes.c_int.from_address((handle.value or 0) + places[0]).value = size
