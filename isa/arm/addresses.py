"""Native: the guest-virtual address of an access that faulted, where the engine knows only the physical one."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, Final

import numpy as np
from numba import carray, njit

from isa.arm import accesses
from isa.arm.words import THUMB, U, get32, instruction_at, r
from isa.native import Record, Word, as_i64

_names: Final[dict[str, Any]] = {"LOAD": accesses.LOAD, "STORE": accesses.STORE, "_MASK": accesses._MASK}


def _compiled(function: Callable[..., Any]) -> Any:  # noqa: ANN401
    """A function of `accesses` that calls the compiled ones."""
    assert isinstance(function, FunctionType)
    made = njit(FunctionType(function.__code__, _names, function.__name__))
    _names[function.__name__] = made
    return made


for _each in (
    accesses.bits_set,
    accesses.shifted,
    accesses.base_of,
    accesses.element_bytes,
    accesses.vfp,
    accesses.many,
    accesses._single,
):
    _compiled(_each)
a32, t16, t32 = (_compiled(each) for each in (accesses.a32, accesses.t16, accesses.t32))


@njit
def data_address(engine: Record, pc: Word, physical: Word) -> Word:
    """The address that the instruction at `pc` accesses in the page that holds guest-physical `physical`.

    While the MMU is off it is `physical`, but for a store across pages, which the engine begins at its last byte.
    """
    word = np.int64(instruction_at(engine, pc))
    regs = carray(as_i64(np.intp(engine.scratch)), 16)
    for number in range(15):
        regs[number] = np.int64(r(engine, number))
    regs[15] = np.int64(pc)
    if get32(engine, THUMB) == U(0):
        found = a32(word, regs)
    elif word >> 16 == 0:
        found = t16(word, regs)
    else:
        found = t32((word & 0xFFFF) << 16 | word >> 16, regs)
    first, size = found[0], found[1]
    if size == 0:
        return physical
    near = np.int64(physical & U(0xFFF))
    if near == (first & 0xFFF):
        return U(first)
    if near < (first & 0xFFF):  # the access goes on in the next page
        return (
            U(((first & ~0xFFF) + 0x1000 | near) & 0xFFFFFFFF)
            if near + 0x1000 < (first & 0xFFF) + size
            else physical
        )
    return U((first & ~0xFFF) | near)
