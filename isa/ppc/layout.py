"""Where the engine keeps PowerPC state in a saved context: measured on a live engine, never assumed.

The API shows a few registers. The others lie in known order around them (QEMU 5.0, target/ppc/cpu.h, CPUPPCState), and
each group is recognised by what it must hold: the table of vectors by its offsets, the table of special-purpose
registers by how srr0 is accessed. `calibrate` also shapes the state of power-on:

- Clocks are made registers that nobody may access: an instruction that does arrives as a privileged one, and is carried
  out by us (`counters`). The engine's own would read the host's clock, or an address of zero.
- MSR[POW] is taken from what MSR can hold: the engine would wait for ever in itself. `interrupts` halts in its place.
- DARN, which would deliver the host's entropy, is taken out of the engine's instructions.
- MSR[HV] too: the 64-bit CPU is one that a hypervisor runs, as the engine leaves it after reset. Hypercalls reach us.
"""

from __future__ import annotations

import ctypes
import struct
from enum import IntEnum
from typing import Protocol

import unicorn.ppc_const as pc
import unicorn.unicorn_py3.unicorn as binding

from isa.layout import NotFound, Probe, changed, follow


class Slot(IntEnum):
    """Indices into the layout: each entry is a byte offset into the saved CPU state."""

    GPR = 0
    LR = 1
    CTR = 2
    CRF = 3  # 8 words of 32 bits
    XER = 4  # then SO, OV, CA, OV32, CA32, and the reservation
    MSR = 5
    PC = 6
    SPR = 7  # 1024 registers
    ACCESS = 8  # how each of them is accessed: rows of 64 bytes
    VSCR = 9
    VSR = 10  # 64 registers of 16 bytes
    FPSCR = 11
    ROUNDING = 12  # byte: how the engine rounds, with FPSCR[RN]
    ERROR = 13  # u32: what the exception under way is about
    VECTORS = 14
    PREFIX = 15  # what is added to a vector
    HFLAGS = (
        16  # what translated code depends on: MSR's part, then other registers' part, two MMU indices (u32)
    )
    SR = 17  # 32 segment registers
    BATS = 18  # DBAT uppers, DBAT lowers, IBAT uppers, IBAT lowers, 8 each
    MSR_MASK = 19
    TLB = 20  # pointers of the engine's, which no state may bring along: this one,
    OBJECTS = 21  # two
    INPUTS = 22  # one
    FUNCTIONS = 23  # and two


class Shapes(Probe, Protocol):
    """An engine whose state can be changed, too."""

    handle: ctypes.c_void_p

    def take_state(self) -> memoryview: ...

    def put_state(self) -> None: ...


EXCEPTIONS = 102  # rows of the table of vectors
_VECTORS = (0x200, 0x300, 0x400, 0x500, 0x600, 0x700, 0x800, 0xC00)
_FIRST_VECTOR = 1  # the row of the first of them
ACCESS_ROW = 64
_SRR0, _SPRS = 26, 1024
_TLB_WORDS = 7  # nb_tlb to tlb_type
OURS = (22, 268, 269, 284, 285, 308, 309, 310, 526, 527, 849)
"""Decrementers, time bases, PURR and SPURR, VTB."""
MSR_POW, MSR_HV = 1 << 18, 1 << 60
_ALMOST_ALL = 0xEFFF_FFFF_FFFF_BFFF  # of MSR: not HV, which cannot be set, nor PR, with which others are set
_ROUNDING_MODES = (0, 3, 2, 1)  # the engine's number for FPSCR[RN] = 0, 1, 2, 3


