"""Where the engine keeps AArch64 state in a saved context: measured on a live engine, never assumed.

The layout has an entry for each `Slot`, then one for each row of `sysregs.ROWS`: the offset of a register that is state,
the value of one that is a constant of the CPU model, and `NONE` for what this model lacks.
"""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import Any, Final, Protocol

import numpy as np
import unicorn.arm64_const as uc
import unicorn.unicorn_py3.unicorn as binding

from isa.aarch64.sysregs import ALL, INDEX, POINTER_AUTHENTICATION, ROWS, SVE, Encoding, Feature, Kind
from isa.layout import NotFound, follow
from isa.layout import Probe as Registers

NONE: Final = -1
_LIBRARY: Final[Any] = binding.uclib


class Slot(IntEnum):
    """Indices into the layout: each entry is a byte offset into the saved CPU state."""

    X0 = 0  # 32 words: x0 to x30, and the stack pointer in use
    PC = 1
    PSTATE = 2  # u32, without N, Z, C, V, D, A, I, F and BTYPE
    HFLAGS = 3  # u32: what the engine derived from other state
    CARRY = 4  # u32: 0 or 1
    OVERFLOW = 5  # u32: bit 31
    NEGATIVE = 6  # u32: bit 31
    ZERO = 7  # u32: zero where Z is set
    BTYPE = 8  # u32
    DAIF = 9
    SP_EL = 10  # a word a level, as ELR_EL, ESR_EL, FAR_EL, VBAR_EL and SCTLR_EL are
    ELR_EL = 11
    ESR_EL = 12
    FAR_EL = 13
    VBAR_EL = 14
    SCTLR_EL = 15
    TIMER = 16  # five of two words: value to compare with, control
    V0 = 17
    V1 = 18
    SYNDROME = 19  # u32, then u32 for AArch32, u64 address, u32 target level: of the exception under way
    CYCLES_AT = 20  # host time
    EVENTS_AT = 21  # 31 words, host time
    BREAKPOINTS = 22  # 16 addresses in the engine
    AARCH64 = 23  # u32: 0 while the CPU is in AArch32
    R0 = 24  # 16 words of u32: the registers of AArch32, the last its pc
    THUMB = 25  # u32
    CPSR = 26  # u32: of AArch32, without what PSTATE has elsewhere
    RAISE = 27  # not an offset: the address of a function of the engine, void (cpu, mask of interrupts)


ROWS_AT: Final = len(Slot)


def slot(name: str) -> int:
    """Index of a system register's entry in the layout."""
    return ROWS_AT + INDEX[name]


class Probe(Registers, Protocol):
    """What calibration needs of an engine."""

    handle: ctypes.c_void_p

    def take_state(self) -> memoryview:
        """The CPU state, to change and `put_state`."""
        ...

    def put_state(self) -> None: ...


class _SystemRegister(ctypes.Structure):
    """The engine's uc_arm64_cp_reg."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("crn", "crm", "op0", "op1", "op2")),
        ("value", ctypes.c_uint64),
    )


def read_system(handle: ctypes.c_void_p, encoding: Encoding) -> int:
    """A system register through the engine's API, whatever the level. The CPU model must have it."""
    op0, op1, crn, crm, op2 = encoding
    register = _SystemRegister(crn, crm, op0, op1, op2, 0)
    _LIBRARY.uc_reg_read(handle, uc.UC_ARM64_REG_CP_REG, ctypes.byref(register))
    return int(register.value)


def write_system(handle: ctypes.c_void_p, encoding: Encoding, value: int) -> None:
    """Write a system register through the engine's API, whatever the level. The CPU model must have it."""
    op0, op1, crn, crm, op2 = encoding
    register = _SystemRegister(crn, crm, op0, op1, op2, value)
    _LIBRARY.uc_reg_write(handle, uc.UC_ARM64_REG_CP_REG, ctypes.byref(register))


