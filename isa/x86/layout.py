"""Where the engine keeps x86 state in a saved context, and the state of power-on.

Each place is found by a register that the API writes, or lies between two such and is checked to hold what it must.
Source of the order: the structure CPUX86State of QEMU 5.0.1.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from enum import IntEnum, auto
from typing import Final, Protocol

import unicorn.unicorn_py3.unicorn as binding
import unicorn.x86_const as uc

from isa.layout import NotFound, Probe, follow
from isa.x86.svm import EFER_NUMBER, own_memory


class Slot(IntEnum):
    """Indices into the layout: byte offsets into the saved CPU state, but for the last five. VMCB is a host address."""

    GENERAL = 0
    PC = auto()
    FLAGS = auto()
    CC_DST = auto()  # condition codes while code runs, which FLAGS then lacks: result, two sources, operation
    CC_SRC = auto()
    CC_SRC2 = auto()
    CC_OP = auto()
    DIRECTION = auto()
    HFLAGS = auto()
    HFLAGS2 = auto()
    SEGMENTS = auto()  # es, cs, ss, ds, fs, gs, ldtr, tr, gdtr, idtr
    CR0 = auto()
    EFER = auto()
    X87_TOP = auto()
    X87_STATUS = auto()
    X87_CONTROL = auto()
    X87_TAGS = auto()
    X87 = auto()
    X87_LAST = auto()  # opcode, code and data segment (u16 each), code and data address
    MXCSR = auto()
    XMM0 = auto()
    XCR0 = auto()
    ERROR_CODE = auto()
    SOFTWARE = auto()
    NEXT_PC = auto()
    DR0 = auto()
    OLD_EXCEPTION = auto()
    VMCB_PLACE = auto()
    TSC_OFFSET = auto()
    INTERCEPT = auto()
    TASK_PRIORITY = auto()
    RETURN = auto()
    SYSENTER_CS = auto()
    SYSENTER_ESP = auto()
    SYSENTER_EIP = auto()
    MISC_ENABLE = auto()
    PAT = auto()
    STAR = auto()
    LSTAR = auto()
    CSTAR = auto()
    FMASK = auto()
    K_GS_BASE = auto()
    TSC_AUX = auto()
    SIZE = auto()  # of the saved state; the engine's CPU object goes on with words of the CPU model
    MODEL_SEEN = auto()  # whether native code has looked at those, and taken from them what we do not have
    LONG_MODE = auto()  # whether there is a 64-bit mode at all
    BREAKPOINTS = auto()  # dr7 as the engine's breakpoints have been made from it
    VMCB = auto()


ES, CS, SS, DS, FS, GS, LDTR, TR, GDTR, IDTR = range(10)
SEGMENT: Final = 24
SELECTOR, BASE, LIMIT, ATTRIBUTES = 0, 8, 16, 20
"""Bytes of a segment's cache, and its fields."""

INHIBIT, CS32, SS32, ADDSEG, PE, LMA, CS64, GUEST, OSFXSR = (
    1 << bit for bit in (3, 4, 5, 6, 7, 14, 15, 21, 22)
)
"""Bits of HFLAGS. The lowest two are the privilege level."""
FPU_FLAGS: Final = 9
"""HFLAGS has CR0's MP, EM and TS from this bit on."""
INTERRUPTS_ON, PRIORITY_KEPT = 1, 8
"""Bits of HFLAGS2: GIF; V_INTR_MASKING, with which cr8 is a register of its own."""


class Held(Probe, Protocol):
    """What calibration needs of an engine besides."""

    handle: ctypes.c_void_p

    def take_state(self) -> memoryview: ...

    def put_state(self) -> None: ...


def calibrate(bits: int) -> Callable[[Held], list[int]]:
    """The function of an engine just opened: it measures, and leaves the state of power-on of i386 or x86-64."""

    def measure(probe: Held) -> list[int]:
        before = bytes(probe.take_state())
        layout = _places(probe)
        layout[Slot.SIZE], layout[Slot.LONG_MODE] = len(before), int(bits == 64)
        layout[Slot.VMCB] = own_memory(probe.handle)
        sse = _has_sse(probe)
        state = probe.take_state()
        state[:] = before
        from isa.x86.state import power_on  # noqa: PLC0415  it needs the slots

        power_on(layout, state, bits, sse=sse)
        probe.put_state()
        return layout

    return measure


