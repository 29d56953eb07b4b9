"""m68k registers and guest memory, for compiled code.

Registers are those of the engine's CPU state (`layout`): `save` comes first, `restore` puts what was changed into the
engine; where the state is the engine's own, in place, they do nothing.
"""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import carray, njit, types

from isa.m68k import flags, lengths, state
from isa.m68k.layout import Family, Slot
from isa.native import (
    Record,
    Word,
    as_i64,
    as_regions,
    as_u8,
    as_u32,
    as_u64,
    control_record,
    engine_record,
    instruction_place,
    place,
    uc_vmem_translate,
)

U = np.uint64
ENGINE, CONTROL, I64, BOOL = engine_record, control_record, types.int64, types.boolean
D0, A0, PC, SR, BANK, STACKS = (
    int(slot) for slot in (Slot.D0, Slot.A0, Slot.PC, Slot.SR, Slot.BANK, Slot.STACKS)
)
CC_OP, VBR, CACR, TC = int(Slot.CC_OP), int(Slot.VBR), int(Slot.CACR), int(Slot.TC)
FAULT_ADDRESS, FAULT_STATUS, FAMILY = int(Slot.FAULT_ADDRESS), int(Slot.FAULT_STATUS), int(Slot.FAMILY)
M68000, M68020, M68040, M68060, COLDFIRE = (int(family) for family in Family)
SUPERVISOR, MASTER_STACK, TRACE, MASK = 0x2000, 0x1000, 0xC000, 0x0700
KEPT = state.KEPT
READ, WRITE = 1, 2  # UC_PROT_*


def flat(result: Any, *arguments: Any) -> Any:  # noqa: ANN401
    """Compile a function once, for these types: each kind of integer that it is called with would make another."""
    return njit(result(*arguments))


def compiled(module: ModuleType, name: str) -> Any:  # noqa: ANN401
    """A function of flat integers and of code (annotated as Any), compiled, and before it those of its module that it
    calls."""
    bound = dict(vars(module))

    def build(function: FunctionType) -> Any:  # noqa: ANN401
        for called in function.__code__.co_names:
            if isinstance(bound.get(called), FunctionType) and called != function.__name__:
                bound[called] = build(bound[called])
        known = {"int": I64, "bool": types.boolean, "Any": types.Array(types.uint8, 1, "C")}
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        kinds = [known[function.__annotations__[each]] for each in names]
        flat_function = FunctionType(function.__code__, bound, function.__name__)
        return flat(known[function.__annotations__["return"]], *kinds)(flat_function)

    return build(bound[name])


condition_codes = compiled(flags, "condition_codes")
bank = compiled(state, "bank")
highest = compiled(state, "highest")
measure = compiled(lengths, "measure")


@flat(I64, ENGINE)
def family(engine: Record) -> Word:
    return carray(as_i64(np.intp(engine.layout)), 64)[FAMILY]


@flat(I64, ENGINE, I64, I64)
def word(engine: Record, slot: Word, index: Word) -> Word:
    """The 32-bit word `index` of an array in the state."""
    return np.int64(carray(as_u32(place(engine, slot)), 16)[index])


@flat(types.void, ENGINE, I64, I64, I64)
def put_word(engine: Record, slot: Word, index: Word, value: Word) -> None:
    carray(as_u32(place(engine, slot)), 16)[index] = np.uint32(value & 0xFFFFFFFF)


@flat(I64, ENGINE)
def status(engine: Record) -> Word:
    """SR with its condition codes."""
    cc = carray(as_u32(place(engine, CC_OP)), 6)
    codes = condition_codes(
        np.int64(cc[0]), np.int64(cc[1]), np.int64(cc[2]), np.int64(cc[3]), np.int64(cc[4]), np.int64(cc[5])
    )
    return (word(engine, SR, 0) & KEPT) | codes


@flat(types.void, ENGINE, I64)
def put_status(engine: Record, value: Word) -> None:
    """SR, and with it the stack pointer that a7 is."""
    cc = carray(as_u32(place(engine, CC_OP)), 6)
    cc[0] = np.uint32(1)
    cc[1] = np.uint32(value >> 4 & 1)
    cc[2] = np.uint32(0xFFFFFFFF) if value & 8 != 0 else np.uint32(0)
    cc[3] = np.uint32(0xFFFFFFFF) if value & 2 != 0 else np.uint32(0)
    cc[4] = np.uint32(value & 1)
    cc[5] = np.uint32(0) if value & 4 != 0 else np.uint32(1)
    put_word(engine, SR, 0, value & KEPT)
    put_word(engine, STACKS, word(engine, BANK, 0), word(engine, A0, 7))
    new = bank(family(engine), value, word(engine, CACR, 0))
    put_word(engine, A0, 7, word(engine, STACKS, new))
    put_word(engine, BANK, 0, new)


@flat(types.intp, ENGINE, I64, I64)
def host_address(engine: Record, address: Word, right: Word) -> Word:
    """Where the byte at a guest-virtual address is in this process; 0 where there is no memory, or not for `right`."""
    where = U(address & 0xFFFFFFFF)
    if engine.paging != U(0):
        at = np.intp(engine.scratch)
        if uc_vmem_translate(np.intp(engine.uc), where, np.int32(right), at) != 0:
            return np.intp(0)
        where = carray(as_u64(at), 1)[0]
    regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
    for i in range(engine.regions_count):
        row = regions[i]
        if row.lo <= where <= row.hi:
            return np.intp(row.host + (where - row.lo))
    return np.intp(0)


@flat(I64, ENGINE, I64)
def load16(engine: Record, address: Word) -> Word:
    """A big-endian word at an even address; -1 where it cannot be read."""
    at = host_address(engine, address, READ)
    if at == 0:
        return np.int64(-1)
    data = carray(as_u8(at), 2)
    return np.int64(data[0]) << 8 | np.int64(data[1])


@flat(I64, ENGINE, I64)
def load32(engine: Record, address: Word) -> Word:
    """Likewise of 32 bits."""
    high, low = load16(engine, address), load16(engine, address + 2)
    if high < 0 or low < 0:
        return np.int64(-1)
    return high << 16 | low


@flat(BOOL, ENGINE, I64, I64)
def store16(engine: Record, address: Word, value: Word) -> Word:
    """False where it cannot be written."""
    at = host_address(engine, address, WRITE)
    if at == 0:
        return False
    data = carray(as_u8(at), 2)
    data[0], data[1] = np.uint8(value >> 8 & 0xFF), np.uint8(value & 0xFF)
    return True


@flat(BOOL, ENGINE, I64, I64)
def store32(engine: Record, address: Word, value: Word) -> Word:
    return store16(engine, address, value >> 16) and store16(engine, address + 2, value)


@flat(I64, ENGINE, I64)
def operation_word(engine: Record, pc: Word) -> Word:
    """The first word of the instruction at a guest-virtual pc; 0 where it cannot be read."""
    at = instruction_place(engine, pc)
    if at == 0:
        return np.int64(0)
    code = carray(as_u8(at), 2)
    return np.int64(code[0]) << 8 | np.int64(code[1])


@njit
def extension_word(engine: Record, pc: Word) -> Word:
    """The second word of the instruction at a guest-virtual pc."""
    return operation_word(engine, pc + 2)
