"""Where a number points to, and where that points to (pwndbg's telescope)."""

from __future__ import annotations

from typing import Final

from axemu.tracer.model import Chain, Link
from emu.debug.debugger import Debugger
from emu.debug.memory import GuestMemory
from emu.symbols import SymbolKind
from isa.disassembly import disassemble
from isa.errors import IsaError

DEPTH: Final = 4
SMALL: Final = 0x1000
"""Below it a number is taken for a number, even where memory is."""
PRINTABLE: Final = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}


class Follower:
    """Follows pointers of one vCPU at one moment; what was read is remembered."""

    def __init__(self, debugger: Debugger) -> None:
        self._symbols, self._isa = debugger.symbols, debugger.machine.isa
        self._memory: GuestMemory = debugger.memory
        self._bus = debugger.machine.bus
        self.size = max(self._isa.bits // 8, 4)
        self._known: dict[int, bytes] = {}

    def code(self, address: int) -> Chain:
        """The instruction there, whatever else its bytes could be."""
        data, name = self._ram(address), self._symbols.name(address)
        text = f"{f'<{name}> ' if name else ''}{self._instruction(address, data)}".rstrip()
        return (Link("code", text),) if text else ()

    def chain(self, value: int, depth: int = DEPTH) -> Chain:
        """The links that follow `value` itself; () where it points nowhere."""
        links: list[Link] = []
        seen: set[int] = set()
        for _ in range(depth):
            if value < SMALL or value in seen:
                break
            seen.add(value)
            data = self._ram(value)
            name = self._symbols.name(value)
            if not data:
                if name:
                    links.append(Link("data", f"<{name}>"))
                break
            symbol = self._symbols.at(value)
            if symbol is not None and symbol.kind is not SymbolKind.OBJECT and self._memory.is_code(value):
                text = self._instruction(value, data)
                links.append(Link("code", f"<{name}>" + (f" {text}" if text else "")))
                break
            text = _string(data)
            if text:
                links.append(Link("string", (f"<{name}> " if name else "") + f'"{text}"'))
                break
            if name:
                links.append(Link("data", f"<{name}>"))
            value = int.from_bytes(data[: self.size], "big" if self._isa.endian == "big" else "little")
            links.append(Link("number", f"{value:#x}"))
        return tuple(links)

    def _ram(self, address: int) -> bytes:
        """Up to 24 bytes of memory; none of a device."""
        found = self._known.get(address)
        if found is None:
            physical = self._memory.translate(address)
            window = None if physical is None else self._bus.find(physical)
            found = b"" if window is None or window.region is None else self._memory.readable(address, 24)
            found = self._known[address] = found if len(found) >= self.size else b""
        return found

    def _instruction(self, address: int, data: bytes) -> str:
        try:
            lines = disassemble(self._isa, data[: self._isa.max_instruction_length], address, limit=1)
        except IsaError:
            return ""
        return f"{lines[0].mnemonic} {lines[0].operands}".rstrip() if lines and lines[0].decoded else ""


def _string(data: bytes) -> str:
    """The printable text that `data` begins with, as a C literal without quotes; at least 4 characters."""
    head = data.partition(b"\0")[0]
    if len(head) < 4 or not PRINTABLE.issuperset(head):
        return ""
    text = head.decode("ascii").encode("unicode_escape").decode("ascii")
    return text + ("..." if len(head) == len(data) else "")
