"""Whose turn it is, and guest time as the vCPUs make it.

One thread runs all vCPUs in turns. A turn ends before the first block that does not fit into it, which is the same
block however the run is cut into slices, and where a vCPU has nothing to do but wait for another: at a pause, or a halt
that is over at once. One that runs while all others wait has no turns. Guest time is the sum of what all have retired,
and what was skipped idle.
"""

from __future__ import annotations

from typing import Final

from axvcpu.control import NEVER
from axvcpu.states import BlockReason, VCpuState, WakeEvent
from axvcpu.vcpu import AxVCpu
from emu.engine.vcpu import EngineVCpu
from emu.timeline import host_ns

Vcpu = AxVCpu[EngineVCpu]

TURN: Final = 20_000
"""Instructions of one vCPU's turn where there are several."""
BREATH: Final = 1 << 21
"""Instructions after which a vCPU that runs alone comes back to have its output seen."""


class Schedule:
    """The turns and the clock of one VM. `shift`: one instruction is 2**shift ns; `host`: time is the host's."""

    def __init__(self, vcpus: list[Vcpu], shift: int, *, host: bool) -> None:
        self.vcpus, self.shift = vcpus, shift
        self.host_start = host_ns() if host else None
        self._before = 0  # retired before the last reset
        self._turn, self._turn_at, self._skipped, self._yields = 0, NEVER, 0, 0

    def reset(self) -> None:
        """Power on anew: to be called before the vCPUs are."""
        self._before += self._total()
        self._turn, self._turn_at, self._skipped, self._yields = 0, NEVER, 0, 0
        if self.host_start is not None:
            self.host_start = host_ns()

    def forget(self) -> None:
        """What was retired before the last reset is not counted any more."""
        self._before = 0

    def _total(self) -> int:
        return sum(vcpu.arch.retired for vcpu in self.vcpus)

    @property
    def retired(self) -> int:
        """Instructions retired by all vCPUs since the machine was made."""
        return self._before + self._total()

    @property
    def current(self) -> Vcpu:
        return self.vcpus[self._turn]

    @property
    def state(self) -> tuple[int, int, int, int, int]:
        """Whose turn it is and until when, the instructions' time skipped, what was retired before a reset, and how
        many turns ended early, one after the other."""
        return self._turn, self._turn_at, self._skipped, self._before, self._yields

    @state.setter
    def state(self, state: tuple[int, int, int, int, int]) -> None:
        self._turn, self._turn_at, self._skipped, self._before, self._yields = state

    def now(self) -> int:
        """Guest time in ns."""
        if self.host_start is not None:
            return host_ns() - self.host_start
        return (self._total() + self._skipped) << self.shift

    def skip(self, until: int) -> None:
        """Idle: guest time goes on to `until` ns with nothing retired."""
        self._skipped = max(self._skipped, -(-until >> self.shift) - self._total())

    def pick(self) -> Vcpu | None:
        """The vCPU to run: the first that is ready, or can be woken, from the one whose turn it is on."""
        for step in range(len(self.vcpus)):
            number = (self._turn + step) % len(self.vcpus)
            vcpu = self.vcpus[number]
            if vcpu.state is VCpuState.INVALID:
                return vcpu  # its run says why
            if self._ready(vcpu):
                if step:
                    self._begin(number)
                return vcpu
        return None

    @staticmethod
    def _ready(vcpu: Vcpu) -> bool:
        """Whether a vCPU can run; one that is halted and has an interrupt to go on for is woken."""
        if vcpu.state is VCpuState.BLOCKED:
            reason = vcpu.block_reason
            if reason is not None and BlockReason.HALT in reason and vcpu.arch.can_wake():
                vcpu.wake(WakeEvent.INTERRUPT)
        return vcpu.state is VCpuState.READY

    def end_turn(self, vcpu: Vcpu) -> None:
        """Native code came back: the next one's turn, if this one's is over."""
        if self._turn_at != NEVER and vcpu.arch.turn_over():
            self._yields = self._yields + 1 if vcpu.arch.yielded else 0
            self._begin((self._turn + 1) % len(self.vcpus))

    def _begin(self, number: int) -> None:
        self._turn, self._turn_at = number, NEVER
        self.vcpus[number].arch.yielded = False

    def prepare(self, vcpu: Vcpu, limit: int, following: int) -> None:
        """Tell native code when to come back: at `limit` instructions in all (NEVER: no limit), at the next alarm
        (`following`, guest time in ns), at the turn's end. A turn begins when there is another to take the next one;
        a pause ends it, unless all of them have just ended theirs so: then they wait for the time to pass."""
        arch = vcpu.arch
        others = self._total() - arch.retired
        arch.time_base = others + self._skipped
        vcpu.deadline = None if limit == NEVER else max(limit - self._before - others, 0)
        if len(self.vcpus) > 1:
            ready = sum(self._ready(other) for other in self.vcpus if other is not vcpu)
            if not ready:
                self._turn_at = NEVER
                arch.yielded = False
            elif self._turn_at == NEVER:
                self._turn_at = arch.retired + TURN
            arch.yields = self._yields < ready
        arch.turn_at = min(self._turn_at, arch.retired + BREATH)
        arch.event_at = arch.event_ns = NEVER
        if following >= NEVER:
            return
        if self.host_start is not None:
            arch.event_ns = following
        else:
            arch.event_at = max(-(-following >> self.shift) - arch.time_base, 0)
