"""Where the engine keeps Arm state: measured on a live engine.

Offsets are from the engine's CPU state (CPUARMState of its source), to which compiled code has a pointer; those of the
CPU object, which holds that state, are negative. What the API can write is found by how it follows; what it cannot lies
beside that, in the order of the source's structure, and is checked by what the engine itself does to it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Protocol

import unicorn.arm_const as uc
import unicorn.unicorn_py3.unicorn as binding

from isa.arm.cp15 import ROWS

lib: Any = binding.uclib


class Slot(IntEnum):
    """Indices into the layout. After the last one: a place or a value for each row of `cp15.ROWS`."""

    REGS = 0  # r0 to r15 of the current mode, u32
    XREGS = 1  # 32 u64 of a 64-bit CPU, which no 32-bit one has: the M profile keeps its interrupt controller here
    PC64 = 2  # likewise; the engine leaves an entry address here
    UNCACHED = 3  # CPSR but for N, Z, C, V, Q, GE, T, IT, A, I, F
    SPSR = 4
    BANKED_SPSR = 5  # 8 u64
    BANKED_R13 = 6  # 8 u32
    BANKED_R14 = 7
    USR = 8  # r8 to r12 while in fiq
    FIQ = 9  # r8 to r12 while not
    CF = 10  # u32, as are the next: 0 or 1
    VF = 11  # bit 31
    NF = 12  # bit 31
    ZF = 13  # Z is: this is 0
    QF = 14
    GE = 15
    THUMB = 16
    CONDEXEC = 17  # IT
    DAIF = 18  # u64: A, I, F where CPSR has them
    SYNDROME = 19  # of the exception about to be taken: u32, fault status u32, address u64, target level u32
    FSR = 20
    VADDRESS = 21
    TARGET_EL = 22
    ZREGS = 23  # q0 to q15
    QC = 24  # 4 u32
    VEC_LEN = 25  # FPSCR.Len, then FPSCR.Stride, i32
    VFP_XREGS = 26  # 16 u32: FPSID, FPSCR, ...
    FP_STATUS = 27  # three times 8 bytes: tininess, rounding, exceptions, -, flush results, flush inputs, default NaN, -
    EXCLUSIVE = 28  # address and value that LDREX watches, u64; all ones: none
    END = 29  # of what is the guest's
    INTERRUPT_REQUEST = 30  # u32
    EXCEPTION_INDEX = 31  # i32
    V7M = 32  # see `isa.arm.m_state`
    SCTLR = 33
    VBAR = 34
    TTBR0 = 35
    TTBCR = 36
    SCR = 37
    MVBAR = 38


ABSENT = -(1 << 40)
"""In place of an offset: this model has no such register."""
THROUGH = ABSENT + 1
"""Its value is computed when it is read: through the API only."""
_OBJECT = 41_712
"""Bytes of the CPU object that surely exist before the CPU state; more is looked at only inside it."""
_STATE = 4264
_ENGINE = 4392
"""Where the CPU state points back to the engine; the table of its system registers follows."""
NUMBER, BLOCK = 29, 31
"""Words among XREGS: the CPU's number, for MPIDR; the address of the engine block, for those functions of the engine's
table of system registers that are ours."""
IRQ = 2  # the engine's word for an interrupt request


class Probe(Protocol):
    """What calibration needs of an engine. `callbacks` are its compiled functions by name."""

    callbacks: Mapping[str, int]
    handle: ctypes.c_void_p

    def write(self, register: int, value: int) -> None: ...

    def state_now(self) -> bytes: ...


class CpRegister(ctypes.Structure):
    """A system register as the engine has it (ARMCPRegInfo). Functions: of the CPU state and this, and a value."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        *((name, ctypes.c_uint8) for name in ("cp", "crn", "crm", "opc0", "opc1", "opc2")),
        *((name, ctypes.c_int) for name in ("state", "type", "access", "secure")),
        ("opaque", ctypes.c_void_p),
        ("resetvalue", ctypes.c_uint64),
        ("fieldoffset", ctypes.c_ssize_t),
        ("bank_fieldoffsets", ctypes.c_ssize_t * 2),
        *((name, ctypes.c_void_p) for name in ("accessfn", "readfn", "writefn", "raw_readfn", "raw_writefn")),
    ]


