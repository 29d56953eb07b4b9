"""Interrupt latch of machine `bare`. Manual: docs/machines/bare.md, "Interrupt latch"."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from emu.device import IrqLine, NativeRegister
from emu.errors import ConfigError
from emu.registers import DeviceRegister, Direction, Meaning, Table, bits

EXTERNAL, LINES, SOFTWARE = 0x000, 0x004, 0x100
U32 = 0xFFFF_FFFF
UART = 0  # bit of LINES


@dataclass(slots=True)
class BareLatchState:
    external: int = 0
    lines: int = 0
    software: list[int] = field(default_factory=list)


class _Line:
    """The wire from a device to its bit of LINES."""

    __slots__ = ("_bit", "_latch")

    def __init__(self, latch: BareLatch, bit: int) -> None:
        self._latch, self._bit = latch, bit

    def set(self, level: bool) -> None:
        self._latch._drive(self._bit, level)


class BareLatch:
    """`external` is the external interrupt of vCPU 0, `soft[n]` the software interrupt of vCPU n."""

    native: tuple[NativeRegister, ...] = ()

    def __init__(self, name: str, external: IrqLine, soft: Sequence[IrqLine], size: int = 0x1000) -> None:
        self.name, self.size = name, size
        self._external, self._soft = external, tuple(soft)
        self._s = BareLatchState()
        self.reset()

    def source(self, bit: int) -> IrqLine:
        """The line that shows as this bit of LINES and asserts the external interrupt."""
        if not 0 <= bit < 32:
            raise ConfigError(f"line of {self.name}", "a bit from 0 to 31", str(bit))
        return _Line(self, bit)

    @property
    def registers(self) -> Table:
        """By name, for debuggers."""
        vcpus = ((len(self._soft), 4),)
        return (
            DeviceRegister("EXTERNAL", EXTERNAL, description="nonzero asserts the external interrupt"),
            DeviceRegister(
                "LINES",
                LINES,
                access=Direction.READ,
                description="the devices' lines",
                meaning=Meaning.SOURCES,
            ),
            DeviceRegister(
                "SOFTWARE",
                SOFTWARE,
                fields=bits("ASSERTED"),
                description="software interrupt of a vCPU",
                array=vcpus,
            ),
        )

    @property
    def state(self) -> BareLatchState:
        return deepcopy(self._s)

    def load(self, state: BareLatchState) -> None:
        self._s = deepcopy(state)
        self._settle()

    def reset(self) -> None:
        """The lines keep their levels: they are the devices'."""
        self._s = BareLatchState(lines=self._s.lines, software=[0] * len(self._soft))
        self._settle()

    def peek(self, offset: int, width: int) -> int:
        match offset:
            case 0x000:
                value = self._s.external
            case 0x004:
                value = self._s.lines
            case _:
                vcpu = self._vcpu(offset)
                value = 0 if vcpu is None else self._s.software[vcpu]
        return value & ((1 << 8 * width) - 1)

    def read(self, offset: int, width: int) -> int:
        return self.peek(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        if offset == EXTERNAL:
            self._s.external = value & U32
        elif (vcpu := self._vcpu(offset)) is not None:
            self._s.software[vcpu] = value & 1
        else:
            return
        self._settle()

    def _vcpu(self, offset: int) -> int | None:
        number, within = divmod(offset - SOFTWARE, 4)
        return number if within == 0 and 0 <= number < len(self._soft) else None

    def _drive(self, bit: int, level: bool) -> None:
        self._s.lines = self._s.lines & ~(1 << bit) | int(level) << bit
        self._settle()

    def _settle(self) -> None:
        self._external.set(bool(self._s.external or self._s.lines))
        for line, level in zip(self._soft, self._s.software, strict=True):
            line.set(bool(level))