def has(handle: ctypes.c_void_p, feature: Feature | None) -> bool:
    """Whether the CPU model has an extension."""
    return feature is None or read_system(handle, feature.register) >> feature.low & 0xF != 0


def calibrate(probe: Probe) -> list[int]:
    """The layout of a fresh engine, which it leaves at level 1 as firmware would: non-secure, all levels AArch64."""
    values: dict[str, int] = {}
    for row in ROWS:
        values[row.name] = NONE
        if row.kind in (Kind.STATE, Kind.CONSTANT) and has(probe.handle, row.needs):
            held = read_system(probe.handle, row.encoding)
            if row.kind is Kind.STATE:
                values[row.name] = _follow(probe, row.encoding, row.writable, held)
            else:
                values[row.name] = held - (held >> 63 << 64)
    for feature, encoding, value in _FIRMWARE:
        if has(probe.handle, feature):
            write_system(probe.handle, encoding, value)
    slots = _slots(probe, values)
    _still_monitors(probe)
    _still_counters(probe)
    return [*slots, *values.values()]


_PMU: Final = 1 << 35
_FEATURES: Final = _PMU | 1 << 33 | 1 << 32 | 1 << 28 | 1 << 27  # EL3, EL2, AArch64, v8


def _still_monitors(probe: Probe) -> None:
    """The engine's performance monitors would count host time: ours count instructions, and its own never begin.

    Its list of features, which says that it has them, is the last word of the state that is not zero."""
    state = probe.take_state()
    words = np.frombuffer(bytes(state), np.uint64, len(state) // 8)
    at = 8 * int(np.flatnonzero(words)[-1])
    features = int.from_bytes(state[at : at + 8], "little")
    if features & _FEATURES != _FEATURES:
        raise NotFound(f"the engine's CPU state ends with {features:#x}, which are not its features")
    state[at : at + 8] = (features & ~_PMU).to_bytes(8, "little")
    probe.put_state()


class _Row(ctypes.Structure):
    """The begin of a system register as the engine has it (ARMCPRegInfo)."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        *((name, ctypes.c_uint8) for name in ("cp", "crn", "crm", "opc0", "opc1", "opc2")),
        *((name, ctypes.c_int) for name in ("state", "type", "access", "secure")),
        ("opaque", ctypes.c_void_p),
        ("resetvalue", ctypes.c_uint64),
    )


_OF_CONSTANT: Final = 1 << 1
_AARCH32_TIME: Final = (  # with 64 bits, CRn, CRm, opc1
    (1, 0, 14, 0, b"CNTPCT"),
    (1, 0, 14, 1, b"CNTVCT"),
    (0, 14, 2, 0, b"CNTP_TVAL"),
    (0, 14, 3, 0, b"CNTV_TVAL"),
)


def _still_counters(probe: Probe) -> None:
    """What AArch32 reads of time is the host's, and no hook sees it: it becomes a constant of the CPU.

    The engine's table of system registers comes behind its CPU state and the address of the engine."""
    get_cpu, find = _LIBRARY.qemu_get_cpu_aarch64, _LIBRARY.get_arm_cp_reginfo_aarch64
    get_cpu.restype, get_cpu.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)
    find.restype, find.argtypes = ctypes.POINTER(_Row), (ctypes.c_void_p, ctypes.c_uint32)
    state = probe.state_now()
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        memory.seek(get_cpu(probe.handle, -1))
        data = memory.read(1 << 17)
    begin = data.find(state[:1024])
    at = data.find((probe.handle.value or 0).to_bytes(8, "little"), max(begin, 0))
    if begin < 0 or at < 0:
        raise NotFound("the engine's CPU object holds no CPU state with the engine behind it")
    table = int.from_bytes(data[at + 8 : at + 16], "little")
    for wide, crn, crm, opc1, name in _AARCH32_TIME:
        for other in (0, 1):
            row = find(table, other << 29 | 15 << 16 | wide << 15 | crn << 11 | crm << 7 | opc1 << 3)
            if not row:
                continue
            if not row.contents.name.startswith(name):
                raise NotFound(f"the engine's register {name.decode()} is {row.contents.name!r}")
            row.contents.type |= _OF_CONSTANT
            row.contents.resetvalue = 0


