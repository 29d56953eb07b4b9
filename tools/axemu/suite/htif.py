"""The host-target interface of riscv-tests: one doubleword, `tohost`, guest to host.

Device in bits 63:56, command in 55:48, payload below. Device 0: an odd payload ends the test (1 passes,
n << 1 | 1 says that test n failed), an even one is the address of a system call block (number, arguments).
Device 1, command 1: print a byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from axemu.suite.line import Line
from emu.errors import AddressError, UnknownName
from emu.machine import Machine
from emu.outcome import Ending, Outcome

SYS_WRITE = 64
MAXIMUM_TEXT = 4096  # bytes taken from one write; the guest chooses the length


class Message(Enum):
    NOTHING = auto()
    ENDED = auto()
    BYTE = auto()
    CALL = auto()


@dataclass(frozen=True, slots=True)
class ToHost:
    """A decoded `tohost`. value: exit number for ENDED, the byte for BYTE, the block's address for CALL."""

    message: Message
    value: int = 0


def decode(word: int) -> ToHost:
    """What the guest says by this 64-bit word; a device or command that nobody has is NOTHING."""
    device, command, payload = word >> 56, (word >> 48) & 0xFF, word & ((1 << 48) - 1)
    if device == 0 and command == 0 and payload:
        return ToHost(Message.ENDED, payload >> 1) if payload & 1 else ToHost(Message.CALL, payload)
    if device == 1 and command == 1:
        return ToHost(Message.BYTE, payload & 0xFF)
    return ToHost(Message.NOTHING)


class Host:
    """The host's end for one machine: what the guest prints goes to its line. Raises UnknownName for a program without
    `tohost`."""

    def __init__(self, machine: Machine, line: Line) -> None:
        self.machine, self._line = machine, line
        address = machine.symbols.address("tohost")
        if address is None:
            hint = "A program of this protocol has the symbol tohost; is it stripped?"
            raise UnknownName("symbol", "tohost", (), hint)
        self._to_host, self._from_host = address, machine.symbols.address("fromhost")

    def look(self, outcome: Outcome) -> Outcome | None:
        """After a slice that ended with `outcome`: the outcome of the whole run, if the guest has said its last word."""
        heard = decode(self._word(self._to_host))
        if heard.message is Message.ENDED:
            text = "the guest ended by tohost" + (f": test {heard.value} failed" if heard.value else "")
            ended = self.machine.ended(Ending.POWERED_OFF, self.machine.vcpus[0], None, text, heard.value)
            return ended
        if heard.message is not Message.NOTHING:
            self._answer(heard.message, heard.value)
        return None

    def _answer(self, message: Message, value: int) -> None:
        """Take a byte, or a block's system call (only write is one), and let the guest go on."""
        memory = self.machine.memory
        if message is Message.BYTE:
            self._line.write(bytes([value]))
        else:
            try:
                number, _, address, length = (self._word(value + 8 * i) for i in range(4))
                if number == SYS_WRITE:
                    self._line.write(memory.read(address, min(length, MAXIMUM_TEXT)))
            except AddressError:
                pass  # a block, or a text, that is nowhere: nothing is printed
        memory.write(self._to_host, bytes(8))
        if self._from_host is not None:
            memory.write(self._from_host, (1).to_bytes(8, "little"))

    def _word(self, address: int) -> int:
        return int.from_bytes(self.machine.memory.read(address, 8), "little")
