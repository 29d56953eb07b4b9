"""The registers of the 16550A by name. Source: National Semiconductor PC16550D, June 1995, table II and section 8."""

from __future__ import annotations

from typing import Final

from emu.registers import DeviceRegister, Direction, Meaning, Table, When, bits
from isa.register import Field

_CHARACTERS: Final = When("LCR", 0x80, 0)
_DIVISOR: Final = When("LCR", 0x80, 0x80)
_CAUSES: Final = (
    *((1, "none"), (6, "line-status"), (4, "data"), (12, "timeout")),
    *((2, "THR-empty"), (0, "modem-status")),
)
_LENGTHS: Final = ((0, "5"), (1, "6"), (2, "7"), (3, "8"))
_TRIGGERS: Final = ((1, "4"), (2, "8"), (3, "14"))

REGISTERS: Final[Table] = (
    DeviceRegister(
        "RBR", 0, 1, access=Direction.READ, when=_CHARACTERS, meaning=Meaning.CHARACTER,
        description="takes the next received character [8.0]",
    ),
    DeviceRegister(
        "THR", 0, 1, access=Direction.WRITE, when=_CHARACTERS, meaning=Meaning.CHARACTER,
        description="sends a character [8.0]",
    ),
    DeviceRegister("DLL", 0, 1, when=_DIVISOR, description="low half of the divisor [8.3]"),
    DeviceRegister(
        "IER", 1, 1, bits("RDI", "THRI", "RLSI", "MSI"), when=_CHARACTERS, description="interrupts enabled [8.7]"
    ),
    DeviceRegister("DLM", 1, 1, when=_DIVISOR, description="high half of the divisor [8.3]"),
    DeviceRegister(
        "IIR", 2, 1, (Field("ID", 0, 4, _CAUSES), Field("FIFOS", 6, 2, ((3, "on"),))), Direction.READ,
        "the pending interrupt of highest priority [8.6]",
    ),
    DeviceRegister(
        "FCR", 2, 1,
        (*bits("ENABLE", "CLEAR_RECEIVE", "CLEAR_TRANSMIT", "DMA"), Field("TRIGGER", 6, 2, _TRIGGERS)),
        Direction.WRITE, "FIFOs on, cleared, and when they interrupt [8.5]",
    ),
    DeviceRegister(
        "LCR", 3, 1,
        (Field("BITS", 0, 2, _LENGTHS), *bits("", "", "STOP2", "PARITY", "EVEN", "STICK", "BREAK", "DLAB")),
        description="form of a character; DLAB: 0 and 1 are the divisor [8.1]",
    ),
    DeviceRegister("MCR", 4, 1, bits("DTR", "RTS", "OUT1", "OUT2", "LOOP"), description="modem outputs [8.8]"),
    DeviceRegister(
        "LSR", 5, 1, bits("DR", "OE", "PE", "FE", "BI", "THRE", "TEMT", "FIFO_ERROR"),
        description="line status; a read clears the errors [8.4]",
    ),
    DeviceRegister(
        "MSR", 6, 1, bits("DCTS", "DDSR", "TERI", "DDCD", "CTS", "DSR", "RI", "DCD"),
        description="modem inputs; a read clears the changes [8.9]",
    ),
    DeviceRegister("SCR", 7, 1, description="scratch [8.10]"),
)  # fmt: skip
