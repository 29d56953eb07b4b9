"""Power switch of machine `bare`. Manual: docs/machines/bare.md, "Power switch"."""

from __future__ import annotations

from dataclasses import dataclass

from emu.device import NativeRegister, Power, PowerKind, PowerRequest
from emu.registers import DeviceRegister, Direction, Meaning, Table

OFF, RESET = 0, 4
REGISTERS: Table = (
    DeviceRegister(
        "OFF",
        OFF,
        access=Direction.WRITE,
        description="switches off; the exit code",
        meaning=Meaning.COUNT,
    ),
    DeviceRegister("RESET", RESET, access=Direction.WRITE, description="resets the machine"),
)


@dataclass(slots=True)
class BarePowerState:
    """Nothing is kept."""


class BarePower:
    registers = REGISTERS
    native: tuple[NativeRegister, ...] = ()

    def __init__(self, name: str, power: Power, size: int = 0x1000) -> None:
        self.name, self.size = name, size
        self._power = power

    @property
    def state(self) -> BarePowerState:
        return BarePowerState()

    def load(self, state: BarePowerState) -> None:
        """There is nothing to take over."""

    def reset(self) -> None:
        """There is nothing to reset."""

    def peek(self, offset: int, width: int) -> int:
        return 0

    def read(self, offset: int, width: int) -> int:
        return 0

    def write(self, offset: int, width: int, value: int) -> None:
        code = value & 0xFFFF_FFFF
        if offset == OFF:
            self._power(PowerRequest(PowerKind.SHUTDOWN, code))
        elif offset == RESET:
            self._power(PowerRequest(PowerKind.RESET, code))