class Core:
    """The engine's CPU object, read and written in place."""

    def __init__(self, probe: Probe) -> None:
        self.handle = probe.handle
        self._context = ctypes.c_void_p()
        lib.uc_context_alloc(self.handle, ctypes.byref(self._context))
        lib.uc_context_save(self.handle, self._context)
        find = lib.qemu_get_cpu_arm
        find.restype, find.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)
        self.cpu: int = find(self.handle, -1) or 0
        for number in range(13):  # a state like no other memory
            probe.write(uc.UC_ARM_REG_R0 + number, 0x5A17_0000 + number * 0x1357)
        at = ctypes.string_at(self.cpu, _OBJECT + _STATE).find(probe.state_now()[:256])
        if not self.cpu or at < 0:
            raise RuntimeError("the engine's CPU state is not in its CPU object")
        self.before = at
        self.state = self.cpu + at
        if ctypes.c_void_p.from_address(self.state + _ENGINE).value != self.handle.value:
            raise RuntimeError("the engine's CPU state does not point back to the engine")

    def restore(self) -> None:
        """Registers as they were when this object was made."""
        lib.uc_context_restore(self.handle, self._context)

    def now(self) -> bytes:
        return ctypes.string_at(self.state, _STATE)

    def object(self) -> bytes:
        return ctypes.string_at(self.cpu, self.before)

    def write(self, register: int, value: int) -> None:
        cell = ctypes.c_uint64(value)
        if lib.uc_reg_write(self.handle, register, ctypes.byref(cell)) != 0:
            raise RuntimeError(f"the engine does not take a value for register {register}")

    def register(self, selector: tuple[int, ...], *, secure: bool = False) -> CpRegister | None:
        """The engine's own row of a system register, to read and to change; None where this model has none."""
        cp, wide, _, crn, crm, opc1, opc2 = selector
        key = (not secure) << 29 | cp << 16 | wide << 15 | crn << 11 | crm << 7 | opc1 << 3 | opc2
        find = lib.get_arm_cp_reginfo_arm
        find.restype, find.argtypes = ctypes.POINTER(CpRegister), (ctypes.c_void_p, ctypes.c_uint32)
        table = ctypes.c_void_p.from_address(self.state + _ENGINE + 8)
        row = find(table, key)
        return row.contents if row else None

    def read(self, register: CpRegister) -> int:
        """The value of a system register of 32 bits."""
        read = lib.read_raw_cp_reg_arm
        read.restype, read.argtypes = ctypes.c_uint64, (ctypes.c_void_p, ctypes.POINTER(CpRegister))
        return int(read(self.state, ctypes.byref(register))) & 0xFFFF_FFFF

    def serve(self, selector: tuple[int, ...], block: int, read: int, write: int = 0) -> None:
        """Have compiled functions read and write a system register, where this model has it."""
        for secure in (False, True):
            register = self.register(selector, secure=secure)
            if register is not None and not register.type & (_SPECIAL | _CONSTANT):
                register.opaque, register.readfn = block, read
                if write:
                    register.writefn = write


def follow(core: Core, write: Callable[[int], None], values: tuple[int, int], size: int) -> int:
    """Offset of the field that takes on both values when they are written; -1 where none does."""
    states = []
    for value in values:
        write(value)
        states.append(core.now())
    words = [value.to_bytes(size, "little") for value in values]
    found = -1
    while (found := states[0].find(words[0], found + 1)) >= 0:
        if found % 4 == 0 and states[1][found : found + size] == words[1]:
            return found
    return -1


