"""PLIC: interrupt sources to targets. Manual: RISC-V Platform-Level Interrupt Controller Specification 1.0.0.

| offset                        | bits | register                                                      |
| 0x00_0000 + 4 n               | 32   | priority of source n, 0 to 7 (chapter 4); 0 never interrupts  |
| 0x00_1000 + 4 w               | 32   | pending bits of sources 32 w to 32 w + 31 (chapter 5)         |
| 0x00_2000 + 0x80 c + 4 w      | 32   | enable bits of context c (chapter 6)                          |
| 0x20_0000 + 0x1000 c          | 32   | priority threshold of context c (chapter 7)                   |
| 0x20_0004 + 0x1000 c          | 32   | claim (read, chapter 8), complete (write, chapter 9)          |

Every source has a gateway (1.2) that makes one pending request of a device's word that its level is high. What the
device says while the request is claimed makes the next one, at its completion, if the level is still high then. A level
that just stays high makes no other, as in QEMU's: drivers that leave an interrupt's cause standing, as xv6's of the UART
does, would never come back from it. A request that was accepted stays pending when the level falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from emu.device import IrqLine, NativeRegister
from emu.errors import ConfigError
from emu.registers import DeviceRegister, Direction, Meaning, Table

PRIORITY, PENDING, ENABLE, CONTEXT = 0x00_0000, 0x00_1000, 0x00_2000, 0x20_0000
ENABLE_STRIDE, CONTEXT_STRIDE = 0x80, 0x1000
THRESHOLD, CLAIM = 0, 4
PRIORITY_BITS = 7
U32 = 0xFFFF_FFFF


@dataclass(slots=True)
class PlicState:
    """Bit n of each set is source n."""

    priority: list[int] = field(default_factory=list)
    enable: list[int] = field(default_factory=list)  # one set a context
    threshold: list[int] = field(default_factory=list)
    level: int = 0  # set: sources whose line is high
    pending: int = 0  # set
    claimed: int = 0  # set: the gateway waits for the completion
    again: int = 0  # set: the device has said once more that its level is high


class _Source:
    """The wire from a device to the gateway of its source."""

    __slots__ = ("_number", "_plic")

    def __init__(self, plic: Plic, number: int) -> None:
        self._plic, self._number = plic, number

    def set(self, level: bool) -> None:
        self._plic._drive(self._number, level)


class Plic:
    """Sources 1 to `sources`; context i interrupts by `targets[i]` (in QEMU's virt: M and S of hart 0, then
    of hart 1 ...)."""

    native: tuple[NativeRegister, ...] = ()

    def __init__(
        self, name: str, targets: Sequence[IrqLine], sources: int = 95, size: int = 0x60_0000
    ) -> None:
        if not 1 <= sources <= 1023:
            raise ConfigError(f"sources of {name}", "1 to 1023", str(sources))
        self.name, self.size, self.sources = name, size, sources
        self._targets = tuple(targets)
        self._all = (1 << sources + 1) - 2
        self._words = (sources + 32) // 32
        self._outputs: list[bool | None] = [None] * len(self._targets)
        self._s = PlicState()
        self.reset()

    def source(self, number: int) -> IrqLine:
        """The input line of that source."""
        if not 1 <= number <= self.sources:
            raise ConfigError(f"interrupt of {self.name}", f"a source from 1 to {self.sources}", str(number))
        return _Source(self, number)

    @property
    def registers(self) -> Table:
        """By name, for debuggers; the first index of those that have contexts is the context's."""
        read, write = Direction.READ, Direction.WRITE
        words, contexts = (self._words, 4), len(self._targets)
        strides, sources = (contexts, CONTEXT_STRIDE), Meaning.SOURCES
        return (
            DeviceRegister(
                "PRIORITY",
                PRIORITY,
                array=((self.sources + 1, 4),),
                description="of a source [4]",
                meaning=Meaning.COUNT,
            ),
            DeviceRegister("PENDING", PENDING, 4, (), read, "pending bits [5]", sources, (words,)),
            DeviceRegister(
                "ENABLE",
                ENABLE,
                array=((contexts, ENABLE_STRIDE), words),
                description="enable bits of a context [6]",
                meaning=sources,
            ),
            DeviceRegister(
                "THRESHOLD",
                CONTEXT + THRESHOLD,
                array=(strides,),
                description="of a context: only what is above interrupts [7]",
                meaning=Meaning.COUNT,
            ),
            DeviceRegister(
                "CLAIM", CONTEXT + CLAIM, 4, (), read, "takes a source [8]", Meaning.SOURCE, (strides,)
            ),
            DeviceRegister(
                "COMPLETE", CONTEXT + CLAIM, 4, (), write, "gives it back [9]", Meaning.SOURCE, (strides,)
            ),
        )

    @property
    def state(self) -> PlicState:
        return deepcopy(self._s)

    def load(self, state: PlicState) -> None:
        self._s = deepcopy(state)
        self._outputs = [None] * len(self._targets)
        self._settle()

    def reset(self) -> None:
        """The lines keep their levels: they are the devices'."""
        contexts = len(self._targets)
        self._s = PlicState([0] * (self.sources + 1), [0] * contexts, [0] * contexts, level=self._s.level)
        self._s.pending = self._s.level
        self._outputs = [None] * contexts
        self._settle()

    def peek(self, offset: int, width: int) -> int:
        s = self._s
        if width != 4 or offset % 4:
            return 0
        if offset < PENDING:
            number = offset >> 2
            return s.priority[number] if number <= self.sources else 0
        if offset < ENABLE:
            return s.pending >> 32 * (offset - PENDING >> 2) & U32
        if offset < CONTEXT:
            context, within = divmod(offset - ENABLE, ENABLE_STRIDE)
            return s.enable[context] >> 8 * within & U32 if context < len(self._targets) else 0
        context, within = divmod(offset - CONTEXT, CONTEXT_STRIDE)
        if context >= len(self._targets):
            return 0
        if within == THRESHOLD:
            return s.threshold[context]
        return self._best(context) if within == CLAIM else 0

    def read(self, offset: int, width: int) -> int:
        value = self.peek(offset, width)
        if value and width == 4 and offset >= CONTEXT and (offset - CONTEXT) % CONTEXT_STRIDE == CLAIM:
            self._s.pending &= ~(1 << value)
            self._s.claimed |= 1 << value
            self._settle()
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        s = self._s
        if width != 4 or offset % 4:
            return
        if offset < PENDING:
            number = offset >> 2
            if not 1 <= number <= self.sources:
                return
            s.priority[number] = value & PRIORITY_BITS
        elif offset < ENABLE:
            return
        elif offset < CONTEXT:
            context, within = divmod(offset - ENABLE, ENABLE_STRIDE)
            if context >= len(self._targets):
                return
            shift = 8 * within
            s.enable[context] = (s.enable[context] & ~(U32 << shift) | (value & U32) << shift) & self._all
        else:
            context, within = divmod(offset - CONTEXT, CONTEXT_STRIDE)
            if context >= len(self._targets):
                return
            if within == THRESHOLD:
                s.threshold[context] = value & PRIORITY_BITS
            elif within == CLAIM:
                self._complete(context, value)
        self._settle()

    def _drive(self, number: int, level: bool) -> None:
        s, bit = self._s, 1 << number
        if not level:
            s.level &= ~bit
            s.again &= ~bit
            return
        s.level |= bit
        if s.claimed & bit:
            s.again |= bit
        elif not s.pending & bit:
            s.pending |= bit
            self._settle()

    def _complete(self, context: int, number: int) -> None:
        """Chapter 9: ignored where the source is not enabled for that context."""
        s = self._s
        if number > self.sources or not s.enable[context] & s.claimed & 1 << number:
            return
        bit = 1 << number
        s.claimed &= ~bit
        s.pending |= s.again & bit
        s.again &= ~bit

    def _best(self, context: int) -> int:
        """The source that a claim gets: highest priority, of equals the lowest number (1.4, chapter 8); 0 for
        none."""
        s = self._s
        waiting, best, priority = s.pending & s.enable[context], 0, 0
        while waiting:
            number = (waiting & -waiting).bit_length() - 1
            if s.priority[number] > priority:
                best, priority = number, s.priority[number]
            waiting &= waiting - 1
        return best

    def _settle(self) -> None:
        s = self._s
        for context, line in enumerate(self._targets):
            level = s.priority[self._best(context)] > s.threshold[context]
            if level is not self._outputs[context]:
                self._outputs[context] = level
                line.set(level)
