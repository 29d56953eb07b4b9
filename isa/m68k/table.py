"""The engine's table of instructions, made safe: some of them end the process that runs the guest.

The engine decodes by a table of 65,536 functions, one for each operation word, which lies behind its CPU state. `bkpt`
makes it loop for ever, `movec` with an unknown register and `wdebug` abort, floating-point conditions above 31 crash
it; some words that no CPU knows it takes for others. Each such entry gets the function of an instruction that is
illegal, and `control` carries out what is legal of them.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator, Mapping
from typing import Final

import unicorn.m68k_const as mc
import unicorn.unicorn_py3.unicorn as binding

from isa.layout import NotFound, Probe
from isa.m68k import floats

ENTRIES: Final = 1 << 16
_CPU: Final = 1 << 17
"""Bytes of the engine's CPU object within which the CPU state begins."""
_FEATURES: Final = 4
"""Bytes between the state that a context holds and the word of features; the table is at the next address of 8 bytes."""
ILLEGAL, LINE_A, LINE_F = 0x4AFC, 0xA000, 0xFE00
"""Operation words that every model refuses with that exception; LINE_A where there is no EMAC."""
_DISTINCT: Final = (0x4AFC, 0x4E71, 0x4E72, 0x4E73, 0x4E75, 0x4E40, 0xFE00, 0x7000, 0x41D0)


def misplaces_constant(word: int) -> bool:
    """Whether the operation word names an immediate operand where no CPU has one: as what is to be written, mostly."""
    if word & 0x3F != 0x3C:
        return False
    line, size = word >> 12, word >> 6 & 3
    if line == 0:  # bchg, bclr, bset, while btst only reads; chk2, callm, cas
        return size != 0 if word & 0x100 else size == 3 and word not in (0x08FC, 0x0CFC, 0x0EFC)
    if line == 4:
        return (word & 0x100 == 0 and word >> 9 & 7 in (0, 1, 2, 3) and size != 3) or word == 0x483C
    if line == 5:
        return size != 3
    if line == 14:
        return size == 3 and word & 0x800 == 0
    return line in (8, 9, 11, 12, 13) and word & 0x100 != 0 and size != 3


def refused(*, coldfire: bool, movep: bool) -> Iterator[tuple[int, int]]:
    """(operation word, the one whose function it gets). movep: the model has it."""
    illegal = {word for word in range(ENTRIES) if misplaces_constant(word)}
    illegal |= {0x4E7A, 0x4E7B}  # movec
    for high in (0x8140, 0x8180):  # pack, unpk: taken for another instruction
        illegal |= {high + (n << 9) + m for n in range(8) for m in range(16)}
    if not movep:  # bit operations on address registers
        illegal |= {0x0108 + (n << 6) + m for n in range(64) if n & 4 == 0 for m in range(8)}
    line_f = {*range(0xF2A0, 0xF2C0), *range(0xF2E0, 0xF300)}  # fbcc
    if coldfire:
        line_f |= set(range(0xFBC0, 0xFC00))  # wdebug
    else:
        line_f |= set(range(0xF240, 0xF280))  # fscc, fdbcc, ftrapcc
        illegal |= set(range(0x4848, 0x4850))  # bkpt
        illegal |= {0x50FA + (n << 8) + m for n in range(16) for m in range(3)}  # trapcc
    yield from ((word, ILLEGAL) for word in sorted(illegal))
    yield from ((word, LINE_F) for word in sorted(line_f))


def make_safe(
    probe: Probe, handle: ctypes.c_void_p, callbacks: Mapping[str, int], *, coldfire: bool, movep: bool
) -> None:
    """Replace the entries. Raises NotFound where the table is not where it should be."""
    at = _table(probe, handle)
    entries = (ctypes.c_uint64 * ENTRIES).from_address(at)
    found = [entries[word] for word in _DISTINCT]
    if 0 in found or len(set(found)) != len(found) or max(found) - min(found) > 1 << 20:
        raise NotFound("the engine's table of m68k instructions is not behind its state")
    functions = {like: entries[like] for like in (ILLEGAL, LINE_F)}
    for word, like in refused(coldfire=coldfire, movep=movep):
        entries[word] = functions[like]
    for word in floats.OPERATIONS:
        if entries[word] != functions[LINE_F]:
            entries[word] = floats.guarded(callbacks, entries[word], functions[LINE_F])


def _table(probe: Probe, handle: ctypes.c_void_p) -> int:
    """Host address of the table: behind the CPU state, which is found by what its registers hold."""
    get_cpu = binding.uclib.qemu_get_cpu_m68k
    get_cpu.restype, get_cpu.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)
    registers = [*range(mc.UC_M68K_REG_D0, mc.UC_M68K_REG_D0 + 8)]
    for number, register in enumerate(registers):
        probe.write(register, 0x5A17_0000 + number * 0x1357)
    state = probe.state_now()
    cpu = get_cpu(handle, -1)
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        memory.seek(cpu)
        whole = memory.read(_CPU)
    at = whole.find(state)
    for register in registers:
        probe.write(register, 0)
    if at < 0:
        raise NotFound("the engine's m68k state is not in its CPU object")
    behind = at + len(state) + _FEATURES
    (features,) = struct.unpack_from("<I", whole, behind)
    if features == 0:
        raise NotFound("the engine's m68k features are not behind its state")
    return int(cpu + (behind + 4 + 7) // 8 * 8)
