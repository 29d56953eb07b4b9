"""What every way of unwinding works on, and what it comes back with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from emu.debug.stack.frame import Method
from emu.debug.stack.layout import Layout
from emu.debug.stack.reading import Reading
from emu.symbols import SymbolTable
from isa.contract import Isa
from isa.errors import UnknownRegister


@dataclass(frozen=True, slots=True)
class Caller:
    """The frame above, and how it was found. `cfa` is of the frame below."""

    pc: int
    sp: int
    cfa: int | None
    registers: Mapping[str, int]
    method: Method
    trap: bool = False  # what was found was interrupted: its pc is no return address


@dataclass(frozen=True, slots=True)
class Outermost:
    """There is no frame above, and this sentence says why it is known."""

    reason: str


@dataclass(frozen=True, slots=True)
class Here:
    """A frame whose caller is asked for. `call` is an address inside the instruction that it is at: above level 0 that is
    the call, and the one returned to may belong to another function."""

    level: int
    pc: int
    sp: int
    call: int
    registers: Mapping[str, int]
    exact: bool  # pc is the next instruction of this frame, and no return address
    depth: int = 0  # register windows between level 0 and this frame
    trapped: bool = False  # a trap lies below: its registers are spent


@dataclass(slots=True)
class Context:
    """The guest, as far as unwinding looks at it. `read_register` may raise for a register that is not there."""

    isa: Isa
    layout: Layout
    reading: Reading
    read_register: Callable[[str], int]
    symbols: SymbolTable
    code: Callable[[int], bool]
    decoding: Mapping[bool, Isa]  # to disassemble with: by whether the address has the mark of T32
    names: dict[str, str] = field(default_factory=dict)

    def name(self, register: str) -> str:
        """The ISA's name of a register that Capstone calls so, or the same where it has none."""
        if register not in self.names:
            try:
                self.names[register] = self.isa.register(register).name
            except UnknownRegister:
                self.names[register] = register
        return self.names[register]

    def register(self, name: str) -> int | None:
        """What the guest's register holds now; None where it cannot be read."""
        try:
            return int(self.read_register(name))
        except Exception:  # a register that this CPU, or this state of it, does not have
            return None

    def is_code(self, address: int) -> bool:
        try:
            return bool(self.code(address))
        except Exception:  # whoever asks about hostile addresses may fail at them
            return False

    def decoder(self, here: Here) -> Isa:
        """The descriptor to disassemble a frame's code with."""
        return self.decoding[self.isa.name == "arm" and bool(here.registers.get("pc", here.pc) & 1)]

    def plain(self, address: int) -> int:
        """A return address as the address that it stands for: without marks and signatures."""
        name = self.isa.name
        if name == "arm":
            return address & ~1 & self.reading.mask
        if name == "aarch64":
            return self._unsigned(address)
        if name == "s390x":  # in 31-bit mode the top bit is the mode
            return address & 0x7FFF_FFFF if address >> 31 == 1 else address
        return address & self.reading.mask

    def _unsigned(self, address: int) -> int:
        """Without pointer authentication code (Arm ARM, D8.10: bit 55 stays, what it extends comes back)."""
        upper = bool(address >> 55 & 1)
        control = self.register("tcr_el1") or 0
        size = control >> (16 if upper else 0) & 63
        bits = 64 - size if 16 <= size <= 39 else 48
        low = address & (1 << bits) - 1
        return low | ((1 << 64) - (1 << bits)) if upper else low
