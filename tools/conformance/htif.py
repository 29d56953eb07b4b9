"""The host-target interface of riscv-tests: one doubleword, `tohost`, guest to host.

Device in bits 63:56, command in 55:48, payload below. Device 0: an odd payload ends the test (1 passes,
n << 1 | 1 says that test n failed), an even one is the address of a system call block (number, arguments).
Device 1, command 1: print a byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

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