def _places(probe: Held) -> list[int]:
    layout = [0] * len(Slot)

    def at(slot: Slot, register: int, size: int, first: int = 0x5A5A_1234, second: int = 0x3C3C_4568) -> int:
        mask = (1 << 8 * size) - 1
        layout[slot] = follow(probe, register, (first & mask, second & mask), size, min(size, 4))
        return layout[slot]

    layout[Slot.GENERAL] = follow(probe, uc.UC_X86_REG_RAX, (0x5A5A_1234_0000_0001, 0x3C3C_4568_0000_0001), 8)
    last = follow(probe, uc.UC_X86_REG_R15, (0x5A5A_1234_0000_0001, 0x3C3C_4568_0000_0001), 8)
    pc = at(Slot.PC, uc.UC_X86_REG_RIP, 8)
    _expect("r15", last, layout[Slot.GENERAL] + 120)
    _expect("rip", pc, layout[Slot.GENERAL] + 128)
    _flags(probe, layout, pc)
    segments = layout[Slot.SEGMENTS] = pc + 56
    for index, register in ((FS, uc.UC_X86_REG_FS_BASE), (GS, uc.UC_X86_REG_GS_BASE)):
        place = follow(probe, register, (0x5A5A_1234, 0x3C3C_4568), 8)
        _expect("the base of a segment", place, segments + SEGMENT * index + BASE)
    for index, register in ((TR, uc.UC_X86_REG_TR), (GDTR, uc.UC_X86_REG_GDTR), (IDTR, uc.UC_X86_REG_IDTR)):
        _table(probe, register, segments + SEGMENT * index)
    layout[Slot.CR0] = follow(probe, uc.UC_X86_REG_CR2, (0x5A5A_1000, 0x3C3C_4000), 8) - 16
    _expect("cr0", layout[Slot.CR0], segments + 10 * SEGMENT)
    _x87(probe, layout, at)
    at(Slot.MXCSR, uc.UC_X86_REG_MXCSR, 4, 0x1F80, 0x1F81)
    layout[Slot.XMM0] = _wide(probe, uc.UC_X86_REG_XMM0, 16)
    _exceptions(probe, layout)
    for number, slot in (
        (0x174, Slot.SYSENTER_CS), (0x175, Slot.SYSENTER_ESP), (0x176, Slot.SYSENTER_EIP), (0x277, Slot.PAT),
        (0x1A0, Slot.MISC_ENABLE), (0xC000_0081, Slot.STAR), (0xC000_0082, Slot.LSTAR), (0xC000_0083, Slot.CSTAR),
        (0xC000_0084, Slot.FMASK), (0xC000_0102, Slot.K_GS_BASE), (0xC000_0103, Slot.TSC_AUX),
    ):  # fmt: skip
        layout[slot] = _msr(probe, number, 4 if slot is Slot.SYSENTER_CS else 8)
    layout[Slot.EFER] = _efer(probe, layout[Slot.CR0])
    layout[Slot.XCR0] = layout[Slot.TSC_AUX] + 8
    if not probe.state_now()[layout[Slot.XCR0]] & 1:
        raise NotFound("the engine's CPU state holds no xcr0 after tsc_aux")
    return layout