_SCR_EL3, _HCR_EL2 = (3, 6, 1, 1, 0), (3, 4, 1, 1, 0)
_FIRMWARE: tuple[tuple[Feature | None, Encoding, int], ...] = (
    (None, _SCR_EL3, 1 << 10 | 1 << 8 | 1),  # RW, HCE, NS
    (None, _HCR_EL2, 1 << 31),  # RW
    (POINTER_AUTHENTICATION, _SCR_EL3, 1 << 17 | 1 << 16 | 1 << 10 | 1 << 8 | 1),  # and API, APK
    (POINTER_AUTHENTICATION, _HCR_EL2, 1 << 41 | 1 << 40 | 1 << 31),
    (SVE, (3, 6, 1, 1, 2), 1 << 8),  # CPTR_EL3.EZ
    (SVE, (3, 6, 1, 2, 0), 0xF),  # ZCR_EL3, ZCR_EL2: the longest vectors
    (SVE, (3, 4, 1, 2, 0), 0xF),
)
"""Every model starts at level 1 with SCR_EL3 zero, which makes that level AArch32."""


def _words(state: bytes) -> Any:  # noqa: ANN401
    return np.frombuffer(state, np.uint32, len(state) // 4)


def _follow(probe: Probe, encoding: Encoding, writable: int, held: int) -> int:
    """Offset of the field that takes on two values when the system register is written; it then holds `held` again."""
    values = [pattern & writable for pattern in (0x5A5A_1234_A5A5_5678, 0x3C3C_8765_C3C3_4321)]
    states = []
    for value in values:
        write_system(probe.handle, encoding, value)
        states.append(probe.state_now())
    write_system(probe.handle, encoding, held)
    size = 4 if writable < ALL and not writable >> 32 else 8
    for i in np.flatnonzero(_words(states[0]) != _words(states[1])).tolist():
        for at in (4 * i, 4 * i - 4):
            if all(
                int.from_bytes(state[at : at + size], "little") & writable == value
                for state, value in zip(states, values, strict=True)
            ):
                return int(at)
    raise NotFound(f"the engine's CPU state holds no field that follows system register {encoding}")


def _slots(probe: Probe, rows: dict[str, int]) -> list[int]:
    """Offsets by `Slot`. Neighbours of what the API writes are found by what they hold or how they follow."""
    patterns = 0x5A5A_1234_5A5A_1230, 0x3C3C_4560_3C3C_4568
    found = dict.fromkeys(Slot, 0)
    found[Slot.X0] = follow(probe, uc.UC_ARM64_REG_X0, patterns, 8)
    found[Slot.PC] = follow(probe, uc.UC_ARM64_REG_PC, patterns, 8)
    for number, slot_ in ((0, Slot.V0), (1, Slot.V1)):
        found[slot_] = follow(probe, uc.UC_ARM64_REG_D0 + number, patterns, 8)
    found[Slot.SP_EL] = follow(probe, uc.UC_ARM64_REG_SP_EL1, patterns, 8) - 8
    for slot_, name in (
        (Slot.ELR_EL, "elr_el1"),
        (Slot.ESR_EL, "esr_el1"),
        (Slot.FAR_EL, "far_el1"),
        (Slot.VBAR_EL, "vbar_el1"),
        (Slot.SCTLR_EL, "sctlr_el1"),
    ):
        found[slot_] = rows[name] - 8
    found[Slot.TIMER] = rows["cntp_cval_el0"]
    _status(probe, found)
    _last_exception(probe, found)
    found[Slot.CYCLES_AT] = rows["pmccntr_el0"] + 8
    found[Slot.EVENTS_AT] = found[Slot.CYCLES_AT] + 8 + 8 * _EVENTS
    found[Slot.BREAKPOINTS] = len(probe.state_now()) - 8 * _BREAKPOINTS
    found[Slot.RAISE] = ctypes.c_void_p.in_dll(_LIBRARY, "cpu_interrupt_handler").value or 0
    return list(found.values())


_EVENTS: Final = 31
_BREAKPOINTS: Final = 16


def _status(probe: Probe, found: dict[Slot, int]) -> None:
    """The parts of PSTATE: the word that follows each. The one for N holds the whole of what was written."""
    before = probe.read(uc.UC_ARM64_REG_PSTATE)
    plain = 0x5 | 1 << 30  # EL1h and Z: all other parts are zero

    def follows(bits: int) -> set[int]:
        states = []
        for pstate in (plain, plain ^ bits):
            probe.write(uc.UC_ARM64_REG_PSTATE, pstate)
            states.append(_words(probe.state_now()))
        return set(np.flatnonzero(states[0] != states[1]).tolist())

    parts = {
        Slot.PSTATE: 1 << 20,  # IL
        Slot.ZERO: 1 << 30,
        Slot.CARRY: 1 << 29,
        Slot.OVERFLOW: 1 << 28,
        Slot.BTYPE: 3 << 10,
        Slot.DAIF: 0xF << 6,
    }
    places = {one: follows(bits) for one, bits in parts.items()}
    always = set.intersection(*places.values())
    for one, words in ((Slot.NEGATIVE, always), *((one, words - always) for one, words in places.items())):
        if len(words) != 1:
            raise NotFound(f"the engine's CPU state has {sorted(words)} follow PSTATE's {one.name}")
        found[one] = 4 * words.pop()
    found[Slot.AARCH64], found[Slot.HFLAGS] = found[Slot.PSTATE] + 4, found[Slot.PSTATE] + 8
    found[Slot.R0], found[Slot.THUMB] = found[Slot.X0] - 4 * 16, found[Slot.BTYPE] - 8
    found[Slot.CPSR] = found[Slot.HFLAGS] + 4
    probe.write(uc.UC_ARM64_REG_PSTATE, before)


_PAGE: Final = 0x10000
_MAGIC: Final = 0x0357_9BDF_0246_8ACD
_CODE: Final = b"".join(word.to_bytes(4, "little") for word in (0xC85F7C01, 0xD503207F))  # ldxr x1, [x0]; wfi


def _last_exception(probe: Probe, found: dict[Slot, int]) -> None:
    """The syndrome of the exception under way: an exclusive load of an odd address leaves it, before that address."""
    handle, size = probe.handle, ctypes.c_size_t(0x1000)
    _LIBRARY.uc_mem_map(handle, ctypes.c_uint64(_PAGE), size, 7)
    _LIBRARY.uc_mem_write(handle, ctypes.c_uint64(_PAGE), _CODE, ctypes.c_size_t(len(_CODE)))
    probe.write(uc.UC_ARM64_REG_X0, _MAGIC)
    # The first run ends with an exception that no hook takes, the second leaves none behind.
    for start in (_PAGE, _PAGE + 4):
        _LIBRARY.uc_emu_start(
            handle, ctypes.c_uint64(start), ctypes.c_uint64(0), ctypes.c_uint64(0), ctypes.c_size_t(0)
        )
    probe.write(uc.UC_ARM64_REG_X0, 0)
    probe.write(uc.UC_ARM64_REG_PC, 0)
    _LIBRARY.uc_mem_unmap(handle, ctypes.c_uint64(_PAGE), size)
    at = probe.state_now().find(_MAGIC.to_bytes(8, "little"))
    if at < 0:
        raise NotFound("the engine's CPU state holds no address of a fault")
    found[Slot.SYNDROME] = at - 8
