"""Floating-point operations that no FPU has, and at which the engine ends the process while it translates them.

Its table (`table`) chooses by the operation word alone, and what is wrong with them is in the second word: the entries
get a function that looks at that first.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping
from typing import Any, Final

import llvmlite.binding as llvm
import unicorn.unicorn_py3.unicorn as binding

from isa.layout import NotFound

OPERATIONS: Final = range(0xF200, 0xF240)
"""Operation words of the general instruction of the FPU, by effective address."""
_PC: Final = 40
"""Place in what the translator keeps of a block of the pc, which is that of the second word then: behind what every
target's translator keeps (32 bytes) and an address of the CPU state."""
_kept: Final[list[Any]] = []


def impossible(word: int, extension: int) -> bool:
    """Whether there is no such format (M68000PM/AD, section 5, fmove), or a data register is too narrow for it."""
    kind, format = extension >> 13 & 7, extension >> 10 & 7
    if kind != 2 and kind != 3:
        return False
    if format == 7:
        return (
            kind == 3 or word != 0xF200
        )  # fmovecr is the one that has it; packed, with a factor in a register
    return word >> 3 & 7 == 0 and (format == 2 or format == 3 or format == 5)


def guarded(callbacks: Mapping[str, int], operation: int, refusal: int) -> int:
    """Host address of a function that calls the translator's `operation`, or its `refusal` where that is impossible."""
    fetch = ctypes.cast(binding.uclib.cpu_lduw_code_m68k, ctypes.c_void_p).value
    if fetch is None:
        raise NotFound("the engine's library does not export cpu_lduw_code_m68k")
    return _compiled(fetch, callbacks["float_impossible"], operation, refusal)


_TEXT: Final = """
define void @guarded(i64 %state, i64 %block, i16 zeroext %word) {{
  %place = add i64 %block, {pc}
  %at = inttoptr i64 %place to ptr
  %pc = load i32, ptr %at
  %fetch = inttoptr i64 {fetch} to ptr
  %extension = call i32 %fetch(i64 %state, i32 %pc)
  %wide = zext i16 %word to i64
  %second = zext i32 %extension to i64
  %impossible = inttoptr i64 {impossible} to ptr
  %answer = call i64 %impossible(i64 %wide, i64 %second)
  %yes = icmp ne i64 %answer, 0
  %chosen = select i1 %yes, i64 {refusal}, i64 {operation}
  %function = inttoptr i64 %chosen to ptr
  tail call void %function(i64 %state, i64 %block, i16 zeroext %word)
  ret void
}}
"""


@functools.cache
def _compiled(fetch: int, impossible: int, operation: int, refusal: int) -> int:
    text = _TEXT.format(pc=_PC, fetch=fetch, impossible=impossible, operation=operation, refusal=refusal)
    target = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), target)
    engine.finalize_object()
    _kept.append(engine)
    return int(engine.get_function_address("guarded"))
