"""Commands that show, search and change memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from weakref import WeakKeyDictionary

from axemu.errors import UsageError
from axemu.tracer.codeview import decoding
from axemu.tracer.commands.command import Answer
from axemu.tracer.commands.values import address
from axemu.tracer.memory import bytes_of, patches
from emu.debug.debugger import Debugger
from emu.debug.mappings import mappings
from isa.assembly import assemble
from isa.disassembly import disassemble

SEARCHED: Final = 1 << 26
"""Bytes of each RAM that `find` looks through."""
_FOUND: Final[WeakKeyDictionary[Debugger, tuple[bytes, int]]] = WeakKeyDictionary()
"""What was searched last, and the guest-physical address where it was."""


def memory(debugger: Debugger, text: str) -> Answer:
    at = address(debugger, text) if text.strip() else None
    return Answer(view=lambda view: replace(view, memory=at, memory_text=text or "$sp"), shows="memory")


def find(debugger: Debugger, text: str) -> Answer:
    """The first place, and with the same text again the next one."""
    wanted = bytes_of(text) if text.startswith(("0x", '"')) else text.encode()
    if not wanted:
        raise UsageError("Expected what to find.", attempt="Try: find some text, or find 0x7f454c46")
    last = _FOUND.get(debugger)
    after = last[1] + 1 if last is not None and last[0] == wanted else 0
    found = _search(debugger, wanted, after)
    if found is None and after:
        found = _search(debugger, wanted, 0)
    if found is None:
        return Answer(f"{text}: not in the first {SEARCHED:,} bytes of RAM", bad=True)
    _FOUND[debugger] = wanted, found
    at = _virtual(debugger, found)
    if at is None:
        return Answer(f"found at guest-physical {found:#x}, which no virtual address leads to")
    return Answer(
        f"found at {debugger.place(at)}; again for the next one",
        view=lambda view: replace(view, memory=at, memory_text=text),
        shows="memory",
    )


def _search(debugger: Debugger, wanted: bytes, low: int) -> int | None:
    for region in sorted(debugger.machine.memory.regions, key=lambda each: each.base):
        begin = max(low - region.base, 0)
        at = region.view[begin:SEARCHED].tobytes().find(wanted)
        if at >= 0:
            return int(region.base + begin + at)
    return None


def _virtual(debugger: Debugger, physical: int) -> int | None:
    """An address that the selected vCPU reaches `physical` by."""
    if debugger.memory.translate(physical) == physical:
        return physical
    for each in mappings(debugger.machine, debugger.vcpu).ranges:
        if each.physical <= physical < each.physical + each.size:
            return each.address + physical - each.physical
    return None


def poke(debugger: Debugger, text: str) -> Answer:
    where, _, rest = text.partition(" ")
    if not where:
        raise UsageError(
            "Expected an address and bytes.", attempt='Try: poke $sp 00 ff, or poke buffer "text"'
        )
    at = address(debugger, where)
    data = bytes_of(rest)
    patches(debugger).write(debugger, at, data)
    return Answer(f"{len(data)} bytes written at {at:#x}; :undo takes them back")


def patch(debugger: Debugger, text: str) -> Answer:
    """`ADDRESS INSTRUCTIONS`, the instructions apart by semicolons."""
    where, _, rest = text.partition(" ")
    source = rest.strip()
    if not source:
        raise UsageError("Expected an address and instructions.", attempt="Try: asm $pc nop")
    at = address(debugger, where)
    isa = decoding(debugger)
    data = assemble(isa, source.replace(";", "\n"), at)
    old = disassemble(isa, debugger.memory.readable(at, len(data) + isa.max_instruction_length), at)
    cut = next((each for each in old if each.address < at + len(data) < each.address + len(each.code)), None)
    patches(debugger).write(debugger, at, data)
    rest = f"; the rest of `{cut}` stays behind it" if cut is not None else ""
    return Answer(f"{data.hex(' ')} written at {debugger.place(at)}{rest}; :undo takes it back")


def undo(debugger: Debugger, text: str) -> Answer:
    return Answer(f"the bytes at {patches(debugger).undo(debugger):#x} are as before")
