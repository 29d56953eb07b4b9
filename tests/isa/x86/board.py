"""A machine with descriptor tables made by the test: what most tests of native x86 begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Outcome
from isa import registry
from isa.assembly import assemble
from isa.contract import Isa
from isa.x86 import CODE_16

CODE, DATA, GDT, IDT, HANDLERS, STACK = 0x1000, 0x8000, 0x10000, 0x11000, 0x20000, 0x30000
CODE_SELECTOR, DATA_SELECTOR, USER_CODE, USER_DATA, TASK, CODE32, CODE16 = 8, 16, 0x1B, 0x23, 0x28, 0x38, 0x40
USER_STACK, TSS, RING0_STACK, IST1 = 0x34000, 0x12000, 0x38000, 0x3C000
HANDLER_SIZE = 16


def descriptor(access: int, flags: int, base: int = 0, limit: int = 0xFFFFF) -> int:
    """A segment descriptor; access is its byte 5, flags the upper half of byte 6 [Intel SDM 3A 3.4.5]."""
    low = limit & 0xFFFF | (base & 0xFFFF) << 16
    high = (
        base >> 16 & 0xFF | access << 8 | (limit >> 16 & 15) << 16 | flags << 20 | (base >> 24 & 0xFF) << 24
    )
    return high << 32 | low


def gate(offset: int, selector: int, kind: int, dpl: int, wide: bool, stack: int = 0) -> bytes:
    """An interrupt (kind 14) or trap (15) gate; `stack` is the IST."""
    low = offset & 0xFFFF | selector << 16
    high = offset & 0xFFFF0000 | (0x80 | dpl << 5 | kind) << 8 | stack
    words = [low, high] + ([offset >> 32, 0] if wide else [])
    return b"".join(word.to_bytes(4, "little") for word in words)


class Board:
    """Machine `bare`, with a GDT, an IDT whose gates lead to handlers of their own, and a TSS."""

    def __init__(self, isa: str = "x86_64", **config: Any) -> None:
        self.machine = Machine(MachineConfig(isa=isa, board="bare", **config))
        self.isa: Isa = registry.find(isa)
        self.wide = self.isa.bits == 64
        self.machine.settle()
        self.vcpu = self.machine.vcpus[0]
        self.read, self.write = self.vcpu.read_register, self.vcpu.write_register
        self.sp = "rsp" if self.wide else "esp"
        self._tables()
        self.write(self.sp, STACK)
        self.write("cr4", self.read("cr4") | 1 << 6)

    def _tables(self) -> None:
        code_flags = 0xA if self.wide else 0xC
        table = [
            0, descriptor(0x9B, code_flags), descriptor(0x93, 0xC), descriptor(0xFB, code_flags),
            descriptor(0xF3, 0xC), descriptor(0x89, 0, TSS, 0x2FFF), 0, descriptor(0x9B, 0xC),
            descriptor(0x9B, 0, 0, 0xFFFF), descriptor(0x93, 0, 0, 0xFFFF),
        ]  # fmt: skip
        self.poke(GDT, b"".join(each.to_bytes(8, "little") for each in table))
        self.write("gdtr_base", GDT)
        self.write("gdtr_limit", 8 * len(table) - 1)
        if self.wide:
            self.poke(TSS + 4, RING0_STACK.to_bytes(8, "little"))
            self.poke(TSS + 0x24, IST1.to_bytes(8, "little"))
        else:
            self.poke(TSS + 4, RING0_STACK.to_bytes(4, "little") + DATA_SELECTOR.to_bytes(4, "little"))
        self.poke(TSS + 0x66, (0x68).to_bytes(2, "little"))
        for name, value in (("tr", TASK), ("tr_base", TSS), ("tr_limit", 0x2FFF), ("tr_attr", 0x8B00)):
            self.write(name, value)
        self.write("idtr_base", IDT)
        self.write("idtr_limit", 0x40 * (16 if self.wide else 8) - 1)
        for vector in range(0x40):
            self.gate(vector)
            self.handler(vector, "hlt")

    def gate(self, vector: int, *, kind: int = 14, dpl: int = 0, stack: int = 0) -> None:
        size = 16 if self.wide else 8
        where = HANDLERS + HANDLER_SIZE * vector
        self.poke(IDT + size * vector, gate(where, CODE_SELECTOR, kind, dpl, self.wide, stack))

    def handler(self, vector: int, text: str, **words: int) -> None:
        """A handler of at most `HANDLER_SIZE` bytes."""
        code = self.assemble(text, HANDLERS + HANDLER_SIZE * vector, words)
        assert len(code) <= HANDLER_SIZE
        self.poke(HANDLERS + HANDLER_SIZE * vector, code)

    def assemble(self, text: str, address: int, words: Mapping[str, int] | None = None) -> bytes:
        return assemble(self.isa, text, address)

    def poke(self, address: int, data: bytes) -> None:
        self.machine.memory.write(address, data)

    def peek(self, address: int, size: int = 8) -> int:
        return int.from_bytes(self.machine.memory.read(address, size), "little")

    def load(self, text: str, address: int = CODE) -> None:
        self.poke(address, self.assemble(text, address))
        self.vcpu.set_entry(address)

    def load16(self, text: str, address: int) -> None:
        self.poke(address, assemble(CODE_16, text, address))

    def run(self, text: str | None = None, **options: Any) -> Outcome:
        if text is not None:
            self.load(text)
        return self.machine.run(timeout=20, **options)

    def to_user(self) -> None:
        """Begin at privilege level 3."""
        for name, selector in (("cs", USER_CODE), ("ss", USER_DATA), ("ds", USER_DATA), ("es", USER_DATA)):
            self.write(name, selector)
            self.write(f"{name}_attr", self.read(f"{name}_attr") | 0x6000)
        self.write(self.sp, USER_STACK)

    @property
    def vector(self) -> int:
        """The vector whose handler, `hlt`, the guest halted in; -1 elsewhere."""
        where, rest = divmod(self.read("pc") - 1 - HANDLERS, HANDLER_SIZE)
        return where if rest == 0 and 0 <= where < 0x40 else -1

    def frame(self, index: int) -> int:
        """A word of the exception frame, from the stack pointer on: error code or pc first."""
        size = 8 if self.wide else 4
        return self.peek(self.read(self.sp) + size * index, size)
