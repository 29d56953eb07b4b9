"""Where a function begins that has no symbol: the code before it is searched for a prologue."""

from __future__ import annotations

from emu.debug.stack.caller import Context, Here
from emu.debug.stack.prologue import effect_of
from emu.debug.stack.symbolic import Flow, Place, State, operands
from isa.contract import Isa
from isa.disassembly import Instruction, disassemble

_BACK = 4096  # bytes
_HEAD = 24  # instructions before the one that makes the frame, at the most


def guessed_start(context: Context, here: Here, isa: Isa) -> int | None:
    """The first instruction of the function around the frame's; None where nothing looks like one, or instructions
    cannot be read backwards (x86, m68k)."""
    layout = context.layout
    effect = effect_of(layout)
    if effect is None or layout.align == 1 or isa.capstone is None or context.isa.name in ("m68k", "sparc", "sparc64"):
        return None
    step = layout.align

    def flow(address: int) -> tuple[Flow, State] | None:
        line = _at(context, isa, address)
        if line is None:
            return None
        state = State(layout.sp, isa.bits // 8)
        try:
            return effect(state, line.mnemonic, operands(line.operands)), state
        except (IndexError, ValueError, KeyError, TypeError):
            return Flow.NEXT, state

    address = here.call - here.call % step
    lowest = max(address - _BACK, 0)
    while address >= lowest:
        met = flow(address)
        if met is not None:
            value = met[1].get(layout.sp)
            if isinstance(value, Place) and value.offset < 0:
                break
        address -= step
    else:
        return None
    for _ in range(_HEAD):  # what saves before it makes room, or reads its own address
        before = _before(context, isa, address)
        met = None if before is None else flow(before)
        if before is None or met is None or met[0] in (Flow.END, Flow.JUMP, Flow.TRAP_RETURN, Flow.CALL):
            break
        if layout.delay_slot and (earlier := _before(context, isa, before)) is not None:
            previous = flow(earlier)
            if previous is not None and previous[0] in (Flow.END, Flow.JUMP):
                break
        address = before
    return address


def _at(context: Context, isa: Isa, address: int) -> Instruction | None:
    code = context.reading.bytes(address, isa.max_instruction_length)
    if code is None:
        code = context.reading.bytes(address, context.layout.align)
    lines = disassemble(isa, code, address, limit=1) if code else []
    return lines[0] if lines and lines[0].decoded else None


def _before(context: Context, isa: Isa, address: int) -> int | None:
    """The instruction that ends where this one begins; of several the longest."""
    for length in range(isa.max_instruction_length, 0, -context.layout.align):
        line = _at(context, isa, address - length) if address >= length else None
        if line is not None and len(line.code) == length:
            return address - length
    return None