def calibrate(probe: Probe) -> list[int]:
    """The layout of a fresh engine; leaves it as after reset."""
    core = Core(probe)
    layout = [0] * len(Slot)
    layout[Slot.V7M] = follow(core, lambda v: core.write(uc.UC_ARM_REG_PSP, v), (0x5A5A_1230, 0x3C3C_4560), 4)
    _core(core, layout)
    _object(core, layout)
    rows = _coprocessor(core)
    _serve(core, core.state + layout[Slot.XREGS] + 8 * BLOCK, probe.callbacks)
    places = {row.name: place for row, place in zip(ROWS, rows, strict=True)}
    for slot in (Slot.SCTLR, Slot.VBAR, Slot.TTBR0, Slot.TTBCR, Slot.SCR, Slot.MVBAR):
        layout[slot] = places[slot.name.lower()]
    return [*layout, *rows]


def _core(core: Core, layout: list[int]) -> None:
    def place(register: int, size: int, first: int, second: int) -> int:
        found = follow(core, lambda value: core.write(register, value), (first, second), size)
        if found < 0:
            raise RuntimeError(f"the engine's CPU state holds no field that follows register {register}")
        return found

    regs = place(uc.UC_ARM_REG_R0, 4, 0x5A5A_1231, 0x3C3C_4562)
    spsr = place(uc.UC_ARM_REG_SPSR, 4, 0x5A5A_1232, 0x3C3C_4563)
    syndrome = place(uc.UC_ARM_REG_ESR, 4, 0x5A5A_1233, 0x3C3C_4564)
    zregs = place(uc.UC_ARM_REG_D0, 8, 0x1122_3344_5A5A_1234, 0x5566_7788_3C3C_4565)
    fpexc = place(uc.UC_ARM_REG_FPEXC, 4, 0x5A5A_1235, 0x3C3C_4566)
    flags = spsr + 176
    for slot, offset in (
        (Slot.REGS, regs),
        (Slot.XREGS, regs + 64),
        (Slot.PC64, regs + 320),
        (Slot.UNCACHED, spsr - 4),
        (Slot.SPSR, spsr),
        (Slot.BANKED_SPSR, spsr + 8),
        (Slot.BANKED_R13, spsr + 72),
        (Slot.BANKED_R14, spsr + 104),
        (Slot.USR, spsr + 136),
        (Slot.FIQ, spsr + 156),
        *((slot, flags + 4 * n) for n, slot in enumerate(list(Slot)[Slot.CF : Slot.DAIF])),
        (Slot.DAIF, flags + 40),
        (Slot.SYNDROME, syndrome),
        (Slot.FSR, syndrome + 4),
        (Slot.VADDRESS, syndrome + 8),
        (Slot.TARGET_EL, syndrome + 16),
        (Slot.ZREGS, zregs),
        (Slot.QC, zregs + 512),
        (Slot.VEC_LEN, zregs + 528),
        (Slot.VFP_XREGS, fpexc - 32),
        (Slot.FP_STATUS, fpexc + 64),
        (Slot.EXCLUSIVE, zregs + 688),
        (Slot.END, zregs + 912),
    ):
        layout[slot] = offset
    _check(core, layout)


def _check(core: Core, layout: list[int]) -> None:
    """The places beside those that were measured, by what the engine does to them."""

    def u32(slot: Slot) -> int:
        return int.from_bytes(core.now()[layout[slot] :][:4], "little")

    core.write(uc.UC_ARM_REG_APSR_NZCV, 0x3000_0000)
    first = [u32(slot) for slot in (Slot.CF, Slot.VF, Slot.NF)], u32(Slot.ZF) != 0
    core.write(uc.UC_ARM_REG_APSR_NZCV, 0xC000_0000)
    second = [u32(slot) for slot in (Slot.CF, Slot.VF, Slot.NF)], u32(Slot.ZF) != 0
    good = first[0][0] == 1 and first[0][1] >> 31 == 1 and first[0][2] >> 31 == 0
    good = good and second[0][0] == 0 and second[0][1] >> 31 == 0 and second[0][2] >> 31 == 1
    core.write(uc.UC_ARM_REG_PC, 0x1001)
    good = good and u32(Slot.THUMB) == 1 and core.now()[layout[Slot.REGS] + 60 :][:4] == b"\0\x10\0\0"
    core.write(uc.UC_ARM_REG_PC, 0x1000)
    good = good and u32(Slot.THUMB) == 0 and core.now()[layout[Slot.PC64] :][:8] == b"\0\x10" + bytes(6)
    good = good and core.now()[layout[Slot.EXCLUSIVE] :][:8] == b"\xff" * 8
    good = good and u32(Slot.DAIF) & 0x1C0 == 0x1C0 and u32(Slot.UNCACHED) & 0x1F == 0x13
    core.write(uc.UC_ARM_REG_FPSCR, 0x0443_0000)  # AHP, round up, Len
    good = good and core.now()[layout[Slot.FP_STATUS] + 1] == 2
    good = good and u32(Slot.VEC_LEN) in (0, 3)  # the M profile has none
    if not good:
        raise RuntimeError("the engine's CPU state is not laid out as expected")


