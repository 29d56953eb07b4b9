"""TriCore: a call saves the upper context in memory, and PCXI links what was saved (architecture manual, volume 1, 4)."""

from __future__ import annotations

from emu.debug.stack.caller import Caller, Context, Here, Outermost
from emu.debug.stack.frame import Method

_LINK = 0x000F_FFFF  # PCXS and PCXO
_UPPER = 1 << 20  # PCXI.UL (TriCore 1.6)
_UPPER_NAMES = ("psw", "a10", "a11", "d8", "d9", "d10", "d11", "a12", "a13", "a14", "a15", "d12", "d13", "d14", "d15")
_LOWER_NAMES = ("a11", "a2", "a3", "d0", "d1", "d2", "d3", "a4", "a5", "a6", "a7", "d4", "d5", "d6", "d7")
_LOWERS = 16  # lower contexts that a handler may have saved on top


def caller(context: Context, here: Here) -> Caller | Outermost | None:
    """By the newest upper context, where PCXI links to one."""
    link = here.registers.get("pcxi", context.register("pcxi") if here.level == 0 else None)
    address = here.registers.get("a11")
    if address is None or link is None:
        return None
    values: dict[str, int] = dict(here.registers)
    for _ in range(_LOWERS):
        if not link & _LINK:
            where = context.symbols.name(here.call) or f"{here.pc:#x}"
            return Outermost(f"{where} is the outermost frame: no context is saved") if here.level else None
        area = (link >> 16 & 15) << 28 | (link & 0xFFFF) << 6
        words = [context.reading.word(area + 4 * index) for index in range(16)]
        if any(word is None for word in words):
            return None
        upper = bool(link & _UPPER)
        names = _UPPER_NAMES if upper else _LOWER_NAMES
        values |= {name: word for name, word in zip(names, words[1:], strict=True) if word is not None}
        link = words[0] or 0
        if upper:
            break
        address = values["a11"]
    values["pcxi"] = link
    sp = values["a10"]
    return Caller(address & ~1, sp, sp, values, Method.CONTEXT)
