"""What an engine for SPARC needs before anything else: two words of its own structure changed.

`stop_interrupt` is the engine's function (engine, number) -> whether UC_HOOK_INSN_INVALID handles that exception; it
says so of illegal instructions only, and the others go to UC_HOOK_INTR after the engine has overwritten pc by npc, so
that nobody knows any more where a trap in a delay slot came from. Ours says so of all of them: pc and npc are exact, and
where the hook has taken the trap the engine goes on. It lies before `memory_map_io`, which the library exports.

`cpu_context_size` is how much of the CPU state a context holds. The engine for SPARC64 forgets to set it, so that its
contexts are empty; how much it should be the library exports.
"""

from __future__ import annotations

import ctypes
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


def prepare_v8(handle: ctypes.c_void_p) -> None:
    _exceptions(handle, "sparc")


def prepare_v9(handle: ctypes.c_void_p) -> None:
    _exceptions(handle, "sparc64")
    _contexts(handle)


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
    with open("/proc/self/maps") as maps:
        for line in maps:
            span, rights, *_ = line.split()
            low, high = (int(part, 16) for part in span.split("-"))
            if low <= address < high:
                return "x" in rights and "libunicorn" in line
    return False


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