def _expect(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise NotFound(f"the engine's CPU state holds {what} at {found}, not at {expected}")


def _word(state: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(state[at : at + size], "little")


def _flags(probe: Held, layout: list[int], pc: int) -> None:
    """After the pc: eflags; the condition codes; the direction; the hidden flags."""
    for slot, distance in (
        (Slot.FLAGS, 8), (Slot.CC_DST, 16), (Slot.CC_SRC, 24), (Slot.CC_SRC2, 32), (Slot.CC_OP, 40),
        (Slot.DIRECTION, 44), (Slot.HFLAGS, 48), (Slot.HFLAGS2, 52),
    ):  # fmt: skip
        layout[slot] = pc + distance
    for value, direction in ((0x8D5, 1), (0x4C5, 0xFFFF_FFFF)):
        probe.write(uc.UC_X86_REG_RFLAGS, value)
        state = probe.state_now()
        found = tuple(
            _word(state, layout[slot], size)
            for slot, size in (
                (Slot.FLAGS, 8),
                (Slot.CC_SRC, 8),
                (Slot.CC_OP, 4),
                (Slot.DIRECTION, 4),
            )
        )
        if found != (value | 2, value & 0x8D5, 1, direction):
            raise NotFound("the engine's CPU state holds no eflags after the pc")
    probe.write(uc.UC_X86_REG_RFLAGS, 2)
    flags = _word(probe.state_now(), layout[Slot.HFLAGS], 4)
    if flags & (PE | LMA | CS64) != PE | LMA | CS64:
        raise NotFound("the engine's CPU state holds no hidden flags after the pc")


def _table(probe: Held, register: int, expected: int) -> None:
    """A system table register is a structure of the API."""
    value = struct.pack("<HxxxxxxQII", 0x1230, 0x5A5A_1234_0000, 0x4321, 0)
    _write(probe, register, value)
    state = probe.state_now()
    base, limit = _word(state, expected + BASE), _word(state, expected + LIMIT, 4)
    if (base, limit) != (0x5A5A_1234_0000, 0x4321):
        raise NotFound(f"the engine's CPU state holds no table register at {expected}")
    _write(probe, register, bytes(24))


def _write(probe: Held, register: int, value: bytes) -> None:
    status = binding.uclib.uc_reg_write(probe.handle, register, ctypes.create_string_buffer(value, 64))
    if status:
        raise NotFound(f"the engine refuses register {register}")


def _wide(probe: Held, register: int, size: int) -> int:
    """Offset of a register of more than 64 bits."""
    value = bytes(range(0x31, 0x31 + size))
    _write(probe, register, value)
    found = probe.state_now().find(value)
    _write(probe, register, bytes(size))
    if found < 0:
        raise NotFound(f"the engine's CPU state holds no field that follows register {register}")
    return found


def _x87(probe: Held, layout: list[int], at: Callable[..., int]) -> None:
    control = at(Slot.X87_CONTROL, uc.UC_X86_REG_FPCW, 2, 0x37F, 0x27E)
    layout[Slot.X87_STATUS], layout[Slot.X87_TOP], layout[Slot.X87_TAGS] = (
        control - 2,
        control - 6,
        control + 2,
    )
    _write(probe, uc.UC_X86_REG_FPSW, struct.pack("<H", 0x2841))
    _write(probe, uc.UC_X86_REG_FPTAG, struct.pack("<H", 0xFFF3))
    state = probe.state_now()
    top, status = _word(state, control - 6, 4), _word(state, control - 2, 2)
    tags = state[control + 2 : control + 10]
    if (top, status & ~0x3800, tags) != (5, 0x41, bytes((1, 0, 1, 1, 1, 1, 1, 1))):
        raise NotFound("the engine's CPU state holds no x87 status before its control word")
    _write(probe, uc.UC_X86_REG_FPSW, bytes(2))
    layout[Slot.X87] = _wide(probe, uc.UC_X86_REG_FP0, 10)
    layout[Slot.X87_LAST] = layout[Slot.X87] + 8 * 16
    _expect(
        "x87's last opcode", follow(probe, uc.UC_X86_REG_FOP, (0x123, 0x456), 2, 2), layout[Slot.X87_LAST]
    )


def _exceptions(probe: Held, layout: list[int]) -> None:
    """Around the debug registers: the exception under way, and what SVM intercepts."""
    first = follow(probe, uc.UC_X86_REG_DR0, (0x5A5A_1234, 0x3C3C_4568), 8)
    _expect("dr3", follow(probe, uc.UC_X86_REG_DR3, (0x5A5A_1234, 0x3C3C_4568), 8), first + 24)
    for slot, distance in (
        (Slot.ERROR_CODE, -16), (Slot.SOFTWARE, -12), (Slot.NEXT_PC, -8), (Slot.DR0, 0), (Slot.OLD_EXCEPTION, 96),
        (Slot.VMCB_PLACE, 104), (Slot.TSC_OFFSET, 112), (Slot.INTERCEPT, 120), (Slot.TASK_PRIORITY, 156),
        (Slot.RETURN, 160),
    ):  # fmt: skip
        layout[slot] = first + distance
    state = probe.state_now()
    if _word(state, first + 96, 4) != 0xFFFF_FFFF or any(state[first + 104 : first + 156]):
        raise NotFound("the engine's CPU state holds no exception after the debug registers")


def _msr(probe: Held, number: int, size: int) -> int:
    """Offset of the field that follows a model-specific register; it keeps the value that it had."""
    cell = ctypes.create_string_buffer(struct.pack("<IxxxxQ", number, 0), 16)
    binding.uclib.uc_reg_read(probe.handle, uc.UC_X86_REG_MSR, cell)
    before, states = cell.raw, []
    for value in (0x5A34, 0x3C68):
        _write(probe, uc.UC_X86_REG_MSR, struct.pack("<IxxxxQ", number, value))
        states.append(probe.state_now())
    _write(probe, uc.UC_X86_REG_MSR, before)
    word = (0x5A34).to_bytes(size, "little")
    found = -1
    while (found := states[0].find(word, found + 1)) >= 0:
        if found % 4 == 0 and _word(states[1], found, size) == 0x3C68:
            return found
    raise NotFound(f"the engine's CPU state holds no field that follows MSR {number:#x}")


def _efer(probe: Held, after: int) -> int:
    """LMA and LME are set while the engine is fresh; LME follows what is written."""
    states = []
    for value in (0x400, 0x500):
        _write(probe, uc.UC_X86_REG_MSR, struct.pack("<IxxxxQ", EFER_NUMBER, value))
        states.append(probe.state_now())
    for at in range(after, len(states[0]) - 8, 8):
        if (_word(states[0], at), _word(states[1], at)) == (0x400, 0x500):
            return at
    raise NotFound("the engine's CPU state holds no EFER")


def _has_sse(probe: Held) -> bool:
    probe.write(uc.UC_X86_REG_RAX, 1)
    probe.execute_code(b"\x0f\xa2", 0x1_0000)  # cpuid
    return bool(probe.read(uc.UC_X86_REG_RDX) & 1 << 25)