def calibrate(probe: Shapes) -> list[int]:
    """Byte offsets by `Slot`; leaves the engine's registers as after reset, and its clocks to us."""
    word = 8 if probe.wide else 4
    msr = probe.read(pc.UC_PPC_REG_MSR)
    layout = [0] * len(Slot)
    layout[Slot.GPR] = follow(probe, pc.UC_PPC_REG_0, (0x5A5A1231, 0x3C3C4562), word)
    layout[Slot.LR] = follow(probe, pc.UC_PPC_REG_LR, (0x5A5A1234, 0x3C3C4568), word)
    layout[Slot.CTR] = follow(probe, pc.UC_PPC_REG_CTR, (0x5A5A1238, 0x3C3C456C), word)
    layout[Slot.CRF] = layout[Slot.CTR] + word
    layout[Slot.XER] = follow(probe, pc.UC_PPC_REG_XER, (0x5A, 0x3C), 4, word)
    layout[Slot.PC] = follow(probe, pc.UC_PPC_REG_PC, (0x5A5A1234, 0x3C3C4568), word)
    layout[Slot.VSR] = follow(probe, pc.UC_PPC_REG_FPR0, (0x112233445A5A1233, 0x556677883C3C4564), 8) - 8
    layout[Slot.MSR] = follow(probe, pc.UC_PPC_REG_MSR, (0xB000, 0x3002), word)
    layout[Slot.FPSCR], layout[Slot.ROUNDING] = _floating(probe, layout, word)
    probe.write(pc.UC_PPC_REG_MSR, msr)
    state = probe.state_now()
    layout[Slot.ACCESS] = _access(state, layout[Slot.VSR])
    layout[Slot.VSCR] = layout[Slot.ACCESS] + _SPRS * ACCESS_ROW
    layout[Slot.SPR] = layout[Slot.ACCESS] - _SPRS * word
    _vectors(probe, state, layout, word)
    layout[Slot.HFLAGS] = _flags(probe, layout, word)
    layout[Slot.FUNCTIONS] = (layout[Slot.HFLAGS] + 2 * word + 8 + 7) & ~7
    probe.write(pc.UC_PPC_REG_MSR, msr)
    _segments(layout, word, state)
    _shape(probe, layout, word)
    if probe.wide:
        _refuse_random(probe)
    return layout


_CPU, _OPERATIONS, _INDIRECT = 1 << 18, 64, 1
_DARN, _DARN_RESERVED = (31, 19, 23), 0x001CF801


def _refuse_random(probe: Shapes) -> None:
    """DARN delivers the host's entropy: it becomes an illegal instruction.

    The CPU object holds a table of operations by primary opcode: the address of an operation, or of the next table with
    a bit that says so. The rows of opcodes 0, 1 and 5 are that of illegal instructions. An operation begins with a word
    of the bits that are reserved."""
    get_cpu = binding.uclib.qemu_get_cpu_ppc64
    get_cpu.restype, get_cpu.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        memory.seek(get_cpu(probe.handle, -1) or get_cpu(probe.handle, 0))
        data = memory.read(_CPU)
    words = struct.unpack_from(f"<{len(data) // 8}Q", data)
    found = next(
        (
            i
            for i in range(len(words) - _OPERATIONS)  # behind the CPU object, another may lie
            if words[i] == words[i + 1] == words[i + 5] != words[i + 14]
            and words[i] & 3 == words[i + 14] & 3 == 0 != words[i]
            and all(words[i + indirect] & 3 == _INDIRECT for indirect in (19, 30, 31, 59, 63))
        ),
        None,
    )
    if found is None:
        raise NotFound("the engine's CPU has no table of operations")
    first, second, third = _DARN
    table = words[found + first] - _INDIRECT
    table = ctypes.c_uint64.from_address(table + 8 * second).value
    if table & 3 != _INDIRECT:
        raise NotFound("the engine has no table of operations for that of DARN")
    place = ctypes.c_uint64.from_address(table - _INDIRECT + 8 * third)
    if place.value == words[found]:
        return  # a CPU model without
    if place.value & 3 or ctypes.c_uint32.from_address(place.value).value != _DARN_RESERVED:
        raise NotFound("the engine's operation in the place of DARN is another one")
    place.value = words[found]


def _floating(probe: Probe, layout: list[int], word: int) -> tuple[int, int]:
    """FPSCR, and the byte before it that takes on the engine's rounding modes."""
    states = []
    for mode in range(4):
        probe.write(pc.UC_PPC_REG_FPSCR, 0x80 | mode)
        states.append(probe.state_now())
    probe.write(pc.UC_PPC_REG_FPSCR, 0)
    words = range(layout[Slot.VSR], len(states[0]) - word, 4)
    at = next((i for i in words if [one[i] for one in states] == [0x80, 0x81, 0x82, 0x83]), -1)
    near = (i for i in range(at - 1, at - 24, -1) if tuple(one[i] for one in states) == _ROUNDING_MODES)
    mode_at = next(near, -1)
    if at < 0 or mode_at < 0:
        raise NotFound("the engine's CPU state holds no fpscr, or no rounding mode")
    return at, mode_at


