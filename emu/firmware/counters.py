"""The PMU extension [sbi 11]: two counters of the hart's own, and counters of what firmware does.

Counter n below HARDWARE is the CSR cycle + n: cycle and instret count instructions retired, exactly; they can be set and
stopped, and run while no event is theirs. time lies between them and is nobody's to set. The firmware counters count
what the firmware does for a hart, such as the timers that it has set. Any other event is NOT_SUPPORTED, as are shared
memory and overflow interrupts.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from emu.firmware.extension import Arguments, Extension, Result
from emu.firmware.harts import Harts
from emu.schedule import Vcpu
from isa.riscv.sbi import Eid, SbiError

CYCLE, TIME, INSTRET = range(3)
HARDWARE: Final = 3
FIRMWARE: Final = 16
TOTAL: Final = HARDWARE + FIRMWARE
NAMES: Final = {CYCLE: "cycle", INSTRET: "instret"}
_CSR_CYCLE: Final = 0xC00
_WIDTH: Final = 64

_GENERAL, _FIRMWARE_TYPE = 0, 15  # types of events [sbi 11.1 to 11.5]
_HARDWARE_EVENTS: Final = {1: CYCLE, 2: INSTRET}  # codes of CPU_CYCLES and INSTRUCTIONS
SKIP_MATCH, CLEAR_VALUE, AUTO_START = 1, 2, 4  # of config_matching
SET_VALUE: Final = 1  # of start
RESET: Final = 1  # of stop
_CONFIG_FLAGS, _START_FLAGS, _STOP_FLAGS = 0xFF, 0b11, 0b11  # all others are reserved
_SNAPSHOT: Final = 2  # of start and stop: it wants the shared memory
_U64: Final = (1 << 64) - 1


class Event(IntEnum):
    """Firmware events that happen here; those of traps never do, since no trap comes to the firmware."""

    SET_TIMER = 5
    IPI_SENT = 6
    IPI_RECEIVED = 7
    FENCE_I_SENT = 8
    FENCE_I_RECEIVED = 9
    SFENCE_VMA_SENT = 10
    SFENCE_VMA_RECEIVED = 11
    SFENCE_VMA_ASID_SENT = 12
    SFENCE_VMA_ASID_RECEIVED = 13


@dataclass(slots=True)
class Counter:
    """One counter of one hart. event: its index as the guest named it, None while it is nobody's; value: of a firmware
    counter."""

    event: int | None = None
    running: bool = False
    value: int = 0


@dataclass(slots=True)
class CountersState:
    """Of each hart its counters, by number."""

    harts: list[list[Counter]] = field(default_factory=list)


class Counters:
    """The counters of every hart. `note` counts an event of the firmware."""

    def __init__(self, harts: Harts, bits: int) -> None:
        self._harts, self._bits = harts, bits
        self._counting = False  # whether any firmware counter runs
        self.reset()
        self.extension = Extension(
            Eid.PMU,
            "PMU",
            {
                0: lambda caller, arguments: Result(SbiError.SUCCESS, TOTAL),
                1: self._info,
                2: self._configure,
                3: self._start,
                4: self._stop,
                5: self._read,
                6: self._read_high,
            },
        )

    def note(self, hart: Vcpu, event: Event) -> None:
        if not self._counting:
            return
        for counter in self._all[hart.id][HARDWARE:]:
            if counter.running and counter.event is not None and counter.event & 0xFFFF == event:
                counter.value = counter.value + 1 & _U64

    @property
    def state(self) -> CountersState:
        return CountersState(deepcopy(self._all))

    def load(self, state: CountersState) -> None:
        self._all = deepcopy(state.harts)
        self._look()

    def reset(self) -> None:
        self._all = [[Counter() for _ in range(TOTAL)] for _ in self._harts.all]
        self._look()

    def _look(self) -> None:
        self._counting = any(counter.running for hart in self._all for counter in hart[HARDWARE:])

    # -- the functions ------------------------------------------------------------------------------------------------

    def _info(self, caller: Vcpu, arguments: Arguments) -> Result:
        number = arguments[0]
        if number >= TOTAL or number == TIME:
            return Result(SbiError.INVALID_PARAM)
        if number >= HARDWARE:
            return Result(SbiError.SUCCESS, 1 << self._bits - 1)
        return Result(SbiError.SUCCESS, _CSR_CYCLE + number | _WIDTH - 1 << 12)

    def _configure(self, caller: Vcpu, arguments: Arguments) -> Result:
        base, mask, flags, event = arguments[:4]
        named = self._named(base, mask)
        kind, code = event >> 16, event & 0xFFFF
        if not named or flags & ~_CONFIG_FLAGS or event >> 20:
            return Result(SbiError.INVALID_PARAM)
        mine = self._all[caller.id]
        if flags & SKIP_MATCH:
            number = named[0]
            if mine[number].event is None:
                return Result(SbiError.INVALID_PARAM)
        else:
            fitting = self._fitting(kind, code)
            found = next((each for each in named if each in fitting and mine[each].event is None), None)
            if found is None:
                return Result(SbiError.NOT_SUPPORTED)
            number = found
            mine[number].event = event
            self._run(caller, number, running=False)
        if flags & CLEAR_VALUE:
            self._run(caller, number, 0, running=mine[number].running)
        if flags & AUTO_START:
            self._run(caller, number, running=True)
        return Result(SbiError.SUCCESS, number)

    def _start(self, caller: Vcpu, arguments: Arguments) -> Result:
        base, mask, flags, low, high = arguments[:5]
        named = self._named(base, mask)
        if not named or flags & ~_START_FLAGS:
            return Result(SbiError.INVALID_PARAM)
        if flags & _SNAPSHOT:
            return Result(SbiError.NO_SHMEM)
        value = low if self._bits == _WIDTH else low | high << self._bits
        error = SbiError.SUCCESS
        for number in named:
            counter = self._all[caller.id][number]
            if counter.event is None:
                error = SbiError.INVALID_PARAM
            elif counter.running:
                error = SbiError.ALREADY_STARTED
            else:
                self._run(caller, number, value if flags & SET_VALUE else None, running=True)
        return Result(error)

    def _stop(self, caller: Vcpu, arguments: Arguments) -> Result:
        base, mask, flags = arguments[:3]
        named = self._named(base, mask)
        if not named or flags & ~_STOP_FLAGS:
            return Result(SbiError.INVALID_PARAM)
        if flags & _SNAPSHOT:
            return Result(SbiError.NO_SHMEM)
        error = SbiError.SUCCESS
        for number in named:
            counter = self._all[caller.id][number]
            if counter.running:
                self._run(caller, number, running=False)
            else:
                error = SbiError.ALREADY_STOPPED
            if flags & RESET:
                counter.event = None
                if number < HARDWARE:
                    caller.arch.set_counter(NAMES[number], None, running=True)
        return Result(error)

    def _read(self, caller: Vcpu, arguments: Arguments) -> Result:
        counter = self._of_firmware(caller, arguments[0])
        return Result(SbiError.INVALID_PARAM) if counter is None else Result(SbiError.SUCCESS, counter.value)

    def _read_high(self, caller: Vcpu, arguments: Arguments) -> Result:
        """The upper half on RV32; on RV64 there is none."""
        counter = self._of_firmware(caller, arguments[0])
        return (
            Result(SbiError.INVALID_PARAM)
            if counter is None
            else Result(SbiError.SUCCESS, counter.value >> self._bits)
        )

    # -- what they are made of ----------------------------------------------------------------------------------------

    def _named(self, base: int, mask: int) -> list[int]:
        """The numbers of a set; none where one of them does not exist."""
        if mask == 0 or base >= TOTAL or base + mask.bit_length() > TOTAL:
            return []
        return [base + bit for bit in range(mask.bit_length()) if mask >> bit & 1 and base + bit != TIME]

    def _fitting(self, kind: int, code: int) -> range:
        """The counters that can count an event."""
        if kind == _GENERAL and code in _HARDWARE_EVENTS:
            number = _HARDWARE_EVENTS[code]
            return range(number, number + 1)
        if kind == _FIRMWARE_TYPE and code in list(Event):
            return range(HARDWARE, TOTAL)
        return range(0)

    def _of_firmware(self, caller: Vcpu, number: int) -> Counter | None:
        if not HARDWARE <= number < TOTAL or self._all[caller.id][number].event is None:
            return None
        return self._all[caller.id][number]

    def _run(self, caller: Vcpu, number: int, value: int | None = None, *, running: bool) -> None:
        """Start or stop a counter, at `value` (None: where it stands)."""
        counter = self._all[caller.id][number]
        counter.running = running
        if number < HARDWARE:
            caller.arch.set_counter(NAMES[number], value, running=running)
        elif value is not None:
            counter.value = value
        self._look()
