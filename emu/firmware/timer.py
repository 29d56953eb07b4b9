"""The supervisor timer of each hart [sbi 6]: an alarm of guest time that raises its line until the next one is set."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from emu.firmware.counters import Counters, Event
from emu.firmware.entry import STIP
from emu.firmware.extension import Arguments, Extension, Result
from emu.schedule import Vcpu
from emu.timeline import Timeline
from isa.riscv.sbi import Eid

_NS: Final = 1_000_000_000
_FAR: Final = 1 << 63  # ns; an alarm that far away is none
_TIME_BITS: Final = 64


class Timers:
    """One timer a hart, in ticks of `timebase` Hz. Its whole state is in the alarm and in the line."""

    def __init__(
        self, vcpus: Sequence[Vcpu], timeline: Timeline, timebase: int, bits: int, counters: Counters
    ) -> None:
        self._timeline, self._timebase, self._bits, self._counters = timeline, timebase, bits, counters
        self._alarms = [timeline.alarm(f"sbi.{hart.id}", partial(self._fire, hart)) for hart in vcpus]
        self.extension = Extension(Eid.TIME, "TIME", {0: self._set_timer})

    def reset(self) -> None:
        for alarm in self._alarms:
            alarm.cancel()

    def cancel(self, hart: Vcpu) -> None:
        self._alarms[hart.id].cancel()

    def set(self, hart: Vcpu, ticks: int) -> None:
        """Pending from the first moment at which the guest's clock shows `ticks`, and not before."""
        alarm = self._alarms[hart.id]
        deadline = -(-ticks * _NS // self._timebase)
        due = deadline <= self._timeline.now()
        hart.arch.set_line(STIP, due)
        if due or deadline >= _FAR:
            alarm.cancel()
        else:
            alarm.arm(deadline)

    def _fire(self, hart: Vcpu) -> None:
        hart.arch.set_line(STIP, True)

    def _set_timer(self, caller: Vcpu, arguments: Arguments) -> Result:
        low, high = arguments[:2]
        self._counters.note(caller, Event.SET_TIMER)
        self.set(caller, low if self._bits == _TIME_BITS else low | high << self._bits)
        return Result()