def _access(state: bytes, vsr: int) -> int:
    """The table of how special-purpose registers are accessed: it ends before VSCR, which is before the aligned VSRs. A
    program may neither read nor write srr0, which its supervisor may."""
    for end in (vsr - 8, vsr - 16):
        start = end - _SPRS * ACCESS_ROW
        program, program_too, reads, writes, *_, name, value = struct.unpack_from(
            "<8Q", state, start + _SRR0 * ACCESS_ROW
        )
        known = program == program_too and value == 0 and 0 not in (program, reads, writes, name)
        if known and program not in (reads, writes):
            return start
    raise NotFound("the engine's CPU state holds no table of special-purpose registers")


def _vectors(probe: Probe, state: bytes, layout: list[int], word: int) -> None:
    """The table of vectors, the words around it, and MSR's mask, which is what MSR keeps of all ones."""
    row = b"".join(offset.to_bytes(word, "little") for offset in _VECTORS)
    at = state.find(row, layout[Slot.FPSCR])
    if at < 0:
        raise NotFound("the engine's CPU state holds no table of vectors")
    layout[Slot.VECTORS] = at - _FIRST_VECTOR * word
    layout[Slot.PREFIX] = layout[Slot.VECTORS] + EXCEPTIONS * word
    layout[Slot.INPUTS] = layout[Slot.VECTORS] - 8
    layout[Slot.ERROR] = layout[Slot.INPUTS] - 16
    layout[Slot.OBJECTS] = (layout[Slot.FPSCR] + word + 7) & ~7
    layout[Slot.MSR_MASK] = layout[Slot.OBJECTS] + 16 + 8
    mask = int.from_bytes(state[layout[Slot.MSR_MASK] : layout[Slot.MSR_MASK] + word], "little")
    probe.write(pc.UC_PPC_REG_MSR, _ALMOST_ALL)
    if probe.read(pc.UC_PPC_REG_MSR) != mask & _ALMOST_ALL:
        raise NotFound("the engine's CPU state holds no mask of what MSR can be")


def _flags(probe: Probe, layout: list[int], word: int) -> int:
    """The word behind the vectors that follows MSR[FP], but not MSR[EE]."""
    states = []
    for value in (0, 0x2000, 0xA000):
        probe.write(pc.UC_PPC_REG_MSR, value)
        states.append(probe.state_now())
    for at in changed(states[0], states[1]):
        if at > layout[Slot.PREFIX] and at not in changed(states[1], states[2]):
            return at
    raise NotFound("the engine's CPU state holds no flags of translated code")


def _segments(layout: list[int], word: int, state: bytes) -> None:
    """Segment registers and block address translation lie between the pc and the table of special-purpose registers,
    before the TLB and four words of another model. Their number comes first, then DBAT and IBAT, uppers and lowers."""
    layout[Slot.TLB] = layout[Slot.SPR] - 8 - 4 * word - 8
    for padding in (4, 0):
        start = layout[Slot.TLB] - _TLB_WORDS * 4 - padding - 4 * 8 * word
        count = int.from_bytes(state[start - word : start - word + 4], "little")
        if count in (4, 8) or word == 8:
            layout[Slot.BATS], layout[Slot.SR] = start, start - word - 32 * word
            return
    raise NotFound("the engine's CPU state holds no number of BATs")


def _shape(probe: Shapes, layout: list[int], word: int) -> None:
    """Make the state of power-on ours: see above."""
    state = probe.take_state()
    nobody = bytes(state[layout[Slot.ACCESS] + _SRR0 * ACCESS_ROW :][:8])
    for number in OURS:
        at = layout[Slot.ACCESS] + number * ACCESS_ROW
        if any(state[at + 48 : at + 56]):
            state[at : at + 48] = nobody * 6
    mask_at = layout[Slot.MSR_MASK]
    mask = int.from_bytes(state[mask_at : mask_at + word], "little") & ~(MSR_POW | MSR_HV)
    state[mask_at : mask_at + word] = mask.to_bytes(word, "little")
    probe.put_state()
