"""The caller by a return address whose call names this function: where no symbol says where the function begins, a call
that returns to a word of the stack, or to what the link register holds, does.

What was found is checked: the function, looked at from there, must keep its return address just where it was found.
"""

from __future__ import annotations

from emu.debug.stack import by_code
from emu.debug.stack.caller import Caller, Context, Here
from emu.debug.stack.calls import call_before
from emu.debug.stack.prologue import LONGEST

_WORDS = 1024  # of the stack that are looked at
_TRIES = 12  # functions that are looked at


def caller(context: Context, here: Here) -> Caller | None:
    """None where no such address is found."""
    link = context.layout.link
    if link is not None and here.exact:
        address = here.registers.get(context.name(link))
        found = _checked(context, here, address) if address else None
        if found is not None:
            return found
    word = context.reading.word_size
    begin = here.sp - here.sp % word
    tries = 0
    for index in range(_WORDS):
        address = context.reading.word(begin + index * word)
        if address is None or tries == _TRIES:
            return None
        if not address or not _near(context, here, address):
            continue
        tries += 1
        found = _checked(context, here, address)
        if (
            found is not None
            and found.sp > begin + index * word - word * (context.layout.back_chain is not None) * 4
        ):
            return found
    return None


def _near(context: Context, here: Here, address: int) -> bool:
    target = call_before(context, address).target
    return target is not None and 0 <= here.call - target < LONGEST


def _checked(context: Context, here: Here, address: int) -> Caller | None:
    target = call_before(context, address).target
    if target is None or not 0 <= here.call - target < LONGEST:
        return None
    looked = by_code.look_from(context, here, target, here.call + 64)
    found = by_code.caller(context, here, looked) if looked is not None else None
    return found if isinstance(found, Caller) and found.pc == context.plain(address) else None
