"""x86 registers in the engine's CPU state, for compiled code.

Only in place (`engine.context` is 0): the engine's own functions, which take exceptions here, work there.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit, types

from isa.native import (
    Record,
    Word,
    as_i64,
    as_u8,
    as_u32,
    as_u64,
    call_code,
    get32,
    get64,
    instruction_place,
    place,
    put32,
)
from isa.x86 import layout
from isa.x86.layout import Slot

U = np.uint64
GENERAL, PC, FLAGS, HFLAGS, EFER = (
    int(slot) for slot in (Slot.GENERAL, Slot.PC, Slot.FLAGS, Slot.HFLAGS, Slot.EFER)
)
CR0, SEGMENTS, ERROR_CODE, SOFTWARE, NEXT_PC, OLD_EXCEPTION = (
    int(slot)
    for slot in (Slot.CR0, Slot.SEGMENTS, Slot.ERROR_CODE, Slot.SOFTWARE, Slot.NEXT_PC, Slot.OLD_EXCEPTION)
)
TASK_PRIORITY, TSC_OFFSET, VMCB, LONG_MODE = (
    int(slot) for slot in (Slot.TASK_PRIORITY, Slot.TSC_OFFSET, Slot.VMCB, Slot.LONG_MODE)
)
SEGMENT, BASE, LIMIT, ATTRIBUTES = layout.SEGMENT, layout.BASE, layout.LIMIT, layout.ATTRIBUTES
ES, CS, SS, DS, IDTR = layout.ES, layout.CS, layout.SS, layout.DS, layout.IDTR
INHIBIT, PE, LMA = layout.INHIBIT, layout.PE, layout.LMA
CS32, SS32, ADDSEG, CS64 = layout.CS32, layout.SS32, layout.ADDSEG, layout.CS64
RAX, RCX, RDX, RBX, RSP = 0, 1, 2, 3, 4
PG, MCE, IF, VM = 1 << 31, 1 << 6, 1 << 9, 1 << 17

# The engine's own: the state is CPUX86State*, the CPU CPUState*.
x86_cpu_do_interrupt = types.ExternalFunction("x86_cpu_do_interrupt_x86_64", types.void(types.intp))
raise_exception_err = types.ExternalFunction(
    "raise_exception_err_x86_64", types.void(types.intp, types.int32, types.int32)
)
helper_read_eflags = types.ExternalFunction("helper_read_eflags_x86_64", types.uint64(types.intp))
helper_write_eflags = types.ExternalFunction(
    "helper_write_eflags_x86_64", types.void(types.intp, types.uint64, types.uint32)
)
_check_port = types.void(types.intp, types.uint32)
helper_check_iob = types.ExternalFunction("helper_check_iob_x86_64", _check_port)
helper_check_iow = types.ExternalFunction("helper_check_iow_x86_64", _check_port)
helper_check_iol = types.ExternalFunction("helper_check_iol_x86_64", _check_port)
cpu_x86_cpuid = types.ExternalFunction(
    "cpu_x86_cpuid_x86_64",
    types.void(types.intp, types.uint32, types.uint32, types.intp, types.intp, types.intp, types.intp),
)


@njit(forceinline=True)
def number(engine: Record, slot: Word) -> Word:
    """An entry of the layout itself."""
    return carray(as_i64(np.intp(engine.layout)), 1 << 10)[slot]


@njit(forceinline=True)
def general(engine: Record, index: Word) -> Word:
    return carray(as_u64(place(engine, GENERAL)), 16)[index]


@njit(forceinline=True)
def put_general(engine: Record, index: Word, value: Word) -> None:
    carray(as_u64(place(engine, GENERAL)), 16)[index] = U(value)


@njit(forceinline=True)
def control_register(engine: Record, index: Word) -> Word:
    return carray(as_u64(place(engine, CR0)), 9)[index]


@njit(forceinline=True)
def put_control_register(engine: Record, index: Word, value: Word) -> None:
    carray(as_u64(place(engine, CR0)), 9)[index] = U(value)


@njit(forceinline=True)
def segment64(engine: Record, index: Word, field: Word) -> Word:
    return carray(as_u64(place(engine, SEGMENTS) + SEGMENT * index + field), 1)[0]


@njit(forceinline=True)
def segment32(engine: Record, index: Word, field: Word) -> Word:
    return U(carray(as_u32(place(engine, SEGMENTS) + SEGMENT * index + field), 1)[0])


@njit(forceinline=True)
def hflags(engine: Record) -> Word:
    return get32(engine, HFLAGS)


@njit(forceinline=True)
def linear(engine: Record) -> Word:
    """Linear address of the instruction at the pc."""
    return get64(engine, PC) + segment64(engine, CS, BASE)


@njit(forceinline=True)
def mode(engine: Record) -> Word:
    """Width of the code that runs: 16, 32 or 64."""
    flags = hflags(engine)
    if flags & U(CS64) != U(0):
        return 64
    return 32 if flags & U(CS32) != U(0) else 16


@njit(forceinline=True)
def priority(engine: Record) -> Word:
    return U(carray(as_u8(place(engine, TASK_PRIORITY)), 1)[0])


@njit(forceinline=True)
def canonical(address: Word) -> Word:
    """Bits 63 to 48 repeat bit 47 [Intel SDM 1, 3.3.7.1]."""
    return (address + U(1 << 47)) >> U(48) == U(0)


@njit
def size_at(engine: Record, address: Word) -> Word:
    """Bytes of the instruction at a linear address; 0 where it cannot be read."""
    at = instruction_place(engine, address)
    if at == 0:
        return 0
    return call_code(np.intp(engine.length), at, np.intp(engine.address))


@njit
def load_flat(engine: Record, index: Word, selector: Word, attributes: Word) -> None:
    """A flat segment, as SYSCALL and SYSENTER load them; `hide` comes after the last one."""
    at = place(engine, SEGMENTS) + SEGMENT * index
    carray(as_u32(at), 1)[0] = np.uint32(selector)
    carray(as_u64(at + BASE), 1)[0] = U(0)
    carray(as_u32(at + LIMIT), 1)[0] = np.uint32(0xFFFFFFFF)
    carray(as_u32(at + ATTRIBUTES), 1)[0] = np.uint32(attributes)


@njit
def hide(engine: Record) -> None:
    """The hidden flags that segments decide, as `isa.x86.state.hide` has them."""
    code, stack = segment32(engine, CS, ATTRIBUTES), segment32(engine, SS, ATTRIBUTES)
    flags = hflags(engine) & ~U(3 | CS32 | SS32 | ADDSEG | CS64)
    flags |= (stack >> U(13)) & U(3)
    if flags & U(LMA) != U(0) and code & U(1 << 21) != U(0):
        flags |= U(CS32 | SS32 | CS64)
    else:
        if code & U(1 << 22) != U(0):
            flags |= U(CS32)
        if stack & U(1 << 22) != U(0):
            flags |= U(SS32)
        based = segment64(engine, DS, BASE) | segment64(engine, ES, BASE) | segment64(engine, SS, BASE)
        virtual = get64(engine, FLAGS) & U(VM)
        if flags & U(PE) == U(0) or virtual != U(0) or flags & U(CS32) == U(0) or based != U(0):
            flags |= U(ADDSEG)
    put32(engine, HFLAGS, flags)


@njit(forceinline=True)
def requests(engine: Record) -> Word:
    """Host address of the engine's word of pending interrupts: after that of `step`."""
    return np.intp(engine.step) + 4


@njit(forceinline=True)
def request(engine: Record, bits: Word) -> None:
    carray(as_u32(requests(engine)), 1)[0] = np.uint32(bits)
