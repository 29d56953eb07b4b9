"""The caller by what lies on the stack alone: chains of frame pointers, back chains, and the last resort, a scan."""

from __future__ import annotations

from emu.debug.stack.caller import Caller, Context, Here
from emu.debug.stack.frame import Method
from emu.debug.stack.layout import Chain
from isa.disassembly import disassemble

_FARTHEST = 1 << 20  # bytes between two frames
_SCANNED = 512  # words


def by_chain(context: Context, here: Here) -> Caller | None:
    """By the first chain of frame pointers that looks like one."""
    for chain in context.layout.chains:
        found = _linked(context, here, chain)
        if found is not None:
            return found
    return None


def _linked(context: Context, here: Here, chain: Chain) -> Caller | None:
    word, name = context.reading.word_size, context.name(chain.register)
    pointer = here.registers.get(name)
    if pointer is None or pointer % word or not 0 <= pointer - here.sp < _FARTHEST:
        return None
    above, address = context.reading.word(pointer + chain.pointer * word), context.reading.word(pointer + chain.address * word)
    if above is None or address is None or (above and not pointer < above < pointer + _FARTHEST):
        return None
    pc = context.plain(address)
    if not context.is_code(pc) or not follows_call(context, address):
        return None
    sp = pointer + chain.stack * word
    values = {name: above, context.name(context.layout.sp): sp}
    if context.isa.name == "arm":
        values["pc"] = address
    return Caller(pc, sp, sp, values, Method.FRAME_POINTER)


def by_back_chain(context: Context, here: Here) -> Caller | None:
    """By the word at the stack pointer that says where the caller's frame is."""
    if context.layout.back_chain is None:
        return None
    at, saved = context.layout.back_chain
    above = context.reading.word(here.sp + at)
    if above is None or not 0 < above - here.sp < _FARTHEST:
        return None

    address = context.reading.word(above + saved)
    if address is None or not context.is_code(context.plain(address)):
        return None
    values = {context.name(context.layout.sp): above}
    cfa = above + context.layout.bias
    return Caller(context.plain(address), above, cfa, values, Method.BACK_CHAIN)


def by_scan(context: Context, here: Here) -> Caller | None:
    """The first word on the stack that could be a return address."""
    word = context.reading.word_size
    begin = here.sp - here.sp % word + context.layout.bias * (context.layout.bias == 2047)
    for index in range(_SCANNED):
        address = context.reading.word(begin + index * word)
        if address is None:
            return None
        if address and context.is_code(context.plain(address)) and follows_call(context, address):
            sp = begin + (index + 1) * word
            values = {context.name(context.layout.sp): sp}
            if context.isa.name == "arm":
                values["pc"] = address
            return Caller(context.plain(address), sp, None, values, Method.SCAN)
    return None


def follows_call(context: Context, address: int) -> bool:
    """Whether a call instruction returns to `address` (which may have the mark of T32)."""
    isa = context.decoding[context.isa.name == "arm" and bool(address & 1)]
    plain = context.plain(address)
    if isa.capstone is None:
        return False
    for size in context.layout.call_sizes:
        code = context.reading.bytes(plain - size, size) if plain >= size else None
        if code is None:
            continue
        lines = disassemble(isa, code, plain - size, limit=1)
        length = 4 if context.layout.delay_slot else size
        if lines and lines[0].decoded and len(lines[0].code) == length and lines[0].mnemonic in context.layout.calls:
            return True
    return False
