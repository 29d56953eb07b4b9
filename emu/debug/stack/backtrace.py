"""The call stack of a stopped guest.

For each frame the surest way that has an answer is taken: call frame information; SPARC's windows, TriCore's contexts;
what the function's code has done by then; the chain of frame pointers or back chain; the link register, in the innermost
frame; and last a scan of the stack. What a way comes back with has to be plausible: a return address in code, a stack
that grows, and no frame twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from emu.debug.stack import by_cfi, by_code, by_stack, contexts, windows
from emu.debug.stack.callframes import CallFrames
from emu.debug.stack.caller import Caller, Context, Here, Outermost
from emu.debug.stack.frame import Frame, Method
from emu.debug.stack.layout import LAYOUTS
from emu.debug.stack.reading import Reading
from emu.symbols import SymbolTable
from isa.contract import Isa, Role

_T32 = 0x20  # CPSR.T


def backtrace(
    isa: Isa,
    read_register: Callable[[str], int],
    read_memory: Callable[[int, int], bytes],
    symbols: SymbolTable,
    unwinders: Sequence[CallFrames] = (),
    limit: int = 64,
    code: Callable[[int], bool] | None = None,
) -> tuple[list[Frame], str]:
    """The frames, innermost first, at most `limit` of them, and the sentence that says why there are no more.

    `read_register` and `read_memory` ((guest-virtual address, bytes)) may raise for what is not there. `code` says
    whether an address may hold instructions; without it, whatever can be read may. Nothing in the guest's memory makes
    this raise, or run for ever.
    """
    reading = Reading(isa, read_memory)
    executable = code if code is not None else lambda address: reading.bytes(address, 1) is not None
    context = Context(
        isa, LAYOUTS[isa.name], reading, read_register, symbols, executable, _decoding(isa, read_register)
    )
    here = _innermost(context)
    if here is None:
        return [], "The program counter or the stack pointer cannot be read"
    frames: list[Frame] = []
    seen = {(here.pc, here.sp)}
    method: Method | None = None
    while True:
        found = _caller(context, here, unwinders)
        reason = _implausible(context, here, found, seen)
        cfa = found.cfa if isinstance(found, Caller) else None
        trap = isinstance(found, Caller) and found.trap
        frames.append(_frame(context, here, cfa, method, trap))
        if reason is not None or not isinstance(found, Caller):
            return frames, reason or "The stack ends here"
        if len(frames) >= limit:
            return frames, f"The limit of {limit} frames is reached"
        seen.add((found.pc, found.sp))
        here, method = _above(context, here, found), found.method


def _decoding(isa: Isa, read_register: Callable[[str], int]) -> Mapping[bool, Isa]:
    if isa.decoding is None:
        return {False: isa, True: isa}
    decoding = isa.decoding
    if isa.name == "arm":

        def status(thumb: bool) -> Callable[[str], int]:
            def read(name: str) -> int:
                value = read_register(name)
                return value & ~_T32 | _T32 * thumb if name == "cpsr" else value

            return read

        return {thumb: _decoder(decoding, status(thumb), isa) for thumb in (False, True)}
    now = _decoder(decoding, read_register, isa)
    return {False: now, True: now}


def _decoder(decoding: Callable[[Callable[[str], int]], Isa], read: Callable[[str], int], isa: Isa) -> Isa:
    try:
        return decoding(read)
    except Exception:  # the register that says it cannot be read
        return isa


@cache
def _read_first(isa: Isa) -> tuple[str, ...]:
    """The registers of a frame: pc, and what instructions call registers."""
    roles = (Role.GENERAL, Role.ZERO, Role.SP, Role.RA, Role.PC)
    groups = ("general", "control")
    return tuple(row.name for row in isa.registers if row.role in roles and row.group in groups)


def _innermost(context: Context) -> Here | None:
    isa = context.isa
    values = {name: value for name in _read_first(isa) if (value := context.register(name)) is not None}
    pc = values.get(isa.of_role(Role.PC)[0].name)
    sp = values.get(context.name(context.layout.sp))
    if pc is None or sp is None:
        return None
    if isa.name == "arm" and (context.register("cpsr") or 0) & _T32:
        values["pc"] |= 1
    return Here(0, pc, sp, pc, values, exact=True)


def _above(context: Context, here: Here, found: Caller) -> Here:
    call = found.pc if found.trap else found.pc - (8 if context.layout.link == "o7" else 1)
    return Here(
        here.level + 1,
        found.pc,
        found.sp,
        call,
        found.registers,
        found.trap,
        here.depth + (found.method is Method.WINDOW),
        here.trapped or found.trap,
    )


def _frame(context: Context, here: Here, cfa: int | None, method: Method | None, trap: bool) -> Frame:
    pc = context.isa.of_role(Role.PC)[0].name
    registers = {**here.registers, pc: here.pc, context.name(context.layout.sp): here.sp}
    return Frame(here.level, here.pc, here.sp, cfa, registers, method, _symbol(context, here), trap)


def _symbol(context: Context, here: Here) -> str | None:
    symbol = context.symbols.at(here.call)
    if symbol is None:
        return None
    distance = here.pc - symbol.address
    return symbol.name if not distance else f"{symbol.name}+{distance:#x}"


def _caller(context: Context, here: Here, unwinders: Sequence[CallFrames]) -> Caller | Outermost | None:
    rules = next((found for each in unwinders if (found := each.rules(here.call)) is not None), None)
    if context.layout.link == "o7":
        return _on_sparc(context, here, None if rules is None else rules.windows)
    if rules is not None:
        found = by_cfi.caller(context, here, rules)
        if isinstance(found, Caller) and rules.is_signal:
            found = replace(found, trap=True)
        if found is not None:
            return found
    if context.isa.name == "tricore" and (above := contexts.caller(context, here)) is not None:
        return above
    looked = by_code.look(context, here)
    if looked is not None:
        found = by_code.caller(context, here, looked)
        if isinstance(found, Outermost):
            return found
        if found is not None and (looked.certain or _likely(context, here, found)):
            return found
    for way in (by_stack.by_chain, by_stack.by_back_chain, _by_link, by_stack.by_scan):
        found = way(context, here)
        if found is not None and (found.pc, found.sp) != (here.pc, here.sp):
            return found
    return None


def _likely(context: Context, here: Here, found: Caller) -> bool:
    return found.sp >= here.sp and context.is_code(found.pc) and by_stack.follows_call(context, _marked(found))


def _marked(found: Caller) -> int:
    """The return address with its mark of T32."""
    return found.registers.get("pc", found.pc)


def _on_sparc(context: Context, here: Here, windowed: bool | None) -> Caller | Outermost | None:
    if windowed is None or not here.level:
        looked = by_code.look(context, here)
        if looked is not None and looked.analysis.state is not None:
            windowed = looked.analysis.state.window
        elif windowed is None:
            link = here.registers.get("o7")
            leaf = here.exact and link is not None and by_stack.follows_call(context, link + 8)
            windowed = not leaf
    return windows.caller(context, here, windowed=windowed)


def _by_link(context: Context, here: Here) -> Caller | None:
    """By the link register, where no call can have overwritten it yet."""
    link = context.layout.link
    if link is None or not here.exact:
        return None
    address = here.registers.get(context.name(link))
    if not address or not context.is_code(context.plain(address)) or not by_stack.follows_call(context, address):
        return None
    names = [context.name(each) for each in (*context.layout.preserved, context.layout.sp)]
    values = {name: here.registers[name] for name in names if name in here.registers}
    if context.isa.name == "arm":
        values["pc"] = address
    return Caller(context.plain(address), here.sp, None, values, Method.LINK_REGISTER)


def _implausible(
    context: Context, here: Here, found: Caller | Outermost | None, seen: set[tuple[int, int]]
) -> str | None:
    """Why what was found is no frame; None where it is one."""
    where = context.symbols.name(here.call) or f"{here.pc:#x}"
    if isinstance(found, Outermost):
        return found.reason
    if found is None:
        return f"The caller of {where} is not found, neither by information nor on the stack"
    if not found.pc:
        return f"{where} is the outermost frame: its return address is 0"
    if not context.is_code(found.pc):
        return f"The stack ends at {where}: its return address {found.pc:#x} is no code"
    if (found.pc, found.sp) in seen:
        return f"The stack runs in a circle: {where} returns to {found.pc:#x}, with the stack at {found.sp:#x}, again"
    still = found.sp == here.sp and here.level and not here.exact and found.method is not Method.WINDOW
    if found.sp < here.sp and found.method not in (Method.CFI, Method.CONTEXT, Method.TRAP):
        return f"The stack ends at {where}: its caller's would be at {found.sp:#x}, below {here.sp:#x}"
    if still and context.layout.link is None:
        return f"The stack ends at {where}: its caller's would be at the same place"
    return None
