"""The debug console [sbi 12], and the legacy calls for one character [sbi 5.2, 5.3].

Output goes to the first serial line, behind what its device was given before. Input is taken out of the serial device's
registers, as firmware on a real board does: what the guest's own driver has not taken is still there.
"""

from __future__ import annotations

from typing import Final, Protocol

from emu.device import Channel, Memory
from emu.firmware.extension import Arguments, Extension, Result
from emu.schedule import Vcpu
from isa.riscv.sbi import Eid, SbiError

PIECE: Final = 4096
"""Bytes that one call moves at most, whatever the guest names; the result says how many were."""
WRITE, READ, WRITE_BYTE = range(3)
_RBR, _LCR, _LSR = 0, 3, 5  # registers of a 16550
_DATA_READY, _DIVISOR_ACCESS = 0x01, 0x80


class Serial(Protocol):
    """What the console uses of a 16550."""

    def peek(self, offset: int, width: int) -> int: ...

    def read(self, offset: int, width: int) -> int: ...


class Console:
    def __init__(self, channel: Channel, serial: Serial | None, memory: Memory, bits: int) -> None:
        self._channel, self._serial, self._memory, self._bits = channel, serial, memory, bits
        self.extension = Extension(
            Eid.DBCN, "DBCN", {WRITE: self._write, READ: self._read, WRITE_BYTE: self._write_byte}
        )

    def put(self, character: int) -> None:
        self._channel.write(bytes((character & 0xFF,)))

    def take(self, limit: int) -> bytes:
        """Up to `limit` bytes that have come; never waits."""
        serial = self._serial
        if serial is None:
            return self._channel.read(limit)
        data = bytearray()
        if serial.peek(_LCR, 1) & _DIVISOR_ACCESS:
            return b""
        while len(data) < limit and serial.read(_LSR, 1) & _DATA_READY:
            data.append(serial.read(_RBR, 1))
        return bytes(data)

    def _write(self, caller: Vcpu, arguments: Arguments) -> Result:
        size, address = arguments[0], self._address(arguments)
        data = self._memory.read(address, min(size, PIECE))
        if data is None or not self._memory.holds(address, size):
            return Result(SbiError.INVALID_PARAM)
        self._channel.write(data)
        return Result(SbiError.SUCCESS, len(data))

    def _read(self, caller: Vcpu, arguments: Arguments) -> Result:
        size, address = arguments[0], self._address(arguments)
        if not self._memory.holds(address, size):
            return Result(SbiError.INVALID_PARAM)
        data = self.take(min(size, PIECE))
        if data:
            self._memory.write(address, data)
        return Result(SbiError.SUCCESS, len(data))

    def _write_byte(self, caller: Vcpu, arguments: Arguments) -> Result:
        self.put(arguments[0])
        return Result()

    def _address(self, arguments: Arguments) -> int:
        """Guest-physical, as the call has it: low and high half [sbi 3.2]."""
        return arguments[1] | arguments[2] << self._bits
