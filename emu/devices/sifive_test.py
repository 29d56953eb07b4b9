"""SiFive test finisher: a guest's verdict and exit. Source: SiFive's test device as QEMU's virt has it
(compatible "sifive,test1").

A write of 16 or more bits to offset 0: the low 16 bits say what, the next 16 are a failure's code.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.device import NativeRegister, Power, PowerKind, PowerRequest
from emu.registers import DeviceRegister, Direction, Table
from isa.register import Field

REGISTERS: Table = (
    DeviceRegister(
        "FINISHER",
        0,
        fields=(
            Field("", 0, 16, ((0x5555, "pass"), (0x3333, "fail"), (0x7777, "reset"))),
            Field("CODE", 16, 16),
        ),
        access=Direction.WRITE,
        description="the verdict, and a failure's code",
    ),
)


@dataclass(slots=True)
class SifiveTestState:
    """Nothing is kept."""


class SifiveTest:
    """A failure always has a nonzero code: one that came with code 0 is reported as 1."""

    registers = REGISTERS
    native: tuple[NativeRegister, ...] = ()

    def __init__(self, name: str, power: Power, size: int = 0x1000) -> None:
        self.name, self.size = name, size
        self._power = power

    @property
    def state(self) -> SifiveTestState:
        return SifiveTestState()

    def load(self, state: SifiveTestState) -> None:
        """There is nothing to take over."""

    def reset(self) -> None:
        """There is nothing to reset."""

    def peek(self, offset: int, width: int) -> int:
        return 0

    def read(self, offset: int, width: int) -> int:
        return 0

    def write(self, offset: int, width: int, value: int) -> None:
        if offset != 0:
            return
        code = value >> 16 & 0xFFFF
        match value & 0xFFFF:
            case 0x5555:
                self._power(PowerRequest(PowerKind.SHUTDOWN, 0))
            case 0x3333:
                self._power(PowerRequest(PowerKind.SHUTDOWN, code or 1))
            case 0x7777:
                self._power(PowerRequest(PowerKind.RESET, code))
            case _:
                return
