"""The caller by what the function's instructions have done (`prologue`)."""

from __future__ import annotations

from dataclasses import dataclass

from emu.debug.stack.caller import Caller, Context, Here, Outermost
from emu.debug.stack.frame import Method
from emu.debug.stack.prologue import LONGEST, RETURN, Analysis, analyse
from emu.debug.stack.start import guessed_start
from emu.debug.stack.symbolic import Entry, Place, State
from isa.register import Role


@dataclass(frozen=True, slots=True)
class Found:
    """The analysis of the function of a frame. `certain`: its start is known, not guessed."""

    start: int
    analysis: Analysis
    certain: bool


def look(context: Context, here: Here) -> Found | None:
    """By the symbol that covers the frame's instruction. None where there is none, or its bytes are not known."""
    symbol = context.symbol(here.call)
    if symbol is None:
        return None
    start = symbol.address & ~(context.isa.name == "arm")
    if here.call - start >= LONGEST:
        return None
    end = start + min(symbol.size, LONGEST)
    if not symbol.size:
        end = here.call + 1
        while end < here.call + 64 and context.symbol(end) is symbol:
            end += 1
    return look_from(context, here, start, max(end, here.call + 1), certain=True)


def guess(context: Context, here: Here) -> Found | None:
    """By what looks like a prologue before it."""
    start = guessed_start(context, here, context.decoder(here))
    return None if start is None else look_from(context, here, start, here.call + 64)


def look_from(context: Context, here: Here, start: int, end: int, *, certain: bool = False) -> Found | None:
    """From the function's start on, at least up to the frame's instruction."""
    isa = context.decoder(here)
    for limit in (end, here.call + isa.max_instruction_length, here.call + 1):
        code = context.reading.read(start, limit - start)
        if code is not None:
            found = analyse(isa, context.layout, code, start, here.call)
            return None if found.state is None else Found(start, found, certain)
    return None


def caller(context: Context, here: Here, found: Found) -> Caller | Outermost | None:
    """None where the analysis leaves open where the frame begins or where the return address is."""
    state = found.analysis.state
    assert state is not None
    layout = context.layout
    where = context.place(here)
    link = layout.link or RETURN
    entry, by_pointer = _entry(context, here, state)
    saved = next((offset for offset, name in state.slots.items() if name == link), None)
    if found.certain and found.analysis.returns_from_trap:
        return _trap(context, here, state, entry, where)
    method = Method.FRAME_POINTER if by_pointer else Method.HEURISTIC
    if saved is not None:
        if entry is None:
            if found.certain and isinstance(state.get(layout.sp), int | None) and layout.link is None:
                return Outermost(f"{where} is the outermost frame: it sets the stack pointer itself")
            return None
        address = context.reading.word(entry + saved)
        if address is None:
            return None
    else:
        holder = _holder(state, link)
        if holder is None or (not here.exact and holder == link):  # its own call overwrites it
            if found.certain and here.level and not here.exact:
                return Outermost(f"{where} is the outermost frame: it has saved no return address")
            return None
        held = here.registers.get(context.name(holder)) if here.exact or holder in layout.preserved else None
        if held is None:
            return None
        address, method = held, Method.LINK_REGISTER
        entry = entry if entry is not None else here.sp
    values = _registers(context, here, state, entry)
    sp = entry + (state.word if layout.link is None else 0) & context.reading.mask
    values[context.name(layout.sp)] = sp
    if context.isa.name == "arm":
        values["pc"] = address
    cfa = (sp + layout.bias) & context.reading.mask
    return Caller(context.plain(address), sp, cfa, values, method)


def _holder(state: State, link: str) -> str | None:
    """The register that has the return address."""
    if state.get(link) == Entry(link):
        return link
    return next((name for name, value in state.changed.items() if value == Entry(link)), None)


def _entry(context: Context, here: Here, state: State) -> tuple[int | None, bool]:
    """The stack pointer when the function was called, and whether a frame pointer tells it."""
    pointers = {each.register for each in context.layout.chains}
    candidates = [
        (name, value.offset)
        for name, value in state.changed.items()
        if isinstance(value, Place) and name != state.sp
    ]
    candidates.sort(key=lambda each: context.name(each[0]) not in pointers)
    for name, offset in candidates:
        held = here.registers.get(context.name(name))
        if held is not None and context.name(name) in pointers:
            return (held - offset) & context.reading.mask, True
    value = state.get(state.sp)
    if isinstance(value, Place):
        return (here.sp - value.offset) & context.reading.mask, False
    for name, offset in candidates:
        held = here.registers.get(context.name(name))
        if held is not None and (here.exact or name in context.layout.preserved):
            return (held - offset) & context.reading.mask, False
    return None, False


def _registers(context: Context, here: Here, state: State, entry: int) -> dict[str, int]:
    """What the preserved registers held when the function was called."""
    zeros = {row.name for row in context.isa.of_role(Role.ZERO)}
    places = {name: offset for offset, name in state.slots.items() if context.name(name) not in zeros}
    values: dict[str, int] = {}
    for register in dict.fromkeys((*context.layout.preserved, *places)):
        name = context.name(register)
        if register in (context.layout.link, RETURN, state.sp):
            continue
        value = None
        if register in places:
            value = context.reading.word(entry + places[register])
        elif _same(state, register, name, context):
            value = here.registers.get(name)
        if value is not None:
            values.setdefault(name, value)
    return values


def _same(state: State, register: str, name: str, context: Context) -> bool:
    """Whether nothing wrote it, by any of its names."""
    return not any(context.name(each) == name for each in state.changed)


def _trap(
    context: Context, here: Here, state: State, entry: int | None, where: str
) -> Caller | Outermost | None:
    """What a trap handler interrupted. The registers that say it are the innermost trap's."""
    if here.trapped:
        return Outermost(f"{where} handles a trap inside another one: what it interrupted is not known")
    for name in context.layout.exception_pc:
        address = context.register(name)
        if address and context.is_code(context.plain(address)):
            if entry is None:
                text = context.symbols.name(address) or f"{address:#x}"
                return Outermost(f"{where} handles a trap, on a stack of its own; it interrupted {text}")
            values = _registers(context, here, state, entry)
            values[context.name(context.layout.sp)] = entry
            link = context.layout.link
            saved = next((offset for offset, name in state.slots.items() if name == link), None)
            if (
                link is not None
                and saved is not None
                and (held := context.reading.word(entry + saved)) is not None
            ):
                values[context.name(link)] = held
            return Caller(context.plain(address), entry, entry, values, Method.TRAP, trap=True)
    return Outermost(f"{where} handles a trap: what it interrupted is not known")