def _object(core: Core, layout: list[int]) -> None:
    """Fields of the CPU object that hold an interrupt request and the exception being taken."""
    raise_line = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)(
        ctypes.c_void_p.in_dll(lib, "cpu_interrupt_handler").value or 0
    )
    idle = core.object()
    raise_line(core.cpu, IRQ)
    asked = core.object()
    requests = [
        i for i in range(0, len(idle), 4) if idle[i : i + 4] == bytes(4) and asked[i : i + 4] == b"\2\0\0\0"
    ]
    lib.cpu_reset_interrupt(ctypes.c_void_p(core.cpu), IRQ)
    if len(requests) != 1 or core.object() != idle:
        raise RuntimeError("the engine's CPU object holds no interrupt request")
    layout[Slot.INTERRUPT_REQUEST] = requests[0] - core.before
    # The exception index is -1 in a CPU that takes none, the word before the pointer back to the engine.
    pointer = (core.handle.value or 0).to_bytes(8, "little")
    at = -1
    places = []
    while (at := idle.find(pointer, at + 1)) >= 0:
        for back in (4, 8):
            if idle[at - back : at - back + 4] == b"\xff" * 4:
                places.append(at - back)
    if len(places) != 1:
        raise RuntimeError("the engine's CPU object holds no exception index")
    layout[Slot.EXCEPTION_INDEX] = places[0] - core.before


_CONSTANT, _SPECIAL = 2, 1  # bits of a register's type


def _coprocessor(core: Core) -> list[int]:
    """For each row: the offset of its field; or -1 - value where it is constant; or ABSENT, or THROUGH."""
    found = []
    for row in ROWS:
        register = core.register(row.selector)
        if register is None or register.type & _SPECIAL:
            found.append(ABSENT)
        elif register.type & _CONSTANT:
            found.append(-1 - register.resetvalue)
        elif register.fieldoffset > 0:
            found.append(register.fieldoffset)
        elif row.name.startswith("id_"):
            found.append(-1 - core.read(register))
        else:
            found.append(THROUGH)
    return found


_TIMERS = (
    *(
        (15, 0, 0, 14, crm, 0, opc2) for crm in (2, 3) for opc2 in (0, 1)
    ),  # CTL and TVAL, physical and virtual
    *((15, 1, 0, 0, 14, opc1, 0) for opc1 in range(4)),  # the counters, CVAL
)
_PMCCNTR, _MPIDR = (15, 0, 0, 9, 13, 0, 0), (15, 0, 0, 0, 0, 0, 5)


def _serve(core: Core, block: int, callbacks: Mapping[str, int]) -> None:
    """What the engine would take from the host's clock; and the CPU's number (isa.arm.clock)."""
    if "read_timer" not in callbacks:
        return
    for selector in _TIMERS:
        core.serve(selector, block, callbacks["read_timer"], callbacks["write_timer"])
    core.serve(_PMCCNTR, block, callbacks["read_cycles"])
    register = core.register(_MPIDR)
    if register is not None and register.fieldoffset <= 0:  # where there is none, the encoding reads MIDR
        core.serve(_MPIDR, block, callbacks["read_affinity"])
