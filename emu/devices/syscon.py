"""System controller: a window of 32-bit registers, some of whose values switch the machine off or reset it.

Source: the device tree bindings syscon, syscon-poweroff and syscon-reboot (offset, value, mask).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from emu.device import NativeRegister, Power, PowerRequest
from emu.registers import DeviceRegister, Table
from isa.register import Field

U32 = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class SysconAction:
    """A write to the register at `offset` that equals `value` under `mask` makes the request."""

    offset: int
    value: int
    request: PowerRequest
    mask: int = U32


@dataclass(slots=True)
class SysconState:
    registers: dict[int, int] = field(default_factory=dict)  # nonzero ones, by offset


class Syscon:
    """Registers read back what was written. 32-bit accesses only."""

    native: tuple[NativeRegister, ...] = ()

    def __init__(self, name: str, power: Power, actions: Sequence[SysconAction], size: int = 0x1000) -> None:
        self.name, self.size = name, size
        self._power, self._actions = power, tuple(actions)
        self._s = SysconState()

    @property
    def registers(self) -> Table:
        """By name, for debuggers; a value that makes a request somewhere has its name everywhere."""
        names = {each.value: each.request.kind.value for each in self._actions}
        fields = (Field("", 0, 32, tuple(names.items())),)
        return (
            DeviceRegister(
                "REG", 0, fields=fields, description="some switch it off", array=((self.size // 4, 4),)
            ),
        )

    @property
    def state(self) -> SysconState:
        return SysconState(dict(self._s.registers))

    def load(self, state: SysconState) -> None:
        self._s = SysconState(dict(state.registers))

    def reset(self) -> None:
        self._s = SysconState()

    def peek(self, offset: int, width: int) -> int:
        return self._s.registers.get(offset, 0) if width == 4 else 0

    def read(self, offset: int, width: int) -> int:
        return self.peek(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        if width != 4 or offset % 4:
            return
        if value:
            self._s.registers[offset] = value
        else:
            self._s.registers.pop(offset, None)
        for action in self._actions:
            if action.offset == offset and value & action.mask == action.value & action.mask:
                self._power(action.request)
