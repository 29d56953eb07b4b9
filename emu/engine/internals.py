"""What Unicorn does not offer and its library holds all the same: found by measuring, or done without.

Some things make guests faster (docs/decisions/engine-internals.md has how much), or exact:

- The CPU state in place: traps are taken there, with no copy made of it and none put back.
- `no_exit_request`: translated code without a call after each load and store, which asks whether a callback wants to
  stop. Our callbacks leave by the engine's own `cpu_loop_exit`, at once.
- A hook's user data: read when a block is translated, so each block gets its own.
- How many instructions the next block is to hold at most: a run stops behind any instruction.
- The number of the exception under way, for those functions of the engine that take one.

Nothing here is taken on trust: each place is known by how it follows what the API is told, and an engine in which one
is not found runs without it.
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from typing import Final

from emu.engine.library import behind
from isa.contract import Isa

_HEAD: Final = 4096
"""Bytes of the engine's structure that are looked at; it is far longer."""
_CPU: Final = 1 << 17
"""Bytes of the engine's CPU object within which the CPU state begins."""
_HOOK: Final = 128
_STEP: Final = struct.Struct("<IIi")


@dataclass(frozen=True, slots=True)
class Internals:
    """Host addresses. cpu: the CPU object; state: its CPU state; loop_exit: a function of the CPU object that leaves
    the running block for good; no_checks: the flag (1 byte) of translated code without checks after accesses; step: the
    word (4 bytes) that says how many instructions the next block holds at most; exception: the number (4 bytes) of the
    exception under way. The last two are 0 where they are not found."""

    cpu: int
    state: int
    loop_exit: int
    no_checks: int
    step: int
    exception: int


def find(
    isa: Isa, handle: ctypes.c_void_p, state: bytes, context_size: int, set_content: object
) -> Internals | None:
    """What an engine just opened shows of itself, None where anything is not as expected.

    state: its CPU state as a saved context of `context_size` bytes begins, unlike any other memory; set_content(flags)
    sets what contexts hold.
    """
    get_cpu, loop_exit = behind(isa.name, "qemu_get_cpu"), behind(isa.name, "cpu_loop_exit")
    if get_cpu is None or loop_exit is None or handle.value is None:
        return None
    get_cpu.restype, get_cpu.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)
    cpu = get_cpu(handle, -1) or get_cpu(handle, 0)  # it has never been given a number, but on s390x
    if not cpu:
        return None
    try:
        with open("/proc/self/mem", "rb", buffering=0) as memory:

            def read(address: int, size: int) -> bytes:
                memory.seek(address)
                return memory.read(size)

            whole = read(cpu, _CPU)
            at = whole.find(state)
            heads = []
            for content in (1, 3, 1):  # CPU; CPU and memory
                set_content(content)  # type: ignore[operator]
                heads.append(read(handle.value, _HEAD))
    except OSError:
        return None
    flag = _flag(heads, range(len(state), context_size + 1))
    if at < 0 or flag is None:
        return None
    address = ctypes.cast(loop_exit, ctypes.c_void_p).value or 0
    step, exception = _step(whole), _exception(whole[:at], handle.value)
    return Internals(
        cpu, cpu + at, address, handle.value + flag, step and cpu + step, exception and cpu + exception
    )


def _step(cpu: bytes) -> int:
    """Offset of `cflags_next_tb`: all ones, before two words of which nothing is set; one core of one thread begins the
    CPU object."""
    cores, threads = struct.unpack_from("<ii", cpu, 0)
    for at in range(8, 64, 4):
        if _STEP.unpack_from(cpu, at) == (0xFFFFFFFF, 0, 0) and (cores, threads) == (1, 1):
            return at
    return 0


def _exception(cpu: bytes, engine: int) -> int:
    """Offset of `exception_index`: two words before the address of the engine; -1 while there is none."""
    word, none = engine.to_bytes(8, "little"), (-1).to_bytes(4, "little", signed=True)
    at = cpu.find(word)
    while at >= 0:
        if at % 8 == 0 and cpu[at - 8 : at - 4] == none:
            return at - 8
        at = cpu.find(word, at + 1)
    return 0


def _flag(heads: list[bytes], sizes: range) -> int | None:
    """Offset of `no_exit_request`: what contexts hold (int), how much of the CPU state (int), an address, and four
    flags of which it is the third and the last, `init_done`, is set."""
    places = []
    for at in range(0, _HEAD - 32, 4):
        content = [struct.unpack_from("<i", head, at)[0] for head in heads]
        if content == [1, 3, 1] and struct.unpack_from("<i", heads[0], at + 4)[0] in sizes:
            flags = (at + 8 + 7) // 8 * 8 + 8
            hook_insert, _, no_exit_request, init_done = heads[0][flags : flags + 4]
            if (hook_insert, no_exit_request, init_done) == (0, 0, 1):
                places.append(flags + 2)
    return places[0] if len(places) == 1 else None


def user_data(hook: ctypes.c_size_t, callback: int, value: int) -> int | None:
    """Host address of a hook's user data: the word after its callback. `hook` is what uc_hook_add gave back."""
    try:
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(hook.value)
            head = memory.read(_HOOK)
    except OSError:
        return None
    at = head.find(struct.pack("<QQ", callback, value))
    return None if at < 0 else hook.value + at + 8
