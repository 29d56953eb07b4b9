"""Prologue analysis: what a function has done to its frame by the time it reaches an instruction.

The function is walked from its start along its branches, each instruction once, on the path that gets there first. That
is exact for code that compilers make: they keep one frame layout at each instruction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

from emu.debug.stack.layout import Layout
from emu.debug.stack.symbolic import Flow, State, operands
from isa.contract import Isa
from isa.disassembly import Instruction, disassemble

RETURN = "return address"
"""What a slot holds where calls push it: the name of no register."""

LONGEST = 0x4000  # bytes of a function that are looked at

Effect = Callable[[State, str, list[str]], Flow]


@dataclass(frozen=True, slots=True)
class Analysis:
    """`state` before the instruction that was asked about, None where no path leads to it. `returns_from_trap`: the
    function ends as trap handlers do."""

    state: State | None
    returns_from_trap: bool = False


def effect_of(layout: Layout) -> Effect | None:
    """What knows the instructions of that layout's ISA."""
    if layout.effects is None:
        return None
    effect: Effect = import_module(f"emu.debug.stack.effects.{layout.effects}").effect
    return effect


@lru_cache(maxsize=2048)
def analyse(isa: Isa, layout: Layout, code: bytes, start: int, target: int) -> Analysis:
    """The function whose bytes `code` begin at `start`, at the instruction that holds address `target`. isa: the one to
    decode with."""
    effect = effect_of(layout)
    if effect is None or isa.capstone is None:
        return Analysis(None)
    listing = {line.address: line for line in disassemble(isa, code, start)}
    initial = State(layout.sp, isa.bits // 8)
    if layout.link is None:
        initial.slots[0] = RETURN
    state = _walk(isa, layout, effect, listing, start, target, initial)
    return Analysis(state, _returns_from_trap(effect, listing, initial))


def _returns_from_trap(effect: Effect, listing: dict[int, Instruction], initial: State) -> bool:
    scratch = initial.copy()
    return any(_apply(effect, scratch, line) is Flow.TRAP_RETURN for line in listing.values())


def _apply(effect: Effect, state: State, line: Instruction) -> Flow:
    if not line.decoded:
        return Flow.NEXT
    try:
        return effect(state, line.mnemonic, operands(line.operands))
    except (IndexError, ValueError, KeyError, TypeError):  # operands of a form that nobody foresaw
        return Flow.NEXT


def _walk(
    isa: Isa,
    layout: Layout,
    effect: Effect,
    listing: dict[int, Instruction],
    start: int,
    target: int,
    initial: State,
) -> State | None:
    seen: set[int] = set()
    pending = [(start, initial)]
    while pending:
        address, state = pending.pop()
        while address not in seen and (line := listing.get(address)) is not None:
            seen.add(address)
            after = address + len(line.code)
            if address <= target < after:
                return state
            state = state.copy()
            flow = _apply(effect, state, line)
            if flow is Flow.NEXT:
                address = after
                continue
            if layout.delay_slot and (slot := listing.get(after)) is not None:
                if after <= target < after + len(slot.code):
                    return state
                state = state.copy()
                _apply(effect, state, slot)
                seen.add(after)
                after += len(slot.code)
            if flow in (Flow.BRANCH, Flow.JUMP) and isa.branch_target is not None:
                goal = isa.branch_target(line.code, address)
                if goal is not None and goal not in seen:
                    pending.append((goal, state.copy()))
            if flow in (Flow.BRANCH, Flow.CALL):
                address = after
            else:
                break
    return None
